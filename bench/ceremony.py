"""What a key ceremony costs: `python bench/ceremony.py --power 14`.

Runs every step of both phases from the shell with `tohyo` and with snarkjs, one after the other on the same
files: contributions, preparing the powers of tau for phase 2, verification, and the key of the vote
circuit. Each result is verified, and what both programs prepared and began must be the same points. Wall
time, processor time, and the largest process of each command. `tohyo` verifies a key together with the
powers, which snarkjs does in two commands. snarkjs prepares 2¹⁴ powers for about nine minutes; --power 10
with --depth 1 shows the same in two. Prints a table and writes bench/results/ceremony.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.measuring import machine  # noqa: E402  the script may be run from anywhere
from zk.circuits import CircuitName, compile_named  # noqa: E402  as above
from zk.formats.r1cs_file import pack_r1cs  # noqa: E402  as above
from zk.formats.section_file import SectionFile  # noqa: E402  as above

RESULT = ROOT / "bench/results/ceremony.json"
SNARKJS = ROOT / "node_modules/.bin/snarkjs"
TOHYO = (sys.executable, "-m", "scripts.tohyo.main", "zk", "ceremony")
BEACON = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"


Command = tuple[str | Path, ...]


class Cost(NamedTuple):
    """What a command took."""

    seconds: float
    processor: float
    max_rss_mib: int


def cost_of(*command: str | Path) -> Cost:
    """Run a command to its end; a failure ends the bench."""
    start = time.perf_counter()
    process = subprocess.Popen(
        list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None  # noqa: S101  a pipe was asked for
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed:\n{said.decode()[-2000:]}")
    seconds = time.perf_counter() - start
    return Cost(round(seconds, 2), round(used.ru_utime + used.ru_stime, 2), used.ru_maxrss // 1024)


class Bench:
    """One ceremony in a folder, each step by both programs."""

    def __init__(self, folder: Path, power: int, depth: int) -> None:
        self._folder, self._power, self._depth = folder, power, depth
        self.steps: dict[str, dict[str, Any]] = {}

    def run(self) -> None:
        """Measure every step."""
        self._phase_1()
        self._phase_2()

    def _phase_1(self) -> None:
        power = str(self._power)
        cost_of(*TOHYO, "powers", "new", "--power", power, "--out", self._file("0.ptau"))
        self._step(
            "contribute to powers",
            self._tohyo("powers", "contribute", "0.ptau", "--out", "1.ptau", *self._person()),
            self._snarkjs("powersoftau", "contribute", "0.ptau", "theirs_1.ptau", "--name=Tom", "-e=typed"),
        )
        self._step(
            "beacon to powers",
            self._tohyo("powers", "beacon", "1.ptau", "--out", "2.ptau", "--value", BEACON),
            self._snarkjs("powersoftau", "beacon", "1.ptau", "theirs_2.ptau", BEACON, "10"),
        )
        self._step(
            "prepare powers",
            self._tohyo("powers", "prepare", "2.ptau", "--out", "prepared.ptau"),
            self._snarkjs("powersoftau", "prepare", "phase2", "2.ptau", "theirs_prepared.ptau"),
        )
        self._require_same("prepared.ptau", "theirs_prepared.ptau")
        self._step(
            "verify prepared powers",
            self._tohyo("powers", "verify", "prepared.ptau"),
            self._snarkjs("powersoftau", "verify", "prepared.ptau"),
        )

    def _phase_2(self) -> None:
        circuit = compile_named(CircuitName.VOTE, self._depth)
        self._file("vote.r1cs").write_bytes(pack_r1cs(circuit.r1cs))
        which = ("vote", "--depth", str(self._depth), "--powers", "prepared.ptau")
        self._step(
            "begin a key",
            self._tohyo("begin", *which, "--out", "0.zkey"),
            self._snarkjs("zkey", "new", "vote.r1cs", "prepared.ptau", "theirs_0.zkey"),
        )
        self._require_same("0.zkey", "theirs_0.zkey")
        self._step(
            "contribute to a key",
            self._tohyo("contribute", "0.zkey", "--out", "1.zkey", *self._person()),
            self._snarkjs("zkey", "contribute", "0.zkey", "theirs_1.zkey", "--name=Tom", "-e=typed"),
        )
        self._step(
            "verify key and powers",
            self._tohyo("verify", *which[:1], "1.zkey", *which[1:]),
            self._snarkjs("powersoftau", "verify", "prepared.ptau"),
            self._snarkjs("zkey", "verify", "vote.r1cs", "prepared.ptau", "1.zkey"),
        )

    def _step(self, name: str, ours: Command, *theirs: Command) -> None:
        load = round(os.getloadavg()[0], 2)
        tohyo = cost_of(*ours)
        parts = [cost_of(*command) for command in theirs]
        snarkjs = Cost(
            round(sum(part.seconds for part in parts), 2),
            round(sum(part.processor for part in parts), 2),
            max(part.max_rss_mib for part in parts),
        )
        self.steps[name] = {
            "tohyo": tohyo._asdict(),
            "snarkjs": snarkjs._asdict(),
            "times_faster": round(snarkjs.seconds / tohyo.seconds, 2),
            "load_average_before": load,
        }
        print(f"{name:<24} tohyo {tohyo.seconds:>8.2f} s   snarkjs {snarkjs.seconds:>8.2f} s", flush=True)

    def _tohyo(self, *arguments: str) -> Command:
        return *TOHYO, *map(self._placed, arguments)

    def _snarkjs(self, *arguments: str) -> Command:
        return SNARKJS, *map(self._placed, arguments)

    def _person(self) -> tuple[str, str, str, str]:
        entropy = self._file("typed.txt")
        entropy.write_text("what nobody else types")
        return "--name", "Ann", "--entropy-file", str(entropy)

    def _placed(self, argument: str) -> str | Path:
        is_file = argument.endswith((".ptau", ".zkey", ".r1cs"))
        return self._file(argument) if is_file else argument

    def _file(self, name: str) -> Path:
        return self._folder / name

    def _require_same(self, ours: str, theirs: str) -> None:
        magic = ours.rpartition(".")[2].encode()
        a, b = SectionFile(self._file(ours), magic), SectionFile(self._file(theirs), magic)
        if any(a.read(section) != b.read(section) for section in a.extents):
            raise SystemExit(f"{ours} and {theirs} differ: these figures mean nothing")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="Measure a key ceremony next to snarkjs.")
    parser.add_argument("--power", type=int, default=14)
    parser.add_argument("--depth", type=int, default=20)
    parser.add_argument("--out", type=Path, default=RESULT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.power, arguments.depth)
        bench.run()
    result = {
        "command": f"python bench/ceremony.py --power {arguments.power} --depth {arguments.depth}",
        "machine": machine(),
        "power": arguments.power,
        "circuit": {"name": "vote", "depth": arguments.depth},
        "steps": bench.steps,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
