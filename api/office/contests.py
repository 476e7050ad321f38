"""Refusals that voters contest, and what the office answers.

Whoever holds a signed refusal may contest it by showing it again: the registrar's own signature is the
authority, so that nobody has to say who they are, and there is no text to moderate. A reviewer's answer is
signed; `withdrawn` means that the voter should register again, which the service allows at any time.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection, Row, select, update

from api.database.tables import refusal
from api.errors import (
    OfficerSignatureInvalidError,
    OfficerStatementStaleError,
    RefusalResolvedError,
    RefusalUnknownError,
)
from api.office.access import PAGE, Id, Office, Signed, Strict, officers_only
from api.office.people import PersonDocument, person_document
from api.office.roles import Action, Role
from api.openapi import refusals as refused
from api.registry.log import SERVICE, append
from api.schemas import RefusalDocument
from api.sealed import open_refused_person
from api.settings import OfficerSettings
from election.errors import RefusalError
from election.receipt import Refusal
from identity.office import resolution_document

Outcome = Literal["upheld", "withdrawn"]


class Contest(Strict):
    """A refusal that its holder does not accept."""

    refusal: RefusalDocument


class Contested(Strict):
    """That the contest is recorded, and the office's answer once there is one."""

    refusal_id: Id
    contested_at: int
    outcome: Outcome | None


class ListedRefusal(Strict):
    """A refusal as the office sees it; `person` is there if a credential named one and a reviewer asks."""

    id: Id
    reason: str
    refused_at: int
    contested_at: int | None
    outcome: Outcome | None
    resolved_by: str | None
    roll_entry: Id | None
    person: PersonDocument | None


class Refusals(Strict):
    """A page of refusals; `next` is the offset of the next one, if there is one."""

    items: list[ListedRefusal]
    next: int | None


class Resolution(Signed):
    """A reviewer's answer: `upheld`, the refusal was right; `withdrawn`, it was not."""

    outcome: Outcome


def contest(office: Office, document: RefusalDocument) -> Contested:
    """Record that a refusal is contested, once.

    Raises:
        RefusalUnknownError: this registrar did not sign it in this election.

    """
    services = office.services
    shown = _require_own(office, document)
    with services.database.begin() as connection:
        row = _row(connection, shown.refusal_id, locked=True)
        if bytes(row.signature) != shown.signature:
            raise _unknown()
        if row.contested_at is not None:
            return _contested(row, row.contested_at)
        now = services.clock()
        connection.execute(update(refusal).where(refusal.c.id == row.id).values(contested_at=now))
        append(connection, at=now, actor=SERVICE, action="refusal_contested", subject=row.id)
    return _contested(row, now)


def resolve(office: Office, officer: OfficerSettings, refusal_id: str, wanted: Resolution) -> Contested:
    """Answer a contested refusal; the same answer of the same officer again changes nothing.

    Raises:
        RefusalUnknownError: nobody contested a refusal with this id.
        RefusalResolvedError: it was answered before.
        OfficerSignatureInvalidError: the officer did not sign this.

    """
    document = resolution_document(
        office.signing(officer, wanted.signed_at), refusal_id=refusal_id, outcome=wanted.outcome
    )
    signature = office.require_signed(document, wanted.signature)
    with office.services.database.begin() as connection:
        row = _row(connection, refusal_id, locked=True)
        if row.contested_at is None:
            raise RefusalUnknownError(
                "Nobody contested this refusal.",
                hint="`tohyo office refusals` lists the contested ones first.",
            )
        if (row.resolved_by, row.outcome) == (officer.id, wanted.outcome):
            return _contested(row, row.contested_at)
        if row.outcome is not None:
            raise RefusalResolvedError(
                f"{row.resolved_by} answered this refusal: {row.outcome}.", hint="An answer stands."
            )
        values = {
            "outcome": wanted.outcome,
            "resolved_by": officer.id,
            "resolved_at": wanted.signed_at,
            "resolution_signature": signature,
        }
        connection.execute(update(refusal).where(refusal.c.id == refusal_id).values(values))
        office.log_statement(connection, "refusal_resolved", refusal_id, document, signature)
        return _contested(_row(connection, refusal_id), row.contested_at)


def refusals(office: Office, officer: OfficerSettings, after: int) -> Refusals:
    """List refusals: contested without an answer first, then by time."""
    table = refusal.c
    waits = table.contested_at.is_not(None) & table.outcome.is_(None)
    query = select(refusal).order_by(waits.desc(), table.refused_at.desc(), table.id)
    with office.services.database.read() as connection:
        rows = connection.execute(query.offset(after).limit(PAGE + 1)).all()
    named = Role.REVIEWER in officer.roles
    items = [_listed(office, row, named=named) for row in rows[:PAGE]]
    return Refusals(items=items, next=after + PAGE if len(rows) > PAGE else None)


def routes(office: Office) -> APIRouter:
    """Return the endpoints."""
    router = APIRouter()

    @router.post(
        "/v1/contests", summary="Contest a refusal", tags=["voters"], responses=refused(RefusalUnknownError)
    )
    def contest_refusal(wanted: Contest) -> Contested:
        """Show a signed refusal that you do not accept. For voters: no sign-in, nothing else to say.

        It is recorded once; asking again answers the same, with the office's answer once there is one.
        """
        office.rates.lookup()
        return contest(office, wanted.refusal)

    @router.get(
        "/v1/office/refusals",
        summary="Refusals, contested ones first",
        tags=["office"],
        responses=officers_only(),
    )
    def list_refusals(
        officer: Annotated[OfficerSettings, Depends(office.may(Action.LIST_REFUSALS))],
        after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    ) -> Refusals:
        """List refusals. Reviewers see the person where a credential named one; auditors do not."""
        return refusals(office, officer, after)

    @router.post(
        "/v1/office/refusals/{refusal_id}/resolutions",
        summary="Answer a contested refusal",
        tags=["office"],
        responses=officers_only(
            RefusalUnknownError,
            RefusalResolvedError,
            OfficerSignatureInvalidError,
            OfficerStatementStaleError,
        ),
    )
    def resolve_refusal(
        refusal_id: Id,
        wanted: Resolution,
        officer: Annotated[OfficerSettings, Depends(office.may(Action.RESOLVE_REFUSAL))],
    ) -> Contested:
        """Sign whether the refusal was right. `withdrawn` asks the voter to register again."""
        return resolve(office, officer, refusal_id, wanted)

    return router


def _require_own(office: Office, document: RefusalDocument) -> Refusal:
    """Return the refusal if the registrar's key signed exactly this, for this election."""
    services = office.services
    try:
        shown = Refusal.from_json(document.model_dump())
    except RefusalError as failure:
        raise _unknown() from failure
    signer = shown.signer(services.chain_id, services.contract)
    if signer != services.account.address or shown.election_id != office.election_id:
        raise _unknown()
    return shown


def _unknown() -> RefusalUnknownError:
    return RefusalUnknownError(
        "This registrar did not sign this refusal.",
        hint="Send the whole document as it was received, to the registrar of its election.",
    )


def _row(connection: Connection, refusal_id: str, *, locked: bool = False) -> Row[Any]:
    query = select(refusal).where(refusal.c.id == refusal_id)
    row = connection.execute(query.with_for_update() if locked else query).one_or_none()
    if row is None:
        raise _unknown()
    return row


def _contested(row: Row[Any], at: int) -> Contested:
    return Contested(refusal_id=row.id, contested_at=at, outcome=row.outcome)


def _listed(office: Office, row: Row[Any], *, named: bool) -> ListedRefusal:
    person = None
    if named and row.sealed:  # empty once the retention command erased it
        person = person_document(open_refused_person(office.services.vault, row.id, row.sealed))
    return ListedRefusal(
        id=row.id,
        reason=row.reason,
        refused_at=row.refused_at,
        contested_at=row.contested_at,
        outcome=row.outcome,
        resolved_by=row.resolved_by,
        roll_entry=row.roll_entry,
        person=person,
    )
