"""The ledger: one voting status for each person on the roll, across every way to vote.

    eligible ─┬─ service ──→ internet_registered ── service ──→ eligible
              ├─ officer ──→ paper_ballot_issued ── officer ──→ eligible (returned unused) or voted_in_person
              ├─ officer ──→ postal_ballot_issued ─ officer ──→ eligible (returned) or voted_in_person
              └─ officer ──→ voted_in_person

Nothing leads out of `voted_in_person`. A step reads and writes one locked row and stands or falls with the
transaction it is in, so that two counters in the same second cannot give one person two ballots.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select, update

from api.database.tables import VotingStatus, roll_entry
from api.errors import LedgerTransitionRefusedError, RollEntryUnknownError, VotesByAnotherChannelError
from api.registry.log import SERVICE, append

if TYPE_CHECKING:
    from sqlalchemy import Connection

_S = VotingStatus
_STATUS = select(roll_entry.c.status).where(
    roll_entry.c.pseudonym == bindparam("pseudonym"), roll_entry.c.removed_at.is_(None)
)
_LOCKED_STATUS = _STATUS.with_for_update()
BY_SERVICE = frozenset({(_S.ELIGIBLE, _S.INTERNET_REGISTERED), (_S.INTERNET_REGISTERED, _S.ELIGIBLE)})
BY_OFFICER = frozenset(
    {
        (_S.ELIGIBLE, _S.PAPER_BALLOT_ISSUED),
        (_S.ELIGIBLE, _S.POSTAL_BALLOT_ISSUED),
        (_S.ELIGIBLE, _S.VOTED_IN_PERSON),
        (_S.PAPER_BALLOT_ISSUED, _S.ELIGIBLE),
        (_S.PAPER_BALLOT_ISSUED, _S.VOTED_IN_PERSON),
        (_S.POSTAL_BALLOT_ISSUED, _S.ELIGIBLE),
        (_S.POSTAL_BALLOT_ISSUED, _S.VOTED_IN_PERSON),
    }
)
# A reason goes into the log: short, and of signs with which hardly any name can be written.
_REASON = re.compile(r"[a-z0-9 _.,:;/-]{0,100}")


def status(connection: Connection, pseudonym: str) -> VotingStatus:
    """Return a person's status. Raises RollEntryUnknownError."""
    return _status(connection, pseudonym, locked=False)


def locked_status(connection: Connection, pseudonym: str) -> VotingStatus:
    """Return a person's status, which stays so until the transaction ends. Raises RollEntryUnknownError."""
    return _status(connection, pseudonym, locked=True)


def transition(
    connection: Connection, pseudonym: str, to: VotingStatus, *, actor: str, at: int, reason: str = ""
) -> VotingStatus:
    """Move a person to another status, log it, and return the status before.

    Raises:
        VotesByAnotherChannelError: the person uses another way to vote, or used it.
        LedgerTransitionRefusedError: the status does not lead there, or not for this actor.
        RollEntryUnknownError: nobody on the roll has this pseudonym.

    """
    if not _REASON.fullmatch(reason):
        raise LedgerTransitionRefusedError(
            "The reason cannot be written into the log.",
            hint="Use up to 100 small letters, digits and spaces, and no names.",
        )
    before = locked_status(connection, pseudonym)
    _require_allowed(pseudonym, before, to, actor)
    changed = connection.execute(
        update(roll_entry)
        .where(roll_entry.c.pseudonym == pseudonym, roll_entry.c.status == before.value)
        .values(status=to.value, changed_at=at)
    )
    if changed.rowcount != 1:  # the row is locked, so only a database that does not lock gets here
        raise _refused(pseudonym, before, to)
    details = {"from": before.value, "to": to.value} | ({"reason": reason} if reason else {})
    append(connection, at=at, actor=actor, action="status_changed", subject=pseudonym, details=details)
    return before


def counts(connection: Connection) -> dict[VotingStatus, int]:
    """Return how many people on the roll have each status."""
    query = select(roll_entry.c.status, func.count()).where(roll_entry.c.removed_at.is_(None))
    found = {row[0]: row[1] for row in connection.execute(query.group_by(roll_entry.c.status))}
    return {status: found.get(status.value, 0) for status in VotingStatus}


def _status(connection: Connection, pseudonym: str, *, locked: bool) -> VotingStatus:
    query = _LOCKED_STATUS if locked else _STATUS
    found = connection.execute(query, {"pseudonym": pseudonym}).scalar_one_or_none()
    if found is None:
        raise RollEntryUnknownError(
            "Nobody on the roll has this pseudonym, or no longer.", hint="Look the person up on the roll."
        )
    return VotingStatus(found)


def _require_allowed(pseudonym: str, before: VotingStatus, to: VotingStatus, actor: str) -> None:
    if (before, to) in (BY_SERVICE if actor == SERVICE else BY_OFFICER):
        return
    other_way = {_S.ELIGIBLE, to}
    if before not in other_way and to is not _S.ELIGIBLE:
        raise VotesByAnotherChannelError(
            f"{pseudonym} already has the status {before.value}.",
            hint="A person votes in one way. A ballot that comes back unused frees the others.",
        )
    raise _refused(pseudonym, before, to)


def _refused(pseudonym: str, before: VotingStatus, to: VotingStatus) -> LedgerTransitionRefusedError:
    return LedgerTransitionRefusedError(
        f"The status of {pseudonym} cannot become {to.value}: it is {before.value}.",
        hint="Only the service registers for the internet; what was cast cannot be taken back.",
    )
