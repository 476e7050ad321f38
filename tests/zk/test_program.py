"""The witness program outside Python gives the witness that Python gives."""

from __future__ import annotations

import json
import secrets
import subprocess
from pathlib import Path

import pytest

from tests.zk.conftest import make_vote
from zk.circuit import Circuit, ConstraintSystem, compile_circuit
from zk.circuits import CircuitName, compile_named
from zk.field import SCALAR_FIELD
from zk.formats.program_file import pack_program
from zk.formats.wtns_file import pack_wtns, read_wtns
from zk.gadgets import canonical_bits_of, is_equal, is_zero, poseidon_digest
from zk.vote_circuit import vote_inputs

RUNNER = Path(__file__).parents[2] / "zk/formats/witness_program.mjs"
SCRIPT = """
const [runner, program, inputs, out] = process.argv.slice(1);
const { loadProgram, runProgram, packWitness } = await import(runner);
const { readFileSync, writeFileSync } = await import("node:fs");
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
writeFileSync(out, packWitness(runProgram(loadProgram(read(program)), read(inputs))));
"""


def run_in_node(circuit: Circuit, inputs: dict[str, int], directory: Path) -> Path:
    (directory / "program.json").write_bytes(pack_program(circuit))
    (directory / "inputs.json").write_text(json.dumps({name: str(x) for name, x in inputs.items()}))
    paths = [str(directory / name) for name in ("program.json", "inputs.json", "witness.wtns")]
    command = ["node", "--input-type=module", "-e", SCRIPT, str(RUNNER), *paths]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return directory / "witness.wtns"


def every_operation() -> Circuit:
    def describe(cs: ConstraintSystem) -> None:
        x, y = cs.public_input("x"), cs.private_input("y")
        bits = canonical_bits_of(cs, x)
        cs.quotient_or_zero(x, y)
        poseidon_digest(cs, bits[0], is_zero(cs, y), is_equal(cs, x, y))

    return compile_circuit("every operation", describe)


@pytest.mark.parametrize("y", [0, 5, None], ids=["zero", "small", "random"])
def test_every_operation_gives_the_same_wires(tmp_path: Path, y: int | None) -> None:
    circuit = every_operation()
    chosen = secrets.randbelow(SCALAR_FIELD) if y is None else y
    inputs = {"x": secrets.randbelow(SCALAR_FIELD), "y": chosen}
    assert read_wtns(run_in_node(circuit, inputs, tmp_path)) == circuit.checked_witness(inputs)


def test_a_vote_gives_the_same_file(tmp_path: Path) -> None:
    circuit = compile_named(CircuitName.VOTE, 2)
    vote = make_vote(depth=2, size=3)
    inputs = vote_inputs(vote.statement, vote.witness)
    written = run_in_node(circuit, inputs, tmp_path).read_bytes()
    assert written == pack_wtns(circuit.checked_witness(inputs))
