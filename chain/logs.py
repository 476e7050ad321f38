"""Reads an election's logs in bounded requests, with the time of each block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eth_utils.abi import event_abi_to_log_topic
from web3.exceptions import Web3RPCError

from chain.connection import typed_errors
from chain.events import EVENT_NAMES, ElectionEvent, typed_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from web3 import Web3
    from web3.contract import Contract
    from web3.types import FilterParams, LogReceipt

# Public nodes refuse larger ranges.
BLOCKS_PER_REQUEST = 2_000


class LogReader:
    """Logs of one contract; keeps block times, which never change once a block is final."""

    def __init__(self, w3: Web3, contract: Contract) -> None:
        self._w3 = w3
        self._contract = contract
        self._times: dict[int, int] = {}
        self._decoders: dict[bytes, tuple[str, Any]] = {
            event_abi_to_log_topic(entry): (entry["name"], contract.events[entry["name"]]())
            for entry in contract.abi
            if entry["type"] == "event" and entry["name"] in EVENT_NAMES
        }

    def read(
        self,
        names: set[str] | None,
        first: int,
        last: int,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[ElectionEvent]:
        """Events of blocks first…last in chain order; `names` selects. Progress counts blocks."""
        topics = [topic for topic, (name, _) in self._decoders.items() if names is None or name in names]
        total = max(last - first + 1, 0)
        events: list[ElectionEvent] = []
        for start in range(first, last + 1, BLOCKS_PER_REQUEST):
            end = min(start + BLOCKS_PER_REQUEST - 1, last)
            filtering: FilterParams = {
                "address": self._contract.address,
                "fromBlock": start,
                "toBlock": end,
                "topics": [topics],  # type: ignore[list-item]
            }
            with typed_errors():
                events += [self._typed(log) for log in self._w3.eth.get_logs(filtering)]
            if on_progress is not None:
                on_progress(end - first + 1, total)
        return sorted(events, key=lambda event: (event.block_number, event.log_index))

    def timestamp(self, block_number: int) -> int:
        """Time of a block."""
        if block_number not in self._times:
            with typed_errors():
                self._times[block_number] = self._w3.eth.get_block(block_number)["timestamp"]
        return self._times[block_number]

    def deployment_block(self) -> int:
        """Return the block in which the election announced itself; 0 if it never did."""
        guess = self._first_block_with_code()
        announced = self.read({"ElectionDeployed"}, guess, guess)
        if not announced:  # the node keeps no old states, which not every node admits
            with typed_errors():
                announced = self.read({"ElectionDeployed"}, 0, self._w3.eth.block_number)
        return announced[0].block_number if announced else 0

    def _first_block_with_code(self) -> int:
        with typed_errors():
            low, high = 0, int(self._w3.eth.block_number)
            try:
                while low < high:
                    middle = (low + high) // 2
                    if self._w3.eth.get_code(self._contract.address, middle):
                        high = middle
                    else:
                        low = middle + 1
            except (ValueError, Web3RPCError):
                return 0
        return low

    def _typed(self, log: LogReceipt) -> ElectionEvent:
        _, decoder = self._decoders[bytes(log["topics"][0])]
        return typed_event(decoder.process_log(log), self._log_time(log))

    def _log_time(self, log: LogReceipt) -> int:
        """Anvil and newer nodes put the block's time into the log."""
        given: Any = log.get("blockTimestamp")
        if given is None:
            return self.timestamp(log["blockNumber"])
        return int(given, 16) if isinstance(given, str) else int(given)
