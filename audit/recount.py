"""The election told once more from its events, by the rules and not by the contract's memory.

Walks the events in chain order, rebuilds the tree of commitments, keeps its own list of accepted roots, of used
nullifier hashes and of coins moved, and holds every event against the rules. Verifies every proof.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.report import Where
from chain.events import (
    BallotCast,
    Checkpointed,
    CreamEvent,
    Deposited,
    ElectionDeployed,
    PhaseAdvanced,
    Released,
    Transfer,
    TreasuryPaymentDeferred,
)
from election.ballot import vote_signal
from election.file import ZERO_ADDRESS
from election.phase import Phase, phase_at
from election.tally import count_ballots
from zk.field import FieldElementOutOfRangeError, is_field_element
from zk.merkle import IncrementalMerkleTree
from zk.statement import VoteStatement

if TYPE_CHECKING:
    from audit.evidence import Evidence
    from audit.report import Examination
    from election.file import ElectionFile

ROOT_HISTORY = 100  # checkpoints that the contract keeps


@dataclass(frozen=True)
class CountedBallot:
    """A ballot event that kept every rule but the proof, which is checked for all of them together."""

    event: BallotCast
    statement: VoteStatement
    keeps_rules: bool


class Recount:
    """What the events amount to."""

    def __init__(self, evidence: Evidence, election: ElectionFile, examination: Examination) -> None:
        self._evidence, self._election, self._examine = evidence, election, examination
        self.tree = IncrementalMerkleTree(election.depth)
        self.commitments: set[int] = set()
        self.deposits = 0
        self.roots: list[int] = []
        self.checkpointed_leaves = 0
        self.nullifier_hashes: set[int] = set()
        self.ballots: list[CountedBallot] = []
        self.ballot_events = 0
        self.announced = Phase.PENDING
        self.deferred = self.released = 0
        self._transfers: dict[str, Counter[tuple[str, str, int]]] = {}
        self._owed_transfers: dict[str, Counter[tuple[str, str, int]]] = {}

    def replay(self) -> None:
        """Walk through all events."""
        previous: tuple[int, int] | None = None
        for event in self._evidence.events:
            place = (event.block_number, event.log_index)
            repeated = place == previous
            previous = place
            if self._holds("events", event, "this log is listed twice", not repeated, "once", "twice"):
                self._time_of_block(event)
                self._take(event)
        self._check_transfers()

    def known_roots(self) -> list[int]:
        """Return the roots that the contract must accept now."""
        return self.roots[-ROOT_HISTORY:]

    def votes(self, proofs: list[bool]) -> list[int]:
        """Count the ballots that kept every rule; `proofs` says whose proof holds."""
        valid = [
            (ballot.event.nullifier_hash, ballot.event.choice)
            for ballot, is_proven in zip(self.ballots, proofs, strict=True)
            if ballot.keeps_rules and is_proven
        ]
        return count_ballots(valid, len(self._election.candidates))

    def _take(self, event: CreamEvent) -> None:
        match event:
            case Deposited():
                self._deposit(event)
            case Checkpointed():
                self._checkpoint(event)
            case BallotCast():
                self._ballot(event)
            case PhaseAdvanced():
                self._advance(event)
            case Transfer():
                moved = (event.sender, event.recipient, event.value)
                self._transfers.setdefault(event.transaction_hash, Counter())[moved] += 1
            case TreasuryPaymentDeferred():
                self.deferred += event.amount
            case Released():
                self.released += event.amount
            case ElectionDeployed():
                self._deployed(event)

    def _deployed(self, event: ElectionDeployed) -> None:
        first = event is next(e for e in self._evidence.events if isinstance(e, ElectionDeployed))
        self._holds("events", event, "the election was announced twice", first, "once", "again")
        state = self._evidence.state
        self._equal("election id", event, "the announced election id is not the contract's", state.election_id, event.election_id)

    def _deposit(self, event: Deposited) -> None:
        self._owe(event, ZERO_ADDRESS, self._evidence.contract)
        self._equal("deposits", event, "the leaf index does not follow the last one", self.deposits, event.leaf_index)
        self.deposits += 1
        self._in_phase("deposits", event, Phase.REGISTRATION)
        self._holds(
            "deposits", event, "there are more deposits than voters",
            self.deposits <= self._election.electorate, f"at most {self._election.electorate}", self.deposits,
        )  # fmt: skip
        new = event.commitment not in self.commitments
        self._holds("deposits", event, "the commitment was deposited before", new, "a new one", event.commitment)
        self.commitments.add(event.commitment)
        in_range = is_field_element(event.commitment)
        self._holds("deposits", event, "the commitment is not below r", in_range, "less than r", event.commitment)
        room = len(self.tree) < 2**self.tree.depth
        if self._holds("deposits", event, "the tree is full", room, f"at most {2**self.tree.depth}", self.deposits) and in_range:
            self.tree.append(event.commitment)

    def _checkpoint(self, event: Checkpointed) -> None:
        self._equal("checkpoints", event, "the checkpoint covers another number of deposits", len(self.tree), event.leaf_count)
        root = self.tree.root
        self._equal("checkpoints", event, "the root is not that of the deposits", root, event.root)
        grown = len(self.tree) > self.checkpointed_leaves
        self._holds("checkpoints", event, "a checkpoint without new deposits", grown, f"more than {self.checkpointed_leaves}", len(self.tree))
        self.checkpointed_leaves = len(self.tree)
        self.roots.append(root)  # what the contract should have kept

    def _advance(self, event: PhaseAdvanced) -> None:
        due = phase_at(self._election.schedule, self._time(event))
        self._equal("phases", event, "the announced phase is not the schedule's", int(due), event.phase)
        self._holds("phases", event, "a phase was announced out of order", event.phase > self.announced, f"after {int(self.announced)}", event.phase)
        if event.phase >= Phase.VOTING:
            self._equal("phases", event, "voting was announced without a checkpoint of all deposits", len(self.tree), self.checkpointed_leaves)
        if event.phase in iter(Phase):
            self.announced = Phase(event.phase)

    def _ballot(self, event: BallotCast) -> None:
        self.ballot_events += 1
        is_candidate = 0 <= event.choice < len(self._election.candidates)
        if is_candidate:
            self._owe(event, self._evidence.contract, self._election.candidates[event.choice].address)
        rules = [
            self._in_phase("ballots", event, Phase.VOTING),
            self._holds("ballots", event, "the choice is no candidate", is_candidate, f"less than {len(self._election.candidates)}", event.choice),
            self._holds("ballots", event, "the root was not accepted at that moment", event.root in self.known_roots(), "one of the last 100 checkpoints", event.root),
            self._holds("nullifiers", event, "the nullifier hash was used before", event.nullifier_hash not in self.nullifier_hashes, "a new one", event.nullifier_hash),
            self._holds("ballots", event, "the fee is higher than the deposit", event.fee <= self._election.denomination, f"at most {self._election.denomination}", event.fee),
            self._holds("ballots", event, "a fee without a relayer", event.fee == 0 or event.relayer != ZERO_ADDRESS, "a relayer", event.relayer),
        ]  # fmt: skip
        self.nullifier_hashes.add(event.nullifier_hash)
        statement = self._statement(event)
        if statement is not None:
            self.ballots.append(CountedBallot(event, statement, all(rules)))

    def _statement(self, event: BallotCast) -> VoteStatement | None:
        signal = vote_signal(event.choice, event.relayer, event.fee)
        try:
            return VoteStatement(event.root, event.nullifier_hash, self._evidence.state.election_id, signal)
        except FieldElementOutOfRangeError as failure:
            self._holds("ballots", event, "a number is not below r", False, "less than r", failure.value)  # noqa: FBT003  the rule is broken
            return None

    def _check_transfers(self) -> None:
        """Every deposit mints one coin and every ballot moves one, in the same transaction; no coin moves else."""
        places = {event.transaction_hash: event for event in reversed(self._evidence.events)}
        for transaction in dict.fromkeys([*self._owed_transfers, *self._transfers]):
            owed = self._owed_transfers.get(transaction, Counter())
            moved = self._transfers.get(transaction, Counter())
            self._equal("coins", places[transaction], "coins moved otherwise than deposits and ballots say", dict(owed), dict(moved))

    def _owe(self, event: CreamEvent, sender: str, recipient: str) -> None:
        self._owed_transfers.setdefault(event.transaction_hash, Counter())[(sender, recipient, 1)] += 1

    def _in_phase(self, check: str, event: CreamEvent, phase: Phase) -> bool:
        found = phase_at(self._election.schedule, self._time(event))
        return self._holds(check, event, "it happened in the wrong phase", found is phase, phase.name.lower(), found.name.lower())

    def _time(self, event: CreamEvent) -> int:
        return self._evidence.header_times[event.block_number]

    def _time_of_block(self, event: CreamEvent) -> None:
        self._equal("events", event, "the log's time is not its block's", self._time(event), event.timestamp)

    def _equal(self, check: str, event: CreamEvent, message: str, expected: object, found: object) -> bool:
        return self._examine.equal(check, place_of(event), message, expected=expected, found=found)

    def _holds(self, check: str, event: CreamEvent, message: str, holds: bool, expected: object, found: object) -> bool:  # noqa: FBT001  the rule itself
        return self._examine.holds(check, place_of(event), message, holds, expected=expected, found=found)


def place_of(event: CreamEvent) -> Where:
    """Name the place of an event."""
    return Where(event.block_number, event.transaction_hash, event.log_index)
