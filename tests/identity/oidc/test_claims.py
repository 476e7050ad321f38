"""A person is read from OpenID's claims, or the claims are refused without being repeated."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from election.person import Person, Sex
from identity.errors import PersonalDataMalformedError
from identity.oidc.claims import names_a_person, person_of

CLAIMS: dict[str, Any] = {
    "name": "山田花子",
    "birthdate": "1990-01-31",
    "gender": "female",
    "address": {"formatted": "東京都千代田区霞が関1丁目3番1号"},
}


@pytest.mark.parametrize(
    ("birthdate", "read"),
    [
        ("1990-01-31", "1990-01-31"),
        ("19900131", "1990-01-31"),
        ("1990", "1990-??-??"),
        ("1990-00-00", "1990-??-??"),
        ("1990-01-00", "1990-01-??"),
        ("0000", "????-??-??"),
    ],
)
def test_a_date_of_birth_may_be_known_in_part(birthdate: str, read: str) -> None:
    assert str(person_of(CLAIMS | {"birthdate": birthdate}).date_of_birth) == read


@pytest.mark.parametrize(
    ("gender", "sex"),
    [
        ("male", Sex.MALE),
        ("female", Sex.FEMALE),
        ("1", Sex.MALE),
        ("2", Sex.FEMALE),
        ("other", Sex.UNKNOWN),
        (None, Sex.UNKNOWN),
    ],
)
def test_the_sex_may_be_unknown(gender: str | None, sex: Sex) -> None:
    assert person_of(CLAIMS | {"gender": gender}).sex is sex


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ({"formatted": "東京都千代田区\r\n霞が関1丁目"}, "東京都千代田区 霞が関1丁目"),
        ("東京都千代田区", "東京都千代田区"),
        ({"formatted": " 12 High Street\nLondon "}, "12 High Street London"),
    ],
)
def test_an_address_may_have_several_lines(address: object, read: str) -> None:
    assert person_of(CLAIMS | {"address": address}).address == read


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": " \u3000"}, "name"),
        ({"name": 501 * "山"}, "name"),
        ({"name": "山田\x00"}, "name"),
        ({"name": "山田\u202e"}, "name"),
        ({"name": ["山田"]}, "name"),
        ({"birthdate": None}, "birthdate"),
        ({"birthdate": "31.1.1990"}, "birthdate"),
        ({"birthdate": "1990-02-30"}, "birthdate"),
        ({"birthdate": "1990-0131"}, "birthdate"),
        ({"birthdate": "0000-01-31"}, "birthdate"),
        ({"birthdate": "１９９０-01-31"}, "birthdate"),
        ({"birthdate": 19900131}, "birthdate"),
        ({"gender": 1}, "gender"),
        ({"address": {}}, "address"),
        ({"address": {"formatted": None}}, "address"),
        ({"address": ["東京都"]}, "address"),
    ],
)
def test_what_cannot_be_read_is_refused_and_not_repeated(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(PersonalDataMalformedError, match=f"no {what} that can be read") as raised:
        person_of(CLAIMS | changes)
    given = [value for value in changes.values() if isinstance(value, str) and len(value) > 2]
    assert not any(value in str(raised.value) for value in given)


@pytest.mark.parametrize("missing", ["name", "birthdate", "address"])
def test_three_claims_make_a_person(missing: str) -> None:
    assert names_a_person(CLAIMS)
    assert names_a_person(CLAIMS | {"gender": None})
    assert not names_a_person({name: value for name, value in CLAIMS.items() if name != missing})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(sorted(CLAIMS)), JSON | st.from_regex(r"[0-9-]{4,10}", fullmatch=True))
)
def test_any_claims_are_a_person_or_are_refused(changes: dict[str, Any]) -> None:
    try:
        person = person_of(CLAIMS | changes)
    except PersonalDataMalformedError:
        return
    assert Person.from_json(person.to_json()) == person
