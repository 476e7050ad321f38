"""`tohyo office` against a running service."""

from __future__ import annotations

import json
import stat
import time
from dataclasses import replace

import pyrage
import pytest
import typer
from typer.testing import CliRunner

from identity.evidence import read_evidence
from identity.officer import OfficerKey
from scripts.tohyo import office_commands
from tests.support.databases import (  # noqa: F401  fixtures
    database,
    database_url,
    new_database_url,
    postgresql_server,
)
from tests.support.deposits import client_of, deploy, running_chain
from tests.support.election_office import HANAKO, TARO, open_office, set_up_stage
from zk.errors import TohyoError

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def election():
    with running_chain() as w3:
        yield client_of(w3, deploy(w3))


@pytest.fixture(scope="module")
def stage():
    with set_up_stage() as standing:
        yield standing


@pytest.fixture
def office(stage, database, election, tmp_path):  # noqa: F811
    with open_office(stage, database, election) as opened:
        opened.clock.now = int(time.time())
        opened.enrol("000001", HANAKO)
        opened.enrol("000002", TARO)
        for officer, key in opened.keys.items():
            key.save(tmp_path / f"{officer}.pem")
        yield opened


@pytest.fixture
def run(office, stage, tmp_path, monkeypatch):
    """Run `tohyo office …` as an officer; fails loudly unless a failure is expected."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(officer, *arguments, typed="", code=0):
        who = ["--api", stage.address, "--officer", officer, "--officer-key", f"{officer}.pem"]
        result = CliRunner().invoke(office_commands.app, [*map(str, arguments), *who], input=typed)
        if isinstance(result.exception, TohyoError):
            assert code == result.exception.code, result.exception
            return result.exception
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


def test_an_officer_makes_a_key_that_only_they_can_read(run, tmp_path):
    runner = CliRunner()
    made = runner.invoke(office_commands.app, ["key", "new", "mine.pem", "--json"])
    public = json.loads(made.stdout)["public_key"]
    assert stat.S_IMODE((tmp_path / "mine.pem").stat().st_mode) == 0o600
    shown = runner.invoke(office_commands.app, ["key", "show", "mine.pem", "--json"])
    assert json.loads(shown.stdout) == {"public_key": public}
    again = runner.invoke(office_commands.app, ["key", "new", "mine.pem"])
    assert isinstance(again.exception, FileExistsError)
    assert OfficerKey.load(tmp_path / "mine.pem").public_key_hex == public


def test_an_encrypted_key_asks_for_its_password(run, office, tmp_path):
    (tmp_path / "password").write_text("correct horse\n")
    office.keys["counter-1"].save(tmp_path / "locked.pem", "correct horse")
    runner = CliRunner()
    shown = runner.invoke(office_commands.app, ["key", "show", "locked.pem"], input="correct horse\n")
    assert office.keys["counter-1"].public_key_hex in shown.output
    told = runner.invoke(office_commands.app, ["key", "show", "locked.pem", "--password-file", "password"])
    assert told.exit_code == 0
    wrong = runner.invoke(office_commands.app, ["key", "show", "locked.pem"], input="wrong\n")
    assert wrong.exception.code == "officer_key"


def test_a_person_is_asked_for_and_found(run, office):
    found = after_the_question(run("counter-1", "search", "--json", typed="000001\n"))
    assert found["items"][0]["pseudonym"] == office.people["000001"]
    by_name = run("counter-1", "search", "--by-name", "--json", typed="青木花子\n1990-01-31\n")
    assert after_the_question(by_name)["items"] == found["items"]


def after_the_question(result):
    """The runner writes what is typed to standard output."""
    return json.loads(result.stdout[result.stdout.index("{") :])


def test_a_person_in_a_file_is_found_and_nobody_is_an_answer(run, tmp_path):
    (tmp_path / "who.json").write_text('{"voter_id": "000009"}')
    nobody = run("station-1", "search", "--file", "who.json", code=1)
    assert "Nobody was found." in nobody.stdout
    (tmp_path / "who.json").write_text("no JSON")
    run("station-1", "search", "--file", "who.json", code="office_input")


def test_no_option_takes_a_name_or_a_number_of_the_office(run):
    described = CliRunner().invoke(office_commands.app, ["search", "--help"]).output
    for option in ("--name", "--voter-id", "--date-of-birth", "--birth"):
        assert f"{option} " not in described


def test_a_counter_hands_out_a_ballot_once(run, office):
    step = ["transition", office.people["000001"], "--from", "eligible", "--to", "paper_ballot_issued"]
    assert json.loads(run("counter-1", *step, "--json").stdout)["status"] == "paper_ballot_issued"
    refused = run("counter-2", *step, code="ledger_transition_refused")
    assert "paper_ballot_issued" in str(refused)
    assert refused.hint


def test_what_the_service_refuses_is_told_with_its_code(run, office):
    step = ["transition", office.people["000001"], "--from", "eligible", "--to", "voted_in_person"]
    refused = run("auditor-1", *step, code="officer_role_missing")
    assert "counter" in refused.hint


def test_two_reviewers_decide(run, office):
    review = office.register(replace(HANAKO, address="北海道札幌市中央区"))
    listed = json.loads(run("reviewer-1", "reviews", "--json").stdout)
    assert [item["registration_id"] for item in listed["items"]] == [review["id"]]
    shown = json.loads(run("reviewer-1", "reviews", review["id"]).stdout)
    (candidate,) = shown["candidates"]
    wanted = ["decide", review["id"], "--accept", candidate["roll_entry"], "--json"]
    assert json.loads(run("reviewer-1", *wanted).stdout)["status"] == "in_review"
    assert json.loads(run("reviewer-2", *wanted).stdout)["status"] == "queued"


@pytest.mark.parametrize("choice", [[], ["--refuse", "--accept", "0" * 32]])
def test_a_decision_must_be_one(run, choice):
    run("reviewer-1", "decide", "0" * 32, *choice, code="office_input")


def test_two_officers_give_a_credential_whose_secret_goes_into_a_private_file(run, office, tmp_path):
    hanako = office.people["000001"]
    wanted = ["credential", "issue", hanako, "--reason", "guardianship", "--json"]
    credential = json.loads(run("roll-1", *wanted).stdout)["id"]
    assert credential in run("approver-1", "credential", "list").stdout
    assert "花子" in run("approver-1", "credential", "show", credential).stdout
    approved = run("approver-1", "credential", "approve", credential, "--out", "secret.json")
    presented = json.loads((tmp_path / "secret.json").read_text())
    assert presented["secret"] not in approved.output
    assert stat.S_IMODE((tmp_path / "secret.json").stat().st_mode) == 0o600
    assert office.present(presented).status_code == 201


def test_a_secret_never_goes_over_a_file_and_a_failure_leaves_none(run, office, tmp_path):
    issued = office.issue("roll-2", office.people["000001"])
    office.post("roll-2", "/v1/office/credentials", issued)
    wanted = ["credential", "approve", issued["credential_id"], "--out", "secret.json"]
    run("roll-2", *wanted, code="second_officer_needed")
    assert not (tmp_path / "secret.json").exists()
    (tmp_path / "secret.json").write_text("another")
    result = CliRunner().invoke(
        office_commands.app,
        [
            *wanted,
            "--api",
            str(office.http.base_url),
            "--officer",
            "approver-1",
            "--officer-key",
            "approver-1.pem",
        ],
    )
    assert isinstance(result.exception, FileExistsError)
    assert (tmp_path / "secret.json").read_text() == "another"
    assert office.approve("approver-1", issued, "roll-2").status_code == 200


def test_a_contested_refusal_is_answered(run, office):
    refusal = office.refuse(HANAKO)
    office.http.post("/v1/contests", json={"refusal": refusal.to_json()})
    assert refusal.refusal_id in run("reviewer-1", "refusals").stdout
    done = run("reviewer-1", "resolve", refusal.refusal_id, "--withdrawn", "--json")
    assert json.loads(done.stdout)["outcome"] == "withdrawn"


def test_an_auditor_prints_the_whole_log(run, office):
    for _ in range(101):
        office.post("counter-1", "/v1/office/voters/search", {"voter_id": "000001"})
    lines = [json.loads(line) for line in run("auditor-1", "log").stdout.splitlines()]
    assert [line["sequence"] for line in lines[:-1]] == list(range(1, 102))
    assert lines[-1]["head"]["sequence"] == 101


def test_a_printed_token_serves_another_program(run, office):
    printed = run("auditor-1", "token", "GET", "/v1/office/log?after=0").stdout.strip()
    assert office.send(printed, "GET", "/v1/office/log?after=0").status_code == 200


def test_a_service_of_another_election_gets_no_token(run):
    other = ["--contract", "0x" + "11" * 20]
    run("auditor-1", "log", *other, code="service_of_another_election")


def test_a_service_that_is_none_is_an_error_with_a_next_step(run, office, stage, monkeypatch):
    arguments = ["log", "--officer", "auditor-1", "--officer-key", "auditor-1.pem", "--api"]
    for address in ("http://127.0.0.1:9", f"{stage.address}/somewhere"):
        result = CliRunner().invoke(office_commands.app, [*arguments, address])
        assert isinstance(result.exception, TohyoError), result.exception
        assert result.exception.hint


def test_an_id_with_a_slash_reaches_no_other_address(run, office):
    answer = run(
        "counter-1",
        "transition",
        "../../contests",
        "--from",
        "eligible",
        "--to",
        "voted_in_person",
        code="not_found",
    )
    assert answer.hint
    assert office.log() == []


def test_the_evidence_is_written_for_an_auditor_and_never_over_a_file(
    office, election, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    identity = pyrage.x25519.Identity.generate()
    office.services.vault.save(tmp_path / "registrar.key")
    lines = [
        f'database = "{office.database.name}"',
        'master_key_file = "registrar.key"',
        'mode = "test"',
        f'rpc = "{election.w3.provider.endpoint_uri}"',
        f'contract = "{election.address}"',
    ]
    for officer in office.services.settings.officers:
        lines += ["[[officers]]", f'id = "{officer.id}"', f"roles = {sorted(officer.roles)}"]
        lines += [f'public_key = "{officer.public_key}"']
    (tmp_path / "registrar.toml").write_text("\n".join(lines))
    office.present(office.credential(office.people["000001"]))
    api = typer.Typer()
    api.callback()(lambda: None)
    api.command("evidence")(office_commands.evidence)
    arguments = [
        "evidence",
        "--out",
        "out.age",
        "--recipient",
        str(identity.to_public()),
        "--config",
        "registrar.toml",
    ]
    arguments += ["--officer", "auditor-1", "--officer-key", "auditor-1.pem", "--json"]
    done = CliRunner().invoke(api, arguments)
    assert done.exit_code == 0, done.exception
    archive = read_evidence(tmp_path / "out.age", identity)
    assert json.loads(done.stdout)["records"] == dict(archive.header.counts)
    assert len(archive.registrations) == 1
    before = (tmp_path / "out.age").read_bytes()
    again = CliRunner().invoke(api, arguments)
    assert isinstance(again.exception, FileExistsError)
    assert (tmp_path / "out.age").read_bytes() == before
