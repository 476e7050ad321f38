"""A chain whose storage, code or money was changed behind the contract's back is found out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from eth_utils.crypto import keccak

from audit.replay import audit_election
from chain.code_check import code_matches
from chain.compiler import compile_verifier, contract
from chain.deploy import FOLDED_INPUT
from tests.support.small_election import (
    DENOMINATION,
    DEPTH,
    TREASURY,
    VOTERS,
    VOTES,
    SmallElection,
    open_election,
    vote_keys,
)
from zk.solidity import render_verifier

if TYPE_CHECKING:
    from web3 import Web3

SLOTS = 200
VOTES_SHIFT = 160  # a candidate's slot: votes above the address


def ask(w3: Web3, method: str, *parameters: object) -> Any:
    return w3.manager.request_blocking(method, list(parameters))  # type: ignore[arg-type]


def checks_broken(election: SmallElection) -> set[str]:
    report = audit_election(election.w3, election.deployment.contract)
    return {finding.check for finding in report.findings}


class Storage:
    """The contract's storage, looked through without knowing its layout."""

    def __init__(self, election: SmallElection) -> None:
        self._w3, self._address = election.w3, election.client.address

    def read(self, place: int) -> int:
        return int.from_bytes(self._w3.eth.get_storage_at(self._address, place))

    def write(self, place: int, value: int) -> None:
        ask(self._w3, "anvil_setStorageAt", self._address, hex(place), f"0x{value:064x}")

    def entry(self, key: int) -> int:
        """Find the one mapping that has something under `key`."""
        places = (int.from_bytes(keccak(key.to_bytes(32) + slot.to_bytes(32))) for slot in range(SLOTS))
        (found,) = [place for place in places if self.read(place)]
        return found

    def slot_of(self, value: int) -> int:
        """Find the one plain slot that holds `value`."""
        (found,) = [slot for slot in range(SLOTS) if self.read(slot) == value]
        return found


@pytest.fixture
def storage(finished: SmallElection) -> Storage:
    return Storage(finished)


def test_a_vote_added_behind_the_contracts_back_is_found(finished: SmallElection, storage: Storage) -> None:
    place = storage.entry(0)
    storage.write(place, storage.read(place) + (1 << VOTES_SHIFT))
    assert finished.client.tally() == (2, 3, 1)
    assert checks_broken(finished) == {"count", "coins"}


def test_a_vote_moved_from_one_candidate_to_another_is_found(
    finished: SmallElection, storage: Storage
) -> None:
    for choice, change in ((0, 1), (1, -1)):
        place = storage.entry(choice)
        storage.write(place, storage.read(place) + (change << VOTES_SHIFT))
    assert finished.client.tally() == (2, 2, 1)
    assert checks_broken(finished) == {"count", "coins"}


def test_a_candidates_account_replaced_is_found(finished: SmallElection, storage: Storage) -> None:
    place = storage.entry(2)
    storage.write(place, storage.read(place) ^ 1)
    assert "election file" in checks_broken(finished)


def test_a_nullifier_freed_for_a_second_vote_is_found(finished: SmallElection, storage: Storage) -> None:
    nullifier_hash = finished.notes[0].nullifier_hash(finished.deployment.election_id)
    storage.write(storage.entry(nullifier_hash), 0)
    assert checks_broken(finished) == {"nullifiers"}


def test_a_forgotten_commitment_is_found(finished: SmallElection, storage: Storage) -> None:
    storage.write(storage.entry(finished.notes[0].commitment), 0)
    assert checks_broken(finished) == {"deposits"}


def test_another_number_of_deposits_is_found(finished: SmallElection, storage: Storage) -> None:
    counters = VOTERS | VOTERS << 64 | 2 << 128  # leaves, leaves at the checkpoint, checkpoints
    storage.write(storage.slot_of(counters), counters + 1)
    assert finished.client.leaf_count() == VOTERS + 1
    assert checks_broken(finished) == {"deposits", "coins"}


def test_another_newest_root_is_found(finished: SmallElection, storage: Storage) -> None:
    storage.write(storage.slot_of(finished.client.latest_root()), 12345)
    assert checks_broken(finished) == {"checkpoints"}


def test_a_root_no_longer_accepted_is_found(finished: SmallElection, storage: Storage) -> None:
    storage.write(storage.entry(finished.client.latest_root()), 0)
    assert checks_broken(finished) == {"checkpoints"}


def test_missing_ether_is_found(finished: SmallElection) -> None:
    """Deposits that have not voted lie in the contract; in the finished election there are none."""
    with open_election() as election:
        election.register(2)
        held = election.w3.eth.get_balance(election.client.address)
        assert held == 2 * DENOMINATION
        ask(election.w3, "anvil_setBalance", election.client.address, hex(held - 1))
        assert checks_broken(election) == {"money"}


def patch_immutable(election: SmallElection, old: int, new: int) -> None:
    """Give a value that was fixed at deployment another one, in the code itself."""
    compiled, address = contract("Cream"), election.client.address
    code = bytearray(election.w3.eth.get_code(address))
    places = [(s, n) for s, n in compiled.immutables if int.from_bytes(code[s : s + n]) == old]
    assert places, "no immutable holds this value"
    for start, length in places:
        code[start : start + length] = new.to_bytes(length)
    assert code_matches(bytes(code), compiled)
    ask(election.w3, "anvil_setCode", address, "0x" + code.hex())


@pytest.mark.parametrize(
    ("what", "check"),
    [
        ("denomination", "election file"),
        ("treasury", "election file"),
        ("depth", "election file"),
        ("voting opens", "election file"),
        ("file hash", "election file"),
        ("election id", "election id"),
        ("candidates", "election file"),
        ("folded key", "code"),
        ("verifier", "code"),
        ("hasher", "code"),
    ],
)
def test_a_rule_changed_after_deployment_is_found(finished: SmallElection, what: str, check: str) -> None:
    client, deployment = finished.client, finished.deployment
    verifier = finished.w3.eth.contract(deployment.verifier, abi=contract("IVoteVerifier").abi)  # type: ignore[call-overload]
    old = {
        "denomination": DENOMINATION,
        "treasury": int(TREASURY, 16),
        "depth": DEPTH,
        "voting opens": VOTES,
        "file hash": int(deployment.file_hash, 16),
        "election id": deployment.election_id,
        "candidates": 3,
        "folded key": verifier.functions.foldInput(deployment.election_id).call()[0],
        "verifier": int(deployment.verifier, 16),
        "hasher": int(deployment.hasher, 16),
    }[what]
    new = {
        "denomination": old + 1,
        "treasury": old + 1,
        "depth": 5,
        "voting opens": old + 1,
        "candidates": 2,
        "verifier": int(deployment.hasher, 16),
        "hasher": int(deployment.verifier, 16),
    }.get(what, old ^ 1)
    patch_immutable(finished, old, new)
    assert check in checks_broken(finished)
    assert client.address == deployment.contract


@pytest.mark.parametrize("who", ["contract", "verifier", "hasher"])
def test_other_code_is_found(finished: SmallElection, who: str) -> None:
    """One byte more, which never runs: everything behaves as before."""
    address = getattr(finished.deployment, who)
    code = finished.w3.eth.get_code(address)
    ask(finished.w3, "anvil_setCode", address, "0x" + code.hex().removeprefix("0x") + "00")
    assert checks_broken(finished) == {"code"}


def test_a_verifier_that_answers_nothing_is_found(finished: SmallElection) -> None:
    ask(finished.w3, "anvil_setCode", finished.deployment.verifier, "0x00")
    assert {"code", "proofs", "count"} <= checks_broken(finished)


def test_a_verifier_for_another_key_is_found(finished: SmallElection) -> None:
    source = render_verifier(vote_keys(5).verifying_key, folded_input=FOLDED_INPUT)
    ask(
        finished.w3,
        "anvil_setCode",
        finished.deployment.verifier,
        "0x" + compile_verifier(source).runtime.hex(),
    )
    assert {"code", "proofs", "count"} <= checks_broken(finished)
