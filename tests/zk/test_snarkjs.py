"""The published snarkjs reads what we write, proves with our key, and agrees about every proof."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zk.files import write_json
from zk.formats.wtns_file import pack_wtns
from zk.groth16 import Proof, VerifyingKey
from zk.groth16.native import NativeBackend
from zk.groth16.reference import ReferenceBackend
from zk.keys import VERIFYING_KEY_NAME, CircuitKeys
from zk.vote_circuit import vote_constraints

if TYPE_CHECKING:
    from tests.zk.conftest import Vote
    from zk.proving import StatementProver

SNARKJS = Path(__file__).parents[2] / "node_modules/.bin/snarkjs"


def snarkjs(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [str(SNARKJS), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=check, timeout=120)


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, prover: StatementProver, vote: Vote, proof: Proof
) -> Path:
    folder = tmp_path_factory.mktemp("snarkjs")
    (folder / "vote.wtns").write_bytes(pack_wtns(prover.witness_of(vote.statement, vote.witness)))
    write_json(folder / "proof.json", proof.to_json())
    write_json(folder / "public.json", [str(x) for x in vote.statement.public_inputs()])
    return folder


def test_it_reads_our_constraints(keys: CircuitKeys) -> None:
    said = snarkjs("r1cs", "info", keys.r1cs_path).stdout
    assert f"# of Constraints: {vote_constraints(keys.depth)}" in said
    assert "# of Public Inputs: 4" in said
    assert f"# of Private Inputs: {2 + 2 * keys.depth}" in said


def test_it_finds_our_witness_correct_and_a_changed_one_not(
    keys: CircuitKeys, folder: Path, prover: StatementProver, vote: Vote
) -> None:
    assert "WITNESS IS CORRECT" in snarkjs("wtns", "check", keys.r1cs_path, folder / "vote.wtns").stdout
    witness = prover.witness_of(vote.statement, vote.witness)
    witness[-1] += 1
    (folder / "false.wtns").write_bytes(pack_wtns(witness))
    said = snarkjs("wtns", "check", keys.r1cs_path, folder / "false.wtns", check=False).stdout
    assert "WITNESS IS NOT CORRECT" in said


def test_it_proves_with_our_key_and_we_verify(keys: CircuitKeys, folder: Path, vote: Vote) -> None:
    theirs, public = folder / "theirs.json", folder / "theirs_public.json"
    snarkjs("groth16", "prove", keys.zkey_path, folder / "vote.wtns", theirs, public)
    assert json.loads(public.read_text()) == [str(x) for x in vote.statement.public_inputs()]
    proof = Proof.from_json(json.loads(theirs.read_text()))
    for backend in (NativeBackend(), ReferenceBackend()):
        assert backend.verifier(keys.verifying_key).verify(proof, vote.statement.public_inputs())


def test_it_verifies_our_proof_and_refuses_it_for_another_signal(keys: CircuitKeys, folder: Path) -> None:
    key = keys.directory / VERIFYING_KEY_NAME
    assert "OK!" in snarkjs("groth16", "verify", key, folder / "public.json", folder / "proof.json").stdout
    inputs = json.loads((folder / "public.json").read_text())
    write_json(folder / "other.json", [*inputs[:3], str(int(inputs[3]) + 1)])
    refused = snarkjs("groth16", "verify", key, folder / "other.json", folder / "proof.json", check=False)
    assert refused.returncode != 0
    assert "OK!" not in refused.stdout


def test_it_exports_the_verifying_key_that_we_wrote(keys: CircuitKeys, folder: Path) -> None:
    exported = folder / "exported.json"
    snarkjs("zkey", "export", "verificationkey", keys.zkey_path, exported)
    assert VerifyingKey.from_json(json.loads(exported.read_text())) == keys.verifying_key
