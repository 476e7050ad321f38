"""Finding the person of a card on the roll: one, none, or a question for the office.

The rules are explained for an election office in docs/identity-matching.md. A certificate's number or key is
never looked at: certificates are renewed, and a person may hold two. Sex decides nothing either, because
registers and cards may record it at different times; where it differs, the answer says so.

`candidates` must be everybody on the roll who may have been born on that day, those included whose date of
birth is unknown in part. A person who is not among them cannot be found.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from typing import TYPE_CHECKING

from election.person import Sex
from identity.names import OVERSEAS, SUBSTITUTE, normalise_address, normalise_name, split_prefecture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from election.person import DateOfBirth, Person


class MatchOutcome(StrEnum):
    """What was found."""

    ONE = "one"
    NONE = "none"
    AMBIGUOUS = "ambiguous"  # the office decides


@dataclass(frozen=True)
class Candidate:
    """One person on the roll."""

    pseudonym: str
    person: Person


@dataclass(frozen=True)
class Match:
    """What was found, and who: one pseudonym, none, or those that the office must look at, sorted.

    `other_sex` are those among them whose sex is recorded otherwise; it is for the office to know.
    """

    outcome: MatchOutcome
    pseudonyms: tuple[str, ...] = ()
    other_sex: tuple[str, ...] = ()


class _Agreement(IntEnum):
    DIFFERENT = 0
    POSSIBLE = 1  # nothing contradicts, but too little is known
    CERTAIN = 2


class _Verdict(Enum):
    EXACT = "exact"
    NEAR = "near"
    OTHER = "other"


@dataclass(frozen=True, repr=False)
class _Compared:
    """A person as they are compared."""

    name: str
    date_of_birth: DateOfBirth
    prefecture: str
    address: str

    @staticmethod
    def of(person: Person) -> _Compared:
        name = normalise_name(_with_substitutes(person.name, person.name_substitutions))
        address = normalise_address(_with_substitutes(person.address, person.address_substitutions))
        return _Compared(name, person.date_of_birth, *split_prefecture(address))


def match(person: Person, candidates: Sequence[Candidate]) -> Match:
    """Find a card's person among people on the roll; the order of these changes nothing.

    ONE: name, date of birth and address of exactly one agree. AMBIGUOUS: they agree for several; or for none,
    but somebody has the same name or the same address, and a date of birth that does not contradict.
    """
    sought = _Compared.of(person)
    found: dict[_Verdict, dict[str, Person]] = {verdict: {} for verdict in _Verdict}
    for candidate in candidates:
        verdict = _verdict(sought, _Compared.of(candidate.person))
        found[verdict][candidate.pseudonym] = candidate.person
    exact, near = found[_Verdict.EXACT], found[_Verdict.NEAR]
    if exact or near:
        outcome = MatchOutcome.ONE if len(exact) == 1 else MatchOutcome.AMBIGUOUS
        return _answer(outcome, person.sex, exact or near)
    return Match(MatchOutcome.NONE)


def same_person_key(person: Person) -> tuple[str, ...] | None:
    """Return what two descriptions of one person share; None if a name nobody can write leaves it open.

    The prefecture may be left out. Addresses abroad are compared as they are written, since for cards they
    are all the same.
    """
    name = normalise_name(person.name)
    _, address = split_prefecture(normalise_address(person.address))
    if SUBSTITUTE in name:
        return None
    if address == OVERSEAS:
        address = unicodedata.normalize("NFKC", person.address)
    return name, str(person.date_of_birth), address


def _answer(outcome: MatchOutcome, sex: Sex, people: dict[str, Person]) -> Match:
    contradicting = {sex, Sex.UNKNOWN}
    other_sex = (pseudonym for pseudonym, person in people.items() if person.sex not in contradicting)
    return Match(outcome, _sorted(people), () if sex is Sex.UNKNOWN else _sorted(other_sex))


def _sorted(pseudonyms: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(pseudonyms))


def _verdict(sought: _Compared, entry: _Compared) -> _Verdict:
    birth = _dates_agree(sought.date_of_birth, entry.date_of_birth)
    name = _texts_agree(sought.name, entry.name)
    address = _addresses_agree(sought, entry)
    if min(birth, name, address) is _Agreement.CERTAIN:
        return _Verdict.EXACT
    return _Verdict.NEAR if birth and (name or address) else _Verdict.OTHER


def _dates_agree(one: DateOfBirth, other: DateOfBirth) -> _Agreement:
    """Compare dates; a year that nobody knows identifies nobody, even if both sides leave it out."""
    if one == other and one.year is not None:
        return _Agreement.CERTAIN
    parts = ((one.year, other.year), (one.month, other.month), (one.day, other.day))
    contradict = any(a is not None and b is not None and a != b for a, b in parts)
    return _Agreement.DIFFERENT if contradict else _Agreement.POSSIBLE


def _addresses_agree(one: _Compared, other: _Compared) -> _Agreement:
    """Compare addresses; one may leave the prefecture out, but two cannot be in different ones."""
    if one.prefecture and other.prefecture and one.prefecture != other.prefecture:
        return _Agreement.DIFFERENT
    return _texts_agree(one.address, other.address)


def _texts_agree(one: str, other: str) -> _Agreement:
    """Compare normalised texts, in which a substitute stands for any one character.

    Texts of which half or more is substitutes agree with too many others to be certain.
    """
    if not one or len(one) != len(other):
        return _Agreement.DIFFERENT
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if SUBSTITUTE not in {a, b}]
    if any(a != b for a, b in pairs):
        return _Agreement.DIFFERENT
    return _Agreement.CERTAIN if 2 * len(pairs) > len(one) else _Agreement.POSSIBLE


def _with_substitutes(text: str, substitutions: str) -> str:
    """Put ■ wherever a card says that it shows another character than the right one."""
    marked = zip(text, substitutions.ljust(len(text), "0"), strict=False)
    return "".join(SUBSTITUTE if mark == "1" else character for character, mark in marked)
