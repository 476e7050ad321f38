"""The commands around the registrar's records, as two officers and the operator use them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from chain.time import travel_to
from identity.officer import OfficerKey
from tests.support.small_election import CLOSES, open_election

EXAMPLE = Path(__file__).parents[2] / "examples/tsukuba-2018/roll.csv"
HEADER = "voter_id,name,date_of_birth,sex,address\n"
NEW = HEADER + "new-1,新井 花,1990-01-31,女,茨城県つくば市吾妻1丁目1番地1\n"


@pytest.fixture
def office(tmp_path, monkeypatch):
    """An empty folder with settings, three officers' keys and a key file."""
    monkeypatch.chdir(tmp_path)
    lines = ['mode = "test"', 'database = "sqlite:///registrar.sqlite"', 'master_key_file = "registrar.key"']
    for name, roles in {"aoki": ["roll"], "baba": ["approver"], "chiba": ["roll", "approver"]}.items():
        key = OfficerKey.create()
        key.save(tmp_path / f"{name}.pem")
        lines += ["[[officers]]", f'id = "{name}"', f"roles = {json.dumps(roles)}"]
        lines += [f'public_key = "{key.public_key_hex}"']
    (tmp_path / "api.toml").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.fixture
def roll(tohyo, office):
    """Run `tohyo roll COMMAND` with the settings, as an officer if one is named."""
    assert tohyo("api", "keys", "new", "registrar.key").code == 0

    def run(command, *arguments, by=None):
        signs = ["--officer", by, "--officer-key", f"{by}.pem"] if by else []
        return tohyo("roll", command, *arguments, "--config", "api.toml", *signs, "--json")

    return run


@pytest.fixture
def full_roll(roll):
    proposed = roll("import", EXAMPLE, by="aoki").json
    assert roll("approve", proposed["id"], by="baba").code == 0
    return roll


def refused(outcome, code, *words):
    assert outcome.code == 2
    assert outcome.out == ""
    assert code in outcome.err
    for word in words:
        assert word in outcome.err
    assert "Traceback" not in outcome.err


def test_a_roll_takes_effect_when_the_second_officer_approves(roll):
    proposed = roll("import", EXAMPLE, by="aoki").json
    assert (proposed["kind"], proposed["state"], proposed["count"]) == ("import", "pending", 119)
    assert roll("show").json["people"] == 0
    assert [each["id"] for each in roll("pending").json["pending"]] == [proposed["id"]]
    assert roll("approve", proposed["id"], by="baba").json["state"] == "applied"
    shown = roll("show").json
    assert (shown["people"], shown["status"]["eligible"], shown["pending_lists"]) == (119, 119, 0)
    assert shown["log"]["entries"] == 2


def test_a_roll_in_shift_jis_is_imported_the_same(roll):
    Path("roll.csv").write_bytes(EXAMPLE.read_text(encoding="utf-8").encode("cp932"))
    proposed = roll("import", "roll.csv", by="aoki").json
    assert len(roll("review", proposed["id"]).json["entries"]) == 119
    assert roll("review", proposed["id"]).json["entries"][0]["name"] == "佐藤 陽子"


def test_a_bad_roll_is_refused_whole_with_every_place(roll):
    Path("roll.csv").write_text(NEW + "x,,1990-13-01,m,\n" + "y,縺輔￥繧,1990-01-01,男,A\n", encoding="utf-8")
    outcome = roll("import", "roll.csv", by="aoki")
    refused(outcome, "roll", "line 3, column 3", "line 3, column 4", "line 4, column 3", "garbled")
    assert roll("pending").json["pending"] == []


def test_the_same_person_twice_is_refused_by_line_without_a_name(roll):
    twice = NEW + NEW.splitlines()[1].replace("new-1", "new-2") + "\n"
    Path("roll.csv").write_text(twice, encoding="utf-8")
    outcome = roll("import", "roll.csv", by="aoki")
    refused(outcome, "change_list_refused", "line 3: the same person as on line 2")
    assert "新井" not in outcome.err


def test_additions_corrections_and_removals_each_need_two(full_roll):
    Path("new.csv").write_text(NEW, encoding="utf-8")
    Path("corrected.csv").write_text(NEW.replace("吾妻", "竹園"), encoding="utf-8")
    Path("leavers.csv").write_text("voter_id\nnew-1\ntsukuba-0001\n", encoding="utf-8")
    people = {"add": 120, "correct": 120, "remove": 118}
    for command, file in {"add": "new.csv", "correct": "corrected.csv", "remove": "leavers.csv"}.items():
        proposed = full_roll(command, file, by="chiba").json
        refused(full_roll("approve", proposed["id"], by="chiba"), "second_officer_needed")
        assert full_roll("approve", proposed["id"], by="baba").json["state"] == "applied"
        assert full_roll("show").json["people"] == people[command]


def test_a_rejected_list_is_gone(full_roll):
    Path("leavers.csv").write_text("voter_id\ntsukuba-0001\n", encoding="utf-8")
    proposed = full_roll("remove", "leavers.csv", by="aoki").json
    assert full_roll("reject", proposed["id"], by="baba").json["state"] == "rejected"
    refused(full_roll("approve", proposed["id"], by="baba"), "change_list_decided", "rejected by baba")
    assert full_roll("show").json["people"] == 119


def test_the_wrong_officer_is_told_what_is_missing(roll, tohyo):
    refused(roll("import", EXAMPLE, by="baba"), "officer_role_missing", "`roll`")
    stolen = ["--officer", "aoki", "--officer-key", "baba.pem", "--config", "api.toml"]
    refused(tohyo("roll", "import", EXAMPLE, *stolen), "officer_signature_invalid", "tohyo office key show")
    refused(roll("approve", "00" * 16, by="baba"), "change_list_unknown", "tohyo roll pending")


def test_without_a_key_file_it_says_how_to_make_one(tohyo, office):
    asked = ["--config", "api.toml", "--officer", "aoki", "--officer-key", "aoki.pem"]
    refused(tohyo("roll", "import", EXAMPLE, *asked), "key_file", "tohyo api keys new")


def test_a_database_that_does_not_answer_is_an_error_without_its_password(roll):
    url = "postgresql://office:hunter2@127.0.0.1:1/roll"
    outcome = roll("show", "--database", url)
    refused(outcome, "database_unavailable", "127.0.0.1")
    assert "hunter2" not in outcome.err


def test_master_keys_are_rotated_and_retired(full_roll, tohyo):
    first = tohyo("api", "keys", "rotate", "--config", "api.toml", "--json").json
    assert (first["records"], first["dropped"]) == (120, "")
    second = tohyo("api", "keys", "rotate", "--retire", "--config", "api.toml", "--json").json
    assert second["current"] == first["current"]
    assert second["dropped"] != ""
    assert Path("registrar.key").stat().st_mode & 0o777 == 0o600
    refused(tohyo("api", "keys", "new", "registrar.key"), "key_file", "exists already")


def test_the_log_is_shown_and_verified(full_roll, tohyo):
    entries = tohyo("api", "log", "--config", "api.toml", "--json").json["entries"]
    assert [entry["action"] for entry in entries] == ["change_list_proposed", "change_list_applied"]
    assert tohyo("api", "log", "--after", "1", "--config", "api.toml").out.count("change_list") == 1
    verified = tohyo("api", "log", "--verify", "--config", "api.toml", "--json").json
    assert (verified["log"], verified["entries"]) == ("unbroken", 2)
    with sqlite3.connect("registrar.sqlite") as forger:
        forger.execute("DROP TRIGGER log_entry_update")
        forger.execute("UPDATE log_entry SET actor = 'nobody' WHERE sequence = 1")
    forger.close()
    refused(tohyo("api", "log", "--verify", "--config", "api.toml"), "registrar_log_broken", "entry 1")


def test_nothing_that_is_shown_about_the_roll_names_anybody(full_roll, tohyo):
    names = [line.split(",")[1] for line in EXAMPLE.read_text(encoding="utf-8").splitlines()[1:]]
    shown = [full_roll("show"), full_roll("pending"), tohyo("api", "log", "--config", "api.toml")]
    text = "".join(outcome.out + outcome.err for outcome in shown)
    assert not any(name in text for name in names)


@pytest.fixture(scope="module")
def election():
    with open_election() as opened:
        yield opened


def test_personal_data_is_erased_when_the_result_can_no_longer_be_contested(full_roll, tohyo, election):
    where = ["--rpc", election.rpc_url, "--contract", election.client.address, "--config", "api.toml"]
    asked = [
        "api",
        "retain",
        "--days",
        "30",
        *where,
        "--officer",
        "baba",
        "--officer-key",
        "baba.pem",
        "--json",
    ]
    assert tohyo(*asked).json["would_erase"]["people"] == 119
    refused(tohyo(*asked, "--yes"), "retention_too_early", "Nothing was erased")
    travel_to(election.w3, CLOSES + 30 * 86_400)
    assert tohyo(*asked, "--yes").json["erased"]["people"] == 119
    assert full_roll("show").json["people"] == 119
    assert tohyo(*asked).json["would_erase"]["people"] == 0
    assert tohyo("api", "log", "--verify", "--config", "api.toml", "--json").json["entries"] == 3
