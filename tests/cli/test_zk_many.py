"""Many proofs on files, from the command line."""

import json
import secrets

import pytest

from zk.circuits import CircuitName
from zk.field import SCALAR_FIELD
from zk.files import inputs_document
from zk.keys import ensure_keys
from zk.merkle import IncrementalMerkleTree
from zk.statement import VoteStatement, VoteWitness, commitment_of, nullifier_hash_of


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    directory = tmp_path_factory.mktemp("keys")
    ensure_keys(CircuitName.VOTE, 1, directory)
    return directory


def inputs(root_offset=0):
    nullifier, secret = secrets.randbelow(SCALAR_FIELD), secrets.randbelow(SCALAR_FIELD)
    tree = IncrementalMerkleTree.from_leaves(1, [5, commitment_of(nullifier, secret)])
    root = (tree.root + root_offset) % SCALAR_FIELD
    statement = VoteStatement(root, nullifier_hash_of(nullifier, 7), 7, 8)
    return inputs_document(statement, VoteWitness(nullifier, secret, 1, tree.path(1).elements))


def prove(tohyo, tmp_path, keys, *more):
    arguments = ("--depth", 1, "--inputs", tmp_path / "in", "--out", tmp_path / "out", "--keys", keys)
    return tohyo("zk", "prove", "vote", *arguments, *more)


def test_a_folder_is_proved_but_for_its_bad_file_and_the_rest_the_next_time(tohyo, tmp_path, keys):
    (tmp_path / "in").mkdir()
    documents = {"b": inputs(), "a": inputs(root_offset=1), "c": inputs()}
    for name, document in documents.items():
        (tmp_path / "in" / f"{name}.json").write_text(json.dumps(document))
    first = prove(tohyo, tmp_path, keys, "--jobs", 2, "--json")
    assert first.code == 2
    assert (first.json["proved"], first.json["kept"], first.json["refused"]) == (2, 0, 1)
    ((refused, reason),) = first.json["refusals"].items()
    assert refused == str(tmp_path / "in" / "a.json")
    assert "the path leads from the leaf to the root" in reason
    assert documents["a"]["secret"] not in first.out + first.err

    (tmp_path / "in" / "a.json").write_text(json.dumps(inputs()))
    second = prove(tohyo, tmp_path, keys, "--jobs", 1, "--json")
    assert (second.code, second.json["proved"], second.json["kept"]) == (0, 1, 2)
    written = [proof["proof"] for proof in second.json["proofs"]]
    assert written == [str(tmp_path / "out" / name / "proof.json") for name in "abc"]
    vk, folder = keys / "vote-1" / "verification_key.json", tmp_path / "out" / "a"
    files = ("--vk", vk, "--proof", folder / "proof.json", "--public", folder / "public.json")
    assert tohyo("zk", "verify", *files).code == 0


@pytest.mark.parametrize("jobs", [0, -1, "many"])
def test_a_number_of_jobs_that_is_none_is_refused(tohyo, tmp_path, keys, jobs):
    assert prove(tohyo, tmp_path, keys, "--jobs", jobs).code == 2


def test_an_empty_folder_is_told(tohyo, tmp_path, keys):
    (tmp_path / "in").mkdir()
    refused = prove(tohyo, tmp_path, keys)
    assert refused.code == 2
    assert "holds no .json file" in refused.err
