"""The roll of an archive, searched as it stood at the time of a registration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from identity.matching import Candidate, Match, match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from election.person import DateOfBirth, Person
    from identity.evidence import RollEvidence


@dataclass(frozen=True, repr=False)
class _Version:
    """How the roll described somebody from one time until another; None: to this day."""

    pseudonym: str
    person: Person
    since: int
    until: int | None

    def stood_at(self, time: int) -> bool:
        """In the second of a change both versions count: nothing tells which came first."""
        return self.since <= time and (self.until is None or time <= self.until)


class RollIndex:
    """Finds people by the one thing that no name or address changes: the date of birth."""

    def __init__(self, entries: Iterable[RollEvidence]) -> None:
        self._by_birth: dict[DateOfBirth, list[_Version]] = {}
        self._incomplete: list[_Version] = []
        for entry in entries:
            for version in _versions(entry):
                birth = version.person.date_of_birth
                known = self._by_birth.setdefault(birth, []) if birth.is_complete else self._incomplete
                known.append(version)

    def find(self, person: Person, at: int) -> Match:
        """Match a credential's person with whoever was on the roll at that time."""
        candidates = [
            Candidate(version.pseudonym, version.person)
            for version in self._perhaps_born(person.date_of_birth)
            if version.stood_at(at)
        ]
        return match(person, candidates)

    def _perhaps_born(self, birth: DateOfBirth) -> Iterator[_Version]:
        yield from self._incomplete
        if birth.is_complete:
            yield from self._by_birth.get(birth, [])
        else:
            for versions in self._by_birth.values():
                yield from versions


def _versions(entry: RollEvidence) -> Iterator[_Version]:
    since = entry.added_at
    for past in entry.earlier:
        yield _Version(entry.pseudonym, past.person, since, past.until)
        since = past.until
    yield _Version(entry.pseudonym, entry.person, since, entry.removed_at)
