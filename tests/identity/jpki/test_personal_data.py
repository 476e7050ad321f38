"""Name, date of birth, sex and address as a certificate holds them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from election.person import DateOfBirth, Person, Sex
from identity.errors import PersonalDataMalformedError
from identity.jpki.asn1 import utf8_string
from identity.jpki.personal_data import MAX_LENGTH, parse_birth, read_person
from identity.jpki.profile import PersonalData
from tests.support.certificates import DATA, utf8

if TYPE_CHECKING:
    from conftest import Pki

ERA_STARTS = (
    (date(2019, 5, 1), "5"),
    (date(1989, 1, 8), "4"),
    (date(1926, 12, 25), "3"),
    (date(1912, 7, 30), "2"),
)


def _read(pki: Pki, **changes: str | None) -> Person:
    """Read a certificate with some fields changed, or left out."""
    data = {field: changes.get(field.name.lower(), text) for field, text in DATA.items()}
    return read_person(pki.signing.issue(data={f: t for f, t in data.items() if t is not None}).certificate)


@pytest.mark.parametrize(
    ("code", "sex"), [("1", Sex.MALE), ("2", Sex.FEMALE), ("3", Sex.UNKNOWN), ("9", Sex.UNKNOWN)]
)
def test_sex_is_one_digit(code: str, sex: Sex, pki: Pki) -> None:
    assert _read(pki, sex=code).sex is sex


@pytest.mark.parametrize("code", ["", "4", "11", "M", "１"])
def test_another_sex_cannot_be_read(code: str, pki: Pki) -> None:
    with pytest.raises(PersonalDataMalformedError):
        _read(pki, sex=code)


@pytest.mark.parametrize(
    ("code", "birth"),
    [
        ("319800217", "1980-02-17"),
        ("419890108", "1989-01-08"),
        ("520190501", "2019-05-01"),
        ("119120730", "1912-07-30"),
        ("219120730", "1912-07-30"),
        ("219261225", "1926-12-25"),
        ("319261225", "1926-12-25"),
        ("319890107", "1989-01-07"),
        ("420190430", "2019-04-30"),
        ("320000229", None),
        ("420000229", "2000-02-29"),
        ("319500000", "1950-??-??"),
        ("319500200", "1950-02-??"),
        ("319260000", "1926-??-??"),
        ("219260000", "1926-??-??"),
        ("319261200", "1926-12-??"),
        ("300000000", "????-??-??"),
        ("000000000", "????-??-??"),
        ("019800217", "1980-02-17"),
    ],
)
def test_a_date_of_birth_is_an_era_and_a_gregorian_date(code: str, birth: str | None) -> None:
    if birth is None:
        with pytest.raises(PersonalDataMalformedError):
            parse_birth(code)
    else:
        assert parse_birth(code) == DateOfBirth.parse(birth)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "19800217",
        "3198002170",
        "619800217",
        "３19800217",
        "3198002١7",
        "319800217\n",
        "319800230",
        "319801301",
        "319500015",  # a day without a month
        "300000217",
        "319890108",
        "419890107",
        "420190501",
        "520190430",
        "219120729",
        "119120731",
        "319261224",
        "319261100",
        "319250000",
        "118671231",
        "119130000",
    ],
)
def test_a_date_that_contradicts_its_era_or_no_date_cannot_be_read(code: str) -> None:
    with pytest.raises(PersonalDataMalformedError):
        parse_birth(code)


@given(st.dates(date(1868, 1, 25), date(2100, 1, 1)))
def test_every_day_belongs_to_its_era_and_at_most_to_the_one_before(day: date) -> None:
    era = next((code for start, code in ERA_STARTS if day >= start), "1")
    readable = {code for code in "12345" if _is_readable(f"{code}{day:%Y%m%d}")}
    assert era in readable
    assert readable <= {era, str(int(era) - 1)}
    assert len(readable) == 1 or day in {date(1912, 7, 30), date(1926, 12, 25)}


def _is_readable(code: str) -> bool:
    try:
        parse_birth(code)
    except PersonalDataMalformedError:
        return False
    return True


def test_substitutes_are_kept_only_if_there_are_any(pki: Pki) -> None:
    assert _read(pki, name_substitutions="10000").name_substitutions == "10000"
    assert _read(pki, name_substitutions="00000").name_substitutions == ""
    assert _read(pki, name_substitutions=None, address_substitutions=None).address_substitutions == ""
    assert _read(pki, name_substitutions="0000").name_substitutions == ""


@pytest.mark.parametrize("flags", ["1", "100000", "2", "1000x", " "])
def test_substitutes_that_do_not_fit_the_name_cannot_be_read(flags: str, pki: Pki) -> None:
    with pytest.raises(PersonalDataMalformedError):
        _read(pki, name_substitutions=flags)


@pytest.mark.parametrize(
    "text", ["", "　", " ", "山田\n花子", "山田\x00花子", "\x1b[2J", "山" * (MAX_LENGTH + 1)]
)
def test_a_name_that_nobody_has_cannot_be_read(text: str, pki: Pki) -> None:
    with pytest.raises(PersonalDataMalformedError):
        _read(pki, name=text, name_substitutions=None)
    with pytest.raises(PersonalDataMalformedError):
        _read(pki, address=text, address_substitutions=None)


@pytest.mark.parametrize("missing", ["name", "sex", "date_of_birth", "address"])
def test_nothing_about_the_person_may_be_missing(missing: str, pki: Pki) -> None:
    with pytest.raises(PersonalDataMalformedError):
        _read(pki, **{missing: None})


def test_a_field_that_comes_twice_is_refused(pki: Pki) -> None:
    for text in (DATA[PersonalData.NAME], "山田　太郎"):
        again = x509.OtherName(PersonalData.NAME.value, utf8(text))
        with pytest.raises(PersonalDataMalformedError):
            read_person(pki.signing.issue(extra_names=[again]).certificate)


def test_other_names_are_none_of_our_business(pki: Pki) -> None:
    extra = [x509.DNSName("example.jp"), x509.OtherName(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")]
    assert read_person(pki.signing.issue(extra_names=extra).certificate).name == DATA[PersonalData.NAME]


NO_UTF8_STRING = (
    b"\x13" + utf8("Yamada")[1:],  # a PrintableString
    b"\x0c\x02\xff\xfe",  # no UTF-8
    b"\x0c\x03\xed\xa0\x80",  # half of a surrogate pair
    b"\x2c\x08" + utf8("Yamada"),  # in pieces, as BER allows
    b"\x05\x00",
)
NO_DER = (
    utf8("山田　太郎") + b"\x00",  # something follows
    b"\x0c\x81\x06Yamada",  # a length that is longer than needed
    b"\x2c\x80" + utf8("Yamada") + b"\x00\x00",  # an end that is not known at the beginning
    b"\x0c\x7fshort",
    b"",
    utf8("山" * 2000),
)


@pytest.mark.parametrize("der", NO_UTF8_STRING)
def test_a_name_that_is_no_utf8_string_cannot_be_read(der: bytes, pki: Pki) -> None:
    data = {field: text for field, text in DATA.items() if field is not PersonalData.NAME}
    name = x509.OtherName(PersonalData.NAME.value, der)
    certificate = pki.signing.issue(data=data, extra_names=[name]).certificate
    with pytest.raises(PersonalDataMalformedError) as refused:
        read_person(certificate)
    assert refused.value.__suppress_context__  # what the decoder says would quote the name


@pytest.mark.parametrize("der", NO_UTF8_STRING + NO_DER)
def test_a_string_in_another_encoding_is_refused(der: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(no DER|too long)$"):
        utf8_string(der)


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_are_read_or_refused_and_nothing_else_happens(data: bytes) -> None:
    try:
        text = utf8_string(data)
    except ValueError:
        return
    assert utf8(text) == data


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_every_text_is_read_as_it_was_written(text: str) -> None:
    assert utf8_string(utf8(text)) == text
