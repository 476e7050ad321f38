"""How long a test PKI for a whole town takes: `python bench/testpki.py [--voters N]`.

Runs `tohyo testpki new` as a person would. Yardstick of the same run: making as many RSA-2048 and P-384 keys
as the cards need, in one process, extrapolated from a few. The result goes to bench/results/testpki.json.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bench.measuring import ROOT, machine, seconds_of_command, timed
from identity.testpki.create import NEXT_GENERATION_PERCENT

RESULT = ROOT / "bench" / "results" / "testpki.json"
SAMPLE = 40
KEYS_PER_CARD = 2


def measure(voters: int) -> dict[str, Any]:
    """Make a roll and its cards; compare with making their keys alone."""
    before = machine()
    keys = voters * KEYS_PER_CARD
    rsa_seconds = timed(lambda: [rsa.generate_private_key(65537, 2048) for _ in range(SAMPLE)])[1] / SAMPLE
    p384_seconds = timed(lambda: [ec.generate_private_key(ec.SECP384R1()) for _ in range(SAMPLE)])[1] / SAMPLE
    share = NEXT_GENERATION_PERCENT / 100
    bare = keys * ((1 - share) * rsa_seconds + share * p384_seconds)
    program = Path(sys.executable).with_name("tohyo")
    with tempfile.TemporaryDirectory() as folder:
        roll, cards = Path(folder) / "roll.csv", Path(folder) / "cards"
        seconds_of_command(program, "testpki", "roll", roll, "--voters", str(voters))
        wall, processor = seconds_of_command(program, "testpki", "new", cards, "--roll", roll)
        size = sum(path.stat().st_size for path in cards.rglob("*") if path.is_file())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return {
        "command": f"python bench/testpki.py --voters {voters}",
        "machine": before,
        "voters": voters,
        "next_generation_percent": NEXT_GENERATION_PERCENT,
        "seconds": round(wall, 1),
        "processor_seconds": round(processor, 1),
        "bare_keys_seconds_in_one_process": round(bare, 1),
        "ratio_to_bare_keys": round(wall / bare, 2),
        "largest_process_mib": peak,
        "megabytes_on_disk": round(size / 1e6, 1),
    }


def main() -> None:
    """Measure, show, and write the result."""
    parser = argparse.ArgumentParser(description="Measure how long a test PKI takes.")
    parser.add_argument("--voters", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args()
    result = measure(given.voters)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
