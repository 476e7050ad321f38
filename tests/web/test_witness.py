"""The interpreter in web/ gives the witness that Python gives, and refuses what is malformed."""

from __future__ import annotations

import gzip
import secrets
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.zk.conftest import make_vote
from zk.circuit import Circuit, ConstraintSystem, LinearCombination, as_linear, compile_circuit, weighted_sum
from zk.circuits import CircuitName, compile_named, named_inputs
from zk.field import SCALAR_FIELD
from zk.formats.program_file import pack_program
from zk.gadgets import canonical_bits_of, is_equal, is_less_than, is_zero, poseidon_digest
from zk.groth16 import Proof
from zk.keys import ensure_keys
from zk.merkle import IncrementalMerkleTree
from zk.mimc import mimc_compress
from zk.proving import StatementVerifier
from zk.vote_circuit import vote_inputs
from zk.withdraw_statement import (
    WithdrawStatement,
    WithdrawWitness,
    classic_commitment,
    classic_nullifier_hash,
)

if TYPE_CHECKING:
    from conftest import Node

COMPRESSED_BYTES = 1_000_000
ROOT = Path(__file__).parents[2]
fuzzed = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
elements = st.one_of(
    st.integers(0, 3), st.integers(SCALAR_FIELD - 3, SCALAR_FIELD - 1), st.integers(0, SCALAR_FIELD - 1)
)


def inputs_of(vote: Any) -> dict[str, int]:
    return vote_inputs(vote.statement, vote.witness)


@pytest.fixture(scope="module")
def vote_20() -> Circuit:
    return compile_named(CircuitName.VOTE, 20)


@pytest.mark.parametrize("leaf_index", [0, 1, 4])
def test_a_vote_has_the_same_witness_in_javascript(node: Node, vote_20: Circuit, leaf_index: int) -> None:
    inputs = inputs_of(make_vote(depth=20, leaf_index=leaf_index))
    assert node.witness(pack_program(vote_20), inputs) == vote_20.checked_witness(inputs)


@pytest.fixture(scope="module")
def withdraw_16() -> Circuit:
    return compile_named(CircuitName.WITHDRAW, 16)


@pytest.mark.parametrize("leaf_index", [0, 3])
def test_a_withdrawal_has_the_same_witness_in_javascript(
    node: Node, withdraw_16: Circuit, leaf_index: int
) -> None:
    nullifier, secret = secrets.randbits(248), secrets.randbits(248)
    leaves = [secrets.randbelow(SCALAR_FIELD) for _ in range(5)]
    leaves[leaf_index] = classic_commitment(nullifier, secret)
    tree = IncrementalMerkleTree.from_leaves(16, leaves, mimc_compress)
    path = tree.path(leaf_index)
    statement = WithdrawStatement(tree.root, classic_nullifier_hash(nullifier), 5, 6, 7)
    witness = WithdrawWitness(nullifier, secret, leaf_index, path.elements)
    inputs = named_inputs(CircuitName.WITHDRAW, statement, witness)
    assert node.witness(pack_program(withdraw_16), inputs) == withdraw_16.checked_witness(inputs)


@pytest.mark.parametrize("circuit", ["vote_20", "withdraw_16"])
def test_a_program_is_small_enough_to_send(circuit: str, request: pytest.FixtureRequest) -> None:
    assert len(gzip.compress(pack_program(request.getfixturevalue(circuit)))) < COMPRESSED_BYTES / 2


def test_a_program_is_always_the_same(vote_20: Circuit) -> None:
    assert pack_program(vote_20) == pack_program(compile_named(CircuitName.VOTE, 20))


def every_gadget(cs: ConstraintSystem) -> None:
    x, y = cs.public_input("x"), cs.private_input("y")
    bits = canonical_bits_of(cs, x)
    cs.quotient_or_zero(x + 1, y)
    poseidon_digest(cs, bits[0], is_zero(cs, y), is_equal(cs, x, y))
    is_less_than(cs, bits[3], y, 20)


EVERY_GADGET = compile_circuit("every gadget", every_gadget)


@fuzzed
@given(x=elements, y=elements)
def test_every_gadget_has_the_same_witness_in_javascript(node: Node, x: int, y: int) -> None:
    inputs = {"x": x, "y": y}
    assert node.witness(pack_program(EVERY_GADGET), inputs) == EVERY_GADGET.witness(inputs)


Recipe = list[tuple[str, int, int, int, int]]
OPERATIONS = ("multiply", "add", "inverse", "quotient", "bits", "linear")
places = st.integers(0, 999)
recipes = st.lists(st.tuples(st.sampled_from(OPERATIONS), places, places, places, elements), max_size=25)


def cook(recipe: Recipe, n_inputs: int) -> Circuit:
    """A circuit of random operations on whatever came before."""

    def describe(cs: ConstraintSystem) -> None:
        pool: list[LinearCombination] = [as_linear(1), cs.public_input("x0")]
        pool += [cs.private_input(f"x{i}") for i in range(1, n_inputs)]
        for operation, i, j, k, factor in recipe:
            a, b, c = (pool[place % len(pool)] for place in (i, j, k))
            if operation == "bits":
                pool += cs.lowest_bits(a, 1 + factor % 254)
            else:
                pool.append(one_more(cs, operation, a, b, c * factor))

    return compile_circuit("random", describe)


def one_more(
    cs: ConstraintSystem, operation: str, a: LinearCombination, b: LinearCombination, c: LinearCombination
) -> LinearCombination:
    if operation == "multiply":
        return cs.multiply(a, b)
    if operation == "add":
        return cs.multiply_add(a, b, c)
    if operation == "inverse":
        return cs.inverse_or_zero(a)
    if operation == "quotient":
        return cs.quotient_or_zero(a, b)
    return weighted_sum(((1, a), (-1, b), (1, c)))


@fuzzed
@given(recipe=recipes, values=st.lists(elements, min_size=1, max_size=4))
def test_any_circuit_has_the_same_witness_in_javascript(
    node: Node, recipe: Recipe, values: list[int]
) -> None:
    circuit = cook(recipe, len(values))
    inputs = {f"x{i}": value for i, value in enumerate(values)}
    assert node.witness(pack_program(circuit), inputs) == circuit.witness(inputs)


def test_snarkjs_proves_with_a_witness_from_javascript_and_we_verify(node: Node, tmp_path: Path) -> None:
    keys = ensure_keys(CircuitName.VOTE, 1, tmp_path)
    vote = make_vote(depth=1, leaf_index=1, size=2)
    inputs = {name: str(value) for name, value in inputs_of(vote).items()}
    made = node.ask(pack_program(keys.compile()), inputs, zkey=str(keys.zkey_path))
    assert made["publicSignals"] == [str(value) for value in vote.statement.public_inputs()]
    assert StatementVerifier(keys.verifying_key).verify(Proof.from_json(made["proof"]), vote.statement)


SQUARE_INPUTS: dict[str, object] = {"x": "3", "y": "9"}


def square(cs: ConstraintSystem) -> None:
    y, x = cs.public_input("y"), cs.private_input("x")
    cs.enforce_equal(cs.multiply(x, x), y, "y is the square of x")


SQUARE = pack_program(compile_circuit("square", square))


@pytest.mark.parametrize("value", ["3", 3, "003"])
def test_inputs_are_numbers_or_decimal_strings(node: Node, value: object) -> None:
    assert node.ask(SQUARE, {**SQUARE_INPUTS, "x": value})["witness"] == ["1", "9", "3", "9"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"x": str(SCALAR_FIELD)}, "x is not in [0, r)"),
        ({"x": -1}, "x is not in [0, r)"),
        ({"x": "-1"}, "x is not a whole number"),
        ({"x": ""}, "x is not a whole number"),
        ({"x": "0x3"}, "x is not a whole number"),
        ({"x": " 3"}, "x is not a whole number"),
        ({"x": "٣"}, "x is not a whole number"),
        ({"x": "3\n"}, "x is not a whole number"),
        ({"x": "9" * 78}, "x is not a whole number"),
        ({"x": 1.5}, "x is not a whole number"),
        ({"x": 2**53}, "x is not a whole number"),
        ({"x": True}, "x is not a whole number"),
        ({"x": None}, "x is not a whole number"),
        ({"x": ["3"]}, "x is not a whole number"),
        ({"z": "3"}, "unknown inputs: z"),
        ({"toString": "3"}, "unknown inputs: toString"),
    ],
)
def test_a_bad_input_is_named(node: Node, changes: dict[str, object], reason: str) -> None:
    assert node.ask(SQUARE, {**SQUARE_INPUTS, **changes}) == {"error": reason}


def test_a_missing_input_is_named(node: Node) -> None:
    assert node.ask(SQUARE, {"y": "9"}) == {"error": "missing inputs: x"}
    assert node.ask(SQUARE, {}) == {"error": "missing inputs: y, x"}


def test_no_refusal_repeats_the_value_of_an_input(node: Node) -> None:
    secret = str(secrets.randbelow(SCALAR_FIELD) + SCALAR_FIELD)
    assert secret not in node.ask(SQUARE, {**SQUARE_INPUTS, "x": secret})["error"]


def varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes((low | 0x80,)) + varint(rest) if rest else bytes((low,))


def listed(items: list[bytes]) -> bytes:
    return varint(len(items)) + b"".join(items)


def handmade(**changes: Any) -> bytes:
    """w2 ← x·x by the description of the format alone, with some parts changed."""
    part: dict[str, Any] = {
        "magic": b"twpg",
        "version": 1,
        "wires": varint(3),
        "public": 1,
        "names": [b"x"],
        "numbers": [1],
        "sums": [[(1, 0)]],
        "steps": [(0, 0, 0)],
        "tail": b"",
        **changes,
    }
    return b"".join(
        (
            part["magic"],
            struct.pack("<I", part["version"]),
            part["wires"],
            varint(part["public"]),
            listed([varint(len(name)) + name for name in part["names"]]),
            listed([number.to_bytes(32, "little") for number in part["numbers"]]),
            listed(
                [listed([varint(wire) + varint(place) for wire, place in terms]) for terms in part["sums"]]
            ),
            listed([bytes(step[:1]) + b"".join(map(varint, step[1:])) for step in part["steps"]]),
            part["tail"],
        )
    )


def test_the_description_of_the_format_is_enough_to_write_it(node: Node) -> None:
    assert node.witness(handmade(), {"x": 5}) == [1, 5, 25]
    times_three = handmade(numbers=[1, 3], sums=[[(1, 0)], [(0, 1)], []], steps=[(1, 0, 1, 2)])
    assert node.witness(times_three, {"x": 5}) == [1, 5, 15]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"magic": b"wtns"}, "this is no witness program"),
        ({"version": 2}, "the program has version 2, not 1"),
        ({"wires": varint(4)}, "the program computes 3 wires, not 4"),
        ({"wires": b"\x83\x80\x80\x80\x80\x00"}, "the program has a number of more than five bytes"),
        ({"public": 2}, "the program has more public inputs than inputs"),
        ({"names": [b"x", b"x"], "wires": varint(4)}, "the program names an input twice"),
        ({"names": [b"\xff"]}, "an input's name is not UTF-8"),
        ({"numbers": [SCALAR_FIELD]}, "the program has a coefficient that is not below r"),
        ({"sums": [[(1, 1)]]}, "the program has no coefficient 1"),
        ({"sums": [[(2, 0)]]}, "wire 2 needs a wire of the future"),
        ({"sums": [[(7, 0)]]}, "wire 2 needs a wire of the future"),
        ({"steps": [(0, 0, 1)]}, "the program has no sum 1"),
        ({"steps": [(5, 0, 0)]}, "the program has an unknown operation 5"),
        ({"steps": [(4, 0, 0)]}, "wire 2 begins 0 bits"),
        ({"steps": [(4, 0, 255)]}, "wire 2 begins 255 bits"),
        ({"steps": []}, "the program computes 2 wires, not 3"),
        ({"tail": b"\x00"}, "the program has bytes after its end"),
    ],
)
def test_a_malformed_program_is_refused(node: Node, changes: dict[str, Any], reason: str) -> None:
    assert node.ask(handmade(**changes), {"x": "5"}) == {"error": reason}


def test_a_program_cut_short_anywhere_is_refused(node: Node) -> None:
    for length in range(len(SQUARE)):
        assert "error" in node.ask(SQUARE[:length], SQUARE_INPUTS), length


@fuzzed
@given(position=st.integers(0, len(SQUARE) - 1), byte=st.integers(0, 255))
def test_a_damaged_program_gives_a_witness_or_a_refusal_and_nothing_else(
    node: Node, position: int, byte: int
) -> None:
    damaged = SQUARE[:position] + bytes((byte,)) + SQUARE[position + 1 :]
    assert set(node.ask(damaged, SQUARE_INPUTS)) in ({"witness"}, {"error"})


def test_what_is_neither_a_program_nor_inputs_is_refused() -> None:
    script = """
        import { computeWitness, loadProgram, WitnessError } from "./web/witness.mjs";
        const program = loadProgram(new Uint8Array([0x74, 0x77, 0x70, 0x67, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]));
        const view = new DataView(new ArrayBuffer(8));
        const programs = [null, undefined, "twpg", {}, [0x74], new Uint16Array(20), view];
        const attempts = [
          ...programs.map((bad) => () => loadProgram(bad)),
          ...[null, undefined, 5, "x"].map((bad) => () => computeWitness(program, bad)),
        ];
        console.log(attempts.filter((attempt) => {
          try { attempt(); } catch (error) { return error instanceof WitnessError; }
        }).length, attempts.length);
    """
    command = ["node", "--input-type=module", "--eval", script]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.split() == ["11", "11"]


def test_a_name_keeps_its_first_character_whatever_it_is(node: Node) -> None:
    circuit = compile_circuit("marked", lambda cs: (cs.public_input("\ufeffx"), None)[1])
    assert node.witness(pack_program(circuit), {"\ufeffx": 5}) == [1, 5]
