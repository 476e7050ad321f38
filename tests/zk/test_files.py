from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from zk.circuit import UnsatisfiedConstraintError
from zk.circuits import CircuitName
from zk.field import SCALAR_FIELD
from zk.files import (
    InputFileError,
    inputs_document,
    prove_to_files,
    read_inputs,
    verify_files,
    write_json,
)
from zk.groth16 import ProofMalformedError
from zk.keys import VERIFYING_KEY_NAME, CircuitKeys

if TYPE_CHECKING:
    from pathlib import Path

    from tests.zk.conftest import Vote


@pytest.fixture
def document(vote: Vote) -> dict[str, Any]:
    return inputs_document(vote.statement, vote.witness)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    return tmp_path / "inputs.json"


def test_an_input_file_is_read_back(vote: Vote, document: dict[str, Any], inputs: Path) -> None:
    inputs.write_text(json.dumps(document))
    assert read_inputs(CircuitName.VOTE, inputs) == (vote.statement, vote.witness)


def test_files_are_proved_and_verified(keys: CircuitKeys, document: dict[str, Any], inputs: Path) -> None:
    write_json(inputs, document)
    proof, public = prove_to_files(keys, inputs, inputs.parent / "out")
    key = keys.directory / VERIFYING_KEY_NAME
    assert verify_files(key, proof, public)
    values = json.loads(public.read_text())
    write_json(public, [*values[:3], "5"])
    assert not verify_files(key, proof, public)
    assert sorted(path.name for path in proof.parent.iterdir()) == ["proof.json", "public.json"]


def test_a_false_statement_writes_nothing(keys: CircuitKeys, document: dict[str, Any], inputs: Path) -> None:
    write_json(inputs, {**document, "root": "1"})
    with pytest.raises(UnsatisfiedConstraintError):
        prove_to_files(keys, inputs, inputs.parent / "out")
    assert not (inputs.parent / "out").exists()


@pytest.mark.parametrize("name", ["root", "signal", "nullifier", "secret", "leaf_index", "path_elements"])
def test_a_missing_member_is_named(document: dict[str, Any], inputs: Path, name: str) -> None:
    del document[name]
    write_json(inputs, document)
    with pytest.raises(InputFileError, match=f"missing: {name}"):
        read_inputs(CircuitName.VOTE, inputs)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("root", 5, "root is not a decimal string"),
        ("root", "0x5", "root is not a decimal string"),
        ("root", "٣", "root is not a decimal string"),
        ("root", "9" * 5000, "root is not a decimal string"),
        ("signal", str(SCALAR_FIELD), "signal is not below r"),
        ("secret", "-1", "secret is not a decimal string"),
        ("leaf_index", "2", "leaf_index is not a whole number"),
        ("leaf_index", True, "leaf_index is not a whole number"),
        ("leaf_index", -1, "leaf_index is not a whole number"),
        ("path_elements", "1", "path_elements is not a list"),
        ("path_elements", ["1", None], r"path_elements\[1\] is not a decimal string"),
        ("choice", "1", "unknown: choice"),
    ],
)
def test_a_bad_member_is_named(
    document: dict[str, Any], inputs: Path, name: str, value: object, reason: str
) -> None:
    write_json(inputs, {**document, name: value})
    with pytest.raises(InputFileError, match=reason):
        read_inputs(CircuitName.VOTE, inputs)


def test_no_error_repeats_a_secret(document: dict[str, Any], inputs: Path) -> None:
    secret = str(int(document["secret"]) + SCALAR_FIELD)
    write_json(inputs, {**document, "secret": secret})
    with pytest.raises(InputFileError) as caught:
        read_inputs(CircuitName.VOTE, inputs)
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no JSON: line 1, column 1"),
        (b'{\n "root": }', "is no JSON: line 2, column 10"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[]", "one JSON object"),
    ],
)
def test_a_file_that_is_no_input_file_is_refused(inputs: Path, content: bytes, reason: str) -> None:
    inputs.write_bytes(content)
    with pytest.raises(InputFileError, match=reason):
        read_inputs(CircuitName.VOTE, inputs)


def test_a_file_that_is_not_there_is_refused(inputs: Path) -> None:
    with pytest.raises(InputFileError, match="cannot be read"):
        read_inputs(CircuitName.VOTE, inputs)


@pytest.mark.parametrize("public", [{}, [5], ["x"], [str(SCALAR_FIELD)]])
def test_damaged_public_inputs_are_refused(keys: CircuitKeys, tmp_path: Path, public: Any) -> None:
    (tmp_path / "public.json").write_text(json.dumps(public))
    (tmp_path / "proof.json").write_text("{}")
    with pytest.raises(InputFileError):
        verify_files(keys.directory / VERIFYING_KEY_NAME, tmp_path / "proof.json", tmp_path / "public.json")


def test_a_damaged_proof_is_refused(keys: CircuitKeys, tmp_path: Path) -> None:
    (tmp_path / "public.json").write_text("[]")
    (tmp_path / "proof.json").write_text("{}")
    with pytest.raises(ProofMalformedError):
        verify_files(keys.directory / VERIFYING_KEY_NAME, tmp_path / "proof.json", tmp_path / "public.json")


def test_writing_leaves_the_old_file_if_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, [1])
    with pytest.raises(TypeError):
        write_json(path, [object()])
    assert path.read_text() == "[\n 1\n]"
    assert list(tmp_path.iterdir()) == [path]
