"""From registrations to leaves of the tree, once each, whatever is killed when.

A batch is signed, kept together with its registrations' new status in one database transaction, and only then
sent. After a crash the kept transaction is sent again, the same bytes; until its nonce is used in a final
block by another transaction its registrations are in no other. Nothing that matters is remembered in memory.

Order says nothing: within a batch it is random.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import structlog
from tenacity import Retrying, retry_if_exception_type, sleep_using_event, stop_when_event_set
from tenacity.wait import wait_random_exponential

from api.database.tables import BatchState, RegistrationStatus
from api.deposits.anchoring import Anchoring
from api.deposits.lease import Lease
from api.deposits.metrics import DEPOSITS, IN_FLIGHT, LAST_ROUND, MISSED, OLDEST
from api.deposits.records import Records
from api.deposits.settlement import Settlement
from api.errors import LeaseLostError
from chain.contract_errors import CommitmentAlreadyDepositedError, UnknownRevertError, WrongPhaseError
from chain.deposit_batch import (
    GAS_CEILING,
    deposit_call,
    deposited_at,
    estimate_gas,
    gas_limit,
    leaf_indexes,
    look,
    market_fees,
    sign,
)
from chain.errors import ChainError, RpcFailedError
from election.phase import Phase
from zk.errors import TohyoError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from tenacity import RetryCallState

    from api.deposits.records import Queued
    from api.services import Services
    from chain.deposit_batch import ChainView, SignedTransaction

ROUND_SECONDS = 0.5
LONGEST_WAIT = 30.0  # between tries while chain or database are in trouble
CLOSING_SECONDS = 600  # before registration closes nobody waits for company
_log = structlog.get_logger("tohyo.depositor")


def _nothing(_place: str) -> None:
    pass


class Depositor:
    """The part of the registrar that sends transactions. `between` is called between steps, for tests."""

    def __init__(self, services: Services, between: Callable[[str], None] = _nothing) -> None:
        self._services, self._between = services, between
        self._lease = Lease(services.database, services.clock, services.settings.lease_seconds)
        self._records = Records(services, self._lease)
        self._settlement = Settlement(services, self._records, between)
        self._anchoring = Anchoring(services, self._records, self._settlement, between)
        self._fits = services.settings.batch_size  # how many fit into a transaction, as far as known
        self._anchor_trouble = ""
        self._read_until = -1  # the last block whose deposits were compared with those who wait

    def run(self, stop: threading.Event) -> None:
        """Do rounds until told to stop; trouble with the chain or the database is waited out."""
        patient = Retrying(
            sleep=sleep_using_event(stop),
            stop=stop_when_event_set(stop),
            wait=wait_random_exponential(max=LONGEST_WAIT),
            retry=retry_if_exception_type(Exception),
            before_sleep=_tell,
            retry_error_callback=lambda _state: False,
        )
        while not stop.is_set():
            patient(self.step)
            stop.wait(ROUND_SECONDS)
        self._release()

    def step(self) -> bool:
        """Do one bounded round; False while another process is the depositor.

        Raises:
            ChainError: the chain does not answer, or refuses; the next round goes on from what is kept.
            LeaseLostError: another process took over in the middle.

        """
        if not self._lease.take():
            return False
        services = self._services
        view = look(services.chain, services.account.address, services.settings.confirmations)
        self._settlement.settle(view)
        self._notice_others(view)
        self._anchor(view)
        if self._phase(view.latest_time) is Phase.REGISTRATION:
            self._collect(view)
        self._measure()
        return True

    def _phase(self, time: int) -> Phase:
        config = self._services.chain.config()
        starts = (config.registration_opens, config.voting_opens, config.voting_closes)
        return Phase(sum(time >= start for start in starts))

    def _anchor(self, view: ChainView) -> None:
        """Deposits do not wait for an anchor that cannot be made."""
        try:
            self._anchoring.anchor(view, self._phase(view.latest_time))
        except ChainError as refusal:
            if str(refusal) != self._anchor_trouble:  # once, not every round
                _log.error("anchor_failed", code=refusal.code, reason=str(refusal))
            self._anchor_trouble = str(refusal)

    def _notice_others(self, view: ChainView) -> None:
        """Find deposits that voters made with permits, and registrations that came too late."""
        if not self._records.anything_waits():
            return
        first = self._read_until + 1 or self._services.chain.deployment_block()
        if first <= view.final:
            found = self._records.found(leaf_indexes(self._services.chain, first, view.final))
            DEPOSITS.labels("deposited").inc(found)
            self._read_until = view.final
        if self._phase(view.final_time) > Phase.REGISTRATION:
            self._miss(view)

    def _miss(self, view: ChainView) -> None:
        """Give up what came too late, permits too: they have all expired.

        The state decides who has no leaf: an index of events may lag, and whoever has one votes once.
        """
        waiting = self._records.waiting()
        there = deposited_at(self._services.chain, waiting.values(), view.final)
        if there:
            self._read_until = -1  # the next round looks for their events, from the beginning
        missed = self._records.miss([one for one, commitment in waiting.items() if commitment not in there])
        DEPOSITS.labels("missed").inc(len(missed))
        for one in missed:
            _log.error("deposit_missed", registration=one)

    def _collect(self, view: ChainView) -> None:
        """Make the next batch, if none waits for a block and it is time."""
        if any(batch.state is BatchState.PREPARED for batch in self._records.in_flight()):
            return
        queue = self._records.queue(self._services.settings.batch_size)
        if not self._is_time(queue, view):
            return
        chosen, estimate = self._fit(queue)
        if chosen:
            self._submit(chosen, estimate, view)

    def _is_time(self, queue: list[Queued], view: ChainView) -> bool:
        if not queue:
            return False
        settings = self._services.settings
        closing = self._services.chain.config().voting_opens - view.latest_time <= CLOSING_SECONDS
        full = len(queue) >= min(settings.batch_size, self._fits)
        return closing or full or self._services.clock() - queue[0].issued_at >= settings.batch_seconds

    def _fit(self, queue: list[Queued]) -> tuple[list[Queued], int]:
        """Return as many as one transaction can deposit, in random order, and its gas."""
        services, waiting = self._services, list(queue)
        while waiting:
            chosen = waiting[: self._fits]
            secrets.SystemRandom().shuffle(chosen)
            call = deposit_call(services.chain, [one.commitment for one in chosen])
            try:
                estimate = estimate_gas(services.chain, call, services.account.address)
            except CommitmentAlreadyDepositedError as there:
                self._read_until = -1  # the next round looks for it, from the beginning
                waiting = [one for one in waiting if one.commitment != there.values["commitment"]]
            except WrongPhaseError:
                break
            except (RpcFailedError, UnknownRevertError):  # more gas than a block has, or worse
                if len(chosen) == 1:
                    raise
                self._fits = len(chosen) // 2
            else:
                if estimate <= GAS_CEILING or len(chosen) == 1:
                    self._learn(len(chosen), estimate)
                    return chosen, estimate
                self._fits = max(1, len(chosen) * GAS_CEILING // estimate)
        return [], 0

    def _learn(self, size: int, estimate: int) -> None:
        """Try more next time if there is room: what made batches small may have been something else."""
        if 2 * estimate <= GAS_CEILING:
            self._fits = min(self._services.settings.batch_size, max(self._fits, 2 * size))

    def _submit(self, chosen: list[Queued], estimate: int, view: ChainView) -> None:
        services, fees = self._services, market_fees(self._services.chain.w3)

        def make(commitments: list[int]) -> SignedTransaction:
            return sign(
                services.account,
                deposit_call(services.chain, commitments),
                chain_id=services.chain_id,
                nonce=view.pending_nonce,
                gas=gas_limit(services.chain, estimate),
                fees=fees,
            )

        self._between("before sign")
        batch = self._records.prepare(chosen, view, make)
        self._between("before send")
        if batch is not None:
            self._settlement.send(batch.newest.transaction, "first")
            self._between("after send")

    def _measure(self) -> None:
        oldest = self._records.queue(1)
        waited = self._services.clock() - oldest[0].issued_at if oldest else 0
        OLDEST.set(max(waited, 0))
        MISSED.set(self._records.count(RegistrationStatus.MISSED))
        IN_FLIGHT.set(len(self._records.in_flight()))
        LAST_ROUND.set_to_current_time()

    def _release(self) -> None:
        try:
            self._lease.release()
        except TohyoError as trouble:
            _log.warning("lease_kept", code=trouble.code)


def _tell(state: RetryCallState) -> None:
    """Say what went wrong; only our own errors' sentences are known to hold no secret."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, LeaseLostError):
        _log.warning("lease_lost")
    elif isinstance(error, TohyoError):
        _log.warning("depositor_waits", code=error.code, reason=str(error), tries=state.attempt_number)
    else:
        _log.error("depositor_failed", kind=type(error).__name__, tries=state.attempt_number)
