"""A person as registers and cards describe them: dates may be unknown in part, and nothing is printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from election.person import DateOfBirth, Person, Sex

if TYPE_CHECKING:
    from datetime import date

HANAKO = Person("髙橋　花子", DateOfBirth(1980, 2, 17), Sex.FEMALE, "つくば市吾妻1-2-3", "10000", "")


@given(st.dates())
def test_every_day_is_a_date_of_birth(day: date) -> None:
    birth = DateOfBirth.parse(day.isoformat())
    assert (birth.year, birth.month, birth.day) == (day.year, day.month, day.day)
    assert str(birth) == day.isoformat()
    assert birth.is_complete


@pytest.mark.parametrize("text", ["1980-02-??", "1980-??-??", "????-??-??", "2000-02-29"])
def test_a_date_of_birth_may_be_unknown_in_part(text: str) -> None:
    birth = DateOfBirth.parse(text)
    assert str(birth) == text
    assert birth.is_complete == ("?" not in text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1980-2-17",
        "1980/02/17",
        "19800217",
        "1980-02-30",
        "1980-13-01",
        "1981-02-29",
        "0000-01-01",
        "1980-00-01",
        "1980-02-00",
        "1980-??-17",
        "????-02-17",
        "????-??-17",
        "1980-0?-17",
        "１９８０-02-17",
        "1980-02-17 ",
        "1980-02-17\n",
        "-980-02-17",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a date|out of range|must be in|unknown one"):
        DateOfBirth.parse(text)


def test_dates_that_are_unknown_in_other_parts_differ() -> None:
    known = [DateOfBirth.parse(text) for text in ("1980-02-17", "1980-02-??", "1980-??-??", "????-??-??")]
    assert len(set(known)) == len(known)


def test_a_person_survives_as_json() -> None:
    assert Person.from_json(json.loads(json.dumps(HANAKO.to_json()))) == HANAKO


@given(st.sampled_from(Sex), st.text(max_size=20), st.text(max_size=20))
def test_any_person_survives_as_json(sex: Sex, name: str, address: str) -> None:
    person = Person(name, DateOfBirth(1950, None, None), sex, address)
    assert Person.from_json(json.loads(json.dumps(person.to_json()))) == person


def test_a_person_is_never_printed() -> None:
    for shown in (repr(HANAKO), str(HANAKO), f"{[HANAKO]}", repr(HANAKO.date_of_birth)):
        assert all(secret not in shown for secret in ("花子", "つくば", "1980", "female"))
