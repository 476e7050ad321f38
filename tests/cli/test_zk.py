"""Proofs on files, from the command line."""

import json
import secrets

import pytest

from zk.circuits import CircuitName
from zk.field import SCALAR_FIELD
from zk.files import inputs_document
from zk.keys import ensure_keys
from zk.merkle import IncrementalMerkleTree
from zk.statement import VoteStatement, VoteWitness, commitment_of, nullifier_hash_of

DEPTH = 3


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    directory = tmp_path_factory.mktemp("keys")
    ensure_keys(CircuitName.VOTE, DEPTH, directory)
    return directory


@pytest.fixture
def inputs(tmp_path):
    nullifier, secret = secrets.randbelow(SCALAR_FIELD), secrets.randbelow(SCALAR_FIELD)
    tree = IncrementalMerkleTree.from_leaves(DEPTH, [5, commitment_of(nullifier, secret), 6])
    statement = VoteStatement(tree.root, nullifier_hash_of(nullifier, 7), 7, 8)
    witness = VoteWitness(nullifier, secret, 1, tree.path(1).elements)
    path = tmp_path / "inputs.json"
    path.write_text(json.dumps(inputs_document(statement, witness)))
    return path


def prove(tohyo, inputs, keys, out):
    return tohyo(
        "zk", "prove", "vote", "--depth", DEPTH, "--inputs", inputs, "--out", out, "--keys", keys, "--json"
    )


def verify(tohyo, keys, folder):
    files = ("--proof", folder / "proof.json", "--public", folder / "public.json")
    return tohyo("zk", "verify", "--vk", keys / f"vote-{DEPTH}" / "verification_key.json", *files, "--json")


def test_a_proof_from_files_verifies_and_a_changed_statement_does_not(tohyo, inputs, keys, tmp_path):
    proved = prove(tohyo, inputs, keys, tmp_path / "out")
    assert proved.code == 0, proved.err
    assert "development keys: not for a real election" in proved.err
    found = verify(tohyo, keys, tmp_path / "out")
    assert (found.code, found.json) == (0, {"valid": True})

    public = tmp_path / "out" / "public.json"
    values = json.loads(public.read_text())
    public.write_text(json.dumps([*values[:3], str(int(values[3]) + 1)]))
    changed = verify(tohyo, keys, tmp_path / "out")
    assert (changed.code, changed.json) == (1, {"valid": False})

    public.write_text(json.dumps([str(int(values[0]) + SCALAR_FIELD), *values[1:]]))
    assert verify(tohyo, keys, tmp_path / "out").code == 2


def test_a_file_cannot_command_the_terminal_through_an_error(tohyo, inputs, keys, tmp_path):
    document = json.loads(inputs.read_text())
    inputs.write_text(json.dumps({**document, "\x1b[2Jnew": "1"}))
    refused = prove(tohyo, inputs, keys, tmp_path / "out")
    assert refused.code == 2
    assert "new" in refused.err
    assert "\x1b[2J" not in refused.err


def test_a_false_statement_is_not_proved_and_no_secret_is_shown(tohyo, inputs, keys, tmp_path):
    document = json.loads(inputs.read_text())
    document["nullifier_hash"] = "1"
    inputs.write_text(json.dumps(document))
    refused = prove(tohyo, inputs, keys, tmp_path / "out")
    assert refused.code == 2
    assert "nullifier hash" in refused.err
    assert document["secret"] not in refused.err
    assert document["nullifier"] not in refused.err
    assert not (tmp_path / "out" / "proof.json").exists()


def test_inputs_that_are_no_inputs_are_told(tohyo, keys, tmp_path):
    (tmp_path / "inputs.json").write_text("[" * 5000)
    refused = prove(tohyo, tmp_path / "inputs.json", keys, tmp_path / "out")
    assert refused.code == 2
    assert "inputs.json" in refused.err
