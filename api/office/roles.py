"""What an officer may do. An officer may have several roles; every action names the roles that allow it.

| role | may |
|---|---|
| `roll` | propose changes of the roll; look a person up; issue a credential to a person without a card |
| `approver` | approve, as the second officer, what a `roll` officer proposed or issued |
| `counter` | look a person up; record at a counter that a ballot was issued, returned or cast |
| `polling_station` | ask whether a person may vote here, and learn nothing else |
| `reviewer` | decide, with a second reviewer, whose an ambiguous registration is; answer contested refusals |
| `auditor` | read the log and the list of refusals; order an archive of the evidence |
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from api.errors import OfficerRoleMissingError, SettingsError
from api.registry.log import OPERATOR, SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from api.settings import OfficerSettings


class Role(StrEnum):
    """One thing that an officer is trusted with."""

    ROLL = "roll"
    APPROVER = "approver"
    COUNTER = "counter"
    POLLING_STATION = "polling_station"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"


class Action(StrEnum):
    """What officers ask the service for."""

    SEARCH = "search"
    TRANSITION = "transition"
    REVIEW = "review"
    LIST_REFUSALS = "list_refusals"
    RESOLVE_REFUSAL = "resolve_refusal"
    ISSUE_CREDENTIAL = "issue_credential"
    APPROVE_CREDENTIAL = "approve_credential"
    LIST_CREDENTIALS = "list_credentials"
    READ_LOG = "read_log"
    EXPORT_EVIDENCE = "export_evidence"


ALLOWED: Final[dict[Action, frozenset[Role]]] = {
    Action.SEARCH: frozenset({Role.ROLL, Role.COUNTER, Role.REVIEWER, Role.POLLING_STATION}),
    Action.TRANSITION: frozenset({Role.COUNTER}),
    Action.REVIEW: frozenset({Role.REVIEWER}),
    Action.LIST_REFUSALS: frozenset({Role.REVIEWER, Role.AUDITOR}),
    Action.RESOLVE_REFUSAL: frozenset({Role.REVIEWER}),
    Action.ISSUE_CREDENTIAL: frozenset({Role.ROLL}),
    Action.APPROVE_CREDENTIAL: frozenset({Role.APPROVER}),
    Action.LIST_CREDENTIALS: frozenset({Role.ROLL, Role.APPROVER}),
    Action.READ_LOG: frozenset({Role.AUDITOR}),
    Action.EXPORT_EVIDENCE: frozenset({Role.AUDITOR}),
}


def require_allowed(officer: OfficerSettings, action: Action) -> None:
    """Raise OfficerRoleMissingError unless one of the officer's roles allows the action."""
    if ALLOWED[action].isdisjoint(officer.roles):
        needed = " or ".join(f"`{role}`" for role in sorted(ALLOWED[action]))
        raise OfficerRoleMissingError(
            f"The roles of {officer.id} do not allow this.",
            hint=f"Ask somebody whose role is {needed}.",
        )


def sees_status_only(officer: OfficerSettings) -> bool:
    """Whether a search tells this officer nothing but how far a person has voted."""
    return officer.roles.isdisjoint(ALLOWED[Action.SEARCH] - {Role.POLLING_STATION})


def require_officers(officers: Iterable[OfficerSettings]) -> dict[str, OfficerSettings]:
    """Return the officers by id.

    Raises:
        SettingsError: a role is unknown; an id is one of the log's own actors; or two officers share an id, a
            key or a certificate, so that one person could give both halves of a decision.

    """
    by_id: dict[str, OfficerSettings] = {}
    seen: set[str] = set()
    for officer in officers:
        marks = [officer.id, officer.public_key, *filter(None, [officer.certificate_sha256])]
        if unknown := sorted(officer.roles - set(Role)):
            raise SettingsError(
                f"Officer {officer.id} has an unknown role: {', '.join(unknown)[:100]}.",
                hint=f"Roles are: {', '.join(Role)}.",
            )
        if officer.id in {SERVICE, OPERATOR}:
            raise SettingsError(
                f"No officer can be called {officer.id}: the log uses that name for itself.",
                hint="Give the officer another id.",
            )
        if not seen.isdisjoint(marks):
            raise SettingsError(
                f"Officer {officer.id} has the id, the key or the certificate of another one.",
                hint="Give every officer a key of their own.",
            )
        seen.update(marks)
        by_id[officer.id] = officer
    return by_id
