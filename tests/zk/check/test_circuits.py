"""Every circuit that has keys and every gadget passes, with each exception explained where it is made."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from zk import gadgets
from zk.babyjubjub import BASE8, SUBGROUP_ORDER, scale
from zk.check.report import CheckReport, HoleKind, check_circuit
from zk.check.samples import sample_inputs
from zk.circuit import R1CS, Circuit, ConstraintSystem, LinearCombination, compile_circuit
from zk.circuits import CircuitName, compile_named
from zk.eddsa import SigningKey
from zk.field import SCALAR_FIELD
from zk.gadgets import WirePoint, bits_of
from zk.merkle import MerklePath

if TYPE_CHECKING:
    from collections.abc import Callable

FULL_DEPTH = {CircuitName.VOTE: 20, CircuitName.WITHDRAW: 16}


def report_on(name: CircuitName, depth: int, n_witnesses: int) -> CheckReport:
    circuit = compile_named(name, depth)
    return check_circuit(circuit, [circuit.witness(sample_inputs(name, depth)) for _ in range(n_witnesses)])


@pytest.mark.parametrize("name", CircuitName)
def test_a_small_tree_passes(name: CircuitName) -> None:
    report = report_on(name, 2, 2)
    assert report.holes == ()
    assert sum(report.unique_by_rule.values()) == report.n_wires - 1


@pytest.mark.slow
@pytest.mark.parametrize("name", CircuitName)
def test_a_tree_of_full_depth_passes(name: CircuitName) -> None:
    report = report_on(name, FULL_DEPTH[name], 3)
    assert report.holes == ()
    assert sum(report.unique_by_rule.values()) == report.n_wires - 1


def test_the_exceptions_of_a_withdrawal_are_those_of_its_points() -> None:
    exceptions = report_on(CircuitName.WITHDRAW, 1, 0).describe()["exceptions"]
    assert {entry["kind"] for entry in exceptions} == {"nonzero"}
    assert {entry["source"].partition(":")[0] for entry in exceptions} == {"zk/gadgets/babyjubjub.py"}
    assert all(len(entry["reason"]) > 20 for entry in exceptions)
    assert report_on(CircuitName.VOTE, 1, 0).describe()["exceptions"] == []


def without_row(circuit: Circuit, index: int) -> Circuit:
    rows = circuit.r1cs.constraints
    r1cs: R1CS = replace(circuit.r1cs, constraints=rows[:index] + rows[index + 1 :])
    return replace(circuit, r1cs=r1cs)


def require_every_row_missed(name: CircuitName, indices: range | list[int]) -> None:
    circuit = compile_named(name, 1)
    for index in indices:
        row = circuit.r1cs.constraints[index]
        assert check_circuit(without_row(circuit, index)).holes, f"{row.meaning} ({row.source}) is not missed"


@pytest.mark.parametrize("name", CircuitName)
def test_some_deleted_rows_are_all_missed(name: CircuitName) -> None:
    total = compile_named(name, 1).n_constraints
    indices = [secrets.randbelow(total) for _ in range(2)]
    require_every_row_missed(name, indices)


@pytest.mark.parametrize("name", CircuitName)
def test_rows_with_a_meaning_of_their_own_are_missed(name: CircuitName) -> None:
    rows = compile_named(name, 1).r1cs.constraints
    words = (
        "is_right is 0 or 1",
        "leads from the leaf",
        "the nullifier hash is",
        "signal²",
        "recipient²",
        "fee²",
    )
    indices = [i for i, row in enumerate(rows) if any(word in row.meaning for word in words)]
    assert len(indices) >= 4
    require_every_row_missed(name, secrets.SystemRandom().sample(indices, 3))


@pytest.mark.slow
def test_deleted_rows_of_a_vote_are_all_missed() -> None:
    """A third of them in each run."""
    total = compile_named(CircuitName.VOTE, 1).n_constraints
    require_every_row_missed(CircuitName.VOTE, range(secrets.randbelow(3), total, 3))


class Harness(NamedTuple):
    """A gadget between public inputs, and true inputs for it."""

    names: str
    build: Callable[..., object]
    sample: Callable[[], tuple[int, ...]]


def element() -> int:
    return secrets.randbelow(SCALAR_FIELD)


def elements(count: int) -> Callable[[], tuple[int, ...]]:
    return lambda: tuple(element() for _ in range(count))


def numbers(*bits: int) -> Callable[[], tuple[int, ...]]:
    return lambda: tuple(secrets.randbits(count) for count in bits)


def on_curve(cs: ConstraintSystem, x: LinearCombination, y: LinearCombination) -> WirePoint:
    gadgets.enforce_on_curve(cs, WirePoint(x, y))
    return WirePoint(x, y)


def boolean(cs: ConstraintSystem, bit: LinearCombination) -> LinearCombination:
    gadgets.enforce_boolean(cs, bit)
    return bit


def some_point() -> tuple[int, int]:
    point = scale(BASE8, 1 + secrets.randbelow(SUBGROUP_ORDER - 1))
    return point.x, point.y


def less_than(cs: ConstraintSystem, x: LinearCombination, y: LinearCombination) -> None:
    for side in (x, y):
        bits_of(cs, side, 32)
    gadgets.is_less_than(cs, x, y, 32)


def all_bits_below_r(cs: ConstraintSystem, *bits: LinearCombination) -> None:
    gadgets.enforce_bits_below_r(cs, [boolean(cs, bit) for bit in bits])


def membership(
    cs: ConstraintSystem,
    leaf: LinearCombination,
    root: LinearCombination,
    sibling: LinearCombination,
    is_right: LinearCombination,
) -> None:
    gadgets.enforce_membership(cs, leaf, [(sibling, is_right)], root)


def path_sample() -> tuple[int, ...]:
    leaf, sibling = element(), element()
    return leaf, MerklePath(1, (sibling,)).root_from(leaf), sibling, 1


def signature_sample() -> tuple[int, ...]:
    key, message = SigningKey.from_seed(secrets.token_bytes(32)), element()
    signature = key.sign(message)
    return (*key.public_key, message, *signature.r8, signature.s)


HARNESSES = {
    "bits_of": Harness("x", lambda cs, x: bits_of(cs, x, 253), numbers(253)),
    "canonical_bits_of": Harness("x", gadgets.canonical_bits_of, elements(1)),
    "edwards_add": Harness(
        "x1 y1 x2 y2",
        lambda cs, *p: gadgets.edwards_add(cs, on_curve(cs, *p[:2]), on_curve(cs, *p[2:])),
        lambda: (*some_point(), *some_point()),
    ),
    "edwards_double": Harness("x y", lambda cs, *p: gadgets.edwards_double(cs, on_curve(cs, *p)), some_point),
    "enforce_bits_below": Harness(
        "x", lambda cs, x: gadgets.enforce_bits_below(cs, bits_of(cs, x, 8), 200), numbers(7)
    ),
    "enforce_bits_below_r": Harness(
        " ".join(f"b{i}" for i in range(254)), all_bits_below_r, lambda: (*numbers(*[1] * 253)(), 0)
    ),
    "enforce_boolean": Harness("x", gadgets.enforce_boolean, numbers(1)),
    "enforce_membership": Harness("leaf root sibling is_right", membership, path_sample),
    "enforce_on_curve": Harness("x y", on_curve, some_point),
    "enforce_signature": Harness(
        "ax ay m rx ry s",
        lambda cs, ax, ay, m, rx, ry, s: gadgets.enforce_signature(
            cs, WirePoint(ax, ay), m, WirePoint(rx, ry), s
        ),
        signature_sample,
    ),
    "is_equal": Harness("x y", gadgets.is_equal, elements(2)),
    "is_less_than": Harness("x y", less_than, numbers(32, 32)),
    "is_zero": Harness("x", gadgets.is_zero, lambda: (secrets.choice([0, element()]),)),
    "mimc7_multi_hash": Harness("x y", gadgets.mimc7_multi_hash, elements(2)),
    "mimc_compress": Harness("x y", gadgets.mimc_compress, elements(2)),
    "mimc_sponge_digests": Harness("x", gadgets.mimc_sponge_digests, elements(1)),
    "pedersen_hash": Harness("x", lambda cs, x: gadgets.pedersen_hash(cs, bits_of(cs, x, 250)), numbers(250)),
    "poseidon_digest": Harness("x y z", gadgets.poseidon_digest, elements(3)),
    "scale_fixed": Harness(
        "k", lambda cs, k: gadgets.scale_fixed(cs, bits_of(cs, k, 253), BASE8), numbers(253)
    ),
    "scale_point": Harness(
        "k x y",
        lambda cs, k, x, y: gadgets.scale_point(cs, bits_of(cs, k, 40), on_curve(cs, x, y)),
        lambda: (secrets.randbits(40), *some_point()),
    ),
    "select": Harness(
        "b x y", lambda cs, b, x, y: gadgets.select(cs, boolean(cs, b), x, y), lambda: (1, *elements(2)())
    ),
    "select_point": Harness(
        "b x y",
        lambda cs, b, x, y: gadgets.select_point(cs, boolean(cs, b), WirePoint(x, y), WirePoint(y, x)),
        lambda: (0, *elements(2)()),
    ),
}


def test_every_exported_gadget_is_checked() -> None:
    assert set(HARNESSES) == {name for name in gadgets.__all__ if name[0].islower()}


@pytest.mark.parametrize("name", HARNESSES)
def test_a_gadget_passes(name: str) -> None:
    harness = HARNESSES[name]
    names = harness.names.split()
    circuit = compile_circuit(name, lambda cs: harness.build(cs, *map(cs.public_input, names)))
    witnesses = [circuit.checked_witness(dict(zip(names, harness.sample(), strict=True))) for _ in range(2)]
    assert check_circuit(circuit, witnesses).holes == ()


def test_the_helper_of_is_zero_is_the_explained_exception() -> None:
    circuit = compile_circuit("zero", lambda cs: gadgets.is_zero(cs, cs.public_input("x")))
    report = check_circuit(circuit, [circuit.witness({"x": 0})])
    assert report.holes == ()
    assert [entry["kind"] for entry in report.describe()["exceptions"]] == ["free"]
    bare = check_circuit(replace(circuit, notes=()), [circuit.witness({"x": 0})])
    assert {hole.kind for hole in bare.holes} == {HoleKind.NOT_UNIQUE, HoleKind.CHANGES_ALONE}
    assert {hole.subject for hole in bare.holes} == {"inverse"}
