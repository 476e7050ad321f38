"""People at a counter: has this person registered, may they vote here, and what was handed to them.

Names and numbers arrive in bodies, never in addresses; searches are logged with the pseudonyms found.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import Field, model_validator
from sqlalchemy import Connection, select

from api.database.tables import ENDED, RegistrationStatus, VotingStatus, registration, roll_entry
from api.errors import LedgerTransitionRefusedError, RollEntryUnknownError, VotesByAnotherChannelError
from api.office.access import PAGE, Id, Office, Strict, officers_only
from api.office.roles import Action, sees_status_only
from api.registry import roll
from api.registry.ledger import locked_status, transition
from api.registry.log import append
from api.settings import OfficerSettings
from election.person import DateOfBirth
from identity.names import normalise_name

_ISSUED = Literal["eligible", "paper_ballot_issued", "postal_ballot_issued", "voted_in_person"]


class Search(Strict):
    """Whom to look for: the office's number, or name and date of birth."""

    model_config = Strict.model_config | {
        "json_schema_extra": {
            "examples": [{"voter_id": "000123"}, {"name": "青木 花子", "date_of_birth": "1990-01-31"}]
        }
    }
    voter_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    date_of_birth: Annotated[str, Field(pattern=r"^[0-9]{4}-([0-9]{2}|\?\?)-([0-9]{2}|\?\?)$")] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Search":
        by_name = self.name is not None and self.date_of_birth is not None
        if by_name == (self.voter_id is not None) or (self.name is None) != (self.date_of_birth is None):
            raise ValueError("give voter_id, or name and date_of_birth")
        if self.date_of_birth is not None:
            DateOfBirth.parse(self.date_of_birth)
        return self


class FoundRegistration(Strict):
    """The registration that stands for a person."""

    id: Id
    status: RegistrationStatus
    issued_at: int


class FoundVoter(Strict):
    """One person; a polling station learns `status` and `may_vote_here` alone."""

    status: VotingStatus
    may_vote_here: bool = Field(description="Whether a ballot may be handed out in person now.")
    pseudonym: Id | None = None
    since: int | None = None
    registration: FoundRegistration | None = None


class Found(Strict):
    """Everybody who was found; `more` if there are others."""

    items: list[FoundVoter]
    more: bool


class Step(Strict):
    """A step of the ledger: `from` is the status that the officer saw, so that no step is taken twice."""

    from_: Annotated[_ISSUED, Field(alias="from", examples=["eligible"])]
    to: Annotated[_ISSUED, Field(examples=["paper_ballot_issued"])]
    reason: Annotated[str, Field(pattern=r"^[a-z0-9 _.,:;/-]{0,100}$", examples=["counter 3"])] = ""


class Stepped(Strict):
    """What the status is now."""

    pseudonym: Id
    status: VotingStatus


def search(office: Office, officer: OfficerSettings, query: Search) -> Found:
    """Look somebody up and log that, with pseudonyms only."""
    services = office.services
    with services.database.read() as connection:
        records = _records(connection, office, query)
        shown = [_shown(connection, officer, record) for record in records[:PAGE]]
    pseudonyms = [record.pseudonym for record in records]
    details = {"by": "voter_id" if query.voter_id else "name", "found": pseudonyms[:PAGE]}
    with services.database.begin() as connection:
        append(connection, at=services.clock(), actor=officer.id, action="voter_searched", details=details)
    return Found(items=shown, more=len(records) > PAGE)


def step(office: Office, officer: OfficerSettings, pseudonym: str, wanted: Step) -> Stepped:
    """Take one step of the ledger if the person's status is still the one that the officer saw.

    Raises:
        VotesByAnotherChannelError: the person uses another way to vote.
        LedgerTransitionRefusedError: the status is another one by now, or does not lead there.
        RollEntryUnknownError: nobody on the roll has this pseudonym.

    """
    services = office.services
    to = VotingStatus(wanted.to)
    with services.database.begin() as connection:
        present = locked_status(connection, pseudonym)
        if present.value != wanted.from_:
            raise LedgerTransitionRefusedError(
                f"The status of {pseudonym} is {present.value}, no longer {wanted.from_}.",
                hint="Look the person up again before anything is handed out.",
            )
        transition(connection, pseudonym, to, actor=officer.id, at=services.clock(), reason=wanted.reason)
    return Stepped(pseudonym=pseudonym, status=to)


def routes(office: Office) -> APIRouter:
    """Return the endpoints."""
    router = APIRouter()

    @router.post(
        "/v1/office/voters/search",
        summary="Has this person registered? May they vote here?",
        responses=officers_only(),
    )
    def search_voters(
        query: Search, officer: Annotated[OfficerSettings, Depends(office.may(Action.SEARCH))]
    ) -> Found:
        """Look a person up by the office's number, or by name and date of birth.

        Names are compared as cards are matched: variants of kanji and spaces make no difference. Every search
        is logged. An officer whose only role is `polling_station` learns `status` and `may_vote_here`.
        """
        return search(office, officer, query)

    @router.post(
        "/v1/office/voters/{pseudonym}/transitions",
        summary="Record what was handed out, returned or cast",
        responses=officers_only(
            VotesByAnotherChannelError, LedgerTransitionRefusedError, RollEntryUnknownError
        ),
    )
    def take_step(
        pseudonym: Id,
        wanted: Step,
        officer: Annotated[OfficerSettings, Depends(office.may(Action.TRANSITION))],
    ) -> Stepped:
        """Move a person to another status. Of two counters in the same second one is refused with 409."""
        return step(office, officer, pseudonym, wanted)

    return router


def _records(connection: Connection, office: Office, query: Search) -> list[roll.RollRecord]:
    vault = office.services.vault
    if query.voter_id is not None:
        found = roll.find(connection, vault, query.voter_id)
        return [] if found is None else [found]
    wanted = normalise_name(query.name or "")
    born = roll.born_on(connection, vault, DateOfBirth.parse(query.date_of_birth or ""))
    return [record for record in born if normalise_name(record.person.name) == wanted]


def _shown(connection: Connection, officer: OfficerSettings, record: roll.RollRecord) -> FoundVoter:
    free = record.status is VotingStatus.ELIGIBLE
    if sees_status_only(officer):
        return FoundVoter(status=record.status, may_vote_here=free)
    since = connection.execute(
        select(roll_entry.c.changed_at).where(roll_entry.c.pseudonym == record.pseudonym)
    ).scalar_one()
    return FoundVoter(
        status=record.status,
        may_vote_here=free,
        pseudonym=record.pseudonym,
        since=since,
        registration=_registration(connection, record.pseudonym),
    )


def _registration(connection: Connection, pseudonym: str) -> FoundRegistration | None:
    row = connection.execute(
        select(*registration.c["id", "status", "issued_at"]).where(
            registration.c.roll_entry == pseudonym, registration.c.status.not_in(ENDED)
        )
    ).one_or_none()
    return None if row is None else FoundRegistration(id=row.id, status=row.status, issued_at=row.issued_at)
