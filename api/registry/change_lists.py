"""Changes of the roll: one officer proposes a list, another approves it; then all of it happens, or nothing.

Each officer signs a statement with the list's digest, so that who wanted what can be shown even after the
list itself was erased. A digest is over a random salt too: it tells nobody whom a short list is about.

    proposed (role `roll`) ─┬→ applied   approved by another officer (role `approver`)
                            └→ rejected
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from api.database.tables import change_list
from api.database.vault_check import require_own_vault
from api.errors import (
    ChangeListDecidedError,
    ChangeListUnknownError,
    OfficerSignatureInvalidError,
    SecondOfficerNeededError,
)
from api.office.roles import Role
from api.registry.apply import apply_changes, require_changes_fit
from api.registry.changes import ChangeKind, Changes
from api.registry.log import append
from api.registry.signing import Signer, require_signature
from identity.office import change_list_document
from identity.officer import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection, Row

    from api.database.engine import Database
    from api.database.vault import Vault
    from api.settings import OfficerSettings

_NO_PROGRESS: Callable[[int, int], None] = lambda _done, _total: None  # noqa: E731


class ChangeState(StrEnum):
    """How far a list has come."""

    PENDING = "pending"
    APPLIED = "applied"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Proposal:
    """A list as it may be shown: without anybody on it."""

    id: str
    kind: ChangeKind
    state: ChangeState
    count: int
    digest: str
    proposed_by: str
    proposed_at: int


def propose(database: Database, vault: Vault, changes: Changes, signer: Signer, at: int) -> Proposal:
    """Keep a list, signed, until another officer decides.

    Raises:
        OfficerRoleMissingError, OfficerSignatureInvalidError: not this officer, or not with this key.
        ChangeListRefusedError: the list does not fit the roll as it is now; says where.
        KeyFileError: the key file is another database's.

    """
    signer.require_role(Role.ROLL)
    list_id = secrets.token_hex(16)
    document = canonical_json(changes.to_json(secrets.token_hex(16)))
    digest = hashlib.sha256(document).digest()
    kind, size = changes.kind.value, len(changes)
    statement = change_list_document(
        "propose", signer.id, list_id=list_id, kind=kind, count=size, digest=digest.hex()
    )
    values = {
        "id": list_id,
        "kind": kind,
        "state": ChangeState.PENDING.value,
        "sealed": vault.seal(_record_id(list_id), document),
        "digest": digest,
        "size": size,
        "proposed_by": signer.id,
        "proposed_at": at,
        "proposal_signature": signer.sign(statement),
    }
    with database.begin() as connection:
        require_own_vault(connection, vault)
        require_changes_fit(connection, vault, changes)
        connection.execute(insert(change_list).values(values))
        _log(connection, "change_list_proposed", statement, at)
    return Proposal(list_id, changes.kind, ChangeState.PENDING, len(changes), digest.hex(), signer.id, at)


def approve(
    database: Database,
    vault: Vault,
    list_id: str,
    signer: Signer,
    at: int,
    *,
    officers: Iterable[OfficerSettings],
    on_progress: Callable[[int, int], None] = _NO_PROGRESS,
) -> Proposal:
    """Approve a list as the second officer and apply it, all of it or nothing.

    `officers` are those of the settings; the proposer must still be one of them, with the same key.

    Raises:
        ChangeListUnknownError, ChangeListDecidedError: there is no such list, or it was decided.
        SecondOfficerNeededError: the same officer proposed it.
        OfficerRoleMissingError, OfficerSignatureInvalidError: an officer or a signature that does not hold.
        ChangeListRefusedError: the list does not fit the roll as it is now; says where.

    """
    signer.require_role(Role.APPROVER)
    with database.begin() as connection:
        require_own_vault(connection, vault)
        row = _pending(connection, list_id, signer)
        changes = _opened(vault, row)
        _require_proposal_holds(row, officers)
        require_changes_fit(connection, vault, changes)
        apply_changes(connection, vault, changes, at=at, on_progress=on_progress)
        return _decide(connection, row, ChangeState.APPLIED, signer, at)


def reject(database: Database, list_id: str, signer: Signer, at: int) -> Proposal:
    """Reject a list as the second officer. Raises as `approve` does."""
    signer.require_role(Role.APPROVER)
    with database.begin() as connection:
        row = _pending(connection, list_id, signer)
        return _decide(connection, row, ChangeState.REJECTED, signer, at)


def pending(connection: Connection) -> list[Proposal]:
    """Return the lists that wait for a second officer, oldest first."""
    waiting = change_list.c.state == ChangeState.PENDING.value
    rows = connection.execute(
        select(change_list).where(waiting).order_by(change_list.c.proposed_at, change_list.c.id)
    )
    return [_proposal(row) for row in rows]


def read_changes(connection: Connection, vault: Vault, list_id: str) -> Changes:
    """Return what a list says, for the second officer to read. Raises as `approve` does."""
    row = connection.execute(select(change_list).where(change_list.c.id == list_id)).one_or_none()
    return _opened(vault, _known(row))


def _pending(connection: Connection, list_id: str, signer: Signer) -> Row[*tuple[Any, ...]]:
    query = select(change_list).where(change_list.c.id == list_id)
    row = _known(connection.execute(query.with_for_update()).one_or_none())
    if row.state != ChangeState.PENDING.value:
        raise ChangeListDecidedError(
            f"Change list {list_id} was {row.state} by {row.decided_by} before.",
            hint="`tohyo roll pending` shows the lists that wait.",
        )
    if row.proposed_by == signer.id:
        raise SecondOfficerNeededError(
            f"{signer.id} proposed change list {list_id} and cannot decide on it.",
            hint="Ask another officer whose role is `approver`.",
        )
    return row


def _known(row: Row[*tuple[Any, ...]] | None) -> Row[*tuple[Any, ...]]:
    if row is None:
        raise ChangeListUnknownError(
            "There is no change list of this id.", hint="`tohyo roll pending` shows the lists that wait."
        )
    return row


def _opened(vault: Vault, row: Row[*tuple[Any, ...]]) -> Changes:
    document = vault.open(_record_id(row.id), row.sealed)
    if hashlib.sha256(document).digest() != row.digest:
        raise OfficerSignatureInvalidError(
            f"Change list {row.id} is not the one that was signed.", hint="Reject it and propose it again."
        )
    return Changes.from_json(json.loads(document))


def _require_proposal_holds(row: Row[*tuple[Any, ...]], officers: Iterable[OfficerSettings]) -> None:
    statement = _statement_about(row, "propose", row.proposed_by)
    require_signature(statement, row.proposal_signature, row.proposed_by, Role.ROLL, officers)


def _decide(
    connection: Connection, row: Row[*tuple[Any, ...]], state: ChangeState, signer: Signer, at: int
) -> Proposal:
    act = "approve" if state is ChangeState.APPLIED else "reject"
    statement = _statement_about(row, act, signer.id)
    decision = {
        "state": state.value,
        "decided_by": signer.id,
        "decided_at": at,
        "decision_signature": signer.sign(statement),
    }
    connection.execute(update(change_list).where(change_list.c.id == row.id).values(decision))
    _log(connection, f"change_list_{state.value}", statement, at)
    return _proposal(connection.execute(select(change_list).where(change_list.c.id == row.id)).one())


def _proposal(row: Row[*tuple[Any, ...]]) -> Proposal:
    return Proposal(
        row.id,
        ChangeKind(row.kind),
        ChangeState(row.state),
        row.size,
        row.digest.hex(),
        row.proposed_by,
        row.proposed_at,
    )


def _statement_about(row: Row[*tuple[Any, ...]], act: str, officer: str) -> dict[str, Any]:
    return change_list_document(
        act, officer, list_id=row.id, kind=row.kind, count=row.size, digest=bytes(row.digest).hex()
    )


def _log(connection: Connection, action: str, statement: dict[str, Any], at: int) -> None:
    details = {name: statement[name] for name in ("kind", "count", "digest")}
    who, subject = statement["officer"], statement["id"]
    append(connection, at=at, actor=who, action=action, subject=subject, details=details)


def _record_id(list_id: str) -> str:
    return f"change_list/{list_id}"
