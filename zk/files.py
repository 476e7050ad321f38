"""Proofs on files: what `tohyo zk prove` and `tohyo zk verify` do.

An input file is one JSON object; field elements are decimal strings, since JSON numbers lose digits in
other languages:

    {"root": "…", "nullifier_hash": "…", "election_id": "…", "signal": "…",
     "nullifier": "…", "secret": "…", "leaf_index": 5, "path_elements": ["…", …]}

Proof and public inputs are written as `proof.json` and `public.json`, which snarkjs reads. An input file
holds the voter's secrets; this module reads it, never copies it, and no error repeats a secret.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from zk.circuits import types_of
from zk.errors import ZkError
from zk.field import is_field_element
from zk.groth16.types import Proof, VerifyingKey
from zk.keys import native_backend
from zk.proving import StatementProver
from zk.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zk.circuits import CircuitName, Statement, Witness
    from zk.keys import CircuitKeys

PROOF_NAME, PUBLIC_NAME = "proof.json", "public.json"
_WITNESS_NAMES = ("nullifier", "secret", "leaf_index", "path_elements")
_MAX_DIGITS = 77


class InputFileError(ZkError):
    """A file that cannot be read, is no JSON, or lacks a member."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def read_inputs(circuit: CircuitName, path: Path) -> tuple[Statement, Witness]:
    """Read an input file; raises InputFileError, which names the member but not its value."""
    document = read_json(path)
    if not isinstance(document, dict):
        raise InputFileError(path, "an input file is one JSON object")
    statement_type, witness_type = types_of(circuit)
    public_names = [field.name for field in fields(statement_type)]
    names = {*public_names, *_WITNESS_NAMES}
    if missing := sorted(names - set(document)):
        raise InputFileError(path, f"missing: {', '.join(missing)}")
    if unknown := sorted(set(document) - names):
        raise InputFileError(path, f"unknown: {', '.join(unknown)}")
    index, elements = document["leaf_index"], document["path_elements"]
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise InputFileError(path, "leaf_index is not a whole number")
    if not isinstance(elements, list):
        raise InputFileError(path, "path_elements is not a list")
    statement = statement_type(*(_element(path, name, document[name]) for name in public_names))
    path_elements = tuple(_element(path, f"path_elements[{i}]", x) for i, x in enumerate(elements))
    nullifier, secret = (_element(path, name, document[name]) for name in ("nullifier", "secret"))
    return statement, witness_type(nullifier, secret, index, path_elements)


def inputs_document(statement: Any, witness: Any) -> dict[str, Any]:  # noqa: ANN401  any circuit's dataclasses
    """Return the content of an input file: inverse of `read_inputs`."""
    return {
        **{field.name: str(getattr(statement, field.name)) for field in fields(statement)},
        "nullifier": str(witness.nullifier),
        "secret": str(witness.secret),
        "leaf_index": witness.leaf_index,
        "path_elements": [str(element) for element in witness.path_elements],
    }


def prove_to_files(keys: CircuitKeys, inputs: Path, out_directory: Path) -> tuple[Path, Path]:
    """Prove what an input file says; return the paths of proof.json and public.json."""
    statement, witness = read_inputs(keys.circuit_name, inputs)
    return write_proof(out_directory, StatementProver(keys).prove(statement, witness), statement)


def write_proof(folder: Path, proof: Proof, statement: Statement) -> tuple[Path, Path]:
    """Write proof.json and public.json into a folder, each whole or not at all; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / PROOF_NAME, proof.to_json())
    write_json(folder / PUBLIC_NAME, public_document(statement))
    return folder / PROOF_NAME, folder / PUBLIC_NAME


def public_document(statement: Statement) -> list[str]:
    """Return the content of public.json."""
    return [str(value) for value in statement.public_inputs()]


def verify_files(verifying_key: Path, proof: Path, public: Path) -> bool:
    """Verify a proof file natively; raises on anything malformed."""
    key = VerifyingKey.from_json(read_json(verifying_key))
    values = read_json(public)
    if not isinstance(values, list):
        raise InputFileError(public, "public inputs are a JSON list of decimal strings")
    inputs = [_element(public, f"[{i}]", value) for i, value in enumerate(values)]
    return native_backend().verifier(key).verify(Proof.from_json(read_json(proof)), inputs)


def read_json(path: Path) -> object:
    """Read JSON, with an error that says which file and where."""
    try:
        document: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputFileError(path, f"cannot be read ({error.strerror})") from error
    except json.JSONDecodeError as error:
        raise InputFileError(
            path, f"is no JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        ) from error
    except RecursionError as error:
        raise InputFileError(path, "is nested too deeply") from error
    except ValueError as error:
        raise InputFileError(path, "is not UTF-8 text") from error
    return document


def write_json(path: Path, document: Mapping[str, Any] | list[Any]) -> None:
    """Write whole or not at all."""
    write_whole(path, json.dumps(document, indent=1), private=True)


def _element(path: Path, name: str, value: object) -> int:
    """Read a decimal string below r."""
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > _MAX_DIGITS:
        raise InputFileError(path, f"{name} is not a decimal string")
    if not is_field_element(number := int(value)):
        raise InputFileError(path, f"{name} is not below r")
    return number
