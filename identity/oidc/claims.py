"""A person from OpenID's standard claims: name, birthdate, gender and address.

What the Digital Authentication App calls the four basic attributes. Nothing here is a person's identity by
itself: the person is matched with the roll, as a card's is. The claims do not tell substitute characters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from election.person import DateOfBirth, Person, Sex
from identity.errors import PersonalDataMalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LENGTH = 500
_DATE = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})")  # OpenID's form, and the same without hyphens
_LINES = re.compile(r"[\r\n\t]+")  # an address may have several lines
_YEAR = re.compile(r"[0-9]{4}")
# OpenID's words, and the digits that My Number cards use
_SEXES: Final = {"male": Sex.MALE, "female": Sex.FEMALE, "1": Sex.MALE, "2": Sex.FEMALE}


def names_a_person(claims: Mapping[str, Any]) -> bool:
    """Whether name, birthdate and address are there; a sex may be missing."""
    return all(claims.get(name) is not None for name in ("name", "birthdate", "address"))


def person_of(claims: Mapping[str, Any]) -> Person:
    """Read the person. Raises PersonalDataMalformedError, which repeats none of it."""
    return Person(
        _text(claims.get("name"), "name"),
        _date_of_birth(claims.get("birthdate")),
        _sex(claims.get("gender")),
        _address(claims.get("address")),
    )


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        _malformed(what)
    text = _LINES.sub(" ", value).strip()
    if not text or len(text) > MAX_LENGTH or not text.replace("\u3000", " ").isprintable():
        _malformed(what)
    return text


def _address(value: object) -> str:
    # an object with `formatted`, as OpenID has it; a plain text is read too
    return _text(value.get("formatted") if isinstance(value, dict) else value, "address")


def _sex(value: object) -> Sex:
    if value is None:
        return Sex.UNKNOWN
    if not isinstance(value, str):
        _malformed("gender")
    return _SEXES.get(value, Sex.UNKNOWN)


def _date_of_birth(value: object) -> DateOfBirth:
    if not isinstance(value, str):
        _malformed("birthdate")
    found = _DATE.fullmatch(value)
    parts = (found[1], found[3], found[4]) if found else (value, "0", "0")
    if not found and not _YEAR.fullmatch(value):
        _malformed("birthdate")
    try:
        return DateOfBirth(*(int(part) or None for part in parts))  # zeros: not known
    except ValueError:
        _malformed("birthdate")


def _malformed(what: str) -> NoReturn:
    raise PersonalDataMalformedError(
        f"The sign-in service gives no {what} that can be read.",
        hint="Use your card instead, or ask the election office.",
    ) from None
