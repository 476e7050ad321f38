"""What the contract logged, typed, in chain order.

Values are as the contract emitted them; nothing here checks that they make sense, which is the audit's work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zk.groth16 import Proof

if TYPE_CHECKING:
    from collections.abc import Callable

    from web3.types import EventData


@dataclass(frozen=True, kw_only=True)
class ElectionEvent:
    """Where an event stands; (block_number, log_index) orders events."""

    block_number: int
    timestamp: int
    transaction_hash: str
    log_index: int


@dataclass(frozen=True, kw_only=True)
class ElectionDeployed(ElectionEvent):
    """The election exists."""

    election_id: int
    election_file: bytes


@dataclass(frozen=True, kw_only=True)
class Deposited(ElectionEvent):
    """A commitment got its leaf."""

    commitment: int
    leaf_index: int
    depositor: str


@dataclass(frozen=True, kw_only=True)
class Checkpointed(ElectionEvent):
    """A root was computed."""

    root: int
    leaf_count: int


@dataclass(frozen=True, kw_only=True)
class BallotCast(ElectionEvent):
    """A ballot was counted."""

    nullifier_hash: int
    choice: int
    root: int
    relayer: str
    fee: int
    proof: Proof


@dataclass(frozen=True, kw_only=True)
class PhaseAdvanced(ElectionEvent):
    """A phase was announced (0 pending, 1 registration, 2 voting, 3 closed)."""

    phase: int


@dataclass(frozen=True, kw_only=True)
class Transfer(ElectionEvent):
    """A voting coin was minted or voted."""

    sender: str
    recipient: str
    value: int


@dataclass(frozen=True, kw_only=True)
class TreasuryPaymentDeferred(ElectionEvent):
    """The treasury refused its part of a deposit."""

    amount: int


@dataclass(frozen=True, kw_only=True)
class Released(ElectionEvent):
    """Money that had stayed in the contract went to the treasury."""

    amount: int


@dataclass(frozen=True, kw_only=True)
class RegistrarLogAnchored(ElectionEvent):
    """The registrar committed itself to its log and to the size of the roll."""

    phase: int
    head: bytes
    entries: int
    roll_size: int


def typed_event(entry: EventData, timestamp: int) -> ElectionEvent:
    """Return the dataclass of a decoded log; KeyError for an event that no election has."""
    place: dict[str, Any] = {
        "block_number": entry["blockNumber"],
        "timestamp": timestamp,
        "transaction_hash": entry["transactionHash"].to_0x_hex(),
        "log_index": entry["logIndex"],
    }
    return _READERS[entry["event"]](entry["args"], place)


def _ballot_cast(args: dict[str, Any], place: dict[str, Any]) -> ElectionEvent:
    words = args["proof"]
    proof = Proof.from_evm(tuple(words.values()) if hasattr(words, "values") else tuple(words))
    return BallotCast(
        **place,
        nullifier_hash=args["nullifierHash"],
        choice=args["choice"],
        root=args["root"],
        relayer=args["relayer"],
        fee=args["fee"],
        proof=proof,
    )


_READERS: dict[str, Callable[[dict[str, Any], dict[str, Any]], ElectionEvent]] = {
    "ElectionDeployed": lambda args, place: ElectionDeployed(
        **place, election_id=args["electionId"], election_file=bytes(args["electionFile"])
    ),
    "Deposited": lambda args, place: Deposited(
        **place, commitment=args["commitment"], leaf_index=args["leafIndex"], depositor=args["depositor"]
    ),
    "Checkpointed": lambda args, place: Checkpointed(
        **place, root=args["root"], leaf_count=args["leafCount"]
    ),
    "BallotCast": _ballot_cast,
    "PhaseAdvanced": lambda args, place: PhaseAdvanced(**place, phase=args["phase"]),
    "Transfer": lambda args, place: Transfer(
        **place, sender=args["from"], recipient=args["to"], value=args["value"]
    ),
    "TreasuryPaymentDeferred": lambda args, place: TreasuryPaymentDeferred(**place, amount=args["amount"]),
    "Released": lambda args, place: Released(**place, amount=args["amount"]),
    "RegistrarLogAnchored": lambda args, place: RegistrarLogAnchored(
        **place,
        phase=args["phase"],
        head=bytes(args["head"]),
        entries=args["entries"],
        roll_size=args["rollSize"],
    ),
}
EVENT_NAMES = frozenset(_READERS)
