"""The roll once more from the change lists that officers signed, and held against the roll of an archive.

Each list that the log says was applied must be there, be the one that the log means, and bear the signatures
of two officers. What the lists amount to is who was on the roll when, and how described; nobody else was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from audit.report import InArchive
from election.person import DateOfBirth, Person, Sex
from election.roll import voter_id_key
from identity.errors import OfficerKeyError
from identity.matching import same_person_key
from identity.officer import verify_document

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from audit.report import Examination, Rules
    from identity.evidence import ChangeListEvidence, Evidence, RollEvidence
    from identity.registrar_log import LogEntry

CHECK = "roll"
OFFICERS_NEEDED = 2


@dataclass(frozen=True, repr=False)
class _Listed:
    """Somebody as the lists so far describe them."""

    person: Person
    added_at: int
    removed_at: int | None = None
    earlier: tuple[tuple[int, Person], ...] = ()

    def is_told_by(self, entry: RollEvidence) -> bool:
        earlier = tuple((past.until, past.person) for past in entry.earlier)
        told = _Listed(entry.person, entry.added_at, entry.removed_at, earlier)
        return told == self


class SignedRoll:
    """Follows the lists in the log's order."""

    def __init__(self, archive: Evidence, officers: Mapping[str, str], examination: Examination) -> None:
        self._archive, self._officers, self._examination = archive, officers, examination
        self._people: dict[str, _Listed] = {}

    def examine(self, applied: Iterable[LogEntry]) -> None:
        """Check every list that the log says was applied, and the roll that they make together."""
        for entry in applied:
            rules = self._examination.rules(CHECK, InArchive("change list", str(entry.subject)))
            found = self._archive.change_lists.get(str(entry.subject))
            if rules.that("the list that was applied", holds=found is not None, found="none") and found:
                self._examine_list(found, entry, rules)
                self._follow(found, rules)
        self._compare()

    def _examine_list(self, found: ChangeListEvidence, entry: LogEntry, rules: Rules) -> None:
        logged = {name: entry.details.get(name) for name in ("kind", "count", "digest")}
        told = {"kind": found.kind, "count": found.count, "digest": found.digest}
        rules.equal("the list", expected=logged, found=told)
        decided = (entry.actor, entry.at)
        rules.equal("who decided and when", expected=decided, found=(found.decided_by, found.decided_at))
        signers = {
            key
            for act, officer, signature in (
                ("propose", found.proposed_by, found.proposal_signature),
                ("approve", found.decided_by, found.decision_signature),
            )
            if (key := self._signer(found.statement(act, officer), officer, signature))  # type: ignore[arg-type]  # the two acts
        }
        holds = len(signers) == OFFICERS_NEEDED
        rules.that("signatures of two officers", holds=holds, found=f"{len(signers)} that hold")

    def _signer(self, statement: dict[str, Any], officer: str, signature: str) -> str:
        """Return the officer's public key if the signature holds."""
        key = self._officers.get(officer, "")
        try:
            return key if key and verify_document(statement, bytes.fromhex(signature), key) else ""
        except OfficerKeyError:
            return ""

    def _follow(self, found: ChangeListEvidence, rules: Rules) -> None:
        try:
            document = json.loads(found.document)
            entries = [(voter_id_key(part["voter_id"]), _person(part)) for part in document["entries"]]
            leaving = [voter_id_key(voter_id) for voter_id in document["voter_ids"]]
            same_size = len(entries) + len(leaving) == found.count
            for key, person in entries:
                self._take(found, key, person)
            for key in leaving:
                self._people[key] = replace(self._people[key], removed_at=found.decided_at)
        except (ValueError, KeyError, TypeError, RecursionError):
            rules.that("a list that can be followed", holds=False, found="one that cannot")
            return
        rules.that(f"{found.count} people on the list", holds=same_size, found=len(entries) + len(leaving))

    def _take(self, found: ChangeListEvidence, key: str, person: Person) -> None:
        if found.kind == "correct":
            before = self._people[key]
            earlier = (*before.earlier, (found.decided_at, before.person))
            self._people[key] = replace(before, person=person, earlier=earlier)
        else:
            self._people[key] = _Listed(person, found.decided_at)

    def _compare(self) -> None:
        """Each person on the lists has one entry, and nobody has two."""
        numbers: dict[str, str] = {}
        described: dict[Hashable, str] = {}
        for entry in self._archive.roll.values():
            rules = self._examination.rules(CHECK, InArchive("roll entry", entry.pseudonym))
            key = voter_id_key(entry.voter_id)
            listed = self._people.get(key)
            same = listed is not None and listed.is_told_by(entry)
            told = "nobody" if listed is None else "somebody described otherwise, or at another time"
            rules.that("the person whom officers put on the roll", holds=same, found=told)
            first = numbers.setdefault(key, entry.pseudonym)
            rules.that("a number of the person's own", holds=first == entry.pseudonym, found=first)
            who = same_person_key(entry.person)
            if entry.removed_at is None and who is not None:
                first = described.setdefault(who, entry.pseudonym)
                rules.that("one entry a person", holds=first == entry.pseudonym, found=first)
        rules = self._examination.rules(CHECK, InArchive("archive", "roll"))
        missing = len(self._people.keys() - numbers.keys())
        rules.that("everybody whom officers put on the roll", holds=not missing, found=f"{missing} missing")


def _person(part: dict[str, str]) -> Person:
    born = DateOfBirth.parse(part["date_of_birth"])
    return Person(part["name"], born, Sex(part["sex"]), part["address"])
