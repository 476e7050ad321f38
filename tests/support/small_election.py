"""A small election on a chain of its own: a few voters, three candidates, a denomination, real proofs.

Tests of the parts above the chain share it; `**CLASSIC` makes it one of the scheme `cream-classic`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from chain.connection import connect
from chain.deploy import Deployment, deploy_election
from chain.development import development_account
from chain.elections import CLIENTS
from chain.node import start_node
from chain.paths import BUILD_DIR, KEYS_DIR
from chain.sender import UnlockedSender
from chain.time import travel_to
from election.cryptography import CRYPTOGRAPHY
from election.file import ElectionFile, parse_election_document
from election.permit import sign_permit
from election.scheme import CLASSIC_DEPTH, Scheme
from voter.note import Note
from voter.wallet import unproven_ballot
from zk.circuits import CircuitName
from zk.keys import CircuitKeys, ensure_keys
from zk.proving import StatementProver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from web3 import Web3

    from chain.election_client import ElectionClient
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
CLASSIC = {"scheme": "cream-classic", "depth": CLASSIC_DEPTH}


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


@cache
def classic_keys() -> CircuitKeys:
    """Keys that the demonstration uses too: making them takes a while."""
    return ensure_keys(CRYPTOGRAPHY[Scheme.CREAM_CLASSIC].circuit, CLASSIC_DEPTH, KEYS_DIR)


@cache
def classic_prover() -> StatementProver:
    return StatementProver(classic_keys())


@dataclass
class SmallElection:
    """An election under way, and everybody's keys and notes."""

    w3: Web3
    rpc_url: str
    election: ElectionFile
    deployment: Deployment
    client: ElectionClient
    notes: list[Note] = field(default_factory=list)

    def sender(self, account: int) -> UnlockedSender:
        return UnlockedSender(self.w3, self.w3.eth.accounts[account])

    @property
    def relayer(self) -> str:
        return self.w3.eth.accounts[RELAYER]

    def new_note(self) -> Note:
        return Note.create(self.deployment.chain_id, self.deployment.contract, self.client.scheme)

    @property
    def prover(self) -> StatementProver:
        return classic_prover() if self.client.scheme is Scheme.CREAM_CLASSIC else prover()

    def register(self, count: int) -> None:
        """Deposit for `count` voters: two by the registrar at once, the others with permits."""
        self.notes += [self.new_note() for _ in range(count)]
        commitments = [note.commitment for note in self.notes[-count:]]
        self.client.deposit_many(commitments[:2], self.sender(REGISTRAR))
        if self.client.scheme is Scheme.CREAM:
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
        tree = CRYPTOGRAPHY[self.client.scheme].tree(self.election.depth, self.client.leaves())
        relayer = {"relayer": self.relayer, "fee": fee} if fee else {}
        unproven = unproven_ballot(note, tree, self.client.config(), choice, **relayer)
        return unproven.with_proof(self.prover.prove(unproven.statement, unproven.witness))

    def vote(self) -> None:
        """Everybody votes; the first two pay the relayer."""
        for index, (note, choice) in enumerate(zip(self.notes, CHOICES, strict=False)):
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
        keys = classic_keys() if election.scheme is Scheme.CREAM_CLASSIC else vote_keys(election.depth)
        deployment = deploy_election(w3, sender, election, keys.verifying_key, sender.address)
        client = CLIENTS[election.scheme](w3, deployment.contract)
        yield SmallElection(w3, node.rpc_url, election, deployment, client)


@contextmanager
def undone(w3: Web3) -> Iterator[None]:
    """Take back everything that happens to the chain inside."""
    snapshot = w3.manager.request_blocking("evm_snapshot", [])  # type: ignore[arg-type]
    try:
        yield
    finally:
        w3.manager.request_blocking("evm_revert", [snapshot])  # type: ignore[arg-type]
