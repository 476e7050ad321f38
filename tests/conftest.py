"""Chain fixtures: one Anvil per worker, elections on it, a snapshot around every test that touches it.

Keys of depth 4 are made once in build/keys; proofs are real. A booth is an election that was brought into a
phase, with its voters, so that a test says only what it changes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account

import zk.py_ecc_curve  # noqa: F401  before a test imports py_ecc, which changes the whole process
from chain.compiler import contract
from chain.connection import connect
from chain.cream import CreamClient
from chain.deploy import Deployment, deploy_contract, deploy_election
from chain.node import LocalNode, start_node
from chain.paths import BUILD_DIR
from chain.sender import UnlockedSender
from chain.time import block_time, travel_to
from election.ballot import Ballot, vote_signal
from election.file import ElectionFile, parse_election_document
from election.permit import sign_permit
from zk.circuits import CircuitName
from zk.field import SCALAR_FIELD
from zk.keys import CircuitKeys, ensure_keys
from zk.merkle import IncrementalMerkleTree
from zk.proving import StatementProver
from zk.statement import VoteStatement, VoteWitness, commitment_of, nullifier_hash_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from web3 import Web3
    from web3.contract import Contract

    from chain.contract_errors import ContractError
    from chain.cream import TransactionResult

GENESIS_TIME = 1_800_000_000
# Seconds from deployment; far apart, because every block moves the clock on.
UNTIL_OPEN, UNTIL_VOTING, UNTIL_CLOSED = 10_000, 1_000_000, 2_000_000
DEPTH = 4
ZERO_ADDRESS = "0x" + 40 * "0"
DENOMINATION = 10**15
# The registrar is Anvil's account 0, whose key everybody knows.
REGISTRAR_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


@dataclass(frozen=True)
class Voter:
    nullifier: int
    secret: int

    @property
    def commitment(self) -> int:
        return commitment_of(self.nullifier, self.secret)


def iso(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat()


def election_file(now: int, **changes: Any) -> ElectionFile:
    times = (now + UNTIL_OPEN, now + UNTIL_VOTING, now + UNTIL_CLOSED)
    names = ("registration_opens", "voting_opens", "voting_closes")
    return parse_election_document(
        {
            "format": "tohyo-election/1",
            "title": "A test election",
            "scheme": "cream",
            "candidates": [{"name": "Ada"}, {"name": "Grace"}, {"name": "Hedy"}],
            "schedule": {name: iso(time) for name, time in zip(names, times, strict=True)},
            "depth": DEPTH,
            "denomination": 0,
            "treasury": ZERO_ADDRESS,
            "electorate": 2,
        }
        | changes
    )


@dataclass
class Booth:
    """An election on chain with voters; account 0 is the registrar, account 1 sends ballots."""

    w3: Web3
    deployment: Deployment
    election: ElectionFile
    prover: StatementProver
    voters: list[Voter]
    tree: IncrementalMerkleTree
    _ballots: dict[tuple[object, ...], Ballot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.opens, self.voting, self.closes = self.election.schedule.timestamps()
        self.client = CreamClient(self.w3, self.deployment.contract)
        self.registrar = UnlockedSender(self.w3, self.w3.eth.accounts[0])
        self.sender = UnlockedSender(self.w3, self.w3.eth.accounts[1])

    @property
    def cream(self) -> Contract:
        return self.client.contract

    def ballot(self, voter: int = 0, choice: int = 0, relayer: str = ZERO_ADDRESS, fee: int = 0) -> Ballot:
        wanted = (voter, choice, relayer, fee, self.tree.root)
        if wanted not in self._ballots:
            self._ballots[wanted] = self.prove(voter, choice, relayer, fee, self.deployment.election_id)
        return self._ballots[wanted]

    def prove(self, voter: int, choice: int, relayer: str, fee: int, election_id: int) -> Ballot:
        who = self.voters[voter]
        nullifier_hash = nullifier_hash_of(who.nullifier, election_id)
        statement = VoteStatement(
            self.tree.root, nullifier_hash, election_id, vote_signal(choice, relayer, fee)
        )
        witness = VoteWitness(who.nullifier, who.secret, voter, self.tree.path(voter).elements)
        return Ballot(
            choice, self.tree.root, nullifier_hash, relayer, fee, self.prover.prove(statement, witness)
        )

    def call(
        self, signature: str, *arguments: object, sender: UnlockedSender | None = None, value: int = 0
    ) -> Any:
        """Send any call; what the contract refuses is raised as its typed error."""
        data = self.cream.encode_abi(signature, arguments)
        return (sender or self.sender).send({"to": self.client.address, "data": data, "value": value})

    def call_with_gas(self, data: str, gas: int) -> Any:
        """Send without an estimate, which a payee that calls back could mislead."""
        return self.sender.send({"to": self.client.address, "data": data, "gas": gas})

    def cast(self, ballot: Ballot, **changes: Any) -> TransactionResult:
        """Cast a ballot with some words changed on the way."""
        words = {
            "choice": ballot.choice,
            "root": ballot.root,
            "nullifier_hash": ballot.nullifier_hash,
            "relayer": ballot.relayer,
            "fee": ballot.fee,
            "proof": ballot.proof.to_evm(),
        } | changes
        return self.call(CAST_VOTE, *words.values())

    def permit(self, commitment: int, deadline: int = 2**40, **changes: Any) -> tuple[int, int, bytes]:
        signed = sign_permit(
            Account.from_key(changes.get("key", REGISTRAR_KEY)),
            changes.get("chain_id", self.deployment.chain_id),
            changes.get("contract", self.deployment.contract),
            commitment,
            deadline,
        )
        return commitment, deadline, signed.signature


CAST_VOTE = (
    "castVote(uint256,uint256,uint256,address,uint256,"
    "(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256))"
)


@pytest.fixture(scope="session")
def node() -> Iterator[LocalNode]:
    with start_node(timestamp=GENESIS_TIME) as running:
        yield running


@pytest.fixture(scope="session")
def chain(node: LocalNode) -> Web3:
    """The worker's chain, for fixtures that build on it; tests use `w3`, which restores it."""
    return connect(node.rpc_url, node.chain_id)


@pytest.fixture
def w3(chain: Web3, standing_booth: Booth) -> Iterator[Web3]:
    """The worker's chain as it was before any test; what a test does to it is undone."""
    del standing_booth  # asked for so that it is built before the first snapshot, which would undo it
    taken = chain.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
    yield chain
    chain.provider.make_request("evm_revert", [taken])  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def vote_keys() -> CircuitKeys:
    return ensure_keys(CircuitName.VOTE, DEPTH, BUILD_DIR / "keys")


@pytest.fixture(scope="session")
def prover(vote_keys: CircuitKeys) -> StatementProver:
    return StatementProver(vote_keys)


@pytest.fixture
def deploy(w3: Web3) -> Callable[..., Contract]:
    """Deploy one compiled contract by name."""

    def make(name: str, *arguments: object) -> Contract:
        compiled = contract(name)
        receipt = deploy_contract(w3, UnlockedSender(w3, w3.eth.accounts[0]), compiled, *arguments)
        return w3.eth.contract(address=receipt["contractAddress"], abi=compiled.abi)

    return make


def _deploy_booth(w3: Web3, keys: CircuitKeys, prover: StatementProver, changes: dict[str, Any]) -> Booth:
    election = election_file(block_time(w3), **changes)
    registrar = w3.eth.accounts[0]
    deployment = deploy_election(
        w3, UnlockedSender(w3, registrar), election, keys.verifying_key, registrar, keys.transcript_hash
    )
    secrets = random.Random(2018)  # noqa: S311 - test data
    voters = [Voter(secrets.randrange(SCALAR_FIELD), secrets.randrange(SCALAR_FIELD)) for _ in range(3)]
    return Booth(w3, deployment, election, prover, voters, IncrementalMerkleTree(election.depth))


def _bring_to_voting(booth: Booth) -> Booth:
    travel_to(booth.w3, booth.opens)
    commitments = [voter.commitment for voter in booth.voters]
    booth.client.deposit_many(commitments, booth.registrar)
    booth.tree.extend(commitments)
    travel_to(booth.w3, booth.voting)
    booth.client.advance(booth.registrar)
    return booth


@pytest.fixture(scope="session")
def standing_booth(chain: Web3, vote_keys: CircuitKeys, prover: StatementProver) -> Booth:
    """The election that most tests start from, in its voting phase; its proofs are made once."""
    return _bring_to_voting(_deploy_booth(chain, vote_keys, prover, {}))


@pytest.fixture
def pending(w3: Web3, vote_keys: CircuitKeys, prover: StatementProver) -> Callable[..., Booth]:
    """Deploy an election, before its registration opens; keyword arguments change the election file."""
    return lambda **changes: _deploy_booth(w3, vote_keys, prover, changes)


@pytest.fixture
def registering(pending: Callable[..., Booth]) -> Callable[..., Booth]:
    """Deploy an election and open its registration."""

    def make(**changes: Any) -> Booth:
        booth = pending(**changes)
        travel_to(booth.w3, booth.opens)
        return booth

    return make


@pytest.fixture
def voting(w3: Web3, pending: Callable[..., Booth], standing_booth: Booth) -> Callable[..., Booth]:
    """Bring an election into its voting phase with three deposits and a checkpoint."""
    del w3  # restores the chain after the test
    return lambda **changes: _bring_to_voting(pending(**changes)) if changes else standing_booth


@pytest.fixture
def voting_on(vote_keys: CircuitKeys, prover: StatementProver) -> Callable[[Web3], Booth]:
    """Bring an election into its voting phase on another chain than the worker's."""
    return lambda other: _bring_to_voting(_deploy_booth(other, vote_keys, prover, {}))


@pytest.fixture
def reverts() -> Callable[..., Any]:
    """Expect a contract error: `with reverts(UnknownRootError, root=5): …`."""

    def expect(error: type[ContractError], **values: object) -> Any:
        return pytest.raises(error, check=lambda raised: _carries(raised, values))

    return expect


def _carries(raised: ContractError, values: dict[str, object]) -> bool:
    return raised.values == values
