"""The registrar's log: who did what, each entry chained to the one before by its hash.

    head₀ = GENESIS
    headₙ = SHA-256(tag ‖ headₙ₋₁ ‖ canonical JSON of entry n)

Whoever knows a head (the chain does, at each phase change) can tell whether an entry up to there was changed,
left out or put in. Entries name people by pseudonym. Not shown by a chain: that somebody wrote no entry.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from identity.errors import RegistrarLogBrokenError
from identity.officer import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable

_TAG = b"tohyo.registrar-log.v1.entry"
GENESIS = hashlib.sha256(b"tohyo.registrar-log.v1.genesis").digest()


@dataclass(frozen=True)
class LogEntry:
    """One thing that was done; `at` in seconds since 1970, `details` JSON values without personal data."""

    sequence: int
    at: int
    actor: str
    action: str
    subject: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the document that the hash covers."""
        return {
            "sequence": self.sequence,
            "at": self.at,
            "actor": self.actor,
            "action": self.action,
            "subject": self.subject,
            "details": self.details,
        }


def canonical_details(details: dict[str, Any]) -> str:
    """Return the one text that stands for `details`. Raises ValueError for what has no such text."""
    return canonical_json(details).decode()


def entry_hash(previous: bytes, entry: LogEntry) -> bytes:
    """Return the head after an entry: SHA-256(tag ‖ previous ‖ canonical JSON)."""
    return hashlib.sha256(_TAG + previous + canonical_json(entry.to_json())).digest()


def verify_chain(entries: Iterable[LogEntry], after: int = 0, head: bytes = GENESIS) -> bytes:
    """Return the head after `entries`, which follow entry `after` with its `head`.

    Raises:
        RegistrarLogBrokenError: an entry is missing or out of order. Compare the result with a head that is
            known from elsewhere: a log that was rewritten from the beginning has a chain too.

    """
    for entry in entries:
        after += 1
        if entry.sequence != after:
            raise RegistrarLogBrokenError(
                f"Entry {after} of the registrar's log is missing: {entry.sequence} stands in its place.",
                hint="Compare with an older copy of the database.",
            )
        head = entry_hash(head, entry)
    return head
