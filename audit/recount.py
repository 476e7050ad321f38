"""The election told once more from its events, by the rules and not by the contract's memory.

Walks the events in chain order, rebuilds the tree of commitments, keeps its own list of accepted roots, of
used nullifier hashes and of coins moved, and holds every event against the rules. Proofs are left to
`audit.replay`, which verifies all of them together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.anchors import CHECK, AnchorBook
from audit.report import Where
from chain.events import (
    BallotCast,
    Checkpointed,
    Deposited,
    ElectionDeployed,
    ElectionEvent,
    PhaseAdvanced,
    RegistrarLogAnchored,
    Released,
    Transfer,
    TreasuryPaymentDeferred,
)
from chain.schemes import CONTRACTS
from election.address import ZERO_ADDRESS
from election.ballot import BallotTerms
from election.cryptography import CRYPTOGRAPHY
from election.phase import Phase, phase_at
from election.scheme import TRAITS
from election.tally import count_ballots
from zk.errors import TohyoError
from zk.field import is_field_element

if TYPE_CHECKING:
    from audit.evidence import Evidence
    from audit.report import Examination, Rules
    from election.file import ElectionFile
    from zk.circuits import Statement

ROOT_HISTORY = 100  # checkpoints that the contract keeps

Move = tuple[str, str, int]  # from, to, coins


@dataclass(frozen=True)
class CountedBallot:
    """A ballot event, what its proof must show, and whether it kept every other rule."""

    event: BallotCast
    statement: Statement
    keeps_rules: bool


class CoinBook:
    """Coins that deposits and ballots should have moved, against those that moved, by transaction."""

    def __init__(self) -> None:
        self._due: dict[str, Counter[Move]] = {}
        self._moved: dict[str, Counter[Move]] = {}
        self._places: dict[str, ElectionEvent] = {}

    def due(self, event: ElectionEvent, sender: str, recipient: str) -> None:
        """Expect one coin to move in the event's transaction."""
        self._add(self._due, event, (sender, recipient, 1))

    def moved(self, event: Transfer) -> None:
        """Note a move."""
        self._add(self._moved, event, (event.sender, event.recipient, event.value))

    def examine(self, examination: Examination) -> None:
        """Every deposit mints one coin and every ballot moves one; no coin moves otherwise."""
        for transaction, event in self._places.items():
            due = self._due.get(transaction, Counter())
            moved = self._moved.get(transaction, Counter())
            rules = examination.rules("coins", place_of(event))
            rules.equal("the list of coins moved", expected=dict(due), found=dict(moved))

    def _add(self, book: dict[str, Counter[Move]], event: ElectionEvent, move: Move) -> None:
        self._places.setdefault(event.transaction_hash, event)
        book.setdefault(event.transaction_hash, Counter())[move] += 1


class Recount:
    """What the events amount to."""

    def __init__(self, evidence: Evidence, election: ElectionFile, examination: Examination) -> None:
        self._evidence, self.election, self._examination = evidence, election, examination
        self._election_id = evidence.election_id
        self._cryptography = CRYPTOGRAPHY[evidence.scheme]
        self._contracts = CONTRACTS[evidence.scheme]
        self.tree = self._cryptography.tree(election.depth)
        self.roots: list[int] = []
        self.ballots: list[CountedBallot] = []
        self.deposits = self.ballot_events = self._announcements = 0
        self.deferred = self.released = 0
        self.paid = [0] * len(election.candidates)  # what candidates got, where votes are payments
        self._commitments: set[int] = set()
        self._nullifier_hashes: set[int] = set()
        self._checkpointed_leaves = 0
        self._announced = Phase.PENDING
        self._coins = CoinBook()
        self.log = AnchorBook(election.electorate)

    def replay(self) -> None:
        """Walk through all events."""
        last_place: tuple[int, int] | None = None
        for event in self._evidence.events:
            place = (event.block_number, event.log_index)
            rules = self._rules("events", event)
            rules.equal("the log's time of the block", expected=self._time(event), found=event.timestamp)
            if rules.that("each log once", holds=place != last_place, found="the same log again"):
                self._take(event)
            last_place = place
        if self._contracts.roots_each_deposit and self._evidence.events:
            self._require_root(self._rules("checkpoints", self._evidence.events[-1]))
        if self._contracts.has_voting_coins:
            self._coins.examine(self._examination)

    def known_roots(self) -> list[int]:
        """Return the roots that the contract must accept at this point of the story."""
        return self.roots[-ROOT_HISTORY:]

    def votes(self, proofs: list[bool]) -> list[int]:
        """Count the ballots that kept every rule; `proofs` says whose proof holds."""
        valid = [
            (ballot.event.nullifier_hash, ballot.event.choice)
            for ballot, is_proven in zip(self.ballots, proofs, strict=True)
            if ballot.keeps_rules and is_proven
        ]
        return count_ballots(valid, len(self.election.candidates))

    def _take(self, event: ElectionEvent) -> None:
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
                self._coins.moved(event)
            case TreasuryPaymentDeferred():
                self.deferred += event.amount
            case Released():
                self._release(event)
            case RegistrarLogAnchored():
                self._anchor(event)
            case ElectionDeployed():
                self._announcement(event)

    def _announcement(self, event: ElectionDeployed) -> None:
        self._announcements += 1
        once = self._announcements == 1
        self._rules("events", event).that("the election announced once", holds=once, found="again")
        rules = self._rules("election id", event)
        rules.equal("the announced election id", expected=self._election_id, found=event.election_id)

    def _deposit(self, event: Deposited) -> None:
        rules, commitment = self._rules("deposits", event), event.commitment
        self._require_phase(rules, event, Phase.REGISTRATION)
        rules.equal("the leaf index", expected=self.deposits, found=event.leaf_index)
        if self._contracts.roots_each_deposit:
            self._require_root(self._rules("checkpoints", event))
        self.deposits += 1
        self._coins.due(event, ZERO_ADDRESS, self._evidence.contract)
        voters = self.election.electorate
        rules.that(
            f"at most {voters} deposits, one a voter", holds=self.deposits <= voters, found=self.deposits
        )
        rules.that("a new commitment", holds=commitment not in self._commitments, found=commitment)
        self._commitments.add(commitment)
        is_element = rules.that("a commitment below r", holds=is_field_element(commitment), found=commitment)
        room = 2**self.tree.depth
        fits = rules.that(f"room for {room} leaves", holds=len(self.tree) < room, found=self.deposits)
        if is_element and fits:
            self.tree.append(commitment)

    def _checkpoint(self, event: Checkpointed) -> None:
        rules, leaves, root = self._rules("checkpoints", event), len(self.tree), self.tree.root
        rules.equal("the number of deposits covered", expected=leaves, found=event.leaf_count)
        rules.equal("the root", expected=root, found=event.root)
        rules.that(
            "new deposits since the last checkpoint", holds=leaves > self._checkpointed_leaves, found=leaves
        )
        self._checkpointed_leaves = leaves
        self.roots.append(root)  # what the contract should have kept

    def _advance(self, event: PhaseAdvanced) -> None:
        rules = self._rules("phases", event)
        due = phase_at(self.election.schedule, self._time(event))
        if rules.equal("the announced phase", expected=int(due), found=event.phase):
            rules.that("a phase not announced before", holds=due > self._announced, found=due.name.lower())
            self._announced = due
        if event.phase >= Phase.VOTING:
            self._require_root(rules)

    def _anchor(self, event: RegistrarLogAnchored) -> None:
        phase = phase_at(self.election.schedule, self._time(event))
        self.log.take(event, phase, self.deposits, self._rules(CHECK, event))

    def _release(self, event: Released) -> None:
        """Where votes are payments, coins belong to ballots until voting closes."""
        if TRAITS[self._evidence.scheme].pays_candidates:
            self._require_phase(self._rules("money", event), event, Phase.CLOSED)
        self.released += event.amount

    def _require_root(self, rules: Rules) -> None:
        found = f"{self._checkpointed_leaves} of {len(self.tree)}"
        covered = self._checkpointed_leaves == len(self.tree)
        rules.that("a checkpoint of all deposits", holds=covered, found=found)

    def _ballot(self, event: BallotCast) -> None:
        self.ballot_events += 1
        rules, candidates = self._rules("ballots", event), self.election.candidates
        nullifier_hash, limit = event.nullifier_hash, self.election.denomination
        is_new = self._rules("nullifiers", event).that(
            "a new nullifier hash", holds=nullifier_hash not in self._nullifier_hashes, found=nullifier_hash
        )
        self._nullifier_hashes.add(nullifier_hash)
        is_candidate = event.choice < len(candidates)
        kept = [
            is_new,
            self._require_phase(rules, event, Phase.VOTING),
            rules.that(f"a choice below {len(candidates)}", holds=is_candidate, found=event.choice),
            rules.that("an accepted root", holds=event.root in self.known_roots(), found=event.root),
            rules.that(f"a fee of at most {limit}", holds=event.fee <= limit, found=event.fee),
            rules.that(
                "a relayer for the fee", holds=not event.fee or event.relayer != ZERO_ADDRESS, found="none"
            ),
        ]
        if is_candidate:
            self.paid[event.choice] += limit - event.fee
            self._coins.due(event, self._evidence.contract, candidates[event.choice].address)
        statement = self._statement(event, rules)
        if statement is not None:
            self.ballots.append(CountedBallot(event, statement, all(kept)))

    def _statement(self, event: BallotCast, rules: Rules) -> Statement | None:
        in_range = [
            rules.that(f"a {name} below r", holds=is_field_element(value), found=value)
            for name, value in (("root", event.root), ("nullifier hash", event.nullifier_hash))
        ]
        if not all(in_range):
            return None
        terms = BallotTerms(event.choice, event.root, event.nullifier_hash, event.relayer, event.fee)
        accounts = [candidate.address for candidate in self.election.candidates]
        try:
            return self._cryptography.statement(terms, self._election_id, accounts)
        except TohyoError as failure:
            rules.that("a statement that can be proved", holds=False, found=failure)
            return None

    def _require_phase(self, rules: Rules, event: ElectionEvent, phase: Phase) -> bool:
        found = phase_at(self.election.schedule, self._time(event))
        return rules.that(f"the {phase.name.lower()} phase", holds=found is phase, found=found.name.lower())

    def _time(self, event: ElectionEvent) -> int:
        return self._evidence.header_times[event.block_number]

    def _rules(self, check: str, event: ElectionEvent) -> Rules:
        return self._examination.rules(check, place_of(event))


def place_of(event: ElectionEvent) -> Where:
    """Name the place of an event."""
    return Where(event.block_number, event.transaction_hash, event.log_index)
