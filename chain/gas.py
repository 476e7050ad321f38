"""What an election cost: gas by operation, read back from the chain's own receipts.

Reading the chain, rather than keeping notes while sending, makes the figures complete after an interruption
and lets anyone measure an election they did not run.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from web3 import Web3
    from web3.contract import Contract


@dataclass(frozen=True)
class GasUse:
    """Gas of all successful transactions of one operation, whole transactions, in gas units."""

    mean: float
    min: int
    max: int
    count: int

    @staticmethod
    def of(amounts: list[int]) -> GasUse:
        """Summarise at least one amount."""
        return GasUse(sum(amounts) / len(amounts), min(amounts), max(amounts), len(amounts))

    @property
    def total(self) -> int:
        """Gas of all of them together."""
        return round(self.mean * self.count)

    def to_json(self) -> dict[str, Any]:
        """Return mean, min, max and count."""
        return {"mean": round(self.mean, 1), "min": self.min, "max": self.max, "count": self.count}


def gas_by_operation(
    w3: Web3,
    contract: Contract,
    from_block: int,
    to_block: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, GasUse]:
    """Group the gas of every successful call of `contract` by the name of the function called."""
    amounts: dict[str, list[int]] = defaultdict(list)
    for number in range(from_block, to_block + 1):
        block: Any = w3.eth.get_block(number, full_transactions=True)
        for transaction in block["transactions"]:
            if transaction.get("to") != contract.address:
                continue
            receipt = w3.eth.get_transaction_receipt(transaction["hash"])
            if receipt["status"]:
                function, _ = contract.decode_function_input(transaction["input"])
                amounts[function.fn_name].append(receipt["gasUsed"])
        if on_progress is not None:
            on_progress(number - from_block + 1, to_block - from_block + 1)
    return {name: GasUse.of(used) for name, used in sorted(amounts.items())}
