"""A node that changes, drops, repeats or invents logs is found out, whatever it does it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from eth_utils.abi import event_abi_to_log_topic

from audit.replay import audit_election
from chain.compiler import contract
from tests.support.lying_node import lying_w3
from tests.support.small_election import CLOSES, DENOMINATION, OPENS, VOTES
from zk.field import BASE_FIELD, SCALAR_FIELD

if TYPE_CHECKING:
    from tests.support.small_election import SmallElection

Log = dict[str, Any]
Change = Callable[[list[Log]], list[Log]]

TOPICS = {
    entry["name"]: "0x" + event_abi_to_log_topic(entry).hex()  # type: ignore[arg-type]
    for entry in contract("Cream").abi
    if entry["type"] == "event"
}
CHOICE, ROOT, RELAYER, FEE, PROOF = 0, 1, 2, 3, 4  # words of BallotCast


def of(name: str, logs: list[Log]) -> list[Log]:
    return [log for log in logs if log["topics"][0] == TOPICS[name]]


def set_word(log: Log, place: int, value: int) -> None:
    words = log["data"][2:]
    log["data"] = "0x" + words[: 64 * place] + f"{value:064x}" + words[64 * place + 64 :]


def word(log: Log, place: int) -> int:
    return int(log["data"][2 + 64 * place : 66 + 64 * place], 16)


def editing(name: str, edit: Callable[[Log], object], which: int = 1) -> Change:
    def change(logs: list[Log]) -> list[Log]:
        found = of(name, logs)
        if found:
            edit(found[which])
        return logs

    return change


def setting(name: str, place: int, value: int, which: int = 1) -> Change:
    return editing(name, lambda log: set_word(log, place, value), which)


def adding(name: str, place: int, amount: int, which: int = 1) -> Change:
    return editing(name, lambda log: set_word(log, place, word(log, place) + amount), which)


def topic(name: str, value: int, place: int = 1, which: int = 1) -> Change:
    def edit(log: Log) -> None:
        log["topics"][place] = f"0x{value:064x}"

    return editing(name, edit, which)


def topic_plus_r(name: str) -> Change:
    def edit(log: Log) -> None:
        log["topics"][1] = f"0x{int(log['topics'][1], 16) + SCALAR_FIELD:064x}"

    return editing(name, edit)


def dropping(name: str, which: int = 1) -> Change:
    def change(logs: list[Log]) -> list[Log]:
        victims = of(name, logs)[which : which + 1]
        return [log for log in logs if log not in victims]

    return change


def repeating(name: str) -> Change:
    return lambda logs: logs + of(name, logs)[1:2]


def inventing(name: str, edit: Callable[[Log], object] = lambda _log: None) -> Change:
    """Add a copy of a log at a free place of the same block."""

    def change(logs: list[Log]) -> list[Log]:
        if not of(name, logs):
            return logs
        copy = {**of(name, logs)[-1], "logIndex": "0x63"}
        copy["topics"] = list(copy["topics"])
        edit(copy)
        return [*logs, copy]

    return change


def fresh_commitment(log: Log) -> None:
    log["topics"][1] = f"0x{12345:064x}"


LIES: list[tuple[str, Change, set[str]]] = [
    ("a deposit hidden", dropping("Deposited"), {"deposits", "checkpoints", "coins", "ballots"}),
    ("the last deposit hidden", dropping("Deposited", 4), {"deposits", "checkpoints", "coins", "ballots"}),
    ("a deposit invented", inventing("Deposited", fresh_commitment), {"deposits", "checkpoints", "coins"}),
    ("the same commitment again", inventing("Deposited"), {"deposits", "checkpoints", "coins"}),
    ("a deposit told twice", repeating("Deposited"), {"events"}),
    ("another commitment", topic("Deposited", 12345), {"deposits", "checkpoints", "ballots"}),
    ("a commitment plus r", topic_plus_r("Deposited"), {"deposits", "checkpoints", "ballots"}),
    ("another leaf index", setting("Deposited", 0, 3), {"deposits"}),
    ("a checkpoint hidden", dropping("Checkpointed"), {"checkpoints", "phases", "ballots"}),
    ("a checkpoint invented", inventing("Checkpointed"), {"checkpoints"}),
    ("another root", topic("Checkpointed", 12345), {"checkpoints"}),
    ("another number of leaves", setting("Checkpointed", 0, 3), {"checkpoints"}),
    ("a ballot hidden", dropping("BallotCast"), {"count", "coins"}),
    ("a ballot told twice", repeating("BallotCast"), {"events"}),
    ("a ballot counted twice", inventing("BallotCast"), {"nullifiers", "coins"}),
    ("another choice", setting("BallotCast", CHOICE, 0), {"proofs", "count", "coins"}),
    ("a choice for nobody", setting("BallotCast", CHOICE, 3), {"ballots", "proofs", "count", "coins"}),
    ("another known root", adding("BallotCast", ROOT, 1), {"ballots", "proofs", "count"}),
    ("a root plus r", adding("BallotCast", ROOT, SCALAR_FIELD), {"ballots", "count"}),
    ("another nullifier hash", topic("BallotCast", 12345), {"nullifiers", "proofs", "count"}),
    ("a nullifier hash plus r", topic_plus_r("BallotCast"), {"ballots", "nullifiers", "count"}),
    ("another relayer", setting("BallotCast", RELAYER, 7), {"proofs", "count"}),
    ("a fee to nobody", setting("BallotCast", RELAYER, 0), {"ballots", "proofs", "count"}),
    ("another fee", adding("BallotCast", FEE, 1), {"proofs", "count"}),
    ("a fee above the deposit", setting("BallotCast", FEE, DENOMINATION + 1), {"ballots", "proofs", "count"}),
    ("a transfer hidden", dropping("Transfer"), {"coins"}),
    ("a transfer invented", inventing("Transfer"), {"coins"}),
    ("a transfer to another", topic("Transfer", 12345, place=2, which=6), {"coins"}),
    ("a transfer of two coins", setting("Transfer", 0, 2), {"coins"}),
    ("another phase", setting("PhaseAdvanced", 0, 1), {"phases"}),
    ("a phase announced again", inventing("PhaseAdvanced"), {"phases"}),
    ("the election announced twice", inventing("ElectionDeployed"), {"events"}),
    ("another election id", topic("ElectionDeployed", 12345, which=0), {"election id"}),
    ("an anchor of another phase", topic("RegistrarLogAnchored", 1), {"registrar log"}),
    ("an anchor with fewer entries", setting("RegistrarLogAnchored", 1, 5), {"registrar log"}),
    ("another head for the same log", setting("RegistrarLogAnchored", 0, 5), {"registrar log"}),
    ("a roll beyond the electorate", setting("RegistrarLogAnchored", 2, 7), {"registrar log"}),
]  # fmt: skip


def findings_after(finished: SmallElection, change: Change, method: str = "eth_getLogs") -> set[str]:
    def lie(asked: str, _params: object, result: Any) -> Any:
        return change(result) if asked == method and result else result

    report = audit_election(lying_w3(finished.rpc_url, lie), finished.deployment.contract)
    assert (report.verdict == "inconsistent") == bool(report.findings)
    return {finding.check for finding in report.findings}


@pytest.mark.parametrize(("_what", "change", "expected"), LIES, ids=[row[0] for row in LIES])
def test_a_lie_about_logs_is_found(
    finished: SmallElection, _what: str, change: Change, expected: set[str]
) -> None:
    found = findings_after(finished, change)
    assert expected <= found, found


@pytest.mark.parametrize("place", range(8))
def test_any_changed_word_of_a_proof_is_found(finished: SmallElection, place: int) -> None:
    assert {"proofs", "count"} <= findings_after(finished, adding("BallotCast", PROOF + place, 1))


@pytest.mark.parametrize("place", range(8))
def test_a_proof_coordinate_plus_q_is_found(finished: SmallElection, place: int) -> None:
    assert "proofs" in findings_after(finished, adding("BallotCast", PROOF + place, BASE_FIELD))


def test_one_false_proof_is_pinned_to_its_ballot(finished: SmallElection) -> None:
    def lie(method: str, _params: object, result: Any) -> Any:
        return setting("BallotCast", CHOICE, 0)(result) if method == "eth_getLogs" else result

    report = audit_election(lying_w3(finished.rpc_url, lie), finished.deployment.contract)
    second = finished.client.events(names={"BallotCast"})[1]
    (finding,) = [finding for finding in report.findings if finding.check == "proofs"]
    assert (finding.where.transaction, finding.where.log_index) == (second.transaction_hash, second.log_index)
    assert sum(report.result.values()) == 4


def test_a_proof_swapped_with_another_voters_is_found(finished: SmallElection) -> None:
    def swap(logs: list[Log]) -> list[Log]:
        ballots = of("BallotCast", logs)
        if ballots:
            first, second = (ballot["data"][2 + 64 * PROOF :] for ballot in ballots[:2])
            ballots[0]["data"] = ballots[0]["data"][: 2 + 64 * PROOF] + second
            ballots[1]["data"] = ballots[1]["data"][: 2 + 64 * PROOF] + first
        return logs

    assert {"proofs", "count"} <= findings_after(finished, swap)


def test_another_election_file_is_found(finished: SmallElection) -> None:
    true, false = "小さな選挙".encode().hex(), "大きな選挙".encode().hex()

    def change(logs: list[Log]) -> list[Log]:
        for log in of("ElectionDeployed", logs):
            assert true in log["data"]
            log["data"] = log["data"].replace(true, false)
        return logs

    assert {"election file", "election id"} <= findings_after(finished, change)


@pytest.mark.parametrize(
    ("event", "time", "check"),
    [
        ("Deposited", OPENS - 1, "deposits"),
        ("Deposited", VOTES, "deposits"),
        ("BallotCast", VOTES - 1, "ballots"),
        ("BallotCast", CLOSES, "ballots"),
    ],
)
def test_an_event_outside_its_phase_is_found(
    finished: SmallElection, event: str, time: int, check: str
) -> None:
    """Here both the block and the log tell the same wrong time."""
    block = finished.client.events(names={event})[2].block_number

    def lie(method: str, _params: object, result: Any) -> Any:
        if method == "eth_getBlockByNumber" and int(result["number"], 16) == block:
            result["timestamp"] = hex(time)
        if method == "eth_getLogs":
            for log in result:
                if int(log["blockNumber"], 16) == block:
                    log["blockTimestamp"] = hex(time)
        return result

    report = audit_election(lying_w3(finished.rpc_url, lie), finished.deployment.contract)
    assert {finding.check for finding in report.findings} >= {check}
    assert any("phase" in finding.message for finding in report.findings)


def test_a_log_that_tells_another_time_than_its_block_is_found(finished: SmallElection) -> None:
    def change(logs: list[Log]) -> list[Log]:
        for log in of("BallotCast", logs):
            log["blockTimestamp"] = hex(int(log["blockTimestamp"], 16) + 1)
        return logs

    assert findings_after(finished, change) == {"events"}


def test_the_truth_through_the_same_node_is_consistent(finished: SmallElection) -> None:
    assert findings_after(finished, lambda logs: logs) == set()
