"""What an audit of eligibility is given: archive, key, roots, officers; and the command that takes them."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyrage
import pytest
import typer
from eth_utils.crypto import keccak

from audit.credentials import load_officers, rechecks
from audit.eligibility import OFFICERS_FROM_ARCHIVE, EligibilityReport, audit_eligibility
from audit.errors import AuditImpossibleError, OfficersFileError
from chain.time import travel_to
from identity.credential import CredentialKind, Mode, VerifiedCredential
from identity.evidence import EarlierPerson, EvidenceWriter
from identity.jpki.trust import TrustStore
from identity.officer import OfficerKey
from identity.testpki.directory import TestPki
from scripts.tohyo import audit_command
from scripts.tohyo import main as command_line
from tests.support.eligible_election import ON_ROLL, pseudonym
from tests.support.lying_node import lying_w3
from tests.support.people import people
from tests.support.small_election import CLOSES, VOTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from identity.evidence import Evidence
    from tests.support.eligible_election import EligibleElection

    Run = Callable[..., tuple[int, str, str]]


def audited(
    registrar: EligibleElection, archive: Evidence | None = None, **options: Any
) -> EligibilityReport:
    keys = options.pop("officers", registrar.public_keys)
    archive = archive or registrar.archive()
    trust = options.pop("trust", registrar.trust)
    return audit_eligibility(
        options.pop("w3", registrar.election.w3),
        registrar.election.deployment.contract,
        archive,
        options.pop("checks", rechecks(trust, archive.officers if keys is None else keys)),
        officers=keys,
        **options,
    )


def messages(report: EligibilityReport, check: str) -> list[str]:
    return [finding.message for finding in report.findings if finding.check == check]


def test_roots_that_the_auditor_does_not_trust_prove_nobody(
    registrar: EligibleElection, tmp_path: Path
) -> None:
    other = TestPki.create(tmp_path / "pki", clock=registrar.pki.clock)
    trust = TrustStore.load([other.roots_file], Mode.TEST)
    told = messages(audited(registrar, trust=trust), "credentials")
    assert len(told) == 4
    assert all("issuer_unknown: " in message for message in told)
    other.close()


def test_without_roots_cards_cannot_be_checked(registrar: EligibleElection) -> None:
    with pytest.raises(AuditImpossibleError, match="jpki") as caught:
        audited(registrar, trust=None)
    assert "--roots" in caught.value.hint


def test_the_archive_of_another_election_is_no_evidence(registrar: EligibleElection) -> None:
    archive = registrar.archive()
    archive.header = archive.header.model_copy(update={"contract": registrar.election.deployment.verifier})
    with pytest.raises(AuditImpossibleError, match="The archive is about"):
        audited(registrar, archive)


def test_officers_of_the_archive_are_taken_with_a_warning(registrar: EligibleElection) -> None:
    report = audited(registrar, officers=None)
    assert (report.verdict, report.warnings) == ("consistent", (OFFICERS_FROM_ARCHIVE,))


def test_officers_whom_the_auditor_knows_otherwise_decide_nothing(registrar: EligibleElection) -> None:
    known = registrar.public_keys | {"jun": OfficerKey.create().public_key_hex}
    report = audited(registrar, officers=known)
    assert len(messages(report, "officers")) == 1
    assert len(messages(report, "reviews")) == 1
    assert len(messages(report, "credentials")) == 1  # the office credential that jun approved


def test_one_officer_under_two_names_is_one(registrar: EligibleElection) -> None:
    registrar.officers = registrar.officers | {"jun": registrar.officers["hana"]}
    reviewed = next(one for one in registrar.books.registrations if one.decisions)
    again = registrar.fork()
    again.decide(reviewed, reviewed.roll_entry or "")
    report = audited(again)
    assert len(messages(report, "officers")) == 2
    assert any("1 valid decisions" in message for message in messages(report, "reviews"))


def test_a_node_that_hides_a_leaf_is_found(registrar: EligibleElection) -> None:
    travel_to(registrar.election.w3, VOTES)
    registrar.election.client.advance(registrar.election.sender(1))
    deposits = registrar.election.client.events(names={"Deposited"})
    hidden = deposits[1]

    def hide(method: str, _params: object, result: Any) -> Any:
        if method != "eth_getLogs":
            return result
        place = (hidden.transaction_hash, hex(hidden.log_index))
        return [log for log in result if (log["transactionHash"], log["logIndex"]) != place]

    report = audited(registrar, w3=lying_w3(registrar.election.rpc_url, hide))
    told = " ".join(messages(report, "deposits"))
    assert "number of leaves" in told
    assert "in order" in told
    assert "root over all leaves" in told


def test_a_log_that_was_never_anchored_is_a_warning(registrar: EligibleElection) -> None:
    topic = "0x" + keccak(text="RegistrarLogAnchored(uint8,bytes32,uint64,uint64)").hex()

    def forget(method: str, _params: object, result: Any) -> Any:
        return [log for log in result if log["topics"][0] != topic] if method == "eth_getLogs" else result

    report = audited(registrar, w3=lying_w3(registrar.election.rpc_url, forget))
    assert report.verdict == "consistent"
    assert any("never anchored" in warning for warning in report.warnings)


def test_somebody_who_comes_back_to_the_roll_is_on_it(registrar: EligibleElection) -> None:
    entry = registrar.books.roll[5]
    registrar.change_roll("remove", leaving=[entry.voter_id])
    at = registrar.change_roll("add", [(entry.voter_id, entry.person)])
    registrar.change_entry(5, added_at=at)
    registrar.clock += 1
    registrar.deposit(registrar.register("card 5", entry.pseudonym))
    registrar.anchor()
    assert audited(registrar).findings == []


@pytest.mark.parametrize(("client", "findings"), [("registrar", 0), ("another service", 1)])
def test_sign_ins_are_for_one_client_of_a_provider(
    registrar: EligibleElection, client: str, findings: int
) -> None:
    """A token that a voter got for another service of the registrar's says nothing about this election."""
    voters = {5: "registrar", ON_ROLL: client}
    registrar.put_on_roll(people(ON_ROLL + 1)[-1:])
    for voter, name in voters.items():
        evidence = {"issuer": "https://provider", "client_id": name, "verified_at": registrar.clock}
        evidence |= {"voter": voter}
        record = registrar.register("", pseudonym(voter), evidence=evidence, kind=CredentialKind.OIDC)
        registrar.deposit(record)
    registrar.anchor()

    def believed(evidence: dict[str, Any], _message: bytes) -> VerifiedCredential:
        person = registrar.books.roll[evidence["voter"]].person
        return VerifiedCredential(CredentialKind.OIDC, evidence, person)

    checks = dict(rechecks(registrar.trust, registrar.public_keys))
    checks[CredentialKind.OIDC] = believed
    assert len(messages(audited(registrar, checks=checks), "credentials")) == findings


@pytest.mark.parametrize("action", ["registered", "review_decided", "review_accepted", "deposited"])
@pytest.mark.parametrize("value", [None, True, 5, "text", [[]], {"a": {}}])
def test_a_log_of_other_values_than_expected_is_judged(
    registrar: EligibleElection, action: str, value: Any
) -> None:
    members = ("registration", "kind", "promise", "signature", "roll_entry", "leaves", "from", "to")
    registrar.log(action, None, **dict.fromkeys(members, value))
    registrar.log("status_changed", None, **dict.fromkeys(members, value))
    registrar.log("change_list_applied", None, kind=value, count=value, digest=value)
    registrar.anchor()
    assert audited(registrar).verdict == "inconsistent"


def test_a_phase_without_an_anchor_is_a_warning(registrar: EligibleElection) -> None:
    travel_to(registrar.election.w3, CLOSES)
    registrar.election.client.advance(registrar.election.sender(1))
    registrar.anchor()
    (told,) = audited(registrar).warnings
    assert told == "the registrar's log was not anchored in these phases: voting"


def test_somebody_whom_the_office_corrected_before_it_decided_may_be_accepted(
    registrar: EligibleElection,
) -> None:
    """The card came near a namesake only, until the entry that it belongs to was corrected."""
    misdescribed = registrar.books.roll[5]
    holder = replace(misdescribed.person, name="田中　太郎", address="北海道函館市末広町九番地")
    registrar.put_on_roll([("namesake", replace(holder, address="沖縄県那覇市港町二番地"))])
    registrar.pki.issue_card("corrected", holder)
    record = registrar.register("corrected", None)
    at = registrar.change_roll("correct", [(misdescribed.voter_id, holder)])
    earlier = (EarlierPerson(until=at, person=misdescribed.person),)
    registrar.change_entry(5, person=holder, earlier=earlier)
    registrar.deposit(registrar.decide(record, misdescribed.pseudonym))
    registrar.anchor()
    assert audited(registrar).findings == []


def test_entries_that_no_anchor_covers_are_a_warning(registrar: EligibleElection) -> None:
    registrar.log("log_anchored", "registration", entries=1)
    assert audited(registrar).warnings == ()
    registrar.log("voter_searched", None, "hana")
    assert any("last 1 entries" in warning for warning in audited(registrar).warnings)


def test_somebody_removed_after_the_deposit_is_a_warning(registrar: EligibleElection) -> None:
    at = registrar.change_roll("remove", leaving=[registrar.books.roll[0].voter_id])
    registrar.change_entry(0, removed_at=at)
    registrar.anchor()
    report = audited(registrar)
    assert report.verdict == "consistent"
    assert any("removed from the roll after" in warning for warning in report.warnings)


def test_somebody_whom_the_roll_describes_anew_is_matched_as_before(registrar: EligibleElection) -> None:
    entry = registrar.books.roll[0]
    ((_, anew),) = people(ON_ROLL + 1)[-1:]
    at = registrar.change_roll("correct", [(entry.voter_id, anew)])
    earlier = (EarlierPerson(until=at, person=entry.person),)
    registrar.change_entry(0, person=anew, earlier=earlier)
    registrar.anchor()
    assert audited(registrar).findings == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[]", "a JSON object is expected"),
        ('{"hana": "ab"}', "line 1, column 10"),
        ('{"hana": 5}', "is no public key"),
        ("{", "not JSON"),
        ('{"a": "00", "a": "00"}', "appears twice"),
    ],
)
def test_a_file_of_officers_says_where_it_is_wrong(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "officers.json").write_text(content, encoding="utf-8")
    with pytest.raises(OfficersFileError, match=told):
        load_officers(tmp_path / "officers.json")


def test_a_file_of_officers_is_read(tmp_path: Path) -> None:
    key = OfficerKey.create().public_key_hex
    (tmp_path / "officers.json").write_text(json.dumps({"hana": key.upper()}), encoding="utf-8")
    assert load_officers(tmp_path / "officers.json") == {"hana": key}


@pytest.fixture
def tohyo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `tohyo audit …` in this process; gives exit code and both streams."""
    app = typer.Typer()
    app.add_typer(audit_command.app, name="audit")
    app.command("other")(lambda: None)
    monkeypatch.setattr(command_line, "app", app)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tohyo", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            command_line.main()
        streams = capsys.readouterr()
        return int(stopped.value.code or 0), streams.out, streams.err

    return run


@pytest.fixture
def given(registrar: EligibleElection, tmp_path: Path, tohyo: Run) -> dict[str, Any]:
    """The options of a whole command, with an archive for a key that the command made."""
    code, out, _ = tohyo("audit", "key", tmp_path / "auditor.key", "--json")
    assert code == 0
    recipient = json.loads(out)["public_key"]
    EvidenceWriter([recipient]).write(tmp_path / "evidence.age", registrar.header(), registrar.records())
    (tmp_path / "officers.json").write_text(json.dumps(registrar.public_keys), encoding="utf-8")
    return {
        "--evidence": tmp_path / "evidence.age",
        "--key": tmp_path / "auditor.key",
        "--roots": registrar.pki.roots_file,
        "--mode": "test",
        "--officers": tmp_path / "officers.json",
        "--rpc": registrar.election.rpc_url,
        "--contract": registrar.election.deployment.contract,
    }


def words(options: dict[str, Any]) -> list[Any]:
    return [word for option in options.items() for word in option]


def test_the_command_says_consistent_with_exit_code_0(given: dict[str, Any], tohyo: Run) -> None:
    code, out, err = tohyo("audit", "eligibility", *words(given))
    assert code == 0, err
    assert "verdict: consistent" in out
    assert "leaves" in out


def test_the_command_prints_one_json_document(given: dict[str, Any], tohyo: Run) -> None:
    code, out, _ = tohyo("audit", "eligibility", *words(given), "--json")
    assert code == 0
    assert json.loads(out)["format"] == "tohyo-eligibility/1"


def test_the_command_says_what_is_wrong_with_exit_code_1(
    given: dict[str, Any], tohyo: Run, registrar: EligibleElection
) -> None:
    note = registrar.election.new_note()
    registrar.election.client.deposit(note.commitment, registrar.election.sender(0))
    code, out, _ = tohyo("audit", "eligibility", *words(given))
    assert code == 1
    assert "✗ evidence: one registration that stands for the leaf was expected" in out
    assert "verdict: inconsistent" in out


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"--mode": "production"}, "test_root_in_production"),
        ({"--contract": "0x" + 40 * "1"}, "no_contract"),
        ({"--rpc": "http://127.0.0.1:9"}, ""),
        ({"--roots": "/nowhere.pem"}, "/nowhere.pem"),
        ({"--evidence": "/nowhere.age"}, "/nowhere.age"),
        ({"--officers": "/nowhere.json"}, "/nowhere.json"),
    ],
)
def test_what_cannot_be_checked_has_exit_code_2(
    given: dict[str, Any], tohyo: Run, changes: dict[str, Any], told: str
) -> None:
    code, out, err = tohyo("audit", "eligibility", *words(given | changes))
    assert (code, out) == (2, "")
    assert told in err


def test_another_key_has_exit_code_2(given: dict[str, Any], tohyo: Run, tmp_path: Path) -> None:
    (tmp_path / "other.key").write_text(f"{pyrage.x25519.Identity.generate()}\n", encoding="utf-8")
    code, _, err = tohyo("audit", "eligibility", *words(given | {"--key": tmp_path / "other.key"}))
    assert code == 2
    assert "evidence_key" in err


def test_a_key_is_never_overwritten(given: dict[str, Any], tohyo: Run) -> None:
    before = given["--key"].read_bytes()
    code, _, err = tohyo("audit", "key", given["--key"])
    assert code == 2
    assert "auditor.key" in err
    assert given["--key"].read_bytes() == before


def test_audit_without_a_subcommand_recounts(given: dict[str, Any], tohyo: Run) -> None:
    code, out, _ = tohyo("audit", "--rpc", given["--rpc"], "--contract", given["--contract"])
    assert code == 0
    assert "verdict: consistent" in out
    assert "6 (anchored with" in out


def test_audit_needs_a_contract(tohyo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOHYO_CONTRACT", raising=False)
    code, _, err = tohyo("audit")
    assert code == 2
    assert "Missing option '--contract'" in err


def test_options_before_a_subcommand_are_refused(given: dict[str, Any], tohyo: Run) -> None:
    code, _, err = tohyo("audit", "--contract", given["--contract"], "eligibility")
    assert code == 2
    assert "Give --contract after" in err
