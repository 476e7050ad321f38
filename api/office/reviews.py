"""Reviews: two officers decide whose a registration is that matched nobody on the roll for certain.

Each reviewer signs a decision over the registration, its commitment and the roll entry. Once two say the
same, it happens, in the transaction that keeps the second decision: the registration is queued (or gets a
permit) with a new receipt, or is refused with a signed refusal that bears its id. While they differ
the review stays open; a reviewer may sign another decision, and the log keeps every one.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import model_validator
from sqlalchemy import Connection, Row, delete, insert, select, update

from api.admission import PermitMayBeUsedError, require_unused
from api.database.tables import (
    RegistrationStatus,
    VotingStatus,
    challenge_use,
    refusal,
    registration,
    review_decision,
)
from api.errors import (
    AlreadyDepositedError,
    DepositInProgressError,
    OfficerSignatureInvalidError,
    OfficerStatementStaleError,
    PermitOutstandingError,
    RecordErasedError,
    RegistrationClosedError,
    RegistrationNotOpenError,
    ReviewClosedError,
    ReviewRefusedError,
    ReviewUnknownError,
    RollEntryUnknownError,
    VotesByAnotherChannelError,
)
from api.office.acceptance import accept_registration
from api.office.access import PAGE, Id, Office, Signed, Strict, officers_only
from api.office.people import PersonDocument, person_document
from api.office.roles import Action, Role
from api.registry import roll
from api.registry.ledger import locked_status
from api.registry.log import SERVICE, append
from api.sealed import SealedRegistration
from api.settings import OfficerSettings
from election.person import Person
from election.receipt import sign_refusal
from identity.matching import Candidate, match
from identity.office import Signing, review_document
from identity.officer import verify_document

Choice = Literal["accept", "refuse"]
_NEEDED = 2


class Decision(Strict):
    """What one reviewer signed."""

    officer: str
    decision: Choice
    roll_entry: Id | None
    decided_at: int


class Review(Strict):
    """A registration whose person the office must find on the roll."""

    registration_id: Id
    commitment: str
    issued_at: int
    status: RegistrationStatus
    decisions: list[Decision]


class Reviews(Strict):
    """Open reviews, the oldest first; `next` is the offset of the next page, if there is one."""

    items: list[Review]
    next: int | None


class CandidateDocument(Strict):
    """Somebody on the roll whose registration it may be."""

    roll_entry: Id
    voter_id: str
    person: PersonDocument
    status: VotingStatus


class ReviewInFull(Review):
    """A review with what must be compared: the card's person and the candidates."""

    person: PersonDocument | None
    candidates: list[CandidateDocument]


class Decide(Signed):
    """A reviewer's decision: `accept` names whose registration it is, `refuse` says that it is nobody's."""

    decision: Choice
    roll_entry: Id | None = None

    @model_validator(mode="after")
    def _named(self) -> "Decide":
        if (self.decision == "accept") != (self.roll_entry is not None):
            raise ValueError("roll_entry is given with accept, and only then")
        return self


def open_reviews(office: Office, after: int) -> Reviews:
    """List the registrations in review, without names."""
    query = (
        select(registration)
        .where(registration.c.status == RegistrationStatus.IN_REVIEW)
        .order_by(registration.c.issued_at, registration.c.id)
    )
    with office.services.database.read() as connection:
        rows = connection.execute(query.offset(after).limit(PAGE + 1)).all()
        items = [_review(connection, row) for row in rows[:PAGE]]
    return Reviews(items=items, next=after + PAGE if len(rows) > PAGE else None)


def show(office: Office, officer: OfficerSettings, registration_id: str) -> ReviewInFull:
    """Return one review with the person and the candidates, and log that the officer read it.

    Raises:
        ReviewUnknownError: no registration with this id is or was in review.
        RecordErasedError: the retention command erased the person.

    """
    services = office.services
    with services.database.read() as connection:
        row = _row(connection, registration_id)
        person, near = _candidates(connection, office, row)
        review = _review(connection, row)
    with services.database.begin() as connection:
        append(
            connection, at=services.clock(), actor=officer.id, action="review_read", subject=registration_id
        )
    return ReviewInFull(
        **review.model_dump(),
        person=None if person is None else person_document(person),
        candidates=[_candidate(record) for record in near],
    )


def decide(office: Office, officer: OfficerSettings, registration_id: str, wanted: Decide) -> Review:
    """Keep a reviewer's decision, and carry it out if it is the second that says so.

    Raises:
        ReviewUnknownError: no registration with this id is or was in review.
        ReviewClosedError: two officers decided it.
        RollEntryUnknownError: nobody on the roll has the pseudonym, or none who comes near.
        OfficerSignatureInvalidError: the officer did not sign this.
        OfficerStatementStaleError: the officer signed a later decision before.
        VotesByAnotherChannelError: the person votes in another way; the review stays open.
        RegistrationRefusedError: the person's other registration cannot be replaced now, or it is too late.
        RecordErasedError: the retention command erased what a refusal would name.

    """
    signing = office.signing(officer, wanted.signed_at)
    chain_now = 0
    if wanted.roll_entry is not None:
        office.chain_time.require_registration()
        chain_now = office.chain_time.now()
    chain = _Chain(chain_now, frozenset())
    try:
        return _decide(office, registration_id, wanted, signing=signing, chain=chain)
    except PermitMayBeUsedError as asked:
        require_unused(office.services, asked)
        chain = _Chain(chain_now, frozenset({asked.commitment}))
        return _decide(office, registration_id, wanted, signing=signing, chain=chain)


def routes(office: Office) -> APIRouter:
    """Return the endpoints."""
    router = APIRouter()

    @router.get(
        "/v1/office/reviews",
        summary="Registrations whose person must be found",
        responses=officers_only(),
        dependencies=[Depends(office.may(Action.REVIEW))],
    )
    def list_reviews(after: Annotated[int, Query(ge=0, lt=2**31)] = 0) -> Reviews:
        """List open reviews with the decisions so far, without names."""
        return open_reviews(office, after)

    @router.get(
        "/v1/office/reviews/{registration_id}",
        summary="One review, with the person and candidates",
        responses=officers_only(ReviewUnknownError, RecordErasedError),
    )
    def show_review(
        registration_id: Id, officer: Annotated[OfficerSettings, Depends(office.may(Action.REVIEW))]
    ) -> ReviewInFull:
        """Show the person as the card names them, beside those on the roll who come near. This is logged."""
        return show(office, officer, registration_id)

    @router.post(
        "/v1/office/reviews/{registration_id}/decisions",
        summary="Decide whose registration it is",
        responses=officers_only(
            ReviewUnknownError,
            RollEntryUnknownError,
            ReviewClosedError,
            VotesByAnotherChannelError,
            DepositInProgressError,
            AlreadyDepositedError,
            PermitOutstandingError,
            RegistrationNotOpenError,
            RegistrationClosedError,
            OfficerSignatureInvalidError,
            OfficerStatementStaleError,
            RecordErasedError,
        ),
    )
    def decide_review(
        registration_id: Id,
        wanted: Decide,
        officer: Annotated[OfficerSettings, Depends(office.may(Action.REVIEW))],
    ) -> Review:
        """Sign a decision. When two reviewers have signed the same one it is carried out at once."""
        return decide(office, officer, registration_id, wanted)

    return router


@dataclass(frozen=True)
class _Chain:
    """What the chain said before the transaction: its time, and commitments that are not deposited."""

    now: int
    undeposited: frozenset[int]


def _decide(
    office: Office, registration_id: str, wanted: Decide, *, signing: Signing, chain: _Chain
) -> Review:
    with office.services.database.begin() as connection:
        if wanted.roll_entry is not None:
            locked_status(connection, wanted.roll_entry)  # first in the order of locks
        row = _row(connection, registration_id, locked=True)
        if row.status != RegistrationStatus.IN_REVIEW:
            raise ReviewClosedError("The review is over.", hint=f"The registration is {row.status}.")
        document = _document(signing, row, wanted.decision, wanted.roll_entry)
        signature = office.require_signed(document, wanted.signature)
        if _keep(connection, row, signing.officer, wanted, signature):
            agreeing = _agreeing(connection, office, row, wanted)
            if len(agreeing) >= _NEEDED:
                _carry_out(connection, office, row, wanted.roll_entry, chain)
            office.log_statement(connection, "review_decided", registration_id, document, signature)
            if len(agreeing) >= _NEEDED:
                _log_outcome(connection, office, row, wanted.roll_entry, agreeing)
        return _review(connection, _row(connection, registration_id))


def _candidates(
    connection: Connection, office: Office, row: Row[Any]
) -> tuple[Person | None, list[roll.RollRecord]]:
    """Return the credential's person, and whoever comes near on the roll as it is now."""
    vault = office.services.vault
    person = SealedRegistration.open(vault, row.id, row.sealed).person
    if person is None:
        return None, []
    found = roll.born_on(connection, vault, person.date_of_birth)
    near = match(person, [Candidate(one.pseudonym, one.person) for one in found]).pseudonyms
    return person, [one for one in found if one.pseudonym in near]


def _require_candidate(connection: Connection, office: Office, row: Row[Any], pseudonym: str) -> None:
    """Officers choose among those who come near: anybody else's entry is corrected first."""
    _, near = _candidates(connection, office, row)
    if pseudonym not in {one.pseudonym for one in near}:
        raise RollEntryUnknownError(
            "This is none of the people on the roll whose registration it may be.",
            hint="Look at the review's candidates; what the roll has wrong is corrected first.",
        )


def _carry_out(
    connection: Connection, office: Office, row: Row[Any], pseudonym: str | None, chain: _Chain
) -> None:
    if pseudonym is None:
        _refuse(connection, office, row)
        return
    _require_candidate(connection, office, row, pseudonym)
    accept_registration(
        connection, office.services, row, pseudonym, chain_now=chain.now, undeposited=chain.undeposited
    )


def _log_outcome(
    connection: Connection, office: Office, row: Row[Any], pseudonym: str | None, agreeing: set[str]
) -> None:
    append(
        connection,
        at=office.services.clock(),
        actor=SERVICE,
        action="review_refused" if pseudonym is None else "review_accepted",
        subject=row.id,
        details={"roll_entry": pseudonym, "officers": sorted(agreeing)},
    )


def _refuse(connection: Connection, office: Office, row: Row[Any]) -> None:
    """Sign a refusal that bears the registration's id, so that its holder finds it."""
    services = office.services
    uses = select(challenge_use.c.request_digest).where(challenge_use.c.registration_id == row.id)
    first = uses.order_by(challenge_use.c.used_at).limit(1)  # the voter may have asked again
    digest = connection.execute(first).scalar_one_or_none()
    if digest is None:
        raise RecordErasedError(
            "The request was erased after the election.", hint="The retention command did so."
        )
    signed = sign_refusal(
        services.account,
        services.chain_id,
        services.contract,
        refusal_id=row.id,
        election_id=office.election_id,
        request_digest=bytes(digest),
        reason=ReviewRefusedError.code,
        refused_at=services.clock(),
    )
    connection.execute(
        insert(refusal).values(
            id=row.id,
            request_digest=signed.request_digest,
            reason=signed.reason,
            refused_at=signed.refused_at,
            signature=signed.signature,
        )
    )
    connection.execute(
        update(registration).where(registration.c.id == row.id).values(status=RegistrationStatus.REFUSED)
    )


def _keep(connection: Connection, row: Row[Any], officer: str, wanted: Decide, signature: bytes) -> bool:
    """Keep an officer's decision in place of an earlier one; return whether it is another."""
    mine = (review_decision.c.registration_id == row.id) & (review_decision.c.officer == officer)
    before = connection.execute(select(review_decision).where(mine)).one_or_none()
    if before is not None and bytes(before.signature) == signature:
        return False
    if before is not None and before.decided_at >= wanted.signed_at:
        raise OfficerStatementStaleError(
            "You signed a later decision before.", hint="Sign again; the later one counts."
        )
    connection.execute(delete(review_decision).where(mine))
    connection.execute(
        insert(review_decision).values(
            registration_id=row.id,
            officer=officer,
            decision=wanted.decision,
            roll_entry=wanted.roll_entry,
            decided_at=wanted.signed_at,
            signature=signature,
        )
    )
    return True


def _agreeing(connection: Connection, office: Office, row: Row[Any], wanted: Decide) -> set[str]:
    """Return the reviewers of today whose kept signature says the same: a changed row counts for nobody."""
    return {
        one.officer
        for one in _decisions(connection, row.id)
        if (one.decision, one.roll_entry) == (wanted.decision, wanted.roll_entry) and _holds(office, row, one)
    }


def _holds(office: Office, row: Row[Any], one: Row[Any]) -> bool:
    officer = office.officers.get(one.officer)
    if officer is None or Role.REVIEWER not in officer.roles:
        return False
    services = office.services
    signing = Signing(services.chain_id, services.contract, one.officer, one.decided_at)
    document = _document(signing, row, one.decision, one.roll_entry)
    return verify_document(document, bytes(one.signature), officer.public_key)


def _document(signing: Signing, row: Row[Any], decision: str, pseudonym: str | None) -> dict[str, Any]:
    return review_document(
        signing, registration_id=row.id, commitment=row.commitment, decision=decision, roll_entry=pseudonym
    )


def _decisions(connection: Connection, registration_id: str) -> list[Row[Any]]:
    query = select(review_decision).where(review_decision.c.registration_id == registration_id)
    return list(connection.execute(query.order_by(review_decision.c.decided_at, review_decision.c.officer)))


def _row(connection: Connection, registration_id: str, *, locked: bool = False) -> Row[Any]:
    """Return a registration that is in review, or was: only those have a roll entry by decision."""
    query = select(registration).where(registration.c.id == registration_id)
    row = connection.execute(query.with_for_update() if locked else query).one_or_none()
    reviewed = row is not None and (
        row.status == RegistrationStatus.IN_REVIEW or bool(_decisions(connection, registration_id))
    )
    if row is None or not reviewed:
        raise ReviewUnknownError(
            "No registration with this id is in review.", hint="`tohyo office reviews` lists them."
        )
    return row


def _review(connection: Connection, row: Row[Any]) -> Review:
    return Review(
        registration_id=row.id,
        commitment=row.commitment,
        issued_at=row.issued_at,
        status=row.status,
        decisions=[
            Decision(
                officer=one.officer,
                decision=one.decision,
                roll_entry=one.roll_entry,
                decided_at=one.decided_at,
            )
            for one in _decisions(connection, row.id)
        ],
    )


def _candidate(record: roll.RollRecord) -> CandidateDocument:
    return CandidateDocument(
        roll_entry=record.pseudonym,
        voter_id=record.voter_id,
        person=person_document(record.person),
        status=record.status,
    )
