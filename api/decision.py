"""What happens to one registration inside its transaction: everything that decides is locked and read here.

Locks are taken in the order roll entry, registration, log; so `decide` comes first and `book` last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, insert, select, update

from api.admission import STANDS, make_room, place_of, standing
from api.database.tables import RegistrationStatus, VotingStatus, registration, roll_entry
from api.errors import CommitmentAlreadyRegisteredError, PersonNotOnRollError, RecordErasedError
from api.office.credentials import mark_used
from api.registry.ledger import transition
from api.registry.log import SERVICE, append
from api.sealed import SealedRegistration
from identity.credential import CredentialKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Row

    from api.admission import Place
    from api.services import Services
    from election.person import Person
    from identity.credential import VerifiedCredential


# Built once: building a statement takes longer than running it.
_LOCKED: Final = (
    select(roll_entry.c.pseudonym, roll_entry.c.status)
    .where(
        roll_entry.c.pseudonym.in_(bindparam("pseudonyms", expanding=True)),
        roll_entry.c.removed_at.is_(None),
    )
    .order_by(roll_entry.c.pseudonym)
    .with_for_update()
)
HOLDER: Final = (
    select(registration).where(registration.c.commitment == bindparam("commitment"), STANDS).with_for_update()
)
_INSERT: Final = insert(registration)


@dataclass(frozen=True, repr=False)
class Claim:
    """A verified credential, and whose it is: one pseudonym, or those among which the office must find it."""

    credential: VerifiedCredential
    pseudonyms: tuple[str, ...]
    is_certain: bool


@dataclass(frozen=True, repr=False)
class Decision:
    """A new registration, signed and sealed, that stands if nothing is against it.

    `undeposited` are commitments that the chain was asked about and does not have.
    """

    services: Services
    claim: Claim
    new: Place
    sealed: bytes
    chain_now: int
    undeposited: frozenset[int] = frozenset()

    def lock(self, connection: Connection) -> dict[str, str]:
        """Lock everybody whom the claim names, in one order everywhere; return their voting status.

        Raises:
            PersonNotOnRollError: they were taken off the roll a moment ago.

        """
        rows = connection.execute(_LOCKED, {"pseudonyms": self.claim.pseudonyms}).all()
        if not rows:
            raise not_on_roll()
        return {row.pseudonym: row.status for row in rows}

    def decide(self, connection: Connection) -> Place:
        """Return what the voter has in the end: the new place, or the earlier one of the same commitment.

        Raises:
            CommitmentAlreadyRegisteredError: the commitment is somebody else's.
            RegistrationRefusedError: the person has another commitment that cannot be replaced now.
            PermitMayBeUsedError: ask the chain first.

        """
        if self.claim.is_certain:
            earlier = standing(connection, self.claim.pseudonyms[0])
            if earlier is not None and earlier.commitment == self._commitment:
                return self._again(connection, earlier)
            if earlier is not None:
                make_room(connection, earlier, self.chain_now, self.undeposited)
        holder = self._holder(connection)
        if holder is not None and not self._is_own_review(holder):
            raise CommitmentAlreadyRegisteredError(
                "Another voter registered this commitment.", hint="Make a note of your own and register that."
            )
        if holder is not None and not self.claim.is_certain:
            return place_of(self.services, holder)
        self._end_reviews(connection, holder)
        self._insert(connection)
        return self.new

    def book(self, connection: Connection, place: Place, statuses: Mapping[str, str]) -> None:
        """Note in the ledger and in the log what was decided; `statuses` are those that `lock` found.

        Raises:
            VotesByAnotherChannelError: the person votes in another way.

        """
        if place is not self.new:
            return
        at, pseudonym = place.receipt.issued_at, place.receipt.roll_entry
        if pseudonym and statuses[pseudonym] != VotingStatus.INTERNET_REGISTERED:
            transition(connection, pseudonym, VotingStatus.INTERNET_REGISTERED, actor=SERVICE, at=at)
        details = {"kind": self.claim.credential.kind.value, "promise": place.receipt.promise.value}
        append(
            connection,
            at=at,
            actor=SERVICE,
            action="registered",
            subject=pseudonym or None,
            details={"registration": place.receipt.registration_id, **details},
        )

    @property
    def _commitment(self) -> str:
        return str(self.new.receipt.commitment)

    def _again(self, connection: Connection, earlier: Row[Any]) -> Place:
        """Return the earlier place of the same commitment, with a new permit if the old one has expired."""
        permit = self.new.permit
        place = place_of(self.services, earlier)
        if (
            permit is None
            or place.permit is None
            or earlier.status != RegistrationStatus.PERMITTED
            or self.chain_now <= place.permit.deadline
        ):
            return place
        connection.execute(
            update(registration)
            .where(registration.c.id == earlier.id)
            .values(permit_deadline=permit.deadline, permit_signature=permit.signature)
        )
        return type(place)(place.receipt, permit)

    def _holder(self, connection: Connection) -> Row[Any] | None:
        return connection.execute(HOLDER, {"commitment": self._commitment}).one_or_none()

    def _is_own_review(self, row: Row[Any]) -> bool:
        """Whether a registration that the office must decide on, or decided on, is this very person's."""
        was_reviewed = row.status == RegistrationStatus.IN_REVIEW or row.review_signature is not None
        if not was_reviewed or (self.claim.is_certain and row.roll_entry is not None):
            return False
        return self.claim.credential.person is not None and self.claim.credential.person == self._person(row)

    def _end_reviews(self, connection: Connection, holder: Row[Any] | None) -> None:
        """Replace what the same person left in review, with another commitment or before the roll changed."""
        ids = [holder.id] if holder is not None else []
        if not self.claim.is_certain:
            query = select(registration).where(registration.c.status == RegistrationStatus.IN_REVIEW)
            rows = connection.execute(query.order_by(registration.c.id).with_for_update()).all()
            ids += [row.id for row in rows if self._is_own_review(row)]
        if ids:
            connection.execute(
                update(registration)
                .where(registration.c.id.in_(ids))
                .values(status=RegistrationStatus.REPLACED)
            )

    def _person(self, row: Row[Any]) -> Person | None:
        try:
            return SealedRegistration.open(self.services.vault, row.id, row.sealed).person
        except RecordErasedError:
            return None

    def _insert(self, connection: Connection) -> None:
        credential = self.claim.credential
        row = self.new.columns() | {"kind": credential.kind.value, "sealed": self.sealed}
        connection.execute(_INSERT, row)
        if credential.kind is CredentialKind.OFFICE:
            credential_id = str(credential.evidence["credential_id"])
            mark_used(connection, credential_id, self.new.receipt.registration_id)


def not_on_roll() -> PersonNotOnRollError:
    """Say that the roll names nobody like this person."""
    return PersonNotOnRollError(
        "The roll names nobody like the holder of this credential.",
        hint="Ask the election office to look up the roll.",
    )
