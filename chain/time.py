"""Moves the clock of a local chain; real chains cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from chain.connection import typed_errors
from chain.errors import ChainError, NotADevelopmentChainError

if TYPE_CHECKING:
    from web3 import Web3
    from web3.types import RPCEndpoint


class ClockCannotGoBackError(ChainError):
    """The requested time is before the last block."""


def block_time(w3: Web3) -> int:
    """Timestamp of the newest block."""
    with typed_errors():
        return w3.eth.get_block("latest")["timestamp"]


def travel_to(w3: Web3, timestamp: int) -> None:
    """Mine a block with exactly this timestamp; the clock goes on from there.

    Raises NotADevelopmentChainError, and ClockCannotGoBackError for a time before the newest block; that
    time itself is fine and changes nothing.
    """
    require_development_chain(w3)
    now = block_time(w3)
    if timestamp < now:
        raise ClockCannotGoBackError(f"the chain is at {now} and cannot go back to {timestamp}")
    if timestamp > now:
        with typed_errors():
            _travel(w3, timestamp)


def require_development_chain(w3: Web3) -> None:
    """Raise NotADevelopmentChainError unless the node is Anvil or Ganache."""
    if not _is_anvil(w3) and "ganache" not in _client(w3):
        raise NotADevelopmentChainError(
            f"{_client(w3)} is a real chain: its time cannot be moved", hint="wait for the schedule"
        )


def _travel(w3: Web3, timestamp: int) -> None:
    if _is_anvil(w3):
        _request(w3, "evm_setNextBlockTimestamp", timestamp)
        _request(w3, "evm_mine")
    else:
        _request(w3, "evm_setTime", timestamp * 1000)
        _request(w3, "evm_mine", timestamp)


def _is_anvil(w3: Web3) -> bool:
    return "anvil" in _client(w3)


def _client(w3: Web3) -> str:
    with typed_errors():
        return w3.client_version.lower()


def _request(w3: Web3, method: str, *params: object) -> None:
    w3.manager.request_blocking(cast("RPCEndpoint", method), list(params))
