"""One person, one commitment: what a registration is promised, and when it may take another's place.

Used inside the transactions of `api.registration` and of the office's reviews. The caller has locked the roll
entry; locks are always taken in the order roll entry, registration, log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, select, text, update

from api.database.tables import RegistrationStatus, VotingStatus, registration
from api.errors import (
    AlreadyDepositedError,
    DepositInProgressError,
    PermitOutstandingError,
    RegistrationClosedError,
)
from api.registry.ledger import locked_status, transition
from api.registry.log import SERVICE
from chain.connection import typed_errors
from chain.deposit_batch import deposited_at
from election.permit import DepositPermit, sign_permit
from election.receipt import Promise, Receipt, sign_receipt

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Row

    from api.services import Services

SECONDS_PER_DAY = 86_400
_STATUS_OF = {
    Promise.DEPOSIT: RegistrationStatus.QUEUED,
    Promise.PERMIT: RegistrationStatus.PERMITTED,
    Promise.REVIEW: RegistrationStatus.IN_REVIEW,
}
# Word for word the condition of the unique indexes, which serve no other one; as parameters it would be.
STANDS: Final = text("registration.status NOT IN ('replaced', 'refused')")
_STANDING: Final = (
    select(registration).where(registration.c.roll_entry == bindparam("pseudonym"), STANDS).with_for_update()
)


class PermitMayBeUsedError(Exception):
    """The permit's time is over, but only the chain knows whether it was used; ask it, then try again."""

    def __init__(self, commitment: int, deadline: int) -> None:
        super().__init__()
        self.commitment, self.deadline = commitment, deadline


@dataclass(frozen=True)
class Place:
    """What a registration gets: a signed receipt, and a permit if voters deposit themselves."""

    receipt: Receipt
    permit: DepositPermit | None

    def columns(self) -> dict[str, Any]:
        """Return the row of `registration` that keeps it; credential and evidence are the caller's."""
        return {
            "id": self.receipt.registration_id,
            "roll_entry": self.receipt.roll_entry or None,
            "commitment": str(self.receipt.commitment),
            "status": _STATUS_OF[self.receipt.promise],
            "issued_at": self.receipt.issued_at,
            "deposit_by": self.receipt.deposit_by,
            "receipt_signature": self.receipt.signature,
            "permit_deadline": self.permit.deadline if self.permit else None,
            "permit_signature": self.permit.signature if self.permit else None,
        }


def promise(
    services: Services,
    chain_now: int,
    *,
    registration_id: str,
    commitment: int,
    pseudonym: str | None,
    issued_at: int | None = None,
) -> Place:
    """Sign what the registrar promises for a commitment; without a pseudonym it promises a review.

    `chain_now` is the newest block's time, from which a permit's days are counted. A registration that was
    in review keeps the time at which it was asked for, `issued_at`.
    """
    votes = services.election.schedule.timestamps()[1]
    batched = services.settings.deposits == "batch"
    kind = Promise.REVIEW if pseudonym is None else Promise.DEPOSIT if batched else Promise.PERMIT
    receipt = sign_receipt(
        services.account,
        services.chain_id,
        services.contract,
        registration_id=registration_id,
        election_id=services.election_id,
        commitment=commitment,
        roll_entry=pseudonym or "",
        promise=kind,
        issued_at=services.clock() if issued_at is None else issued_at,
        deposit_by=votes if kind is Promise.DEPOSIT else 0,
    )
    return Place(receipt, _permit(services, chain_now, commitment) if kind is Promise.PERMIT else None)


def place_of(services: Services, row: Row[Any]) -> Place:
    """Return what was promised to a row of `registration`, as it was signed."""
    return kept_place(services.election_id, row)


def review_receipt(election_id: int, row: Row[Any]) -> Receipt | None:
    """Return the receipt of a registration's review, if there was one and two officers agreed on a person."""
    if row.review_signature is None:
        return None
    commitment, issued_at = int(row.commitment), row.issued_at
    signature = bytes(row.review_signature)
    return Receipt(row.id, election_id, commitment, "", Promise.REVIEW, issued_at, 0, signature)


def kept_place(election_id: int, row: Row[Any]) -> Place:
    """Return what was promised to a row of `registration`, for those who have an election's id alone."""
    permit = None
    if row.permit_signature is not None:
        permit = DepositPermit(int(row.commitment), row.permit_deadline, row.permit_signature)
    kind = Promise.PERMIT if permit else Promise.DEPOSIT if row.deposit_by else Promise.REVIEW
    receipt = Receipt(
        row.id,
        election_id,
        int(row.commitment),
        "" if kind is Promise.REVIEW else row.roll_entry,
        kind,
        row.issued_at,
        row.deposit_by,
        row.receipt_signature,
    )
    return Place(receipt, permit)


def standing(connection: Connection, pseudonym: str) -> Row[Any] | None:
    """Return the registration that stands for a person, locked, if there is one."""
    return connection.execute(_STANDING, {"pseudonym": pseudonym}).one_or_none()


def make_room(
    connection: Connection, earlier: Row[Any], chain_now: int, undeposited: Collection[int] = ()
) -> None:
    """End a person's earlier registration, so that another one can take its place.

    `undeposited` are commitments that the chain was just asked about, and does not have.

    Raises:
        DepositInProgressError, AlreadyDepositedError, PermitOutstandingError, RegistrationClosedError:
            it cannot be replaced.
        PermitMayBeUsedError: ask the chain, and come back with `undeposited`.

    """
    _require_replaceable(earlier, chain_now, undeposited)
    ended = connection.execute(
        update(registration)
        .where(registration.c.id == earlier.id, registration.c.status == earlier.status)
        .values(status=RegistrationStatus.REPLACED)
    )
    if ended.rowcount != 1:  # the row is locked, so only a database that does not lock gets here
        raise _in_progress()


def require_unused(services: Services, permit: PermitMayBeUsedError) -> None:
    """Ask the chain whether a permit can have been used, in blocks that nothing undoes any more.

    The newest blocks may be replaced by others, with earlier times and with the deposit in them.

    Raises:
        PermitOutstandingError: no final block is later than the permit's deadline.
        AlreadyDepositedError: it was used.
        ChainError: the chain does not answer.

    """
    chain = services.chain
    with typed_errors():
        final = chain.w3.eth.block_number - services.settings.confirmations
        time = chain.w3.eth.get_block(final)["timestamp"] if final >= 0 else 0
    if time <= permit.deadline:
        raise _outstanding()
    if deposited_at(chain, [permit.commitment], final):
        raise _already_deposited()


def enter_ledger(connection: Connection, pseudonym: str, at: int) -> None:
    """Note that a person votes by internet; nothing changes if that is noted already.

    Raises:
        VotesByAnotherChannelError: the person votes in another way.
        RollEntryUnknownError: the person is not on the roll, or no longer.

    """
    if locked_status(connection, pseudonym) is not VotingStatus.INTERNET_REGISTERED:
        transition(connection, pseudonym, VotingStatus.INTERNET_REGISTERED, actor=SERVICE, at=at)


def _permit(services: Services, chain_now: int, commitment: int) -> DepositPermit:
    """Sign a permit for the days in the settings, but not beyond the end of registration."""
    votes = services.election.schedule.timestamps()[1]
    deadline = min(chain_now + services.settings.permit_days * SECONDS_PER_DAY, votes - 1)
    return sign_permit(services.account, services.chain_id, services.contract, commitment, deadline)


def _require_replaceable(earlier: Row[Any], chain_now: int, undeposited: Collection[int]) -> None:
    if earlier.status == RegistrationStatus.QUEUED:
        return
    if earlier.status == RegistrationStatus.SUBMITTED:
        raise _in_progress()
    if earlier.status == RegistrationStatus.DEPOSITED:
        raise _already_deposited()
    if earlier.status != RegistrationStatus.PERMITTED:
        raise RegistrationClosedError("The earlier registration came too late.", hint="Ask the office.")
    if chain_now <= earlier.permit_deadline:
        raise _outstanding()
    if int(earlier.commitment) not in undeposited:
        raise PermitMayBeUsedError(int(earlier.commitment), earlier.permit_deadline)


def _already_deposited() -> AlreadyDepositedError:
    return AlreadyDepositedError(
        "The earlier commitment is in the tree.", hint="Vote with the note that belongs to it."
    )


def _outstanding() -> PermitOutstandingError:
    return PermitOutstandingError(
        "The permit for the earlier commitment can still be used.", hint="Use it, or wait."
    )


def _in_progress() -> DepositInProgressError:
    return DepositInProgressError(
        "The earlier commitment is on its way to the chain.", hint="Keep its note; ask how far it is."
    )
