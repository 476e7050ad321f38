"""A card's person is found on the roll if everything agrees; whatever is only near goes to the office."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from election.person import DateOfBirth, Person, Sex
from identity.matching import Candidate, Match, MatchOutcome, match
from tests.support.people import people

if TYPE_CHECKING:
    from collections.abc import Sequence

HANAKO = Person(
    "髙橋　花子", DateOfBirth(1980, 2, 17), Sex.FEMALE, "茨城県つくば市吾妻一丁目２番地３　コーポ吾妻３０１号"
)


def _born(text: str) -> DateOfBirth:
    return DateOfBirth.parse(text)


def _on_roll(*entries: Person) -> list[Candidate]:
    return [Candidate(f"p{number}", entry) for number, entry in enumerate(entries)]


def _find(card: Person, *entries: Person) -> Match:
    return match(card, _on_roll(*entries))


def _like(person: Person, **changes: Any) -> Person:
    if isinstance(changes.get("date_of_birth"), str):
        changes["date_of_birth"] = _born(changes["date_of_birth"])
    return replace(person, **changes)


ONE, NONE, AMBIGUOUS = MatchOutcome.ONE, MatchOutcome.NONE, MatchOutcome.AMBIGUOUS

AGAINST_ONE_ENTRY: dict[str, tuple[dict[str, Any], MatchOutcome]] = {
    "the same": ({}, ONE),
    "the name in common kanji": ({"name": "高橋花子"}, ONE),
    "the address in short": ({"address": "つくば市吾妻1-2-3 コーポ吾妻301"}, ONE),
    "a former family name beside it": ({"name": "髙橋［佐藤］　花子"}, ONE),
    "the other sex": ({"sex": Sex.MALE}, ONE),
    "another given name": ({"name": "髙橋　桃子"}, AMBIGUOUS),
    "another family name, as after a marriage": ({"name": "佐藤　花子"}, AMBIGUOUS),
    "another address, as after a move": ({"address": "茨城県つくば市松代1-1"}, AMBIGUOUS),
    "another room": ({"address": "つくば市吾妻1-2-3コーポ吾妻302"}, AMBIGUOUS),
    "no room": ({"address": "つくば市吾妻1-2-3"}, AMBIGUOUS),
    "the same place in another prefecture": (
        {"address": "福島県つくば市吾妻1-2-3コーポ吾妻301"},
        AMBIGUOUS,
    ),
    "abroad": ({"address": "国外転出"}, AMBIGUOUS),
    "another name and address": ({"name": "佐藤　花子", "address": "つくば市松代1-1"}, NONE),
    "another day": ({"date_of_birth": "1980-02-18"}, NONE),
    "another month": ({"date_of_birth": "1980-03-17"}, NONE),
    "another year": ({"date_of_birth": "1981-02-17"}, NONE),
    "an unknown day": ({"date_of_birth": "1980-02-??"}, AMBIGUOUS),
    "an unknown month": ({"date_of_birth": "1980-??-??"}, AMBIGUOUS),
    "an unknown year": ({"date_of_birth": "????-??-??"}, AMBIGUOUS),
    "an unknown month of another year": ({"date_of_birth": "1981-??-??"}, NONE),
    "an unknown day of another month": ({"date_of_birth": "1980-03-??"}, NONE),
    "an unknown day and another name": ({"date_of_birth": "1980-02-??", "name": "佐藤　花子"}, AMBIGUOUS),
    "an unknown day, another name and address": (
        {"date_of_birth": "1980-02-??", "name": "佐藤　花子", "address": "つくば市松代1-1"},
        NONE,
    ),
    "a character that the office cannot write": ({"name": "髙〓　花子"}, ONE),
    "half a name that the office cannot write": ({"name": "〓〓　花子"}, AMBIGUOUS),
    "a longer name with a substitute": ({"name": "髙橋　花〓子"}, AMBIGUOUS),
    "no name at all": ({"name": "　"}, AMBIGUOUS),
}


@pytest.mark.parametrize("case", AGAINST_ONE_ENTRY)
def test_the_roll_has(case: str) -> None:
    changes, outcome = AGAINST_ONE_ENTRY[case]
    changed = _like(HANAKO, **changes)
    found = _find(HANAKO, changed)
    assert found.outcome is outcome
    assert found.pseudonyms == (() if outcome is NONE else ("p0",))
    assert _find(changed, HANAKO).outcome is outcome  # it does not matter which of the two is the card


def test_an_empty_roll_has_nobody() -> None:
    assert match(HANAKO, []) == Match(NONE)


def test_nothing_agrees_with_nothing() -> None:
    blank = _like(HANAKO, name="", address="")
    assert _find(blank, blank).outcome is NONE


def test_twins_are_told_apart_by_their_names() -> None:
    momoko = _like(HANAKO, name="髙橋　桃子")
    assert _find(HANAKO, momoko, HANAKO) == Match(ONE, ("p1",))
    assert _find(momoko, momoko, HANAKO) == Match(ONE, ("p0",))


def test_a_twin_alone_is_no_match() -> None:
    assert _find(HANAKO, _like(HANAKO, name="髙橋　桃子")) == Match(AMBIGUOUS, ("p0",))


def test_a_substitute_that_fits_both_twins_is_for_the_office() -> None:
    card = _like(HANAKO, name="髙橋　■子", name_substitutions="00010")
    twins = (HANAKO, _like(HANAKO, name="髙橋　桃子"))
    assert _find(card, *twins) == Match(AMBIGUOUS, ("p0", "p1"))
    assert _find(card, twins[0]) == Match(ONE, ("p0",))


def test_two_who_agree_in_everything_are_for_the_office() -> None:
    assert _find(HANAKO, HANAKO, HANAKO) == Match(AMBIGUOUS, ("p0", "p1"))


def test_whoever_agrees_exactly_wins_over_whoever_is_near() -> None:
    mother = _like(HANAKO, name="髙橋　桃子", date_of_birth="1980-??-??")
    namesake = _like(HANAKO, address="つくば市松代1-1")
    assert _find(HANAKO, mother, HANAKO, namesake) == Match(ONE, ("p1",))


def test_all_who_are_near_are_shown_to_the_office() -> None:
    card = _like(HANAKO, name="佐藤　花子")
    namesake = _like(HANAKO, name="佐藤花子", address="つくば市松代1-1")
    stranger = _like(HANAKO, date_of_birth="1981-02-17")
    assert _find(card, HANAKO, stranger, namesake) == Match(AMBIGUOUS, ("p0", "p2"))


# Substitute characters on a card.


def test_a_card_may_show_any_character_where_it_substitutes() -> None:
    for shown in "■高橋＊":
        card = _like(HANAKO, name=f"{shown}橋　花子", name_substitutions="10000")
        assert _find(card, HANAKO).outcome is ONE
    assert _find(_like(HANAKO, name="鷹橋　花子"), HANAKO).outcome is AMBIGUOUS  # without a flag it is a name


def test_substitutes_count_in_the_address_too() -> None:
    card = _like(
        HANAKO, address="茨城県つくば市吾■1-2-3コーポ吾妻301", address_substitutions="0" * 8 + "1" + "0" * 13
    )
    assert _find(card, HANAKO).outcome is ONE


def test_spaces_and_wide_characters_do_not_shift_substitutes() -> None:
    card = _like(HANAKO, name="髙　橋　花　＊", name_substitutions="0000001")
    assert _find(card, HANAKO).outcome is ONE


def test_a_name_of_substitutes_only_is_never_certain() -> None:
    card = _like(HANAKO, name="■■　■■", name_substitutions="11011")
    assert _find(card, HANAKO).outcome is AMBIGUOUS


# Unknown dates, people abroad, sex.


def test_a_date_that_is_unknown_in_the_same_parts_on_both_sides_agrees() -> None:
    for date in ("1950-??-??", "1950-02-??"):
        unknown = _like(HANAKO, date_of_birth=date)
        assert _find(unknown, unknown) == Match(ONE, ("p0",))


def test_a_year_that_nobody_knows_identifies_nobody() -> None:
    unknown = _like(HANAKO, date_of_birth="????-??-??")
    assert _find(unknown, unknown) == Match(AMBIGUOUS, ("p0",))


def test_people_abroad_are_found_by_name_and_date_of_birth_among_voters_abroad() -> None:
    card = _like(HANAKO, address="国外転出　令和六年五月二十七日")
    abroad = _like(HANAKO, address="国外　フランス共和国")
    assert _find(card, abroad) == Match(ONE, ("p0",))
    assert _find(card, HANAKO) == Match(AMBIGUOUS, ("p0",))
    assert _find(card, abroad, HANAKO) == Match(ONE, ("p0",))
    assert _find(card, abroad, abroad) == Match(AMBIGUOUS, ("p0", "p1"))


def test_sex_decides_nothing_but_is_noted() -> None:
    recorded_male = _like(HANAKO, sex=Sex.MALE)
    assert _find(HANAKO, recorded_male) == Match(ONE, ("p0",), other_sex=("p0",))
    assert _find(HANAKO, recorded_male, HANAKO) == Match(AMBIGUOUS, ("p0", "p1"), other_sex=("p0",))


def test_an_unknown_sex_contradicts_nothing() -> None:
    unknown = _like(HANAKO, sex=Sex.UNKNOWN)
    assert _find(HANAKO, unknown).other_sex == _find(unknown, HANAKO).other_sex == ()


def test_a_renewed_card_and_a_second_one_find_the_same_entry() -> None:
    roll = _on_roll(*(person for _, person in people(50)))
    for candidate in roll:
        assert match(candidate.person, roll) == Match(ONE, (candidate.pseudonym,))


def test_nothing_that_is_printed_shows_a_person() -> None:
    for thing in (Candidate("p0", HANAKO), _find(HANAKO, HANAKO)):
        assert "花子" not in repr(thing)
        assert "つくば" not in repr(thing)


# Properties.

NAMES = st.sampled_from(["髙橋花子", "高橋 花子", "高橋桃子", "佐藤花子", "髙〓花子", "〓〓花子", "李"])
ADDRESSES = st.sampled_from(
    [
        "つくば市吾妻一丁目2番地3",
        "茨城県つくば市吾妻1-2-3",
        "福島県つくば市吾妻1-2-3",
        "つくば市吾妻1-23",
        "国外",
        "■",
    ]
)
DATES = st.sampled_from(["1980-02-17", "1980-02-18", "1980-02-??", "1980-??-??", "????-??-??"]).map(_born)
PERSONS = st.builds(Person, NAMES, DATES, st.sampled_from(Sex), ADDRESSES)
ROLLS = st.lists(PERSONS, max_size=5).map(lambda persons: _on_roll(*persons))


@settings(max_examples=300)
@given(card=PERSONS, roll=ROLLS, data=st.data())
def test_the_order_of_the_roll_never_matters(card: Person, roll: list[Candidate], data: Any) -> None:
    assert match(card, data.draw(st.permutations(roll))) == match(card, roll)


@settings(max_examples=300)
@given(card=PERSONS, roll=ROLLS)
def test_an_answer_never_says_more_than_it_knows(card: Person, roll: list[Candidate]) -> None:
    found = match(card, roll)
    assert list(found.pseudonyms) == sorted(set(found.pseudonyms))
    assert set(found.other_sex) <= set(found.pseudonyms) <= {candidate.pseudonym for candidate in roll}
    assert (found.outcome is NONE) == (not found.pseudonyms)
    assert found.outcome is not ONE or len(found.pseudonyms) == 1


@settings(max_examples=300)
@given(card=PERSONS, roll=ROLLS, another=PERSONS)
def test_a_longer_roll_never_turns_a_question_into_somebody_who_was_already_there(
    card: Person, roll: list[Candidate], another: Person
) -> None:
    before, after = match(card, roll), match(card, [*roll, Candidate("new", another)])
    if after.outcome is ONE and after.pseudonyms != ("new",):
        assert before == after
    assert after.outcome is not NONE or before.outcome is NONE


LETTERS = st.text("山田高橋花子一郎渡辺斎藤", min_size=3, max_size=6)
HOUSES = st.lists(st.integers(1, 40), min_size=1, max_size=4).map(
    lambda numbers: "松代" + "-".join(map(str, numbers))
)
DAYS = st.dates().map(lambda day: DateOfBirth(day.year, day.month, day.day))


@given(name=LETTERS, address=HOUSES, birth=DAYS, other=st.tuples(LETTERS, HOUSES, DAYS))
def test_one_difference_is_never_a_match(
    name: str, address: str, birth: DateOfBirth, other: tuple[str, str, DateOfBirth]
) -> None:
    card = Person(name, birth, Sex.UNKNOWN, address)
    fields: Sequence[str] = ("name", "address", "date_of_birth")
    for field, value in zip(fields, other, strict=True):
        same = getattr(card, field) == value
        assert (_find(card, replace(card, **{field: value})).outcome is ONE) == same
