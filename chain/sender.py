"""Who sends transactions, and how: an account the node holds, or one whose key we hold.

Gas is estimated before anything is sent, so that what would fail is refused with the contract's own error
and costs nothing. `send_nowait` lets many transactions be on their way at once.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from web3 import Web3

from chain.connection import typed_errors
from chain.errors import TransactionFailedError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress
    from hexbytes import HexBytes
    from web3.types import TxParams, TxReceipt

RECEIPT_SECONDS = 120.0
POLL_SECONDS = 0.02
# What is estimated now may cost more when it is included: an earlier deposit moves the tree on.
GAS_MARGIN_PERCENT = 25


class Sender(Protocol):
    """Something that sends transactions from one address."""

    @property
    def address(self) -> ChecksumAddress:
        """The address they come from."""
        ...

    def send(self, transaction: TxParams) -> TxReceipt:
        """Send and wait; raises ContractError or TransactionFailedError if it does not succeed."""
        ...

    def send_nowait(self, transaction: TxParams) -> HexBytes:
        """Send; raises ContractError if it would fail now."""
        ...

    def wait(self, transaction_hash: HexBytes) -> TxReceipt:
        """Wait for a sent transaction; raises as `send`."""
        ...


def with_margin(estimate: int) -> int:
    """Return the gas limit for a transaction that an estimate says would take `estimate`."""
    return estimate + estimate * GAS_MARGIN_PERCENT // 100


class _BaseSender(ABC):
    def __init__(self, w3: Web3, address: str) -> None:
        self._w3 = w3
        self._address = Web3.to_checksum_address(address)

    @property
    def address(self) -> ChecksumAddress:
        """The address transactions come from."""
        return self._address

    def send(self, transaction: TxParams) -> TxReceipt:
        """Send and wait; raises ContractError or TransactionFailedError if it does not succeed."""
        return self.wait(self.send_nowait(transaction))

    def send_nowait(self, transaction: TxParams) -> HexBytes:
        """Send; raises ContractError if it would fail now."""
        with typed_errors():
            prepared: TxParams = {**transaction, "from": self._address}
            if "gas" not in prepared:
                prepared["gas"] = with_margin(self._w3.eth.estimate_gas(prepared))
            return self._submit(prepared)

    def wait(self, transaction_hash: HexBytes) -> TxReceipt:
        """Wait for a sent transaction; raises ContractError or TransactionFailedError if it failed."""
        with typed_errors():
            receipt = self._w3.eth.wait_for_transaction_receipt(
                transaction_hash, timeout=RECEIPT_SECONDS, poll_latency=POLL_SECONDS
            )
            if receipt["status"] != 1:
                self._explain_failure(transaction_hash, receipt)
        return receipt

    @abstractmethod
    def _submit(self, transaction: TxParams) -> HexBytes:
        """Hand the transaction to the node."""

    def _explain_failure(self, transaction_hash: HexBytes, receipt: TxReceipt) -> None:
        """Run it again on the state after its block: most failures repeat and so say why."""
        sent = self._w3.eth.get_transaction(transaction_hash)
        if receipt["gasUsed"] == sent["gas"]:
            raise TransactionFailedError(
                f"transaction {transaction_hash.to_0x_hex()} ran out of its {sent['gas']} gas",
                hint="nothing was changed: send it again with more",
            )
        again: Any = {key: sent[key] for key in ("from", "to", "value", "input") if sent.get(key) is not None}
        again["gas"] = sent["gas"]
        self._w3.eth.call(again, receipt["blockNumber"])
        raise TransactionFailedError(
            f"transaction {transaction_hash.to_0x_hex()} failed in block {receipt['blockNumber']}",
            hint="it would succeed now: send it again",
        )


class UnlockedSender(_BaseSender):
    """An account whose key the node holds, as local chains do."""

    def _submit(self, transaction: TxParams) -> HexBytes:
        return self._w3.eth.send_transaction(transaction)


class AccountSender(_BaseSender):
    """An account whose key is here; counts its own nonces, so that many transactions can be on their way."""

    def __init__(self, w3: Web3, account: LocalAccount) -> None:
        super().__init__(w3, account.address)
        self._account = account
        self._lock = threading.Lock()
        self._next_nonce: int | None = None

    def _submit(self, transaction: TxParams) -> HexBytes:
        with self._lock:
            nonce = self._next_nonce
            if nonce is None:
                nonce = self._w3.eth.get_transaction_count(self._address, "pending")
            fields: dict[str, Any] = {**transaction, **self._fees(transaction), "nonce": nonce}
            fields.setdefault("value", 0)
            fields.setdefault("chainId", self._w3.eth.chain_id)
            signed = self._account.sign_transaction(fields)
            self._next_nonce = None  # if sending fails, the node knows better than we do
            transaction_hash = self._w3.eth.send_raw_transaction(signed.raw_transaction)
            self._next_nonce = nonce + 1
            return transaction_hash

    def _fees(self, transaction: TxParams) -> dict[str, int]:
        """Twice the base fee and the tip: stays good for six full blocks."""
        if "gasPrice" in transaction or "maxFeePerGas" in transaction:
            return {}
        base = self._w3.eth.get_block("latest").get("baseFeePerGas")
        if base is None:
            return {"gasPrice": self._w3.eth.gas_price}
        tip = self._w3.eth.max_priority_fee
        return {"maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}
