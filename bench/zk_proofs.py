"""What proofs cost: `python bench/zk_proofs.py` for every circuit, `… vote --depth 20` for one.

Measures compilation, set-up, witness, proof, verification (one and 1,000) and memory, next to snarkjs and to
arkworks on the same circuit, key and witness in the same run; prints a table and writes
bench/results/zk_<circuit>.json.

The native figure is warm and includes witness, check and proof. `arkworks_own` is the library's function
alone, on the unsplit key and a ready witness. snarkjs is measured three ways: `snarkjs groth16 prove` from
the shell with a ready witness; the equivalent of `groth16 fullprove` from the shell (bench/zk_snarkjs.mjs
computes the witness, then proves); and the same, warm, inside one node process. The witness in Node is that
of web/witness.mjs: as a whole command, and inside it loading the program, the first witness, and later ones.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import groth16py

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.measuring import (  # noqa: E402  the script may be run from anywhere
    machine,
    max_rss_mib,
    ratio,
    seconds_of_command,
    summary,
    timed,
    timed_with_processor,
)
from bench.zk_samples import sample  # noqa: E402  as above
from zk.circuits import CircuitName, compile_named, named_inputs  # noqa: E402  as above
from zk.field import SCALAR_FIELD  # noqa: E402  as above
from zk.formats.program_file import pack_program  # noqa: E402  as above
from zk.formats.wtns_file import pack_wtns  # noqa: E402  as above
from zk.groth16.reference import ReferenceBackend  # noqa: E402  as above
from zk.keys import ensure_keys  # noqa: E402  as above
from zk.proving import StatementProver, StatementVerifier  # noqa: E402  as above

if TYPE_CHECKING:
    from zk.circuits import Statement, Witness
    from zk.groth16.types import Proof, VerifyingKey

RESULTS = ROOT / "bench/results"
SNARKJS = ROOT / "node_modules/.bin/snarkjs"
DEPTHS = {CircuitName.VOTE: 20, CircuitName.WITHDRAW: 16}
ROUNDS = 5
PROOFS_A_ROUND = 6
WITNESSES = 20
BATCH = 1000


@dataclass(frozen=True)
class Files:
    """What the other programs read."""

    zkey: Path
    wtns: Path
    inputs: Path
    program: Path


class Laps:
    """Seconds under many names."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def add(self, name: str, *seconds: float) -> None:
        """Remember more measurements."""
        self.seconds.setdefault(name, []).extend(seconds)

    def __getitem__(self, name: str) -> list[float]:
        return self.seconds[name]


def write_files(directory: Path, zkey: Path, prover: StatementProver, wires: list[int], inputs: Any) -> Files:  # noqa: ANN401  named numbers
    """Write what snarkjs, arkworks and Node are given."""
    files = Files(zkey, *(directory / name for name in ("witness.wtns", "inputs.json", "circuit.program")))
    files.wtns.write_bytes(pack_wtns(wires))
    files.inputs.write_text(json.dumps({name: str(value) for name, value in inputs.items()}))
    files.program.write_bytes(pack_program(prover.circuit))
    return files


def native_round(laps: Laps, prover: StatementProver, statement: Statement, witness: Witness) -> None:
    """Measure warm proofs of ours, and their parts."""
    r1cs = prover.circuit.r1cs
    for _ in range(PROOFS_A_ROUND):
        wires, seconds = timed(partial(prover.witness_of, statement, witness))
        laps.add("native_witness", seconds)
        laps.add("native_check", timed(partial(r1cs.require_satisfied, wires))[1])
        laps.add("native_serialisation", timed(partial(pack_wtns, wires))[1])
        wall, processor = timed_with_processor(partial(prover.prove, statement, witness))
        laps.add("native_proof_with_witness", wall)
        laps.add("native_proof_processor", processor)


def arkworks_round(laps: Laps, key: groth16py.ProvingKey, files: Files) -> None:
    """Measure the library's own prover."""
    for _ in range(PROOFS_A_ROUND):
        wall, processor = timed_with_processor(partial(groth16py.prove_wtns, key, str(files.wtns)))
        laps.add("arkworks_own_proof", wall)
        laps.add("arkworks_own_proof_processor", processor)


def node_round(laps: Laps, files: Files, directory: Path) -> None:
    """Measure snarkjs from the shell, and our interpreter in Node."""
    out = (directory / "proof.json", directory / "public.json")
    laps.add(
        "snarkjs_prove_shell",
        seconds_of_command(SNARKJS, "groth16", "prove", files.zkey, files.wtns, *out)[0],
    )
    wall, processor = seconds_of_command(*fullprove(files), "1")
    laps.add("snarkjs_fullprove_shell", wall)
    laps.add("snarkjs_fullprove_processor", processor)
    laps.add("node_witness_command", seconds_of_command(*node_witness(files), "1")[0])
    load, first, *_ = node_milliseconds(*node_witness(files), "1")
    laps.add("node_witness_load", load)
    laps.add("node_witness_first", first)


def fullprove(files: Files) -> tuple[str | Path, ...]:
    """Return the command of bench/zk_snarkjs.mjs, but for the number of repeats."""
    return "node", ROOT / "bench/zk_snarkjs.mjs", files.program, files.inputs, files.zkey


def node_witness(files: Files) -> tuple[str | Path, ...]:
    """Return the command of bench/zk_witness.mjs, but for the number of repeats."""
    return "node", ROOT / "bench/zk_witness.mjs", files.program, files.inputs


def node_milliseconds(*command: str | Path) -> list[float]:
    """Run a script that prints a list of milliseconds; return seconds."""
    arguments = [str(part) for part in command]
    printed = subprocess.run(arguments, check=True, capture_output=True, cwd=ROOT).stdout
    return [milliseconds / 1000 for milliseconds in json.loads(printed)]


def measure(circuit_name: CircuitName, depth: int, directory: Path) -> dict[str, Any]:
    """Run everything once; snarkjs, arkworks and ours take turns, so that all meet the same machine."""
    circuit, compile_seconds = timed(lambda: compile_named(circuit_name, depth))
    keys, setup_seconds = timed(lambda: ensure_keys(circuit_name, depth, directory))
    prover, load_seconds = timed(lambda: StatementProver(keys))
    statement, witness = sample(circuit_name, depth)
    first_wires, first_witness_seconds = timed(lambda: prover.witness_of(statement, witness))
    proof, first_seconds = timed(lambda: prover.prove(statement, witness))
    inputs = named_inputs(circuit_name, statement, witness)
    files = write_files(directory, keys.zkey_path, prover, first_wires, inputs)
    whole_key = groth16py.import_zkey(str(keys.zkey_path))[0]
    memory = max_rss_mib()

    laps = Laps()
    for _ in range(ROUNDS):
        native_round(laps, prover, statement, witness)
        arkworks_round(laps, whole_key, files)
        node_round(laps, files, directory)
    laps.add("snarkjs_fullprove_warm", *node_milliseconds(*fullprove(files), "6")[1:])
    laps.add("node_witness_warm", *node_milliseconds(*node_witness(files), str(WITNESSES))[5:])
    program = files.program.read_bytes()
    return {
        "constraints": circuit.n_constraints,
        "bytes": {**keys.sizes, "witness program, gzipped": len(gzip.compress(program))},
        "seconds": {
            "compile": round(compile_seconds, 4),
            "setup": round(setup_seconds, 4),
            "load_prover": round(load_seconds, 4),
            "native_first_witness": round(first_witness_seconds, 4),
            "native_first_proof": round(first_seconds, 4),
            **{name: summary(seconds) for name, seconds in laps.seconds.items()},
            **verification(keys.verifying_key, proof, statement),
        },
        "times_arkworks_own": {
            "seconds": ratio(laps["native_proof_with_witness"], laps["arkworks_own_proof"]),
            "processor": ratio(laps["native_proof_processor"], laps["arkworks_own_proof_processor"]),
        },
        "times_faster_than": {
            "snarkjs_fullprove_shell": ratio(
                laps["snarkjs_fullprove_shell"], laps["native_proof_with_witness"]
            ),
            "snarkjs_prove_shell": ratio(laps["snarkjs_prove_shell"], laps["native_proof_with_witness"]),
            "snarkjs_fullprove_warm": ratio(
                laps["snarkjs_fullprove_warm"], laps["native_proof_with_witness"]
            ),
            "snarkjs_fullprove_processor": ratio(
                laps["snarkjs_fullprove_processor"], laps["native_proof_processor"]
            ),
        },
        "max_rss_mib": {
            "after the first proof": memory,
            "this process": max_rss_mib(),
            "largest snarkjs process": max_rss_mib(resource.RUSAGE_CHILDREN),
        },
    }


def verification(key: VerifyingKey, proof: Proof, statement: Any) -> dict[str, Any]:  # noqa: ANN401  any statement
    """Seconds for one proof, for a batch, and for a batch with one false proof."""
    verifier = StatementVerifier(key)
    single = [timed(lambda: verifier.verify(proof, statement))[1] for _ in range(50)]
    claims = [(proof, statement)] * BATCH
    answers, batch = timed(lambda: verifier.verify_many(claims))
    name = fields(statement)[0].name
    claims[BATCH // 2] = (proof, replace(statement, **{name: (getattr(statement, name) + 1) % SCALAR_FIELD}))
    with_false, batch_with_false = timed(lambda: verifier.verify_many(claims))
    if not all(answers) or with_false.count(False) != 1 or with_false[BATCH // 2]:
        raise SystemExit("verification went wrong: these figures mean nothing")
    reference = ReferenceBackend().verifier(key)
    slow = [timed(lambda: reference.verify(proof, statement.public_inputs()))[1] for _ in range(3)]
    return {
        "native_verify": summary(single),
        f"native_verify_{BATCH}": round(batch, 4),
        f"native_verify_{BATCH}_one_false": round(batch_with_false, 4),
        "reference_verify": summary(slow),
    }


def report(circuit: CircuitName, depth: int, result: dict[str, Any]) -> None:
    """Print the table."""
    print(f"{circuit}, depth {depth}: {result['constraints']} constraints")
    for name, value in result["seconds"].items():
        shown = value["median"] if isinstance(value, dict) else value
        print(f"  {name:<32} {shown:>9.4f} s")
    for name, value in result["times_arkworks_own"].items():
        print(f"  native takes {value['median']:.2f} × arkworks' own {name} (best: {value['best']:.2f} ×)")
    for name, value in result["times_faster_than"].items():
        print(f"  native is {value['median']:.1f} × as fast as {name} (best times: {value['best']:.1f} ×)")
    for name, value in result["bytes"].items():
        print(f"  {name:<32} {value:>9} bytes")
    for name, value in result["max_rss_mib"].items():
        print(f"  {name:<32} {value:>9} MiB at most")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="Measure proofs next to snarkjs and arkworks.")
    parser.add_argument("circuit", nargs="?", choices=list(CircuitName), type=CircuitName)
    parser.add_argument("--depth", type=int)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    for circuit in [arguments.circuit] if arguments.circuit else DEPTHS:
        depth = arguments.depth or DEPTHS[circuit]
        with tempfile.TemporaryDirectory() as directory:
            result = {
                "command": f"python bench/zk_proofs.py {circuit} --depth {depth}",
                "machine": machine(),
                "depth": depth,
                **measure(circuit, depth, Path(directory)),
            }
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / f"zk_{circuit}.json").write_text(json.dumps(result, indent=1) + "\n")
        report(circuit, depth, result)


if __name__ == "__main__":
    main()
