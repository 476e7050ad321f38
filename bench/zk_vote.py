"""What a vote proof costs: `python bench/zk_vote.py --depth 20`.

Measures compilation, set-up, witness, proof, verification (one and 1,000) and memory, next to snarkjs on
the same circuit, key and witness in the same run; prints a table and writes bench/results/zk_vote.json.

snarkjs is measured three ways: `snarkjs groth16 prove` from the shell with a ready witness; the equivalent of
`groth16 fullprove` from the shell (bench/zk_snarkjs.mjs computes the witness, then proves); and the same,
warm, inside one node process. The native figure is warm and includes witness, check and proof.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from zk.circuits import CircuitName, compile_named  # noqa: E402
from zk.field import SCALAR_FIELD  # noqa: E402  the script may be run from anywhere
from zk.formats.program_file import pack_program  # noqa: E402  as above
from zk.formats.wtns_file import pack_wtns  # noqa: E402  as above
from zk.groth16.reference import ReferenceBackend  # noqa: E402  as above
from zk.keys import ensure_keys  # noqa: E402  as above
from zk.merkle import IncrementalMerkleTree  # noqa: E402  as above
from zk.proving import StatementProver, StatementVerifier  # noqa: E402  as above
from zk.statement import VoteStatement, VoteWitness, commitment_of, nullifier_hash_of  # noqa: E402  as above
from zk.vote_circuit import vote_inputs  # noqa: E402  as above

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESULT = ROOT / "bench/results/zk_vote.json"
SNARKJS = ROOT / "node_modules/.bin/snarkjs"
ROUNDS = 5
PROOFS_A_ROUND = 10
BATCH = 1000
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what `work` returns, and its seconds."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Median, best and worst."""
    return {
        "median": round(statistics.median(seconds), 5),
        "min": round(min(seconds), 5),
        "max": round(max(seconds), 5),
        "count": len(seconds),
    }


def make_vote(depth: int, size: int = 1000) -> tuple[VoteStatement, VoteWitness]:
    """Make a vote out of a crowd of `size`."""
    nullifier, secret, election_id, signal = (secrets.randbelow(SCALAR_FIELD) for _ in range(4))
    count = min(size, 1 << depth)
    leaves = [secrets.randbelow(SCALAR_FIELD) for _ in range(count - 1)]
    tree = IncrementalMerkleTree.from_leaves(depth, [*leaves, commitment_of(nullifier, secret)])
    path = tree.path(count - 1)
    statement = VoteStatement(tree.root, nullifier_hash_of(nullifier, election_id), election_id, signal)
    return statement, VoteWitness(nullifier, secret, path.leaf_index, path.elements)


def seconds_of_command(*command: str | Path) -> tuple[float, float]:
    """Wall time and processor time of a command from start to exit."""
    arguments = [str(part) for part in command]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = timed(lambda: subprocess.run(arguments, check=True, capture_output=True, cwd=ROOT))[1]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def native_proof(
    prover: StatementProver, statement: VoteStatement, witness: VoteWitness
) -> dict[str, list[float]]:
    """Seconds of each part of a warm proof."""
    parts: dict[str, list[float]] = {"witness": [], "check": [], "whole": [], "processor": []}
    for _ in range(PROOFS_A_ROUND):
        wires, seconds = timed(lambda: prover.witness_of(statement, witness))
        parts["witness"].append(seconds)
        parts["check"].append(timed(lambda: prover.circuit.r1cs.require_satisfied(wires))[1])  # noqa: B023  at once
        before = time.process_time()
        parts["whole"].append(timed(lambda: prover.prove(statement, witness))[1])
        parts["processor"].append(time.process_time() - before)
    return parts


def measure(depth: int, directory: Path) -> dict[str, Any]:
    """Run everything once; snarkjs and native take turns, so that both meet the same machine."""
    circuit, compile_seconds = timed(lambda: compile_named(CircuitName.VOTE, depth))
    keys, setup_seconds = timed(lambda: ensure_keys(CircuitName.VOTE, depth, directory))
    prover, load_seconds = timed(lambda: StatementProver(keys))
    statement, witness = make_vote(depth)
    proof, first_seconds = timed(lambda: prover.prove(statement, witness))
    wtns, inputs, program = (directory / name for name in ("vote.wtns", "inputs.json", "vote.program"))
    wtns.write_bytes(pack_wtns(prover.witness_of(statement, witness)))
    inputs.write_text(json.dumps({name: str(x) for name, x in vote_inputs(statement, witness).items()}))
    program.write_bytes(pack_program(circuit))

    native: dict[str, list[float]] = {"witness": [], "check": [], "whole": [], "processor": []}
    shell_prove, shell_fullprove = [], []
    out = (directory / "proof.json", directory / "public.json")
    fullprove = ("node", ROOT / "bench/zk_snarkjs.mjs", program, inputs, keys.zkey_path)
    for _ in range(ROUNDS):
        for name, seconds in native_proof(prover, statement, witness).items():
            native[name] += seconds
        shell_prove.append(seconds_of_command(SNARKJS, "groth16", "prove", keys.zkey_path, wtns, *out))
        shell_fullprove.append(seconds_of_command(*fullprove, "1"))
    warm = subprocess.run([*map(str, fullprove), "6"], check=True, capture_output=True, cwd=ROOT).stdout
    warm_fullprove = [milliseconds / 1000 for milliseconds in json.loads(warm)[1:]]

    prove_wall, _ = zip(*shell_prove, strict=True)
    fullprove_wall, fullprove_processor = zip(*shell_fullprove, strict=True)
    return {
        "constraints": circuit.n_constraints,
        "bytes": dict(keys.sizes),
        "seconds": {
            "compile": round(compile_seconds, 4),
            "setup": round(setup_seconds, 4),
            "load_prover": round(load_seconds, 4),
            "native_first_proof": round(first_seconds, 4),
            "native_witness": summary(native["witness"]),
            "native_check": summary(native["check"]),
            "native_proof_with_witness": summary(native["whole"]),
            "native_proof_processor": summary(native["processor"]),
            "snarkjs_prove_shell": summary(prove_wall),
            "snarkjs_fullprove_shell": summary(fullprove_wall),
            "snarkjs_fullprove_processor": summary(fullprove_processor),
            "snarkjs_fullprove_warm": summary(warm_fullprove),
            **verification(keys.verifying_key, proof, statement),
        },
        "times_faster_than": {
            "snarkjs_fullprove_shell": ratio(fullprove_wall, native["whole"]),
            "snarkjs_prove_shell": ratio(prove_wall, native["whole"]),
            "snarkjs_fullprove_warm": ratio(warm_fullprove, native["whole"]),
            "snarkjs_fullprove_processor": ratio(fullprove_processor, native["processor"]),
        },
    }


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> dict[str, float]:
    """Ratios of the medians, and of the best times, which a busy machine disturbs least."""
    return {
        "median": round(statistics.median(theirs) / statistics.median(ours), 2),
        "best": round(min(theirs) / min(ours), 2),
    }


def verification(key: Any, proof: Any, statement: VoteStatement) -> dict[str, Any]:  # noqa: ANN401  as measured
    """Seconds for one proof, for a batch, and for a batch with one false proof."""
    verifier = StatementVerifier(key)
    single = [timed(lambda: verifier.verify(proof, statement))[1] for _ in range(50)]
    claims = [(proof, statement)] * BATCH
    answers, batch = timed(lambda: verifier.verify_many(claims))
    false_statement = VoteStatement(*statement.public_inputs()[:3], (statement.signal + 1) % SCALAR_FIELD)
    claims[BATCH // 2] = (proof, false_statement)
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


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="Measure vote proofs next to snarkjs.")
    parser.add_argument("--depth", type=int, default=20)
    parser.add_argument("--out", type=Path, default=RESULT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        result = measure(arguments.depth, Path(directory))
    result = {
        "command": f"python bench/zk_vote.py --depth {arguments.depth}",
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "load_average": os.getloadavg()[0],
        },
        "depth": arguments.depth,
        **result,
        "max_rss_mib": {
            "this process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "largest snarkjs process": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        },
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    print(f"vote, depth {result['depth']}: {result['constraints']} constraints")
    for name, value in result["seconds"].items():
        shown = value["median"] if isinstance(value, dict) else value
        print(f"  {name:<32} {shown:>9.4f} s")
    for name, value in result["times_faster_than"].items():
        print(f"  native is {value['median']:.1f} × as fast as {name} (best times: {value['best']:.1f} ×)")
    for name, value in result["max_rss_mib"].items():
        print(f"  {name:<32} {value:>6} MiB at most")


if __name__ == "__main__":
    main()
