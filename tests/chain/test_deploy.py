"""Deployment, its record, and the script that does it alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from chain.connection import connect
from chain.deploy import Deployment, deploy_election
from chain.elections import open_election
from chain.errors import DeploymentFileError, WrongVerifyingKeyError
from chain.paths import BUILD_DIR, EXAMPLE, PROJECT_ROOT
from chain.sender import UnlockedSender
from election.file import parse_election_document
from election.scheme import TRAITS, Scheme
from scripts.deploy import VerifyingKeyMissingError, read_verifying_key
from tests.support.small_election import CLASSIC, classic_keys, document
from zk.circuits import CircuitName
from zk.development import DEVELOPMENT_KEYS_WARNING
from zk.keys import ensure_keys


def test_a_record_is_read_as_it_was_written(standing_booth, tmp_path):
    path = tmp_path / "folder" / "deployment.json"
    standing_booth.deployment.save(path)
    assert Deployment.load(path) == standing_booth.deployment
    assert json.loads(path.read_text(encoding="utf-8"))["election_id"] == str(
        standing_booth.deployment.election_id
    )


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"election_id": "x"}', '{"election_id": "1", "more": 2}']
)
def test_a_damaged_record_is_told(tmp_path, text):
    path = tmp_path / "deployment.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DeploymentFileError):
        Deployment.load(path)


def test_a_missing_record_is_told(tmp_path):
    with pytest.raises(DeploymentFileError, match="cannot be read"):
        Deployment.load(tmp_path / "none.json")


def test_the_election_id_is_the_contracts(standing_booth):
    deployment = standing_booth.deployment
    assert standing_booth.client.config().election_id == deployment.election_id
    assert replace(deployment).file_hash == f"0x{standing_booth.election.file_hash().hex()}"


def test_the_keys_folder_gives_key_and_transcript_hash(vote_keys):
    key, transcript_hash = read_verifying_key(vote_keys.directory)
    assert (key, transcript_hash) == (vote_keys.verifying_key, vote_keys.transcript_hash)


@pytest.mark.parametrize("scheme", list(Scheme))
def test_a_key_of_the_other_schemes_circuit_is_refused(w3, vote_keys, scheme):
    sender = UnlockedSender(w3, w3.eth.accounts[0])
    changes = CLASSIC if scheme is Scheme.CREAM_CLASSIC else {}
    keys = vote_keys if scheme is Scheme.CREAM_CLASSIC else classic_keys()
    election = parse_election_document(document(**changes))
    with pytest.raises(WrongVerifyingKeyError, match=f"scheme {scheme}") as raised:
        deploy_election(w3, sender, election, keys.verifying_key, sender.address)
    assert TRAITS[scheme].circuit in raised.value.hint


def test_the_script_finds_the_keys_of_the_elections_scheme(node, w3, tmp_path):
    del w3  # restores the chain
    classic_keys()
    file = tmp_path / "classic.json"
    file.write_text(json.dumps(document(**CLASSIC)), encoding="utf-8")
    done = script("--rpc", node.rpc_url, "--election", str(file))
    assert done.returncode == 0, done.stderr
    assert DEVELOPMENT_KEYS_WARNING in done.stderr
    address = json.loads(done.stdout)["contract"]
    assert open_election(connect(node.rpc_url), address).scheme is Scheme.CREAM_CLASSIC


def test_a_folder_without_keys_is_told(tmp_path):
    with pytest.raises(VerifyingKeyMissingError) as raised:
        read_verifying_key(tmp_path)
    assert "tohyo zk setup vote" in raised.value.hint


def script(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "scripts.deploy", *arguments],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_script_deploys_from_an_account_of_the_node(node, w3, vote_keys):
    del w3  # restores the chain
    done = script(
        "--rpc",
        node.rpc_url,
        "--election",
        str(EXAMPLE / "election.json"),
        "--keys",
        str(vote_keys.directory),
        "--account",
        "2",
    )
    assert done.returncode == 0, done.stderr
    assert Deployment.from_json(json.loads(done.stdout)).chain_id == node.chain_id


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rpc", "http://127.0.0.1:1"], "nothing answers"),
        (["--election", "/nowhere.json"], "nowhere.json"),
        (["--keys", "/nowhere"], "tohyo zk setup"),
        (["--account", "99"], "error"),
    ],
)
def test_the_script_says_what_is_wrong(node, arguments, said):
    ensure_keys(CircuitName.VOTE, 10, BUILD_DIR / "keys")
    done = script("--rpc", node.rpc_url, *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
