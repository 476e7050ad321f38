"""Connects to a node, and turns what web3 raises into our errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests.exceptions
from web3 import HTTPProvider, Web3
from web3.exceptions import (
    ContractCustomError,
    ContractLogicError,
    TimeExhausted,
    Web3Exception,
    Web3RPCError,
)

from chain.contract_errors import error_from_revert
from chain.errors import (
    ChainError,
    NoContractError,
    RpcFailedError,
    RpcUnreachableError,
    TransactionFailedError,
    WrongNetworkError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eth_typing import ChecksumAddress

REQUEST_SECONDS = 60.0


def connect(rpc_url: str, chain_id: int | None = None) -> Web3:
    """Return a connection that was tried once. Raises RpcUnreachableError, WrongNetworkError."""
    if not rpc_url.startswith(("http://", "https://")):
        raise RpcUnreachableError(
            f"{rpc_url!r} is not an http address", hint="for example http://127.0.0.1:8545"
        )
    w3 = Web3(HTTPProvider(rpc_url, request_kwargs={"timeout": REQUEST_SECONDS}))
    with typed_errors(rpc_url):
        found = w3.eth.chain_id
    if chain_id is not None and found != chain_id:
        raise WrongNetworkError(
            f"{rpc_url} serves chain {found}, not {chain_id}",
            hint="give the RPC address of the election's chain",
        )
    return w3


def require_contract(w3: Web3, address: str) -> ChecksumAddress:
    """Return the checksummed address, if there is code. Raises NoContractError."""
    if not Web3.is_address(address):
        raise NoContractError(f"{address!r} is not an address", hint="0x and 40 hexadecimal digits")
    checksummed = Web3.to_checksum_address(address)
    with typed_errors():
        code = w3.eth.get_code(checksummed)
    if not code:
        raise NoContractError(
            f"there is no contract at {checksummed}", hint="is this the right chain, and is its state kept?"
        )
    return checksummed


@contextmanager
def typed_errors(rpc_url: str = "the node") -> Iterator[None]:
    """Raise ContractError, RpcUnreachableError or RpcFailedError in place of web3's and requests' errors."""
    try:
        yield
    except (ContractCustomError, ContractLogicError) as error:
        raise error_from_revert(_revert_data(error.data)) from error
    except Web3RPCError as error:
        raise _from_rpc_error(error) from error
    except TimeExhausted as error:
        raise TransactionFailedError(f"the transaction was not included in time: {error}") from error
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
        raise RpcUnreachableError(
            f"nothing answers at {rpc_url}", hint="is the chain running? `tohyo chain up` starts a local one"
        ) from error
    except requests.exceptions.HTTPError as error:  # its text holds the address, which may hold a password
        answered = "nothing" if error.response is None else str(error.response.status_code)
        raise RpcFailedError(f"{rpc_url} does not answer as an Ethereum node: HTTP {answered}") from error
    except (requests.exceptions.RequestException, Web3Exception, ValueError) as error:
        raise RpcFailedError(f"{rpc_url} does not answer as an Ethereum node: {error}") from error


def _from_rpc_error(error: Web3RPCError) -> ChainError:
    """Anvil and Ganache put revert data in different places of an error object."""
    response: Any = error.rpc_response or {}
    detail = response.get("error") or {}
    data = detail.get("data") if isinstance(detail, dict) else None
    if isinstance(data, dict):
        data = data.get("result") or data.get("data")
    if isinstance(data, str) and data.startswith("0x"):
        return error_from_revert(_revert_data(data))
    message = detail.get("message", str(error)) if isinstance(detail, dict) else str(error)
    return RpcFailedError(f"the node refused: {message}")


def _revert_data(data: object) -> bytes:
    if isinstance(data, dict):
        data = data.get("result") or data.get("data")
    if isinstance(data, str) and data.startswith("0x"):
        return bytes.fromhex(data[2:])
    return b""
