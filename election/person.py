"""A person as the roll and an identity card describe them. Never printed: representations are empty.

Dates of birth may be unknown in part; a card and a roll then agree only where both leave the same part out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

_ISO = re.compile(r"([0-9]{4}|\?{4})-([0-9]{2}|\?{2})-([0-9]{2}|\?{2})")


class Sex(StrEnum):
    """As registers record it."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


@dataclass(frozen=True, repr=False)
class DateOfBirth:
    """A date in the Gregorian calendar; None for a part that the register does not know."""

    year: int | None
    month: int | None
    day: int | None

    def __post_init__(self) -> None:
        """Raise ValueError for a day that no calendar has, or a known part after an unknown one."""
        if (self.year is None and self.month is not None) or (self.month is None and self.day is not None):
            raise ValueError("a known part follows an unknown one")
        parts = zip((self.year, self.month, self.day), (2000, 1, 1), strict=True)
        date(*(stand_in if part is None else part for part, stand_in in parts))

    @staticmethod
    def parse(text: str) -> DateOfBirth:
        """Read `1990-01-31`, with ???? or ?? for unknown parts. Raises ValueError."""
        found = _ISO.fullmatch(text)
        if not found:
            raise ValueError("is not a date such as 1990-01-31 (?? for an unknown month or day)")
        year, month, day = (None if "?" in part else int(part) for part in found.groups())
        return DateOfBirth(year, month, day)

    @property
    def is_complete(self) -> bool:
        """Whether every part is known."""
        return self.day is not None

    def __str__(self) -> str:
        year = "????" if self.year is None else f"{self.year:04d}"
        month = "??" if self.month is None else f"{self.month:02d}"
        day = "??" if self.day is None else f"{self.day:02d}"
        return f"{year}-{month}-{day}"


@dataclass(frozen=True, repr=False)
class Person:
    """Name, date of birth, sex and address, as written in a register or on a card.

    `name_substitutions` and `address_substitutions` hold one character per character of the text: 1 where a
    card shows another character because it cannot show the right one; empty if there are none.
    """

    name: str
    date_of_birth: DateOfBirth
    sex: Sex
    address: str
    name_substitutions: str = ""
    address_substitutions: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the document that `from_json` reads."""
        return {
            "name": self.name,
            "date_of_birth": str(self.date_of_birth),
            "sex": self.sex.value,
            "address": self.address,
            "name_substitutions": self.name_substitutions,
            "address_substitutions": self.address_substitutions,
        }

    @staticmethod
    def from_json(document: dict[str, str]) -> Person:
        """Read what `to_json` wrote."""
        return Person(
            document["name"],
            DateOfBirth.parse(document["date_of_birth"]),
            Sex(document["sex"]),
            document["address"],
            document["name_substitutions"],
            document["address_substitutions"],
        )
