"""How many constraints each gadget has, next to circomlib's: `python bench/constraints.py`.

Compiles circomlib's templates with circom2, with --O1 (its default: signals that equal another signal or a
constant are replaced) and with --O2 (all linear constraints are eliminated), and counts linear and non-linear
constraints together. Prints a table and writes bench/results/constraints.json. Needs `npm ci`; takes a
minute or two.

Ours are counted as a circuit would have them: no row to bring a result to an output. Where circomlib's
template is a verifier with a switch, the switch is the constant 1.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from zk import gadgets  # noqa: E402  the script may be run from anywhere
from zk.babyjubjub import BASE8  # noqa: E402  as above
from zk.circuit import ConstraintSystem  # noqa: E402  as above
from zk.gadgets import WirePoint  # noqa: E402  as above
from zk.gadgets.mimc import mimc7  # noqa: E402  as above
from zk.withdraw_circuit import describe_withdraw  # noqa: E402  as above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zk.circuit import LinearCombination

    Wires = Sequence[LinearCombination]

RESULT = ROOT / "bench/results/constraints.json"
CIRCOM = ROOT / "node_modules/.bin/circom2"
CIRCUITS = ROOT / "node_modules/circomlib/circuits"
WITHDRAW = ROOT / "tests/zk/circomlib/withdraw.circom"
CLASSIC_DEPTH = 16
LEVELS = ("O1", "O2")
_COUNTED = re.compile(r"^(non-linear|linear) constraints: (\d+)$", re.MULTILINE)
_VERIFIER = """
template Verifier() {
  signal input s, message, a[2], r[2];
  component v = EdDSAPoseidonVerifier();
  v.enabled <== 1; v.S <== s; v.M <== message;
  v.Ax <== a[0]; v.Ay <== a[1]; v.R8x <== r[0]; v.R8y <== r[1];
}"""


class Comparison(NamedTuple):
    """One gadget and circomlib's template for the same."""

    name: str
    ours: Callable[[ConstraintSystem, Wires], object]
    n_inputs: int
    include: str
    main: str
    source: str = ""
    public: str = ""


class Row(TypedDict):
    """One line of the table."""

    circomlib: str
    ours: int
    circomlib_o1: int
    circomlib_o2: int


def _points(wires: Wires) -> list[WirePoint]:
    return [WirePoint(*wires[i : i + 2]) for i in range(0, len(wires) - 1, 2)]


_BASE8 = f"[{BASE8.x}, {BASE8.y}]"
GADGETS = (
    Comparison("is_zero", lambda cs, w: gadgets.is_zero(cs, *w), 1, "comparators", "IsZero()"),
    Comparison("is_equal", lambda cs, w: gadgets.is_equal(cs, *w), 2, "comparators", "IsEqual()"),
    Comparison(
        "is_less_than, 32 bits",
        lambda cs, w: gadgets.is_less_than(cs, w[0], w[1], 32),
        2,
        "comparators",
        "LessThan(32)",
    ),
    Comparison(
        "is_less_than, 252 bits",
        lambda cs, w: gadgets.is_less_than(cs, w[0], w[1], 252),
        2,
        "comparators",
        "LessThan(252)",
    ),
    Comparison("select", lambda cs, w: gadgets.select(cs, *w), 3, "mux1", "Mux1()"),
    Comparison(
        "select_point",
        lambda cs, w: gadgets.select_point(cs, w[0], *_points(w[1:])),
        5,
        "mux1",
        "MultiMux1(2)",
    ),
    Comparison("bits_of, 64 bits", lambda cs, w: gadgets.bits_of(cs, w[0], 64), 1, "bitify", "Num2Bits(64)"),
    Comparison(
        "bits_of, 253 bits", lambda cs, w: gadgets.bits_of(cs, w[0], 253), 1, "bitify", "Num2Bits(253)"
    ),
    Comparison(
        "canonical_bits_of", lambda cs, w: gadgets.canonical_bits_of(cs, *w), 1, "bitify", "Num2Bits_strict()"
    ),
    Comparison(
        "poseidon_digest, 2 inputs",
        lambda cs, w: gadgets.poseidon_digest(cs, *w),
        2,
        "poseidon",
        "Poseidon(2)",
    ),
    Comparison(
        "poseidon_digest, 3 inputs",
        lambda cs, w: gadgets.poseidon_digest(cs, *w),
        3,
        "poseidon",
        "Poseidon(3)",
    ),
    Comparison(
        "poseidon_digest, 5 inputs",
        lambda cs, w: gadgets.poseidon_digest(cs, *w),
        5,
        "poseidon",
        "Poseidon(5)",
    ),
    Comparison(
        "mimc_sponge_digests, 2 inputs",
        lambda cs, w: gadgets.mimc_sponge_digests(cs, *w[:2], key=w[2]),
        3,
        "mimcsponge",
        "MiMCSponge(2, 220, 1)",
    ),
    Comparison("mimc7", lambda cs, w: mimc7(cs, *w), 2, "mimc", "MiMC7(91)"),
    Comparison(
        "mimc7_multi_hash, 2 inputs",
        lambda cs, w: gadgets.mimc7_multi_hash(cs, *w[:2], key=w[2]),
        3,
        "mimc",
        "MultiMiMC7(2, 91)",
    ),
    Comparison(
        "enforce_on_curve",
        lambda cs, w: gadgets.enforce_on_curve(cs, *_points(w)),
        2,
        "babyjub",
        "BabyCheck()",
    ),
    Comparison("edwards_add", lambda cs, w: gadgets.edwards_add(cs, *_points(w)), 4, "babyjub", "BabyAdd()"),
    Comparison(
        "edwards_double", lambda cs, w: gadgets.edwards_double(cs, *_points(w)), 2, "babyjub", "BabyDbl()"
    ),
    Comparison("pedersen_hash, 248 bits", gadgets.pedersen_hash, 248, "pedersen", "Pedersen(248)"),
    Comparison("pedersen_hash, 496 bits", gadgets.pedersen_hash, 496, "pedersen", "Pedersen(496)"),
    Comparison(
        "scale_fixed, 253 bits",
        lambda cs, w: gadgets.scale_fixed(cs, w, BASE8),
        253,
        "escalarmulfix",
        f"EscalarMulFix(253, {_BASE8})",
    ),
    Comparison(
        "scale_point, 254 bits",
        lambda cs, w: gadgets.scale_point(cs, w[2:], WirePoint(*w[:2])),
        256,
        "escalarmulany",
        "EscalarMulAny(254)",
    ),
    Comparison(
        "enforce_signature",
        lambda cs, w: gadgets.enforce_signature(cs, WirePoint(*w[:2]), w[2], WirePoint(*w[3:5]), w[5]),
        6,
        "eddsaposeidon",
        "Verifier()",
        _VERIFIER,
    ),
)


PUBLIC = "root, nullifier_hash, recipient, fee, relayer"


def withdraw_comparison(depth: int) -> Comparison:
    """Compare the whole circuit of classic CREAM."""
    source = WITHDRAW.read_text().split("pragma circom 2.0.0;")[1]
    return Comparison(
        f"withdraw, depth {depth}",
        lambda cs, _: describe_withdraw(cs, depth),
        0,
        "bitify",
        f"Withdraw({depth})",
        source,
        f"{{public [{PUBLIC}]}}",
    )


def our_count(comparison: Comparison) -> int:
    """Describe the gadget on private inputs and count."""
    cs = ConstraintSystem()
    comparison.ours(cs, [cs.private_input(f"x{i}") for i in range(comparison.n_inputs)])
    return cs.n_constraints


def circomlib_counts(comparisons: Iterable[Comparison], level: str) -> dict[str, int]:
    """Compile circomlib's templates and return their numbers of constraints, linear ones included."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        # circom2 reads neither absolute paths nor links, so it gets a copy.
        shutil.copytree(CIRCUITS, Path(name) / "node_modules/circomlib/circuits")
        numbered = list(enumerate(comparisons))
        counts = pool.map(lambda pair: _compiled_count(Path(name), f"c{pair[0]}", pair[1], level), numbered)
        return {comparison.name: count for (_, comparison), count in zip(numbered, counts, strict=True)}


def compile_circom(directory: Path, stem: str, comparison: Comparison, *options: str) -> str:
    """Compile one template in `directory`, which holds a copy of circomlib; returns what circom2 prints."""
    source = f'pragma circom 2.0.0;\ninclude "circomlib/circuits/{comparison.include}.circom";'
    main = f"component main {comparison.public} = {comparison.main};"
    (directory / f"{stem}.circom").write_text(f"{source}\n{comparison.source}\n{main}\n")
    command = [str(CIRCOM), "-l", "node_modules", *options, f"{stem}.circom"]
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout


def _compiled_count(directory: Path, stem: str, comparison: Comparison, level: str) -> int:
    printed = compile_circom(directory, stem, comparison, "--r1cs", f"--{level}")
    found = _COUNTED.findall(re.sub(r"\x1b\[[0-9;]*m", "", printed))
    if len(found) != len(("non-linear", "linear")):
        raise RuntimeError(f"circom2 gave no counts for {comparison.main}: {printed}")
    return sum(int(count) for _, count in found)


def comparison_table(comparisons: Sequence[Comparison]) -> dict[str, Row]:
    """Return by gadget: circomlib's template, our count, circomlib's with --O1 and with --O2."""
    o1, o2 = (circomlib_counts(comparisons, level) for level in LEVELS)
    return {
        one.name: Row(
            circomlib=one.main, ours=our_count(one), circomlib_o1=o1[one.name], circomlib_o2=o2[one.name]
        )
        for one in comparisons
    }


def above_circomlib(table: Mapping[str, Row]) -> list[str]:
    """Name the gadgets with more constraints than the smaller of circomlib's two numbers."""
    return [
        name for name, row in table.items() if row["ours"] > min(row["circomlib_o1"], row["circomlib_o2"])
    ]


def print_table(table: Mapping[str, Row]) -> None:
    """Print the table as text."""
    print(f"{'gadget':32}{'ours':>8}{'O1':>8}{'O2':>8}")
    for name, row in table.items():
        print(f"{name:32}{row['ours']:>8}{row['circomlib_o1']:>8}{row['circomlib_o2']:>8}")


def main() -> None:
    """Compare, print and write."""
    parser = argparse.ArgumentParser(description="Count constraints next to circomlib's.")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    table = comparison_table([*GADGETS, withdraw_comparison(CLASSIC_DEPTH)])
    bars = {"gadgets_above_circomlib": len(above_circomlib(table))}
    arguments.output.write_text(json.dumps({"bars": bars, "gadgets": table}, indent=1) + "\n")
    print_table(table)


if __name__ == "__main__":
    main()
