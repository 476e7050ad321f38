"""An election of the scheme cream-classic is recounted, and what is changed about it is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from eth_typing import HexStr
from eth_utils.abi import event_abi_to_log_topic
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from audit.replay import audit_election
from chain.compiler import contract
from tests.support.lying_node import lying_w3
from tests.support.small_election import (
    CLASSIC,
    DENOMINATION,
    FEE,
    SmallElection,
    open_election,
    undone,
)
from zk.field import SCALAR_FIELD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.report import AuditReport

DEPOSITS, BALLOTS = 4, 3
VOTES_SHIFT = 160  # a candidate's slot: votes above the address
SLOTS = 200
TOPICS = {
    entry["name"]: "0x" + event_abi_to_log_topic(entry).hex()
    for entry in contract("CreamClassic").abi
    if entry["type"] == "event"
}
FACTORY = to_checksum_address("0x" + 20 * "fa")
PAYS_OUT_AND_DIES = bytes.fromhex("32ff")  # selfdestruct(origin)
CREATES_IT = bytes.fromhex("6132ff5f525f6002601e5ff500")  # create2(0, the two bytes above, salt 0)
VANISHING_CANDIDATE = to_checksum_address(
    keccak(b"\xff" + bytes.fromhex(FACTORY[2:]) + bytes(32) + keccak(PAYS_OUT_AND_DIES))[-20:]
)
CHOICE, ROOT, FEE_WORD, PROOF = 0, 1, 3, 4  # words of BallotCast


@pytest.fixture(scope="module")
def whole_classic() -> Iterator[SmallElection]:
    """Four deposits; one with a fee, two without, and one that never votes."""
    candidates = [{"name": "甲", "address": VANISHING_CANDIDATE}, {"name": "乙"}, {"name": "丙"}]
    with open_election(**CLASSIC, candidates=candidates) as running:
        running.register(DEPOSITS)
        running.open_voting()
        for note, choice, fee in zip(running.notes, (0, 1, 1), (FEE, 0, 0), strict=False):
            running.client.cast_vote(running.ballot(note, choice, fee=fee), running.sender(2))
        running.close()
        yield running


@pytest.fixture
def finished(whole_classic: SmallElection) -> Iterator[SmallElection]:
    with undone(whole_classic.w3):
        yield whole_classic


def audited(election: SmallElection) -> AuditReport:
    return audit_election(election.w3, election.deployment.contract)


def broken(report: AuditReport) -> set[str]:
    return {finding.check for finding in report.findings}


def ask(election: SmallElection, method: str, *parameters: object) -> Any:
    return election.w3.manager.request_blocking(method, list(parameters))  # type: ignore[arg-type]


def read(election: SmallElection, place: int) -> int:
    return int.from_bytes(election.w3.eth.get_storage_at(election.client.address, place))


def write(election: SmallElection, place: int, value: int) -> None:
    ask(election, "anvil_setStorageAt", election.client.address, hex(place), f"0x{value:064x}")


def entry(election: SmallElection, key: int) -> list[int]:
    """Find the mappings that have something under `key`."""
    places = (int.from_bytes(keccak(key.to_bytes(32) + slot.to_bytes(32))) for slot in range(SLOTS))
    return [place for place in places if read(election, place)]


def test_an_honest_election_is_consistent_and_every_kind_of_rule_was_applied(finished: SmallElection) -> None:
    report = audited(finished)
    assert report.verdict == "consistent", report.findings
    assert dict(report.result) == {"甲": 1, "乙": 2, "丙": 0}
    assert (report.deposits, report.ballots, report.final) == (DEPOSITS, BALLOTS, True)
    checked = {check.name: check.checked for check in report.checks}
    assert set(checked) == {
        "code",
        "election file",
        "election id",
        "events",
        "deposits",
        "checkpoints",
        "phases",
        "nullifiers",
        "ballots",
        "proofs",
        "count",
        "money",
    }
    assert checked["proofs"] == BALLOTS
    assert checked["money"] == 1
    assert not any("candidate" in warning for warning in report.warnings)


def test_money_that_was_released_is_accounted_for(finished: SmallElection) -> None:
    finished.client.release(finished.sender(1))
    assert finished.w3.eth.get_balance(finished.client.address) == 0
    assert audited(finished).verdict == "consistent"


def test_money_released_while_ballots_could_still_claim_it_is_found(finished: SmallElection) -> None:
    finished.client.release(finished.sender(1))

    def earlier(method: str, _params: object, result: Any) -> Any:
        if method == "eth_getLogs" and result:
            cast = next((log for log in result if log["topics"][0] == TOPICS["BallotCast"]), {})
            for log in result:
                if log["topics"][0] == TOPICS["Released"]:
                    log |= {name: cast[name] for name in ("blockNumber", "blockTimestamp")}
                    log["logIndex"] = "0x9"
        return result

    report = audit_election(lying_w3(finished.rpc_url, earlier), finished.deployment.contract)
    assert broken(report) == {"money"}
    assert "closed phase" in report.findings[0].message


def test_money_missing_from_the_contract_is_found(finished: SmallElection) -> None:
    ask(finished, "anvil_setBalance", finished.client.address, hex(DENOMINATION - 1))
    assert broken(audited(finished)) == {"money"}


def test_coins_that_left_a_candidate_without_a_trace_are_a_warning(finished: SmallElection) -> None:
    ask(finished, "anvil_setBalance", finished.client.config().candidates[1], hex(2 * DENOMINATION - 1))
    report = audited(finished)
    assert report.verdict == "consistent"
    assert any("candidate 1 holds" in warning for warning in report.warnings)


def test_a_candidate_whose_contract_takes_the_coins_and_vanishes_breaks_no_audit(
    finished: SmallElection,
) -> None:
    """Code of a candidate's making runs at the account for one transaction and destroys itself."""
    assert finished.client.config().candidates[0] == VANISHING_CANDIDATE
    ask(finished, "anvil_setCode", FACTORY, "0x" + CREATES_IT.hex())
    finished.sender(3).send({"to": FACTORY, "data": HexStr("0x")})
    account = finished.w3.eth
    assert account.get_balance(VANISHING_CANDIDATE) == 0
    assert account.get_transaction_count(VANISHING_CANDIDATE) == 0
    assert not account.get_code(VANISHING_CANDIDATE)
    report = audited(finished)
    assert report.verdict == "consistent", report.findings
    assert any("candidate 0 holds 0 of" in warning for warning in report.warnings)


def test_a_candidate_who_spends_the_coins_is_no_fault(finished: SmallElection) -> None:
    account = finished.client.config().candidates[1]
    ask(finished, "anvil_setBalance", account, "0x0")
    ask(finished, "anvil_setNonce", account, "0x1")
    assert audited(finished).verdict == "consistent"


def test_a_vote_added_behind_the_contracts_back_is_found(finished: SmallElection) -> None:
    (place,) = entry(finished, 0)
    write(finished, place, read(finished, place) + (1 << VOTES_SHIFT))
    assert finished.client.tally() == (2, 2, 0)
    assert broken(audited(finished)) == {"count"}


def test_a_nullifier_freed_for_a_second_vote_is_found(finished: SmallElection) -> None:
    (place,) = entry(finished, finished.notes[0].nullifier_hash(0))
    write(finished, place, 0)
    assert broken(audited(finished)) == {"nullifiers"}


def test_a_root_no_longer_accepted_is_found(finished: SmallElection) -> None:
    (place,) = entry(finished, finished.client.latest_root())
    write(finished, place, 0)
    assert broken(audited(finished)) == {"checkpoints"}


@pytest.mark.parametrize("who", ["contract", "verifier", "hasher"])
def test_other_code_is_found(finished: SmallElection, who: str) -> None:
    address = getattr(finished.deployment, who)
    code = finished.w3.eth.get_code(address)
    ask(finished, "anvil_setCode", address, "0x" + code.hex().removeprefix("0x") + "00")
    assert broken(audited(finished)) == {"code"}


def words(log: dict[str, Any], place: int, change: Callable[[int], int]) -> None:
    data = log["data"][2:]
    value = change(int(data[64 * place : 64 * place + 64], 16))
    log["data"] = "0x" + data[: 64 * place] + f"{value:064x}" + data[64 * place + 64 :]


def told(
    election: SmallElection, name: str, change: Callable[[list[Any], dict[str, Any]], object]
) -> set[str]:
    """Audit through a node that changes the second log of a kind."""

    def lie(method: str, _params: object, result: Any) -> Any:
        if method == "eth_getLogs":
            logs = [log for log in result if log["topics"][0] == TOPICS[name]]
            if len(logs) > 1:
                change(result, logs[1])
        return result

    return broken(audit_election(lying_w3(election.rpc_url, lie), election.deployment.contract))


def test_a_ballot_told_for_another_candidate_is_found(finished: SmallElection) -> None:
    """The choice is not a word of the proof: the account that it stands for is."""
    found = told(finished, "BallotCast", lambda _all, log: words(log, CHOICE, lambda _old: 2))
    assert {"proofs", "count"} <= found


def test_a_ballot_told_for_nobody_is_found(finished: SmallElection) -> None:
    found = told(finished, "BallotCast", lambda _all, log: words(log, CHOICE, lambda _old: 99))
    assert {"ballots", "count"} <= found


@pytest.mark.parametrize("fee", [FEE, DENOMINATION + 1, SCALAR_FIELD, 2**256 - 1])
def test_a_ballot_told_with_another_fee_is_found(finished: SmallElection, fee: int) -> None:
    found = told(finished, "BallotCast", lambda _all, log: words(log, FEE_WORD, lambda _old: fee))
    assert found & {"proofs", "ballots"}
    assert "count" in found


def test_a_ballot_told_with_another_root_is_found(finished: SmallElection) -> None:
    found = told(finished, "BallotCast", lambda _all, log: words(log, ROOT, lambda old: old + SCALAR_FIELD))
    assert {"ballots", "count"} <= found


def test_a_ballot_hidden_is_found(finished: SmallElection) -> None:
    assert "count" in told(finished, "BallotCast", lambda every, log: every.remove(log))


def test_a_root_hidden_or_changed_is_found(finished: SmallElection) -> None:
    assert "checkpoints" in told(finished, "Checkpointed", lambda every, log: every.remove(log))
    other = "0x" + f"{7:064x}"
    assert "checkpoints" in told(
        finished, "Checkpointed", lambda _all, log: log["topics"].__setitem__(1, other)
    )


def test_a_deposit_hidden_is_found(finished: SmallElection) -> None:
    found = told(finished, "Deposited", lambda every, log: every.remove(log))
    assert {"deposits", "checkpoints"} <= found


def test_a_deposit_whose_root_is_left_out_is_found_though_it_is_the_last(finished: SmallElection) -> None:
    def hide(method: str, _params: object, result: Any) -> Any:
        if method == "eth_getLogs":
            roots = [log for log in result if log["topics"][0] == TOPICS["Checkpointed"]]
            return [log for log in result if log not in roots[DEPOSITS - 1 :]]
        return result

    report = audit_election(lying_w3(finished.rpc_url, hide), finished.deployment.contract)
    assert "checkpoints" in broken(report)


@pytest.mark.slow
def test_a_classic_election_on_ganache_is_audited_too() -> None:
    """Its blocks have a gas limit of their own, and its logs do not tell the time."""
    with open_election("ganache", **CLASSIC) as running:
        running.register(2)
        running.open_voting()
        for note, choice, fee in zip(running.notes, (0, 2), (FEE, 0), strict=True):
            running.client.cast_vote(running.ballot(note, choice, fee=fee), running.sender(2))
        running.close()
        report = audited(running)
        assert report.verdict == "consistent", report.findings
        assert dict(report.result) == {"甲": 1, "乙": 0, "丙": 1}
