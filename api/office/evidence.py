"""The evidence for an auditor: the roll, every registration, what officers signed, and the whole log.

Everything comes from one snapshot of the database and leaves it encrypted for the auditor. The officer who
orders the archive signs for it, and the log says so before anything is written.
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from api.admission import kept_place, review_receipt
from api.database.tables import (
    change_list,
    log_entry,
    office_credential,
    registration,
    review_decision,
    roll_entry,
)
from api.database.vault_check import require_own_vault
from api.office.roles import Role
from api.registry.change_lists import ChangeState, read_changes
from api.registry.changes import ChangeKind
from api.registry.log import append, head, read_log
from api.registry.roll import open_person
from api.sealed import SealedRegistration
from election.roll import voter_id_key
from identity.evidence import (
    ChangeListEvidence,
    EarlierPerson,
    EvidenceHeader,
    EvidenceWriter,
    LogRecord,
    OfficeCredentialRecord,
    OfficerRecord,
    RegistrationEvidence,
    ReviewDecision,
    RollEvidence,
)
from identity.office import Signing, export_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Column, Connection, Row, Table

    from api.database.engine import Database
    from api.database.vault import Vault
    from api.registry.signing import Signer
    from api.settings import OfficerSettings
    from election.person import Person
    from identity.evidence import EvidenceRecord

_PAGE = 500


@dataclass(frozen=True, repr=False)
class Export:
    """What an archive is made from. `officers` are those of the settings."""

    database: Database
    vault: Vault
    officers: Sequence[OfficerSettings]
    chain_id: int
    contract: str
    election_id: int

    def write(
        self,
        out: Path,
        recipients: Sequence[str],
        signer: Signer,
        at: int,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> EvidenceHeader:
        """Log the order, then write the archive; never over a file.

        Raises:
            OfficerRoleMissingError: the officer is no auditor.
            EvidenceKeyError: a recipient is no age public key.
            FileExistsError: there is a file of this name.
            KeyFileError: the key file is another database's.
            RecordErasedError: the retention command erased what an archive would show.

        """
        signer.require_role(Role.AUDITOR)
        writer = EvidenceWriter(recipients)
        if out.exists():
            raise FileExistsError(errno.EEXIST, "exists already; name another file", str(out))
        self._order(recipients, signer, at)
        with _snapshot(self.database) as connection:
            header = self._header(connection, at)
            records = _counted(self._records(connection), sum(header.counts.values()), on_progress)
            _write_new(writer, out, header, records)
        return header

    def _order(self, recipients: Sequence[str], signer: Signer, at: int) -> None:
        with self.database.begin() as connection:
            require_own_vault(connection, self.vault)
            end = head(connection)
            document = export_document(
                Signing(self.chain_id, self.contract, signer.id, at),
                recipients=list(recipients),
                log_sequence=end.sequence,
                log_head=end.hash.hex(),
            )
            details = {"statement": document, "signature": signer.sign(document).hex()}
            append(connection, at=at, actor=signer.id, action="evidence_ordered", details=details)

    def _header(self, connection: Connection, at: int) -> EvidenceHeader:
        tables = {
            "roll": roll_entry,
            "office_credential": office_credential,
            "registration": registration,
            "log": log_entry,
        }
        counts: Any = {"officer": len(self.officers), "change_list": len(_applied(connection))} | {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.items()
        }
        return EvidenceHeader(
            chain_id=self.chain_id,
            contract=self.contract,
            created_at=at,
            counts=counts,
        )

    def _records(self, connection: Connection) -> Iterator[EvidenceRecord]:
        for officer in self.officers:
            yield OfficerRecord(id=officer.id, public_key=officer.public_key)
        for name in _applied(connection):
            yield self._change_list(connection, name)
        yield from self._roll(connection)
        for row in _rows(connection, office_credential, office_credential.c.id):
            yield _credential(row)
        decisions = _decisions(connection)
        for row in _rows(connection, registration, registration.c.id):
            yield self._registration(row, decisions.get(row.id, ()))
        for entry in read_log(connection):
            yield LogRecord.of(entry)

    def _change_list(self, connection: Connection, name: str) -> ChangeListEvidence:
        row = connection.execute(select(change_list).where(change_list.c.id == name)).one()
        return ChangeListEvidence(
            id=row.id,
            kind=row.kind,
            count=row.size,
            document=self.vault.open(f"change_list/{row.id}", row.sealed).decode(),
            proposed_by=row.proposed_by,
            proposal_signature=bytes(row.proposal_signature).hex(),
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            decision_signature=bytes(row.decision_signature).hex(),
        )

    def _roll(self, connection: Connection) -> Iterator[RollEvidence]:
        history = _History.read(connection, self.vault)
        for row in _rows(connection, roll_entry, roll_entry.c.pseudonym):
            voter_id, person = open_person(self.vault, row.pseudonym, row.sealed)
            key = voter_id_key(voter_id)
            yield RollEvidence(
                pseudonym=row.pseudonym,
                voter_id=voter_id,
                person=person,
                added_at=history.added_at.get(key, 0),
                removed_at=row.removed_at,
                earlier=tuple(history.earlier.get(key, ())),
            )

    def _registration(self, row: Row[Any], decisions: Sequence[ReviewDecision]) -> RegistrationEvidence:
        kept = SealedRegistration.open(self.vault, row.id, row.sealed)
        return RegistrationEvidence(
            id=row.id,
            roll_entry=row.roll_entry,
            commitment=kept.commitment,
            kind=row.kind,
            status=row.status,
            challenge=kept.challenge,
            evidence=kept.evidence,
            receipt=kept_place(self.election_id, row).receipt,
            review_receipt=review_receipt(self.election_id, row),
            decisions=tuple(decisions),
            leaf_index=row.leaf_index,
        )


@dataclass(repr=False)
class _History:
    """When people came onto the roll, and what corrections replaced; by the office's number."""

    added_at: dict[str, int] = field(default_factory=dict)
    earlier: dict[str, list[EarlierPerson]] = field(default_factory=dict)
    _present: dict[str, Person] = field(default_factory=dict)

    @staticmethod
    def read(connection: Connection, vault: Vault) -> _History:
        """Follow the applied change lists in the order of the log: several may bear the same second."""
        history = _History()
        for name in _applied(connection):
            changes = read_changes(connection, vault, name)
            decided = select(change_list.c.decided_at).where(change_list.c.id == name)
            at = connection.execute(decided).scalar_one()
            for entry in changes.entries:
                history._take(changes.kind, voter_id_key(entry.voter_id), entry.person, at)
        return history

    def _take(self, kind: ChangeKind, key: str, person: Person, at: int) -> None:
        if kind is ChangeKind.CORRECT:
            self.earlier.setdefault(key, []).append(EarlierPerson(until=at, person=self._present[key]))
        else:  # put on the roll, perhaps once more
            self.added_at[key] = at
            self.earlier.pop(key, None)
        self._present[key] = person


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """Open a transaction to read in which nothing changes; SQLite's are so anyway."""
    with database.read() as connection:
        if database.dialect == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection


def _write_new(
    writer: EvidenceWriter, out: Path, header: EvidenceHeader, records: Iterator[EvidenceRecord]
) -> None:
    """Write under another name and link, which fails where a file has come meanwhile."""
    aside = out.with_name(f".{out.name}.{secrets.token_hex(8)}.part")
    try:
        writer.write(aside, header, records)
        os.link(aside, out)
    finally:
        aside.unlink(missing_ok=True)


def _counted(
    records: Iterator[EvidenceRecord], total: int, on_progress: Callable[[int, int], None]
) -> Iterator[EvidenceRecord]:
    for done, record in enumerate(records, start=1):
        yield record
        on_progress(done, total)


def _rows(connection: Connection, table: Table, key: Column[str]) -> Iterator[Row[Any]]:
    """Yield a table's rows by `key`, some at a time."""
    query, last = select(table).order_by(key).limit(_PAGE), ""
    while page := connection.execute(query.where(key > last)).all():
        yield from page
        last = getattr(page[-1], key.name)


def _applied(connection: Connection) -> list[str]:
    """Return the ids of the change lists that were applied, in the order of the log."""
    applied = change_list.c.state == ChangeState.APPLIED.value
    query = (
        select(change_list.c.id)
        .join(log_entry, log_entry.c.subject == change_list.c.id)
        .where(applied)
        .group_by(change_list.c.id)
        .order_by(func.max(log_entry.c.sequence))
    )
    return list(connection.execute(query).scalars())


def _decisions(connection: Connection) -> dict[str, list[ReviewDecision]]:
    found: dict[str, list[ReviewDecision]] = {}
    query = select(review_decision).order_by(review_decision.c.decided_at, review_decision.c.officer)
    for row in connection.execute(query):
        decision = ReviewDecision(
            officer=row.officer,
            decision=row.decision,
            roll_entry=row.roll_entry,
            decided_at=row.decided_at,
            signature=bytes(row.signature).hex(),
        )
        found.setdefault(row.registration_id, []).append(decision)
    return found


def _credential(row: Row[Any]) -> OfficeCredentialRecord:
    approval = row.approval_signature
    return OfficeCredentialRecord(
        id=row.id,
        roll_entry=row.roll_entry,
        reason=row.reason,
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        issue_signature=bytes(row.issue_signature).hex(),
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        approval_signature=None if approval is None else bytes(approval).hex(),
        expires_at=row.expires_at,
        registration=row.registration_id,
    )
