"""Puts the end of the registrar's log on chain, once for each phase that is reached.

What is on chain decides, so a crash costs nothing: a phase that has a final anchor there needs no other. In
the phases that follow registration the anchor waits until every deposit is decided, so that it covers them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import insert, select

from api.database.tables import BatchState, RegistrationStatus, log_anchor, log_head
from api.registry.log import SERVICE, LogHead, append
from api.registry.roll import size
from chain.deposit_batch import anchor_call, anchors, estimate_gas, gas_limit, market_fees, sign
from election.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from api.deposits.records import Records
    from api.deposits.settlement import Settlement
    from api.services import Services
    from chain.deposit_batch import ChainView, SignedTransaction
    from chain.events import RegistrarLogAnchored

_UNDECIDED = (RegistrationStatus.QUEUED, RegistrationStatus.SUBMITTED)
_log = structlog.get_logger("tohyo.depositor")


class Anchoring:
    """Sees to it that each phase has its anchor."""

    def __init__(
        self, services: Services, records: Records, settlement: Settlement, between: Callable[[str], None]
    ) -> None:
        self._services, self._records, self._settlement = services, records, settlement
        self._between = between

    def anchor(self, view: ChainView, phase: Phase) -> None:
        """Send the anchor that the phase needs, or record the one that it has. Raises ContractError."""
        if self._is_recorded(phase):
            return
        found = [one for one in anchors(self._services.chain, view.final) if one.phase == phase]
        if found:
            self._record(found[-1])
        elif not self._must_wait(phase):
            self._send(view)

    def _is_recorded(self, phase: Phase) -> bool:
        with self._services.database.read() as connection:
            wanted = select(log_anchor.c.phase).where(log_anchor.c.phase == phase)
            return connection.execute(wanted).one_or_none() is not None

    def _must_wait(self, phase: Phase) -> bool:
        in_flight = self._records.in_flight()
        if any(not batch.registrations or batch.state is BatchState.PREPARED for batch in in_flight):
            return True  # an anchor is on its way, or a batch has the next nonce
        if phase <= Phase.REGISTRATION:
            with self._services.database.read() as connection:
                return size(connection) == 0
        return bool(in_flight) or self._records.count(*_UNDECIDED) > 0

    def _send(self, view: ChainView) -> None:
        services = self._services
        with services.database.read() as connection:
            head, people = _end_of_log(connection)
        call = anchor_call(services.chain, head.hash, head.sequence, people)
        gas = gas_limit(services.chain, estimate_gas(services.chain, call, services.account.address))
        fees = market_fees(services.chain.w3)

        def make(connection: Connection) -> SignedTransaction:
            end, count = _end_of_log(connection, locked=True)
            return sign(
                services.account,
                anchor_call(services.chain, end.hash, end.sequence, count),
                chain_id=services.chain_id,
                nonce=view.pending_nonce,
                gas=gas,
                fees=fees,
            )

        batch = self._records.prepare_other(view, view.pending_nonce, make)
        self._between("before send")
        if batch is not None:
            self._settlement.send(batch.newest.transaction, "anchor")

    def _record(self, found: RegistrarLogAnchored) -> None:
        clock, phase = self._services.clock, Phase(found.phase)
        with self._records.own() as connection:
            connection.execute(
                insert(log_anchor).values(
                    phase=int(phase),
                    sequence=found.entries,
                    head=found.head,
                    transaction_hash=found.transaction_hash,
                    at=clock(),
                )
            )
            details = {"entries": found.entries, "transaction": found.transaction_hash}
            append(
                connection,
                at=clock(),
                actor=SERVICE,
                action="log_anchored",
                subject=phase.name.lower(),
                details=details,
            )
        _log.info("log_anchored", phase=phase.name.lower(), entries=found.entries)


def _end_of_log(connection: Connection, *, locked: bool = False) -> tuple[LogHead, int]:
    """Return the log's end and how many are on the roll; with the end locked, neither changes."""
    wanted = select(log_head)
    last = connection.execute(wanted.with_for_update() if locked else wanted).one()
    return LogHead(last.sequence, last.hash), size(connection)
