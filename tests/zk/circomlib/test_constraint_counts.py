"""No gadget has more constraints than circomlib's, and what docs quote is what was counted."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from bench.constraints import (
    CIRCUITS,
    CLASSIC_DEPTH,
    GADGETS,
    RESULT,
    ROOT,
    Comparison,
    above_circomlib,
    circomlib_counts,
    compile_circom,
    our_count,
    withdraw_comparison,
)
from zk.merkle import IncrementalMerkleTree
from zk.mimc import mimc_compress
from zk.withdraw_circuit import withdraw_inputs
from zk.withdraw_statement import (
    WithdrawStatement,
    WithdrawWitness,
    classic_commitment,
    classic_nullifier_hash,
)

if TYPE_CHECKING:
    from pathlib import Path

CLASSIC = withdraw_comparison(CLASSIC_DEPTH)


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RESULT.read_text())
    return found


@pytest.fixture(scope="module")
def recorded(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    gadgets: dict[str, dict[str, Any]] = result["gadgets"]
    return gadgets


@pytest.mark.parametrize("comparison", [*GADGETS, CLASSIC], ids=lambda c: c.name)
def test_ours_are_as_recorded_and_no_more_than_circomlibs(
    recorded: dict[str, dict[str, Any]], comparison: Comparison
) -> None:
    row = recorded[comparison.name]
    assert row["circomlib"] == comparison.main
    assert our_count(comparison) == row["ours"] <= row["circomlib_o2"] <= row["circomlib_o1"]


def test_every_recorded_row_is_compared_and_none_is_above(
    result: dict[str, Any], recorded: dict[str, dict[str, Any]]
) -> None:
    assert list(recorded) == [comparison.name for comparison in (*GADGETS, CLASSIC)]
    assert result["bars"]["gadgets_above_circomlib"] == len(above_circomlib(recorded)) == 0
    assert above_circomlib({"x": {"ours": 3, "circomlib_o1": 4, "circomlib_o2": 2}}) == ["x"]


@pytest.mark.slow
@pytest.mark.parametrize("level", ["O1", "O2"])
def test_all_recorded_counts_are_what_circom_says(recorded: dict[str, dict[str, Any]], level: str) -> None:
    counted = circomlib_counts([*GADGETS, CLASSIC], level)
    assert counted == {name: row[f"circomlib_{level.lower()}"] for name, row in recorded.items()}


def test_some_recorded_counts_are_what_circom_says(recorded: dict[str, dict[str, Any]]) -> None:
    """The fast part of the test above: the smallest number there is, for what classic CREAM is made of."""
    names = {
        "bits_of, 253 bits",
        "pedersen_hash, 496 bits",
        "mimc_sponge_digests, 2 inputs",
        "enforce_signature",
    }
    chosen = [comparison for comparison in GADGETS if comparison.name in names]
    assert len(chosen) == len(names)
    assert circomlib_counts(chosen, "O2") == {name: recorded[name]["circomlib_o2"] for name in names}


@pytest.fixture(scope="module")
def circomlib_circuit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of circomlib's withdraw circuit of depth 2, compiled to a witness calculator."""
    directory = tmp_path_factory.mktemp("circom")
    shutil.copytree(CIRCUITS, directory / "node_modules/circomlib/circuits")
    compile_circom(directory, "withdraw", withdraw_comparison(2), "--wasm", "--r1cs", "--O1")
    return directory


def circomlib_accepts(directory: Path, inputs: dict[str, int]) -> bool:
    """Whether the circuit built from circomlib's templates has a witness for these inputs."""
    arrays = ("path_elements", "path_bits")
    document: dict[str, Any] = {name: str(x) for name, x in inputs.items() if "[" not in name}
    for name in arrays:
        document[name] = [str(inputs[f"{name}[{i}]"]) for i in range(2)]
    (directory / "input.json").write_text(json.dumps(document))
    snarkjs = ROOT / "node_modules/.bin/snarkjs"
    command = [str(snarkjs), "wtns", "calculate", "withdraw_js/withdraw.wasm", "input.json", "out.wtns"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        assert "Assert Failed" in done.stdout + done.stderr
    return done.returncode == 0


def test_a_withdrawal_is_one_for_circomlibs_circuit_too(circomlib_circuit: Path) -> None:
    nullifier, secret = secrets.randbits(248), secrets.randbits(248)
    leaves = [11, 12, classic_commitment(nullifier, secret)]
    tree = IncrementalMerkleTree.from_leaves(2, leaves, mimc_compress)
    inputs = withdraw_inputs(
        WithdrawStatement(tree.root, classic_nullifier_hash(nullifier), 3, 4, 5),
        WithdrawWitness(nullifier, secret, 2, tree.path(2).elements),
    )
    assert circomlib_accepts(circomlib_circuit, inputs)
    for name in ("root", "nullifier_hash", "secret"):
        assert not circomlib_accepts(circomlib_circuit, {**inputs, name: inputs[name] ^ 1})
