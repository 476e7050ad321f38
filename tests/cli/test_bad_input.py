"""Bad input at the command line's doors: a sentence, what to do, a non-zero exit code, nothing lost."""

import json
import shutil
import socket

import pytest

from chain.node import start_detached, stop_detached
from chain.paths import EXAMPLE, KEYS_DIR
from zk.circuits import CircuitName
from zk.keys import ensure_keys

ANYWHERE = "0x00000000000000000000000000000000000000A1"
ROLL_WITH_ONE_NUMBER_TWICE = (
    "voter_id,name,date_of_birth,sex,address\n"
    "v1,青木,1980-01-01,female,茨城県つくば市天王台1-1-1\n"
    "v1,井上,1981-02-03,male,茨城県つくば市天王台1-1-2\n"
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOHYO_RPC", raising=False)
    monkeypatch.delenv("TOHYO_CONTRACT", raising=False)
    return tmp_path


@pytest.fixture
def dead_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]  # bound, not listening: connections are refused


@pytest.fixture(scope="module")
def rpc(tmp_path_factory):
    state = tmp_path_factory.mktemp("bad-input") / "chain"
    yield start_detached(state, port=0).rpc_url
    stop_detached(state)


def assert_refused(outcome, *words):
    assert outcome.code == 2, outcome.out
    assert "Traceback" not in outcome.err
    for word in words:
        assert word in outcome.err


def test_a_malformed_election_file_is_located(tohyo, here):
    text = (EXAMPLE / "election.json").read_text(encoding="utf-8")
    (here / "bad.json").write_text(text.replace('"schedule"', '"schedule'), encoding="utf-8")
    assert_refused(tohyo("demo", "--election", "bad.json"), "bad.json", "line", "column")


def test_a_wrong_value_in_the_election_file_is_located(tohyo, here):
    document = json.loads((EXAMPLE / "election.json").read_text(encoding="utf-8"))
    document["depth"] = 33
    (here / "bad.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
    assert_refused(tohyo("election", "deploy", "bad.json", "--dev-account", "0"), "depth", "line")


def test_a_malformed_roll_is_located(tohyo, here):
    (here / "roll.csv").write_text(ROLL_WITH_ONE_NUMBER_TWICE, encoding="utf-8")
    assert_refused(tohyo("demo", "--roll", "roll.csv"), "roll.csv", "line 3", "on line 2 already")


def test_a_missing_file_is_named(tohyo):
    assert_refused(tohyo("demo", "--election", "nowhere.json"), "nowhere.json")


def test_a_dead_chain_is_told(tohyo, dead_port):
    outcome = tohyo("audit", "--rpc", f"http://127.0.0.1:{dead_port}", "--contract", ANYWHERE)
    assert_refused(outcome, str(dead_port), "tohyo chain up")


def test_an_rpc_that_is_no_address_is_told(tohyo):
    assert_refused(tohyo("audit", "--rpc", "not an address", "--contract", ANYWHERE), "not an address")


def test_an_address_without_contract_is_told(tohyo, rpc):
    assert_refused(tohyo("audit", "--rpc", rpc, "--contract", ANYWHERE), ANYWHERE)


def test_a_contract_that_is_no_address_is_told(tohyo, rpc):
    assert_refused(tohyo("audit", "--rpc", rpc, "--contract", "0x12"), "0x12")


def test_a_wrong_network_is_told(tohyo, here, rpc):
    record = {
        "contract": ANYWHERE,
        "verifier": ANYWHERE,
        "hasher": ANYWHERE,
        "chain_id": 5,
        "election_id": "1",
        "block_number": 1,
        "file_hash": "0x" + "00" * 32,
        "gas": {},
    }
    (here / "deployment.json").write_text(json.dumps(record))
    assert_refused(tohyo("election", "status", "--rpc", rpc, "--deployment", "deployment.json"), "31337", "5")


def test_a_damaged_deployment_record_is_told(tohyo, here, rpc):
    (here / "deployment.json").write_text("{")
    assert_refused(
        tohyo("election", "status", "--rpc", rpc, "--deployment", "deployment.json"), "deployment.json"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("election", "deploy", EXAMPLE / "election.json", "--from", "0x12"),
        ("election", "deploy", EXAMPLE / "election.json", "--dev-account", "0", "--registrar", "me"),
        (
            "election",
            "deploy",
            EXAMPLE / "election.json",
            "--dev-account",
            "0",
            "--registrar",
            ANYWHERE.lower()[:-1],
        ),
        (
            "election",
            "deploy",
            EXAMPLE / "election.json",
            "--dev-account",
            "0",
            "--registrar",
            "0x5FbDB2315678afecb367f032d93F642f64180aA3",
        ),
    ],
)
def test_an_account_that_is_no_address_is_told(tohyo, rpc, arguments):
    assert_refused(tohyo(*arguments, "--rpc", rpc), "not an address", arguments[-2])


def test_no_election_named_is_told(tohyo, rpc):
    assert_refused(tohyo("election", "status", "--rpc", rpc), "--contract", "--deployment")


def test_missing_keys_are_told(tohyo, here):
    assert_refused(
        tohyo("zk", "info", "vote", "--depth", 3, "--keys", here / "none"), "tohyo zk setup vote --depth 3"
    )


def test_damaged_keys_are_told_and_made_again_on_request(tohyo, here):
    made = ensure_keys(CircuitName.VOTE, 3, KEYS_DIR)
    keys = here / "keys"
    shutil.copytree(KEYS_DIR, keys, ignore=lambda _d, names: [n for n in names if n.endswith("20")])
    damaged = keys / made.zkey_path.relative_to(KEYS_DIR)
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    assert_refused(
        tohyo("zk", "info", "vote", "--depth", 3, "--keys", keys),
        damaged.name,
        "tohyo zk setup vote --depth 3",
    )
    assert tohyo("zk", "setup", "vote", "--depth", 3, "--keys", keys).code == 0
    assert tohyo("zk", "info", "vote", "--depth", 3, "--keys", keys).code == 0


def test_an_election_new_without_answers_names_the_missing_option(tohyo, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert_refused(tohyo("election", "new", "x.json"), "--electorate")


def test_an_election_file_is_not_overwritten(tohyo, here):
    (here / "election.json").write_text("mine")
    assert_refused(tohyo("election", "new", "election.json"), "election.json")
    assert (here / "election.json").read_text() == "mine"


def test_resuming_nothing_is_told(tohyo):
    assert_refused(tohyo("demo", "--resume"), "tohyo demo")


def test_a_port_in_use_is_told(tohyo, here, dead_port):
    assert_refused(tohyo("chain", "up", "--port", dead_port, "--state", here / "chain"), str(dead_port))


def test_no_chain_to_ask_about_is_an_answer(tohyo, here):
    outcome = tohyo("chain", "status", "--state", here / "chain", "--json")
    assert (outcome.code, outcome.json["running"]) == (1, False)
