"""What a change of the roll says: people to put on it or to correct, or numbers to remove."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from election.person import DateOfBirth, Person, Sex
from election.roll import RollEntry
from identity.office import CHANGE_LIST_FORMAT


class ChangeKind(StrEnum):
    """What a list does."""

    IMPORT = "import"  # the whole roll, once, while nobody is on it
    ADD = "add"
    REMOVE = "remove"
    CORRECT = "correct"


@dataclass(frozen=True, repr=False)
class Changes:
    """A list of changes: people to put on the roll or to correct, or numbers to remove. Personal data."""

    kind: ChangeKind
    entries: tuple[RollEntry, ...] = ()
    voter_ids: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.entries) + len(self.voter_ids)

    def to_json(self, salt: str) -> dict[str, Any]:
        """Return the document whose digest officers sign."""
        return {
            "format": CHANGE_LIST_FORMAT,
            "kind": self.kind.value,
            "salt": salt,
            "entries": [_entry_document(entry) for entry in self.entries],
            "voter_ids": list(self.voter_ids),
        }

    @staticmethod
    def from_json(document: dict[str, Any]) -> Changes:
        """Read what `to_json` wrote."""
        entries = tuple(_entry(part) for part in document["entries"])
        return Changes(ChangeKind(document["kind"]), entries, tuple(document["voter_ids"]))


def _entry_document(entry: RollEntry) -> dict[str, str]:
    person = entry.person
    return {
        "voter_id": entry.voter_id,
        "name": person.name,
        "date_of_birth": str(person.date_of_birth),
        "sex": person.sex.value,
        "address": person.address,
    }


def _entry(part: dict[str, str]) -> RollEntry:
    born = DateOfBirth.parse(part["date_of_birth"])
    return RollEntry(part["voter_id"], Person(part["name"], born, Sex(part["sex"]), part["address"]))
