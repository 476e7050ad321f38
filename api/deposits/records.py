"""What the database knows of deposits, and every change to that: each one transaction, under the lease.

Locks are taken in the order lease, roll entry, registration, log. A row of `deposit_batch` stands for one
nonce of the registrar's key; one without registrations holds an anchor of the log, or fills a gap.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import func, insert, select, update

from api.admission import kept_place
from api.database.tables import (
    BatchState,
    RegistrationStatus,
    VotingStatus,
    batch_transaction,
    deposit_batch,
    registration,
    roll_entry,
)
from api.errors import ChainBehindError
from api.registry.ledger import transition
from api.registry.log import SERVICE, append
from chain.deposit_batch import SignedTransaction
from election.errors import ReceiptError
from zk.field import FieldElementOutOfRangeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from api.deposits.lease import Lease
    from api.services import Services
    from chain.deposit_batch import ChainView

_CHUNK = 500  # parameters of one statement; databases have limits
_IN_FLIGHT = (BatchState.PREPARED, BatchState.INCLUDED)
_WAITING = (RegistrationStatus.QUEUED, RegistrationStatus.PERMITTED)
_log = structlog.get_logger("tohyo.depositor")
_MAY_VOTE = roll_entry.c.removed_at.is_(None) & (roll_entry.c.status == VotingStatus.INTERNET_REGISTERED)


@dataclass(frozen=True)
class Queued:
    """A registration that waits for a batch."""

    id: str
    commitment: int
    issued_at: int


@dataclass(frozen=True)
class KeptTransaction:
    """A signed transaction as it is kept."""

    transaction: SignedTransaction
    created_at: int


@dataclass(frozen=True)
class Batch:
    """A nonce, the transactions signed for it (oldest first), and the registrations in them."""

    id: str
    state: BatchState
    nonce: int
    block_number: int | None
    transactions: tuple[KeptTransaction, ...]
    registrations: Mapping[str, int]  # id → commitment

    @property
    def newest(self) -> KeptTransaction:
        """The one with the highest fees."""
        return self.transactions[-1]


class Records:
    """The depositor's view of the database."""

    def __init__(self, services: Services, lease: Lease) -> None:
        self._services, self._lease = services, lease
        self._database, self._clock = services.database, services.clock
        self._sender = services.account.address
        self._told: set[str] = set()  # registrations that the log was told about

    def in_flight(self) -> list[Batch]:
        """Return the batches that are not decided, in the order of their nonces."""
        wanted = select(deposit_batch).where(deposit_batch.c.state.in_(_IN_FLIGHT))
        with self._database.read() as connection:
            rows = connection.execute(wanted.order_by(deposit_batch.c.nonce)).all()
            return [_batch(connection, row) for row in rows]

    def queue(self, limit: int) -> list[Queued]:
        """Return those that wait and may be deposited, the oldest first.

        Only what the registrar's key signed is deposited: whoever can write into the database cannot vote.
        """
        wanted = (
            select(registration)
            .join(roll_entry, roll_entry.c.pseudonym == registration.c.roll_entry)
            .where(registration.c.status == RegistrationStatus.QUEUED, _MAY_VOTE)
            .order_by(registration.c.issued_at, registration.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(wanted).all()
        genuine = [row for row in rows if self._is_genuine(row)]
        return [Queued(row.id, int(row.commitment), row.issued_at) for row in genuine]

    def count(self, *statuses: RegistrationStatus) -> int:
        """Return how many registrations have one of these statuses."""
        wanted = select(func.count()).where(registration.c.status.in_(statuses))
        with self._database.read() as connection:
            return connection.execute(wanted).scalar_one()

    def anything_waits(self) -> bool:
        """Whether a deposit on chain could concern a registration that is in no batch."""
        return self.count(*_WAITING) > 0

    def prepare(
        self,
        chosen: Sequence[Queued],
        view: ChainView,
        make: Callable[[list[int]], SignedTransaction],
    ) -> Batch | None:
        """Keep a signed transaction and mark its registrations submitted, all or nothing.

        `make` signs for the commitments that still wait, in the order chosen; None if none does.

        Raises:
            LeaseLostError: another process deposits now.
            ChainBehindError: the node does not know of transactions that were included before.

        """
        with self.own() as connection:
            standing = _lock_queued(connection, [one.id for one in chosen])
            kept = [one for one in chosen if one.id in standing]
            if not kept:
                return None
            self._require_free_nonce(connection, view, view.pending_nonce)
            signed = make([one.commitment for one in kept])
            ids = sorted(one.id for one in kept)
            batch_id = self._keep(connection, view.pending_nonce, signed)
            self._set_status(connection, ids, RegistrationStatus.SUBMITTED, batch_id=batch_id)
            self._log(connection, "deposit_prepared", batch_id, transaction=signed.hash, registrations=ids)
            return _batch_by_id(connection, batch_id)

    def prepare_other(
        self, view: ChainView, nonce: int, make: Callable[[Connection], SignedTransaction | None]
    ) -> Batch | None:
        """Keep a signed transaction that deposits nothing; raises as `prepare`."""
        with self.own() as connection:
            self._require_free_nonce(connection, view, nonce)
            signed = make(connection)
            return None if signed is None else _batch_by_id(connection, self._keep(connection, nonce, signed))

    def keep_variant(self, batch: Batch, signed: SignedTransaction) -> None:
        """Keep another transaction for the batch's nonce, before it is sent."""
        with self.own() as connection:
            self._insert_transaction(connection, batch.id, signed)

    def set_state(self, batch: Batch, state: BatchState, block_number: int | None) -> None:
        """Note whether the batch is in a block, for the time being."""
        with self.own() as connection:
            _change_batch(connection, batch, state=state, block_number=block_number)

    def finish(self, batch: Batch, block_number: int, leaves: Mapping[int, int], transaction: str) -> None:
        """Mark the registrations of an included batch deposited; `leaves` is commitment → leaf index."""
        indexes = {one: leaves[commitment] for one, commitment in sorted(batch.registrations.items())}
        with self.own() as connection:
            _lock_registrations(connection, list(indexes))
            _change_batch(connection, batch, state=BatchState.FINAL, block_number=block_number)
            self._set_leaves(connection, indexes)
            if indexes:
                self._log(connection, "deposited", batch.id, transaction=transaction, leaves=indexes)

    def give_up(self, batch: Batch, leaves: Mapping[int, int]) -> list[str]:
        """Queue the registrations of a batch that can never be included again; return their ids.

        Those whose commitment has a leaf all the same (`leaves`) are marked deposited.
        """
        indexes = {one: leaves[c] for one, c in sorted(batch.registrations.items()) if c in leaves}
        again = sorted(batch.registrations.keys() - indexes.keys())
        with self.own() as connection:
            _lock_registrations(connection, list(batch.registrations))
            _change_batch(connection, batch, state=BatchState.FAILED)
            self._set_leaves(connection, indexes)
            self._set_status(connection, again, RegistrationStatus.QUEUED, batch_id=None)
            if batch.registrations:
                self._log(connection, "deposit_failed", batch.id, leaves=indexes, queued_again=again)
        return again

    def found(self, leaves: Mapping[int, int]) -> int:
        """Mark registrations deposited that somebody else put into the tree; return how many."""
        texts = {str(commitment): index for commitment, index in leaves.items()}
        with self._database.read() as connection:
            ids = {one: texts[commitment] for one, commitment in _waiting_with(connection, list(texts))}
        if not ids:
            return 0
        with self.own() as connection:
            standing = _lock_registrations(connection, list(ids), registration.c.status.in_(_WAITING))
            indexes = {one: ids[one] for one in sorted(standing)}
            self._set_leaves(connection, indexes)
            self._log(connection, "deposited", None, leaves=indexes)
        return len(indexes)

    def waiting(self) -> dict[str, int]:
        """Return some of the registrations that are in no batch, with their commitments."""
        columns = select(registration.c.id, registration.c.commitment)
        wanted = columns.where(registration.c.status.in_(_WAITING)).order_by(registration.c.id).limit(_CHUNK)
        with self._database.read() as connection:
            return {row.id: int(row.commitment) for row in connection.execute(wanted)}

    def miss(self, ids: Sequence[str]) -> list[str]:
        """Mark registrations missed that still wait once registration closed for good; return their ids.

        Whoever registered in vain is eligible again, so that the office can give them a paper ballot.
        """
        if not ids:
            return []
        with self.own() as connection:
            people = _lock_people(connection, ids)
            late = sorted(_lock_registrations(connection, ids, registration.c.status.in_(_WAITING)))
            self._set_status(connection, late, RegistrationStatus.MISSED)
            for one in late:
                self._log(connection, "deposit_missed", one)
                if one in people:
                    at, reason = self._clock(), "the deposit was missed"
                    transition(
                        connection, people[one], VotingStatus.ELIGIBLE, actor=SERVICE, at=at, reason=reason
                    )
        return late

    @contextmanager
    def own(self) -> Iterator[Connection]:
        """Open a transaction that only the lease's holder may commit. Raises LeaseLostError."""
        with self._database.begin() as connection:
            self._lease.require(connection)
            yield connection

    def _is_genuine(self, row: Row[Any]) -> bool:
        services = self._services
        try:
            receipt = kept_place(services.election_id, row).receipt
            genuine = receipt.signer(services.chain_id, services.contract) == self._sender
        except (ReceiptError, FieldElementOutOfRangeError, ValueError):
            genuine = False
        if not genuine and row.id not in self._told:
            self._told.add(row.id)
            _log.error("registration_forged", registration=row.id)
        return genuine

    def _require_free_nonce(self, connection: Connection, view: ChainView, nonce: int) -> None:
        """Refuse a nonce that a transaction of ours used, or waits with: the node lags behind."""
        used = connection.execute(
            select(func.max(deposit_batch.c.nonce)).where(
                deposit_batch.c.sender == self._sender, deposit_batch.c.state.not_in(_IN_FLIGHT)
            )
        ).scalar_one()
        taken = connection.execute(
            select(deposit_batch.c.id).where(
                deposit_batch.c.sender == self._sender, deposit_batch.c.nonce == nonce
            )
        ).one_or_none()
        if taken is not None or (used is not None and used >= view.nonce):
            raise ChainBehindError(
                f"The node says that nonce {nonce} is free, but a transaction of the registrar has used it.",
                hint="The node lags behind, or its chain was set back: use one that knows the whole chain.",
            )

    def _keep(self, connection: Connection, nonce: int, signed: SignedTransaction) -> str:
        batch_id = secrets.token_hex(16)
        connection.execute(
            insert(deposit_batch).values(
                id=batch_id,
                state=BatchState.PREPARED,
                sender=self._sender,
                nonce=nonce,
                created_at=self._clock(),
            )
        )
        self._insert_transaction(connection, batch_id, signed)
        return batch_id

    def _insert_transaction(self, connection: Connection, batch_id: str, signed: SignedTransaction) -> None:
        connection.execute(
            insert(batch_transaction).values(
                hash=signed.hash, batch_id=batch_id, raw=signed.raw, created_at=self._clock()
            )
        )

    @staticmethod
    def _set_status(
        connection: Connection, ids: Sequence[str], status: RegistrationStatus, **values: str | None
    ) -> None:
        for some in _chunks(ids):
            connection.execute(
                update(registration).where(registration.c.id.in_(some)).values(status=status, **values)
            )

    @staticmethod
    def _set_leaves(connection: Connection, indexes: Mapping[str, int]) -> None:
        for one, index in indexes.items():
            connection.execute(
                update(registration)
                .where(registration.c.id == one)
                .values(status=RegistrationStatus.DEPOSITED, leaf_index=index)
            )

    def _log(self, connection: Connection, action: str, subject: str | None, **details: object) -> None:
        append(
            connection,
            at=self._clock(),
            actor=SERVICE,
            action=action,
            subject=subject,
            details=details or None,
        )


def _batch_by_id(connection: Connection, batch_id: str) -> Batch:
    found = connection.execute(select(deposit_batch).where(deposit_batch.c.id == batch_id)).one()
    return _batch(connection, found)


def _batch(connection: Connection, row: Row[Any]) -> Batch:
    kept = connection.execute(
        select(batch_transaction)
        .where(batch_transaction.c.batch_id == row.id)
        .order_by(batch_transaction.c.created_at)
    )
    transactions = [KeptTransaction(SignedTransaction(one.hash, one.raw), one.created_at) for one in kept]
    transactions.sort(key=lambda one: one.transaction.fees.limit)
    members = connection.execute(
        select(registration.c.id, registration.c.commitment).where(registration.c.batch_id == row.id)
    )
    return Batch(
        row.id,
        BatchState(row.state),
        row.nonce,
        row.block_number,
        tuple(transactions),
        {one.id: int(one.commitment) for one in members},
    )


def _change_batch(connection: Connection, batch: Batch, **values: object) -> None:
    connection.execute(
        update(deposit_batch)
        .where(deposit_batch.c.id == batch.id, deposit_batch.c.state.in_(_IN_FLIGHT))
        .values(values)
    )


def _lock_queued(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Lock those that still wait and may be deposited, after the people whose they are."""
    people = _lock_people(connection, ids)
    queued = registration.c.status == RegistrationStatus.QUEUED
    return _lock_registrations(connection, list(people), queued)


def _lock_people(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Lock the people who may still vote with these registrations; return registration → pseudonym."""
    found: dict[str, str] = {}
    for some in _chunks(ids):
        wanted = (
            select(registration.c.id, roll_entry.c.pseudonym)
            .join(roll_entry, roll_entry.c.pseudonym == registration.c.roll_entry)
            .where(registration.c.id.in_(some), _MAY_VOTE)
            .order_by(roll_entry.c.pseudonym)
        )
        found |= {row.id: row.pseudonym for row in connection.execute(wanted.with_for_update(of=roll_entry))}
    return found


def _lock_registrations(
    connection: Connection, ids: Sequence[str], condition: ColumnElement[bool] | None = None
) -> set[str]:
    standing: set[str] = set()
    for some in _chunks(sorted(ids)):
        wanted = select(registration.c.id).where(registration.c.id.in_(some))
        if condition is not None:
            wanted = wanted.where(condition)
        found = connection.execute(wanted.order_by(registration.c.id).with_for_update())
        standing.update(found.scalars())
    return standing


def _waiting_with(connection: Connection, commitments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield id and commitment of those that wait for one of these to be deposited."""
    for some in _chunks(commitments):
        wanted = select(registration.c.id, registration.c.commitment).where(
            registration.c.status.in_(_WAITING), registration.c.commitment.in_(some)
        )
        yield from ((row.id, row.commitment) for row in connection.execute(wanted))


def _chunks(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
