"""Follows kept transactions until each is final: included, or impossible.

A registration leaves a batch in two ways only. Its transaction succeeded in a final block; or another
transaction with the same nonce did, or it failed itself, in a final block. So no commitment is ever in two
transactions that could both be included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from api.database.tables import BatchState
from api.deposits.metrics import DEPOSITS, TRANSACTIONS
from api.errors import ChainBehindError
from chain.deposit_batch import (
    TRANSFER_GAS,
    Inclusion,
    broadcast,
    deposited_at,
    empty_call,
    inclusion,
    is_known,
    leaf_indexes,
    market_fees,
    sign,
    sign_again,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.deposits.records import Batch, Records
    from api.services import Services
    from chain.deposit_batch import ChainView, SignedTransaction

MAX_TRANSACTIONS = 12  # for one nonce; each waits twice as long as the one before
_log = structlog.get_logger("tohyo.depositor")


class Settlement:
    """Sends, sends again, and decides. `between` is called between steps; tests end the process there."""

    def __init__(self, services: Services, records: Records, between: Callable[[str], None]) -> None:
        self._services, self._records, self._between = services, records, between
        self._w3 = services.chain.w3

    def settle(self, view: ChainView) -> None:
        """Bring every batch that is not decided one step further."""
        batches = self._records.in_flight()
        for batch in batches:
            self._settle_one(batch, view)
        if batches and self._is_behind_a_gap(batches, view):
            self._fill_gap(view)

    def send(self, signed: SignedTransaction, reason: str) -> bool:
        """Hand a kept transaction to the node; return whether it took it."""
        refusal = broadcast(self._w3, signed.raw)
        TRANSACTIONS.labels(reason).inc()
        _log.info("transaction_sent", transaction=signed.hash, reason=reason, refusal=refusal)
        return not refusal

    def _settle_one(self, batch: Batch, view: ChainView) -> None:
        for kept in batch.transactions:
            if found := inclusion(self._w3, kept.transaction.hash):
                self._included(batch, kept.transaction, found, view)
                return
        if batch.nonce < view.final_nonce:
            self._give_up(batch, view)
        elif batch.nonce >= view.nonce:
            self._keep_trying(batch, view)
        # else another transaction has the nonce in a block that may still be undone

    def _included(self, batch: Batch, signed: SignedTransaction, found: Inclusion, view: ChainView) -> None:
        if found.block_number > view.final:
            if (batch.state, batch.block_number) != (BatchState.INCLUDED, found.block_number):
                self._records.set_state(batch, BatchState.INCLUDED, found.block_number)
            return
        self._between("before mark")
        if not found.succeeded:
            self._give_up(batch, view)
            return
        leaves = leaf_indexes(self._services.chain, found.block_number, found.block_number)
        _require_leaves(batch.registrations.values(), leaves)
        self._records.finish(batch, found.block_number, leaves, signed.hash)
        DEPOSITS.labels("deposited").inc(len(batch.registrations))
        _log.info("batch_final", batch=batch.id, transaction=signed.hash, count=len(batch.registrations))

    def _give_up(self, batch: Batch, view: ChainView) -> None:
        """Undo a batch that can never be included; what is in the tree all the same counts as deposited."""
        chain, commitments = self._services.chain, batch.registrations.values()
        there = deposited_at(chain, commitments, view.final)
        leaves = leaf_indexes(chain, chain.deployment_block(), view.final) if there else {}
        _require_leaves(there, leaves)
        again = self._records.give_up(batch, {commitment: leaves[commitment] for commitment in there})
        DEPOSITS.labels("deposited").inc(len(there))
        DEPOSITS.labels("queued_again").inc(len(again))
        _log.warning("batch_failed", batch=batch.id, nonce=batch.nonce, queued_again=len(again))

    def _keep_trying(self, batch: Batch, view: ChainView) -> None:
        if batch.state is BatchState.INCLUDED:
            _log.warning("batch_undone", batch=batch.id, block=batch.block_number)
            self._records.set_state(batch, BatchState.PREPARED, None)
        newest = batch.newest.transaction
        if not is_known(self._w3, newest.hash) and self.send(newest, "again"):
            return
        if batch.nonce == view.nonce and self._is_stuck(batch):
            fees = newest.fees.raised().at_least(market_fees(self._w3))
            dearer = sign_again(self._services.account, newest, fees)
            self._records.keep_variant(batch, dearer)
            self._between("before send")
            self.send(dearer, "fees")

    def _is_stuck(self, batch: Batch) -> bool:
        tries = len(batch.transactions)
        latest = max(kept.created_at for kept in batch.transactions)
        patience = self._services.settings.stuck_seconds * 2 ** (tries - 1)
        return tries < MAX_TRANSACTIONS and self._services.clock() - latest >= patience

    @staticmethod
    def _is_behind_a_gap(batches: list[Batch], view: ChainView) -> bool:
        """Whether nothing of ours or anybody's waits with the next nonce, but something does behind it."""
        nonces = {batch.nonce for batch in batches}
        return view.pending_nonce == view.nonce and view.nonce not in nonces and max(nonces) > view.nonce

    def _fill_gap(self, view: ChainView) -> None:
        """Use up a nonce whose transaction, somebody else's, vanished."""
        services, fees = self._services, market_fees(self._w3)
        filler = self._records.prepare_other(
            view,
            view.nonce,
            lambda _connection: sign(
                services.account,
                empty_call(services.account.address),
                chain_id=services.chain_id,
                nonce=view.nonce,
                gas=TRANSFER_GAS,
                fees=fees,
            ),
        )
        if filler is not None:
            self.send(filler.newest.transaction, "filler")


def _require_leaves(commitments: object, leaves: dict[int, int]) -> None:
    missing = set(commitments) - leaves.keys()  # type: ignore[call-overload]
    if missing:
        raise ChainBehindError(
            f"The node shows no event for {len(missing)} deposits that it says were made.",
            hint="Its index of events lags behind or is damaged: use another node.",
        )
