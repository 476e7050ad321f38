"""The office's endpoints together, and the log for auditors."""

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.office import contests, credentials, reviews, voters
from api.office.access import PAGE, Office, Strict, officers_only
from api.office.roles import Action
from api.registry.log import head, read_log

if TYPE_CHECKING:
    from api.services import Services


class Entry(Strict):
    """One entry of the log: what its hash covers."""

    sequence: int
    at: int
    actor: str
    action: str
    subject: str | None
    details: dict[str, Any]


class Head(Strict):
    """The end of the log."""

    sequence: int
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class LogPage(Strict):
    """Entries in order, and the present end of the log; ask again after the last one until they meet."""

    entries: list[Entry]
    head: Head


def router(services: "Services") -> APIRouter:
    """Return every endpoint of the office. Raises SettingsError if the officers' settings cannot be."""
    office = Office(services)
    together = APIRouter()
    together.include_router(contests.routes(office))
    for part in (voters, reviews, credentials):
        together.include_router(part.routes(office), tags=["office"])
    together.include_router(_log(office), tags=["office"])
    return together


def _log(office: Office) -> APIRouter:
    part = APIRouter()

    @part.get(
        "/v1/office/log",
        summary="Who did what",
        responses=officers_only(),
        dependencies=[Depends(office.may(Action.READ_LOG))],
    )
    def read(after: Annotated[int, Query(ge=0, lt=2**53)] = 0) -> LogPage:
        """Read the hash-chained log, a page at a time; its heads are on chain at each phase change."""
        with office.services.database.read() as connection:
            end = head(connection)
            entries = list(islice(read_log(connection, after), PAGE))
        return LogPage(
            entries=[Entry(**entry.to_json()) for entry in entries],
            head=Head(sequence=end.sequence, hash=end.hash.hex()),
        )

    return part
