"""A small election on a chain of its own: five voters, three candidates, a denomination, real proofs.

Tests of the parts above the chain share it. Proofs are made once for a process.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from chain.connection import connect
from chain.cream import CreamClient
from chain.deploy import Deployment, deploy_election
from chain.development import development_account
from chain.node import start_node
from chain.paths import BUILD_DIR
from chain.sender import UnlockedSender
from chain.time import travel_to
from election.file import ElectionFile, parse_election_document
from election.permit import sign_permit
from voter.note import Note
from voter.wallet import unproven_ballot
from zk.circuits import CircuitName
from zk.keys import CircuitKeys, ensure_keys
from zk.merkle import IncrementalMerkleTree
from zk.proving import StatementProver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from web3 import Web3

    from chain.engines import Engine
    from election.ballot import Ballot

DEPTH = 4
VOTERS = 5
DENOMINATION = 10**15
FEE = 3 * 10**14
OPENS, VOTES, CLOSES = 2_000_000_000, 2_000_100_000, 2_000_200_000
TREASURY = "0x00000000000000000000000000000000000000fe"
REGISTRAR, DEPOSITOR, RELAYER = 0, 1, 2
CHOICES = (0, 1, 1, 2, 1)


def document(**changes: object) -> dict[str, Any]:
    """An election file for tests."""
    return {
        "format": "tohyo-election/1",
        "title": "小さな選挙",
        "candidates": [{"name": "甲"}, {"name": "乙"}, {"name": "丙"}],
        "schedule": {
            "registration_opens": "2033-05-18T03:33:20Z",
            "voting_opens": "2033-05-19T07:20:00Z",
            "voting_closes": "2033-05-20T11:06:40Z",
        },
        "depth": DEPTH,
        "denomination": DENOMINATION,
        "treasury": TREASURY,
        "electorate": VOTERS + 1,
    } | changes


@cache
def vote_keys(depth: int = DEPTH) -> CircuitKeys:
    return ensure_keys(CircuitName.VOTE, depth, BUILD_DIR / "test-keys")


@cache
def prover() -> StatementProver:
    return StatementProver(vote_keys())


@dataclass
class SmallElection:
    """An election under way, and everybody's keys and notes."""

    w3: Web3
    rpc_url: str
    election: ElectionFile
    deployment: Deployment
    client: CreamClient
    notes: list[Note] = field(default_factory=list)

    def sender(self, account: int) -> UnlockedSender:
        return UnlockedSender(self.w3, self.w3.eth.accounts[account])

    @property
    def relayer(self) -> str:
        return self.w3.eth.accounts[RELAYER]

    def new_note(self) -> Note:
        return Note.create(self.deployment.chain_id, self.deployment.contract)

    def register(self, count: int) -> None:
        """Deposit for `count` voters: two by the registrar at once, the others with permits."""
        self.notes += [self.new_note() for _ in range(count)]
        commitments = [note.commitment for note in self.notes[-count:]]
        self.client.deposit_many(commitments[:2], self.sender(REGISTRAR))
        self.client.checkpoint(self.sender(DEPOSITOR))
        for commitment in commitments[2:]:
            permit = sign_permit(
                development_account(REGISTRAR),
                self.deployment.chain_id,
                self.deployment.contract,
                commitment,
                VOTES,
            )
            self.client.deposit_with_permit(permit, self.sender(DEPOSITOR))

    def travel_to_voting(self) -> None:
        travel_to(self.w3, VOTES)

    def open_voting(self) -> None:
        self.travel_to_voting()
        self.client.advance(self.sender(DEPOSITOR))

    def ballot(self, note: Note, choice: int, *, fee: int = 0) -> Ballot:
        """Prove a vote against the root over all deposits."""
        tree = IncrementalMerkleTree.from_leaves(DEPTH, self.client.leaves())
        relayer = {"relayer": self.relayer, "fee": fee} if fee else {}
        unproven = unproven_ballot(note, tree, self.client.config(), choice, **relayer)
        return unproven.with_proof(prover().prove(unproven.statement, unproven.witness))

    def vote(self) -> None:
        """Everybody votes; the first two pay the relayer."""
        for index, (note, choice) in enumerate(zip(self.notes, CHOICES, strict=True)):
            ballot = self.ballot(note, choice, fee=FEE if index < 2 else 0)
            self.client.cast_vote(ballot, self.sender(RELAYER))

    def close(self) -> None:
        travel_to(self.w3, CLOSES)
        self.client.advance(self.sender(DEPOSITOR))


@contextmanager
def open_election(engine: Engine = "anvil", **changes: object) -> Iterator[SmallElection]:
    """Start a chain with an election whose registration has just opened."""
    election = parse_election_document(document(**changes))
    with start_node(engine, timestamp=OPENS) as node:
        w3 = connect(node.rpc_url)
        sender = UnlockedSender(w3, w3.eth.accounts[REGISTRAR])
        key = vote_keys(election.depth).verifying_key
        deployment = deploy_election(w3, sender, election, key, sender.address)
        client = CreamClient(w3, deployment.contract)
        yield SmallElection(w3, node.rpc_url, election, deployment, client)


@contextmanager
def undone(w3: Web3) -> Iterator[None]:
    """Take back everything that happens to the chain inside."""
    snapshot = w3.manager.request_blocking("evm_snapshot", [])  # type: ignore[arg-type]
    try:
        yield
    finally:
        w3.manager.request_blocking("evm_revert", [snapshot])  # type: ignore[arg-type]
