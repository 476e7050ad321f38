"""Transactions of the registrar's key that are signed first, kept, and sent afterwards.

`chain.sender` signs and sends in one go, which is right where a lost transaction costs nothing. Deposits are
kept before they are sent, so that after a crash the very same bytes are sent again: one nonce, one effect.

A block is final here once `confirmations` blocks follow it. Trusts the node for what it says about final
blocks, and for nothing that it says about later ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3.exceptions import BlockNotFound, TransactionNotFound
from web3.types import Wei

from chain.connection import typed_errors
from chain.errors import RpcFailedError
from chain.events import Deposited, RegistrarLogAnchored
from chain.sender import with_margin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eth_account.signers.local import LocalAccount
    from web3 import Web3
    from web3.types import TxParams

    from chain.election_client import ElectionClient

GAS_CEILING = 12_000_000  # of a batch's estimate: with its margin below the 16.78M that EIP-7825 allows
GAS_PER_LEVEL = 16_000  # what a deposit may cost more per level of the tree if others come before it
TRANSFER_GAS = 21_000
BUMP_PERCENT = 13  # nodes want 10 % more for the same nonce; one in between rounds to 12.5 %
_KEPT = ("to", "data", "value", "gas", "nonce", "chainId", "type")


@dataclass(frozen=True)
class Fees:
    """What a transaction offers for a unit of gas, in wei."""

    limit: int
    tip: int

    def raised(self) -> Fees:
        """Return what a node accepts in place of these."""
        return Fees(
            self.limit + self.limit * BUMP_PERCENT // 100 + 1, self.tip + self.tip * BUMP_PERCENT // 100 + 1
        )

    def at_least(self, other: Fees) -> Fees:
        """Return the higher of both, part by part."""
        return Fees(max(self.limit, other.limit), max(self.tip, other.tip))


@dataclass(frozen=True)
class SignedTransaction:
    """Bytes that any node can include; `hash` is 0x-hexadecimal."""

    hash: str
    raw: bytes

    @property
    def fees(self) -> Fees:
        """What it offers."""
        fields = _fields(self.raw)
        return Fees(fields["maxFeePerGas"], fields["maxPriorityFeePerGas"])


@dataclass(frozen=True)
class ChainView:
    """What a node says at one moment: about its newest block, and about the newest final one."""

    latest: int
    latest_time: int
    nonce: int  # of the next transaction, after the newest block
    pending_nonce: int  # the same, with those that wait
    final: int  # -1 while no block is final
    final_time: int
    final_nonce: int


@dataclass(frozen=True)
class Inclusion:
    """An included transaction."""

    block_number: int
    succeeded: bool


def look(client: ElectionClient, address: str, confirmations: int) -> ChainView:
    """Ask the node where the chain stands for an account."""
    w3, account = client.w3, client.w3.to_checksum_address(address)
    with typed_errors():
        latest = w3.eth.get_block("latest")
        final = latest["number"] - confirmations
        return ChainView(
            latest["number"],
            latest["timestamp"],
            w3.eth.get_transaction_count(account, latest["number"]),
            w3.eth.get_transaction_count(account, "pending"),
            max(final, -1),
            w3.eth.get_block(final)["timestamp"] if final >= 0 else 0,
            w3.eth.get_transaction_count(account, final) if final >= 0 else 0,
        )


def deposit_call(client: ElectionClient, commitments: Sequence[int]) -> TxParams:
    """Return the call that deposits these, in this order."""
    value = client.config().denomination * len(commitments)
    if len(commitments) == 1:
        return _call(client, "deposit(uint256)", [commitments[0]], value)
    return _call(client, "depositMany(uint256[])", [list(commitments)], value)


def anchor_call(client: ElectionClient, head: bytes, entries: int, roll_size: int) -> TxParams:
    """Return the call that publishes the end of the registrar's log."""
    return _call(client, "anchorLog(bytes32,uint64,uint64)", [head, entries, roll_size], 0)


def empty_call(address: str) -> TxParams:
    """Return a transfer of nothing to oneself: it uses up a nonce."""
    return {"to": to_checksum_address(address), "data": HexBytes(b""), "value": Wei(0)}


def estimate_gas(client: ElectionClient, call: TxParams, sender: str) -> int:
    """Return the gas that the call would take now. Raises the contract's own error if it would fail."""
    account = client.w3.to_checksum_address(sender)
    with typed_errors():
        return client.w3.eth.estimate_gas({**call, "from": account})


def gas_limit(client: ElectionClient, estimate: int) -> int:
    """Return a limit that is enough, too, if other deposits are included first."""
    return with_margin(estimate) + client.config().depth * GAS_PER_LEVEL


def market_fees(w3: Web3) -> Fees:
    """Return fees that stay good for six full blocks: twice the base fee, and the tip."""
    with typed_errors():
        base = w3.eth.get_block("latest").get("baseFeePerGas", Wei(0))
        tip = w3.eth.max_priority_fee
    return Fees(2 * base + tip, tip)


def sign(
    account: LocalAccount, call: TxParams, *, chain_id: int, nonce: int, gas: int, fees: Fees
) -> SignedTransaction:
    """Sign a call; nothing is sent."""
    fields: dict[str, Any] = {**call, "type": 2, "chainId": chain_id, "nonce": nonce, "gas": gas}
    return _signed(account, fields, fees)


def sign_again(account: LocalAccount, earlier: SignedTransaction, fees: Fees) -> SignedTransaction:
    """Sign the same call with the same nonce for other fees: one of both at most is ever included."""
    fields = _fields(earlier.raw)
    kept = {name: fields[name] for name in _KEPT}
    kept["to"] = to_checksum_address(kept["to"])
    return _signed(account, kept, fees)


def broadcast(w3: Web3, raw: bytes) -> str:
    """Hand a transaction to the node; return why the node does not take it, empty if it does.

    A refusal is no error: the node may know it already, or its nonce is used; the next look says which.
    Raises RpcUnreachableError.
    """
    try:
        with typed_errors():
            w3.eth.send_raw_transaction(HexBytes(raw))
    except RpcFailedError as refusal:
        return str(refusal)
    return ""


def inclusion(w3: Web3, transaction_hash: str) -> Inclusion | None:
    """Return where a transaction was included, if it was."""
    with typed_errors():
        try:
            receipt = w3.eth.get_transaction_receipt(HexBytes(transaction_hash))
        except (TransactionNotFound, BlockNotFound):
            return None
    return Inclusion(receipt["blockNumber"], receipt["status"] == 1)


def is_known(w3: Web3, transaction_hash: str) -> bool:
    """Whether the node has the transaction, included or waiting."""
    with typed_errors():
        try:
            w3.eth.get_transaction(HexBytes(transaction_hash))
        except TransactionNotFound:
            return False
    return True


def deposited_at(client: ElectionClient, commitments: Iterable[int], block_number: int) -> set[int]:
    """Return those that have a leaf in the state after a block."""
    is_deposited = client.contract.get_function_by_name("isDeposited")
    with typed_errors():
        return {c for c in commitments if is_deposited(c).call(block_identifier=block_number)}


def leaf_indexes(client: ElectionClient, first: int, last: int) -> dict[int, int]:
    """Return commitment → leaf index of the deposits in a range of blocks."""
    events = client.events(first, last, names={"Deposited"})
    return {event.commitment: event.leaf_index for event in events if isinstance(event, Deposited)}


def anchors(client: ElectionClient, last: int) -> list[RegistrarLogAnchored]:
    """Return the log's anchors up to a block, oldest first."""
    events = client.events(to_block=last, names={"RegistrarLogAnchored"})
    return [event for event in events if isinstance(event, RegistrarLogAnchored)]


def _call(client: ElectionClient, signature: str, arguments: list[object], value: int) -> TxParams:
    data = client.contract.encode_abi(signature, arguments)
    return {"to": client.w3.to_checksum_address(client.address), "data": data, "value": Wei(value)}


def _signed(account: LocalAccount, fields: dict[str, Any], fees: Fees) -> SignedTransaction:
    signed = account.sign_transaction(
        {**fields, "maxFeePerGas": fees.limit, "maxPriorityFeePerGas": fees.tip}
    )
    return SignedTransaction(HexBytes(signed.hash).to_0x_hex(), bytes(signed.raw_transaction))


def _fields(raw: bytes) -> dict[str, Any]:
    return dict(TypedTransaction.from_bytes(HexBytes(raw)).as_dict())
