"""A classic election for each worker: three deposits, voting open. What a test does to its chain is undone.

A classic proof takes seconds, so ballots are made once; one for another candidate, fee or relayer is another
proof.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from election.address import ZERO_ADDRESS
from tests.support.small_election import CLASSIC, SmallElection, open_election, undone
from voter.wallet import unproven_ballot
from zk.merkle import IncrementalMerkleTree
from zk.mimc import mimc_compress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from web3 import Web3

    from chain.sender import UnlockedSender
    from election.ballot import Ballot

WITHDRAW = (
    "withdraw((uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256),"
    "uint256,uint256,address,address,uint256)"
)


@dataclass
class ClassicBooth:
    """A small classic election as a contract test wants it: calls word by word."""

    running: SmallElection
    _ballots: dict[tuple[object, ...], Ballot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.w3, self.client = self.running.w3, self.running.client
        self.registrar, self.sender = self.running.sender(0), self.running.sender(1)
        self.accounts = self.client.config().candidates

    def ballot(self, voter: int = 0, choice: int = 0, relayer: str = ZERO_ADDRESS, fee: int = 0) -> Ballot:
        wanted = (voter, choice, relayer, fee)
        if wanted not in self._ballots:
            tree = IncrementalMerkleTree.from_leaves(16, self.client.leaves(), mimc_compress)
            note, config = self.running.notes[voter], self.client.config()
            unproven = unproven_ballot(note, tree, config, choice, relayer=relayer, fee=fee)
            proof = self.running.prover.prove(unproven.statement, unproven.witness)
            self._ballots[wanted] = unproven.with_proof(proof)
        return self._ballots[wanted]

    def words(self, ballot: Ballot, **changes: Any) -> list[Any]:
        words = {
            "proof": ballot.proof.to_evm(),
            "root": ballot.root,
            "nullifier_hash": ballot.nullifier_hash,
            "recipient": self.accounts[ballot.choice],
            "relayer": ballot.relayer,
            "fee": ballot.fee,
        } | changes
        return list(words.values())

    def data(self, ballot: Ballot, **changes: Any) -> Any:
        return self.client.contract.encode_abi(WITHDRAW, self.words(ballot, **changes))

    def withdraw(self, ballot: Ballot, *, gas: int = 0, **changes: Any) -> Any:
        """Send a ballot with some words changed on the way."""
        transaction: Any = {"to": self.client.address, "data": self.data(ballot, **changes)}
        return self.sender.send(transaction | ({"gas": gas} if gas else {}))

    def balances(self, *accounts: str) -> list[int]:
        return [self.w3.eth.get_balance(self.w3.to_checksum_address(account)) for account in accounts]


@pytest.fixture(scope="session")
def whole_booth() -> Iterator[ClassicBooth]:
    """Build the election once for a worker."""
    candidates = [{"name": "甲"}, {"name": "乙"}]
    with open_election(**CLASSIC, candidates=candidates) as running:
        running.register(3)
        running.open_voting()
        yield ClassicBooth(running)


@pytest.fixture
def booth(whole_booth: ClassicBooth) -> Iterator[ClassicBooth]:
    with undone(whole_booth.w3):
        yield whole_booth


@pytest.fixture
def put_code() -> Callable[[Web3, str, str], None]:
    """Give an account the code of a deployed contract."""

    def put(w3: Web3, account: str, name: str) -> None:
        from chain.compiler import contract  # noqa: PLC0415  beside its only use

        code = "0x" + contract(name).runtime.hex()
        w3.manager.request_blocking("anvil_setCode", [account, code])  # type: ignore[arg-type]

    return put


@pytest.fixture
def registering() -> Iterator[ClassicBooth]:
    """A classic election without deposits, registration open."""
    with open_election(**CLASSIC, electorate=200) as running:
        yield ClassicBooth(running)


@pytest.fixture
def relayer(booth: ClassicBooth) -> UnlockedSender:
    return booth.running.sender(2)
