"""What the machinery costs: `python bench/zk_engine.py`.

Compiles a circuit of more than 50,000 constraints in a process of its own (seconds and memory), and proves
votes in parallel: proofs per second of 1, 2, … workers, warm; and a folder of inputs from start to end, as
`tohyo zk prove --jobs` does it. Beside it, how much several processes of arkworks' own prover gain over one
on this machine, which is as much as anybody can. Prints the result and writes bench/results/zk_engine.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import groth16py

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.measuring import machine, max_rss_mib, summary, timed  # noqa: E402  the script may be run from anywhere
from bench.zk_samples import sample  # noqa: E402  as above
from zk.circuit import ConstraintSystem, compile_circuit  # noqa: E402  as above
from zk.circuits import CircuitName  # noqa: E402  as above
from zk.files import inputs_document, write_json  # noqa: E402  as above
from zk.formats.r1cs_file import pack_r1cs  # noqa: E402  as above
from zk.formats.wtns_file import pack_wtns  # noqa: E402  as above
from zk.gadgets import enforce_membership  # noqa: E402  as above
from zk.keys import ensure_keys  # noqa: E402  as above
from zk.many_files import input_files, prove_many_to_files  # noqa: E402  as above
from zk.prover_pool import prover_pool  # noqa: E402  as above
from zk.proving import StatementProver  # noqa: E402  as above

if TYPE_CHECKING:
    from zk.keys import CircuitKeys

RESULT = ROOT / "bench/results/zk_engine.json"
DEPTH = 20
MEMBERSHIPS = 11  # of 4,841 constraints each
PROOFS = 24
ROUNDS = 3


def describe_many(cs: ConstraintSystem) -> None:
    """Describe memberships of several leaves under one root."""
    root = cs.public_input("root")
    leaves = [[cs.private_input(f"leaf {i}, {j}") for j in range(1 + 2 * DEPTH)] for i in range(MEMBERSHIPS)]
    for i, (leaf, *rest) in enumerate(leaves):
        with cs.scope(f"leaf {i}"):
            enforce_membership(cs, leaf, zip(rest[:DEPTH], rest[DEPTH:], strict=True), root)


def compile_here() -> dict[str, Any]:
    """Compile in this process, which has done nothing else."""
    before = max_rss_mib()
    circuit, seconds = timed(lambda: compile_circuit("many memberships", describe_many))
    memory = max_rss_mib()
    encode_seconds = timed(lambda: pack_r1cs(circuit.r1cs))[1]
    return {
        "constraints": circuit.n_constraints,
        "seconds": round(seconds, 3),
        "max_rss_mib": memory,
        "max_rss_mib_before": before,
        "r1cs_seconds": round(encode_seconds, 3),
    }


def compile_elsewhere() -> dict[str, Any]:
    """Compile in a fresh process, three times; keep the median."""
    command = [sys.executable, __file__, "--compile"]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(3)]
    found: dict[str, Any] = sorted(runs, key=lambda run: float(run["seconds"]))[1]
    return found


def rate_of_pool(keys: CircuitKeys, jobs: int) -> float:
    """Proofs per second of warm workers."""
    tasks = [(str(i), *sample(CircuitName.VOTE, DEPTH)) for i in range(2 * jobs + PROOFS)]
    with prover_pool(keys, jobs) as pool:
        list(pool.prove_all(tasks[PROOFS:]))
        return PROOFS / timed(lambda: list(pool.prove_all(tasks[:PROOFS])))[1]


def seconds_of_folder(keys: CircuitKeys, inputs: Path, out: Path, jobs: int) -> float:
    """Prove a folder of inputs from start to end, workers' start included."""
    outcomes, seconds = timed(lambda: prove_many_to_files(keys, input_files([inputs]), out, jobs))
    if any(outcome.error or outcome.was_there for outcome in outcomes):
        raise SystemExit("not every input was proved: these figures mean nothing")
    return seconds


def rate_of_arkworks(zkey: Path, wtns: Path, processes: int) -> float:
    """Proofs per second of arkworks' own prover in so many processes at once."""
    command = [sys.executable, __file__, "--arkworks", str(zkey), str(wtns)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(processes)
    ]
    for process in running:
        assert process.stdout is not None  # noqa: S101  it was asked for
        process.stdout.readline()  # it is warm
    return processes * PROOFS / 2 / timed(lambda: _race(running))[1]


def _race(running: list[subprocess.Popen[bytes]]) -> None:
    """Start all of them before waiting for any."""
    for process in running:
        assert process.stdin is not None  # noqa: S101  it was asked for
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in running:
        process.communicate()


def arkworks_here(zkey: str, wtns: str) -> None:
    """Prove again and again, once told to."""
    key = groth16py.import_zkey(zkey)[0]
    groth16py.prove_wtns(key, wtns)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(PROOFS // 2):
        groth16py.prove_wtns(key, wtns)


def measure_jobs(directory: Path) -> dict[str, Any]:
    """Measure each number of jobs in turn, several times."""
    keys = ensure_keys(CircuitName.VOTE, DEPTH, directory)
    statement, witness = sample(CircuitName.VOTE, DEPTH)
    wtns, inputs = directory / "vote.wtns", directory / "inputs"
    wtns.write_bytes(pack_wtns(StatementProver(keys).witness_of(statement, witness)))
    inputs.mkdir()
    for i in range(PROOFS):
        write_json(inputs / f"{i:02}.json", inputs_document(*sample(CircuitName.VOTE, DEPTH)))
    cores = os.cpu_count() or 1
    jobs = sorted({1, 2, cores})
    rates: dict[int, list[float]] = {count: [] for count in jobs}
    folders: dict[int, list[float]] = {count: [] for count in jobs}
    arkworks: dict[int, list[float]] = {1: [], cores: []}
    for turn in range(ROUNDS):
        for count in jobs:
            rates[count].append(rate_of_pool(keys, count))
            folders[count].append(seconds_of_folder(keys, inputs, directory / f"out-{turn}-{count}", count))
        for count, found in arkworks.items():
            found.append(rate_of_arkworks(keys.zkey_path, wtns, count))
    best = {count: statistics.median(found) for count, found in rates.items()}
    ceiling = {count: statistics.median(found) for count, found in arkworks.items()}
    return {
        "proofs_per_second": {str(count): summary(found) for count, found in rates.items()},
        "gain_of_all_cores": round(best[cores] / best[1], 2),
        "arkworks_own_proofs_per_second": {str(count): summary(found) for count, found in arkworks.items()},
        "arkworks_own_gain_of_all_cores": round(ceiling[cores] / ceiling[1], 2),
        "folder": {
            "files": PROOFS,
            "seconds": {str(count): summary(found) for count, found in folders.items()},
        },
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="Measure the compiler and proofs in parallel.")
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--compile", action="store_true", help="only compile, here; print JSON")
    parser.add_argument("--arkworks", nargs=2, metavar=("ZKEY", "WTNS"), help="only prove, again and again")
    arguments = parser.parse_args()
    if arguments.compile:
        print(json.dumps(compile_here()))
        return
    if arguments.arkworks:
        arkworks_here(*arguments.arkworks)
        return
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory:
        result = {
            "command": "python bench/zk_engine.py",
            "machine": machine(),
            "compile": compile_elsewhere(),
            "jobs": measure_jobs(Path(directory)),
        }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    print(f"{time.perf_counter() - start:.0f} s in all")


if __name__ == "__main__":
    main()
