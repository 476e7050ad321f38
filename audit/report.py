"""What an audit found: for each rule how often it was checked, and every place where it was broken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

CONSISTENT, INCONSISTENT = "consistent", "inconsistent"
FORMAT = "tohyo-audit/1"


class Place(Protocol):
    """Where a rule was broken."""

    def to_json(self) -> dict[str, Any]:
        """Return the place as JSON values."""
        ...


@dataclass(frozen=True)
class Where:
    """A place on the chain: an event, or the contract's state at the end of a block."""

    block: int
    transaction: str = ""
    log_index: int | None = None

    def __str__(self) -> str:
        if self.log_index is None:
            return f"state at block {self.block}"
        return f"block {self.block}, transaction {self.transaction}, log {self.log_index}"

    def to_json(self) -> dict[str, Any]:
        """Return the place as JSON values; state has no transaction."""
        return {"block": self.block, "transaction": self.transaction or None, "log_index": self.log_index}


@dataclass(frozen=True)
class InArchive:
    """A place in an archive of evidence: a record by its kind and its id, pseudonym or number."""

    record: str
    id: str

    def __str__(self) -> str:
        return f"{self.record} {self.id}"

    def to_json(self) -> dict[str, Any]:
        """Return the place as JSON values."""
        return {"record": self.record, "id": self.id}


@dataclass(frozen=True)
class Finding:
    """One rule broken in one place."""

    check: str
    where: Place
    expected: str
    found: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            "check": self.check,
            "where": self.where.to_json(),
            "expected": self.expected,
            "found": self.found,
            "message": self.message,
        }


@dataclass(frozen=True)
class Check:
    """One kind of rule: how many times it was applied, and how many times it was broken."""

    name: str
    checked: int
    failed: int

    @property
    def summary(self) -> str:
        """Say it in a few words."""
        return f"{self.checked:,} checked, " + (f"{self.failed:,} WRONG" if self.failed else "all right")

    def to_json(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        return {"name": self.name, "checked": self.checked, "failed": self.failed}


class Examination:
    """Applies rules one by one and keeps the score."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._checked: Counter[str] = Counter()

    def rules(self, check: str, where: Place) -> Rules:
        """Return a ruler for one place; what it finds is filed under `check`."""
        return Rules(self, check, where)

    def count(self, check: str) -> None:
        """Remember that a rule was applied."""
        self._checked[check] += 1

    def checks(self) -> tuple[Check, ...]:
        """Return the score of each kind of rule, in the order they were first applied."""
        failed = Counter(finding.check for finding in self.findings)
        return tuple(Check(name, count, failed[name]) for name, count in self._checked.items())


class Rules:
    """Holds one place against rules; every method returns whether the rule was kept."""

    def __init__(self, examination: Examination, check: str, where: Place) -> None:
        self._examination, self._check, self._where = examination, check, where

    def equal(self, what: str, *, expected: object, found: object) -> bool:
        """Require that two values, computed in two ways, are the same."""
        return self._apply(f"{what} is {found}, not {expected}", expected, found, holds=expected == found)

    def that(self, expected: str, *, holds: bool, found: object) -> bool:
        """Require what `expected` says in words."""
        return self._apply(f"{expected} was expected, but found: {found}", expected, found, holds=holds)

    def _apply(self, message: str, expected: object, found: object, *, holds: bool) -> bool:
        self._examination.count(self._check)
        if not holds:
            finding = Finding(self._check, self._where, str(expected), str(found), message)
            self._examination.findings.append(finding)
        return holds


@dataclass(frozen=True)
class AnchoredLog:
    """What the registrar last put on chain about its log."""

    anchors: int
    entries: int
    head: bytes
    roll_size: int

    def to_json(self) -> dict[str, Any]:
        """Return the anchor as JSON values."""
        return {
            "anchors": self.anchors,
            "entries": self.entries,
            "head": "0x" + self.head.hex(),
            "roll_size": self.roll_size,
        }


@dataclass(frozen=True)
class AuditReport:
    """The verdict on one election at one block, and what it rests on."""

    chain_id: int
    contract: str
    block_number: int
    block_hash: str
    title: str
    election_id: int
    file_hash: bytes
    registrar: str
    transcript_hash: bytes
    phase: str
    final: bool
    deposits: int
    ballots: int
    electorate: int
    registrar_log: AnchoredLog | None  # None: it was never anchored
    result: Mapping[str, int]
    checks: tuple[Check, ...]
    findings: list[Finding] = field(default_factory=list)
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Return “consistent” if nothing was found wrong, else “inconsistent”."""
        return INCONSISTENT if self.findings else CONSISTENT

    def to_json(self) -> dict[str, Any]:
        """Return the whole report as JSON values."""
        return {
            "format": FORMAT,
            "verdict": self.verdict,
            "chain_id": self.chain_id,
            "contract": self.contract,
            "block_number": self.block_number,
            "block_hash": self.block_hash,
            "title": self.title,
            "election_id": str(self.election_id),
            "file_hash": "0x" + self.file_hash.hex(),
            "registrar": self.registrar,
            "transcript_hash": "0x" + self.transcript_hash.hex(),
            "phase": self.phase,
            "final": self.final,
            "deposits": self.deposits,
            "ballots": self.ballots,
            "electorate": self.electorate,
            "registrar_log": None if self.registrar_log is None else self.registrar_log.to_json(),
            "result": dict(self.result),
            "checks": [check.to_json() for check in self.checks],
            "findings": [finding.to_json() for finding in self.findings],
            "warnings": list(self.warnings),
        }
