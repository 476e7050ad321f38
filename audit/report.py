"""What an audit found: for each rule how often it was checked, and every place where it was broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CONSISTENT, INCONSISTENT = "consistent", "inconsistent"
FORMAT = "tohyo-audit/1"


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
class Finding:
    """One rule broken in one place."""

    check: str
    where: Where
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
        self._checked: dict[str, int] = {}

    def equal(self, check: str, where: Where, message: str, *, expected: object, found: object) -> bool:
        """Apply a rule of the form “these two are the same”; returns whether it holds."""
        return self.holds(check, where, message, expected == found, expected=expected, found=found)

    def holds(
        self, check: str, where: Where, message: str, holds: bool, *, expected: object, found: object  # noqa: FBT001  the rule itself
    ) -> bool:
        """Apply any rule; returns whether it holds."""
        self._checked[check] = self._checked.get(check, 0) + 1
        if not holds:
            self.findings.append(Finding(check, where, str(expected), str(found), message))
        return holds

    def checks(self) -> tuple[Check, ...]:
        """Return the score of each kind of rule, in the order they were first applied."""
        return tuple(
            Check(name, count, sum(finding.check == name for finding in self.findings))
            for name, count in self._checked.items()
        )


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
    phase: str
    final: bool
    deposits: int
    ballots: int
    result: Mapping[str, int]
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = field(default=())

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
            "phase": self.phase,
            "final": self.final,
            "deposits": self.deposits,
            "ballots": self.ballots,
            "result": dict(self.result),
            "checks": [check.to_json() for check in self.checks],
            "findings": [finding.to_json() for finding in self.findings],
            "warnings": list(self.warnings),
        }
