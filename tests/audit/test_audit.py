from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests.exceptions
from eth_utils.crypto import keccak

from audit.errors import AuditImpossibleError
from audit.replay import audit_election
from audit.report import Where
from chain.connection import connect
from chain.deploy import deploy_election
from election.file import ElectionFile
from tests.support.lying_node import lying_w3
from tests.support.small_election import (
    DENOMINATION,
    RELAYER,
    TREASURY,
    VOTERS,
    SmallElection,
    document,
    open_election,
    vote_keys,
)
from zk.development import DEVELOPMENT_KEYS_WARNING

if TYPE_CHECKING:
    from web3 import Web3

    from audit.report import AuditReport

REFUSE = "0x60006000fd"  # code that reverts everything


def audited(election: SmallElection, **options: Any) -> AuditReport:
    return audit_election(election.w3, election.deployment.contract, **options)


def ask(w3: Web3, method: str, *parameters: object) -> Any:
    return w3.manager.request_blocking(method, list(parameters))  # type: ignore[arg-type]


def test_an_honest_election_is_consistent_and_recounted(finished: SmallElection) -> None:
    report = audited(finished)
    assert report.verdict == "consistent"
    assert report.findings == []
    assert dict(report.result) == {"甲": 1, "乙": 3, "丙": 1}
    assert (report.deposits, report.ballots, report.phase, report.final) == (VOTERS, VOTERS, "closed", True)
    assert report.election_id == finished.deployment.election_id
    assert report.registrar == finished.w3.eth.accounts[0]
    assert report.transcript_hash == bytes(32)


def test_every_kind_of_rule_was_applied(finished: SmallElection) -> None:
    checks = {check.name: check for check in audited(finished).checks}
    assert set(checks) == {
        "code", "election file", "election id", "events", "deposits", "checkpoints", "phases",
        "ballots", "nullifiers", "coins", "proofs", "count", "money", "registrar log",
    }  # fmt: skip
    assert checks["proofs"].checked == VOTERS
    assert all(check.checked and not check.failed for check in checks.values())


def test_development_keys_are_warned_of(finished: SmallElection) -> None:
    assert audited(finished).warnings == (DEVELOPMENT_KEYS_WARNING,)


def test_the_report_is_json(finished: SmallElection) -> None:
    report = audited(finished)
    document = json.loads(json.dumps(report.to_json()))
    assert document["verdict"] == "consistent"
    assert document["result"] == dict(report.result)
    assert document["block_number"] == finished.w3.eth.block_number


def test_progress_rises_to_its_total(finished: SmallElection) -> None:
    told: list[tuple[int, int]] = []
    audited(finished, on_progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_an_election_can_be_audited_at_any_earlier_block(finished: SmallElection) -> None:
    seen = set()
    for block in range(finished.deployment.block_number, finished.w3.eth.block_number + 1):
        report = audited(finished, to_block=block)
        assert report.verdict == "consistent", report.findings
        seen.add((report.phase, report.deposits, report.ballots))
    assert ("registration", 0, 0) in seen
    assert ("registration", 3, 0) in seen
    assert ("voting", VOTERS, 2) in seen
    assert ("closed", VOTERS, VOTERS) in seen


def test_ballots_cast_after_the_chosen_block_do_not_disturb_the_audit(finished: SmallElection) -> None:
    """The node answers for the newest block unless asked otherwise; the audit must ask otherwise."""
    first_ballot = finished.client.events(names={"BallotCast"})[0]
    report = audited(finished, to_block=first_ballot.block_number)
    assert (report.ballots, report.verdict) == (1, "consistent")
    assert sum(report.result.values()) == 1


def test_money_that_the_treasury_refused_is_accounted_for() -> None:
    with open_election() as election:
        ask(election.w3, "anvil_setCode", TREASURY, REFUSE)
        election.register(2)
        election.open_voting()
        ballot = election.ballot(election.notes[0], 0)
        election.client.cast_vote(ballot, election.sender(RELAYER))
        assert election.client.events(names={"TreasuryPaymentDeferred"})
        assert audited(election).verdict == "consistent"
        ask(election.w3, "anvil_setCode", TREASURY, "0x")
        election.client.release(election.sender(RELAYER))
        assert audited(election).verdict == "consistent"
        election.close()
        election.client.release(election.sender(RELAYER))
        report = audited(election)
        assert report.verdict == "consistent"
        assert election.w3.eth.get_balance(election.client.address) == 0


def test_an_election_without_money_is_audited_too() -> None:
    with open_election(denomination=0, treasury="0x" + 40 * "0") as election:
        election.register(2)
        election.open_voting()
        election.client.cast_vote(election.ballot(election.notes[0], 2), election.sender(RELAYER))
        report = audited(election)
        assert (report.verdict, report.final) == ("consistent", False)
        assert dict(report.result) == {"甲": 0, "乙": 0, "丙": 1}


@pytest.mark.slow
def test_an_election_on_ganache_is_audited_too() -> None:
    """Ganache's logs do not tell the time, and its batches are its own."""
    with open_election("ganache") as election:
        election.register(VOTERS)
        election.open_voting()
        election.vote()
        election.close()
        report = audited(election)
        assert report.verdict == "consistent", report.findings
        assert dict(report.result) == {"甲": 1, "乙": 3, "丙": 1}


def test_only_the_last_hundred_roots_count() -> None:
    with open_election(depth=7, electorate=103) as election:
        for _ in range(103):
            election.client.deposit(election.new_note().commitment, election.sender(0))
            election.client.checkpoint(election.sender(0))
        roots = [event.root for event in election.client.events(names={"Checkpointed"})]  # type: ignore[attr-defined]
        assert [election.client.is_known_root(root) for root in roots] == [False] * 3 + [True] * 100
        assert audited(election).verdict == "consistent"


class PrettyFile(ElectionFile):
    """Deployed by somebody who did not care for the canonical form."""

    def canonical_bytes(self) -> bytes:
        return self.to_pretty_json().encode()


def test_an_election_file_in_another_form_is_found() -> None:
    with open_election() as election:
        pretty = PrettyFile.model_validate(document())
        key, sender = vote_keys().verifying_key, election.sender(0)
        other = deploy_election(election.w3, sender, pretty, key, sender.address)
        (finding,) = audit_election(election.w3, other.contract).findings
        assert finding.check == "election file"
        assert "canonical form" in finding.message


def test_more_deposits_than_voters_are_found() -> None:
    with open_election(electorate=2) as election:
        election.register(3)
        report = audited(election)
        assert [finding.check for finding in report.findings] == ["deposits"]
        assert "at most 2 deposits" in report.findings[0].message


def test_a_deposit_beyond_the_trees_room_is_found() -> None:
    with open_election(depth=1, electorate=2) as election:
        election.register(2)

        def invent(method: str, _params: object, result: Any) -> Any:
            deposits = [log for log in result if len(log["data"]) == 130] if method == "eth_getLogs" else []
            if deposits:
                last = deposits[-1]
                result.append({**last, "logIndex": "0x63", "topics": [last["topics"][0], f"0x{7:064x}"]})
            return result

        report = audit_election(lying_w3(election.rpc_url, invent), election.deployment.contract)
        assert any("room for 2 leaves" in finding.message for finding in report.findings)


def test_a_finding_says_where_and_what() -> None:
    with open_election(electorate=1) as election:
        result = election.client.deposit(election.new_note().commitment, election.sender(0))
        second = election.client.deposit(election.new_note().commitment, election.sender(0))
        (finding,) = audited(election).findings
        assert finding.where == Where(second.block_number, second.hash, 0)
        assert str(second.block_number) in str(finding.where)
        assert result.hash not in str(finding.where)
        assert finding.to_json()["where"]["transaction"] == second.hash
        assert audited(election).to_json()["verdict"] == "inconsistent"


def test_ether_forced_on_the_contract_is_mentioned_but_harmless(finished: SmallElection) -> None:
    ask(finished.w3, "anvil_setBalance", finished.deployment.contract, hex(7))
    report = audited(finished)
    assert report.verdict == "consistent"
    assert any("7 wei" in warning for warning in report.warnings)


def test_without_a_node_there_is_no_verdict(finished: SmallElection) -> None:
    with pytest.raises(AuditImpossibleError) as caught:
        audit_election(lying_w3("http://127.0.0.1:9"), finished.deployment.contract)
    assert caught.value.hint


@pytest.mark.parametrize("address", ["0x" + 40 * "1", "nowhere", ""])
def test_without_a_contract_there_is_no_verdict(finished: SmallElection, address: str) -> None:
    with pytest.raises(AuditImpossibleError):
        audit_election(finished.w3, address)


def test_another_contract_is_no_election(finished: SmallElection) -> None:
    for address in (finished.deployment.hasher, finished.deployment.verifier):
        with pytest.raises(AuditImpossibleError):
            audit_election(finished.w3, address)


@pytest.mark.parametrize("block", [0, 10**6])
def test_before_the_deployment_and_in_the_future_there_is_no_verdict(
    finished: SmallElection, block: int
) -> None:
    with pytest.raises(AuditImpossibleError):
        audited(finished, to_block=block)


def test_a_chain_that_changes_its_past_during_the_audit_gives_no_verdict(finished: SmallElection) -> None:
    hashes = iter(range(1, 1000))

    def rewrite(method: str, _params: object, result: Any) -> Any:
        return {**result, "hash": f"0x{next(hashes):064x}"} if method == "eth_getBlockByNumber" else result

    with pytest.raises(AuditImpossibleError, match="replaced"):
        audit_election(lying_w3(finished.rpc_url, rewrite), finished.deployment.contract)


@pytest.mark.parametrize("last_words", ["verifyingKey()", "foldInput(uint256)"])
def test_a_node_that_dies_during_the_audit_gives_no_verdict(finished: SmallElection, last_words: str) -> None:
    """An unanswered question must not look like a contract that does not answer."""
    selector = keccak(text=last_words)[:4].hex()
    is_dead = False

    def die(_method: str, params: Any, result: Any) -> Any:
        nonlocal is_dead
        is_dead = is_dead or selector in str(params)
        if is_dead:
            raise requests.exceptions.ConnectionError("gone")
        return result

    with pytest.raises(AuditImpossibleError):
        audit_election(lying_w3(finished.rpc_url, die), finished.deployment.contract)
    assert is_dead


def test_a_node_that_lost_its_old_logs_gives_no_verdict(finished: SmallElection) -> None:
    def forget(method: str, _params: object, result: Any) -> Any:
        return result[len(result) // 2 :] if method == "eth_getLogs" else result

    with pytest.raises(AuditImpossibleError, match="logs"):
        audit_election(lying_w3(finished.rpc_url, forget), finished.deployment.contract)


def test_a_file_that_cannot_be_read_gives_no_verdict() -> None:
    assert document()["denomination"] == DENOMINATION
    with open_election() as election:
        published = election.election.canonical_bytes().hex()
        broken = published.replace(b'"title"'.hex(), b'"titel"'.hex())

        def misspell(method: str, _params: object, result: Any) -> Any:
            return (
                json.loads(json.dumps(result).replace(published, broken))
                if method == "eth_getLogs"
                else result
            )

        with pytest.raises(AuditImpossibleError, match="election file"):
            audit_election(lying_w3(election.rpc_url, misspell), election.deployment.contract)


def test_the_audit_needs_nothing_but_an_rpc_address(finished: SmallElection) -> None:
    assert (
        audit_election(connect(finished.rpc_url), finished.deployment.contract.lower()).verdict
        == "consistent"
    )
