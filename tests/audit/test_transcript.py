"""`tohyo audit --transcript`: an election whose verifier carries the hash of a key ceremony."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from audit.anchors import NEVER_ANCHORED
from audit.replay import audit_election
from audit.transcript import CHECK, NOT_CHECKED
from chain.connection import connect
from chain.deploy import deploy_election
from chain.node import start_node
from chain.sender import UnlockedSender
from election.file import parse_election_document
from scripts.tohyo import audit_command
from tests.support.small_ceremony import hold_ceremony, transcript_of
from tests.support.small_election import DEPTH, OPENS, SmallElection, document
from zk.development import DEVELOPMENT_KEYS_WARNING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from web3 import Web3

    from audit.report import AuditReport
    from chain.deploy import Deployment
    from zk.ceremony.transcript import Transcript


@dataclass(frozen=True)
class Announced:
    """An election before its first deposit, and the ceremony of its keys."""

    w3: Web3
    rpc_url: str
    deployment: Deployment
    transcript: Transcript

    def audited(self, transcript: bytes | None) -> AuditReport:
        return audit_election(self.w3, self.deployment.contract, transcript=transcript)

    def deploy(self, transcript: Transcript) -> Announced:
        """Deploy another election, with the key and the hash of another transcript."""
        return replace(self, deployment=_deploy(self.w3, transcript), transcript=transcript)


def _deploy(w3: Web3, transcript: Transcript) -> Deployment:
    sender = UnlockedSender(w3, w3.eth.accounts[0])
    election = parse_election_document(document())
    return deploy_election(w3, sender, election, transcript.verifying_key, sender.address, transcript.hash())


@pytest.fixture(scope="module")
def announced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Announced]:
    transcript = transcript_of(hold_ceremony(tmp_path_factory.mktemp("ceremony")), "vote", DEPTH)
    with start_node("anvil", timestamp=OPENS) as node:
        w3 = connect(node.rpc_url)
        yield Announced(w3, node.rpc_url, _deploy(w3, transcript), transcript)


def broken(report: AuditReport) -> list[str]:
    assert {finding.check for finding in report.findings} <= {CHECK}
    return [finding.message for finding in report.findings]


def test_the_transcript_of_its_ceremony_is_consistent_with_the_chain(announced: Announced) -> None:
    report = announced.audited(announced.transcript.canonical_bytes())
    assert (report.verdict, report.findings, report.warnings) == ("consistent", [], (NEVER_ANCHORED,))
    (check,) = [check for check in report.checks if check.name == CHECK]
    assert check.checked == 9


def test_without_it_the_report_says_that_it_was_not_checked(announced: Announced) -> None:
    report = announced.audited(None)
    assert (report.verdict, report.warnings) == ("consistent", (NOT_CHECKED, NEVER_ANCHORED))
    assert CHECK not in {check.name for check in report.checks}


def test_another_transcript_is_not_the_one_on_chain(announced: Announced) -> None:
    other = replace(announced.transcript, powers_sha256=bytes(32))
    (finding,) = broken(announced.audited(other.canonical_bytes()))
    assert finding.startswith("the transcript's hash is ")


def test_a_file_that_is_no_transcript_is_found(announced: Announced) -> None:
    findings = broken(announced.audited(b"{}"))
    assert len(findings) == 2
    assert any("a transcript that can be read" in finding for finding in findings)


def test_a_false_transcript_is_found_even_if_its_hash_is_on_chain(announced: Announced) -> None:
    true = announced.transcript
    ann, *others = true.contributions
    false = {
        "sound: contributions to the circuit key": replace(true, contributions=tuple(others)),
        "sound: contributions to the powers of tau": replace(true, powers=true.powers[1:]),
        "sound: people who contributed": replace(true, contributions=(ann,)),
        "the transcript's depth is 20, not 4": replace(true, depth=20),
        "the transcript's circuit is withdraw, not vote": replace(true, circuit="withdraw"),
    }
    for expected, transcript in false.items():
        findings = broken(announced.deploy(transcript).audited(transcript.canonical_bytes()))
        assert any(finding.startswith(expected) for finding in findings), (expected, findings)


def test_a_key_from_elsewhere_beside_a_true_transcript_is_found(announced: Announced) -> None:
    """The hash on chain is that of an honest ceremony, the key is not."""
    key = announced.transcript.verifying_key
    dishonest = replace(announced.transcript, verifying_key=replace(key, delta_g2=key.gamma_g2))
    elsewhere = announced.deploy(dishonest)
    honest = announced.transcript.canonical_bytes()
    findings = broken(elsewhere.audited(honest))
    assert any("verifying key of the transcript on chain" in finding for finding in findings)
    own = broken(elsewhere.audited(dishonest.canonical_bytes()))
    assert any("sound: the verifying key in the transcript" in finding for finding in own)


def test_development_keys_have_no_ceremony_to_show(finished: SmallElection, announced: Announced) -> None:
    content = announced.transcript.canonical_bytes()
    report = audit_election(finished.w3, finished.deployment.contract, transcript=content)
    assert report.verdict == "inconsistent"
    assert report.warnings == (DEVELOPMENT_KEYS_WARNING,)
    assert any("hash" in finding for finding in broken(report))


def test_the_command_reads_the_transcript(
    announced: Announced, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "transcript.json", tmp_path / "report.json"
    file.write_bytes(announced.transcript.canonical_bytes())
    audit_command.audit(announced.deployment.contract, announced.rpc_url, out, file)
    assert "key ceremony" in capsys.readouterr().out
    report = json.loads(out.read_text())
    assert {"name": CHECK, "checked": 9, "failed": 0} in report["checks"]
    with pytest.raises(FileNotFoundError):
        audit_command.audit(announced.deployment.contract, announced.rpc_url, out, tmp_path / "gone")
