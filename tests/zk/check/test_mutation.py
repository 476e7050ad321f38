"""Changes that no row notices: what is found is a second witness, and small systems are searched whole."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zk.check.mutation import Mutation, MutationTest, quadratic_roots
from zk.circuit import Circuit, ConstraintSystem, UnsatisfiedConstraintError, compile_circuit
from zk.field import SCALAR_FIELD
from zk.gadgets import bits_of, enforce_boolean

if TYPE_CHECKING:
    from collections.abc import Callable

small = st.integers(0, 3)


def changed(witness: list[int], mutation: Mutation) -> list[int]:
    copy = list(witness)
    for wire, value in zip(mutation.wires, mutation.values, strict=True):
        assert value != copy[wire]
        copy[wire] = value
    return copy


def found_in(circuit: Circuit, witness: list[int]) -> list[Mutation]:
    test = MutationTest(circuit.r1cs, witness)
    alone = list(test.alone())
    found = [*alone, *test.pairs({mutation.wires[0] for mutation in alone})]
    for mutation in found:
        assert circuit.r1cs.broken_constraint(changed(witness, mutation)) is None
    return found


def two_products(shift: int, other: int, weight: int) -> Callable[[ConstraintSystem], None]:
    """Three private numbers in a few rows, with holes for some parameters."""

    def describe(cs: ConstraintSystem) -> None:
        y = cs.public_input("y")
        a, b, c = (cs.private_input(name) for name in "abc")
        cs.enforce_product(a + shift, b, y, "first")
        cs.enforce_product(a, c * weight, other, "second")
        enforce_boolean(cs, c)

    return describe


@given(small, small, small)
@settings(max_examples=64, deadline=None)
def test_small_changes_that_exist_are_found(shift: int, other: int, weight: int) -> None:
    """Every witness one or two small numbers away is found, as that one or as another with the same wires."""
    circuit = compile_circuit("products", two_products(shift, other, weight))
    for a, b, c in ((other, 2, 1), (0, 1, 0), (1, 0, 1)):
        y = (a + shift) * b % SCALAR_FIELD
        witness = circuit.witness({"y": y, "a": a, "b": b, "c": c})
        if circuit.r1cs.broken_constraint(witness) is not None:
            continue
        found = found_in(circuit, witness)
        free = {wire for mutation in found if len(mutation.wires) == 1 for wire in mutation.wires}
        pairs = {frozenset(mutation.wires) for mutation in found if len(mutation.wires) == 2}
        for wires in (*combinations((2, 3, 4), 1), *combinations((2, 3, 4), 2)):
            if reachable(circuit, witness, wires):
                assert set(wires) & free or frozenset(wires) in pairs


def reachable(circuit: Circuit, witness: list[int], wires: tuple[int, ...]) -> bool:
    """Whether changing exactly these wires, to small numbers, satisfies everything."""
    choices: list[list[int]] = [[]]
    for wire in wires:
        choices = [[*chosen, v] for chosen in choices for v in range(5) if v != witness[wire]]
    mutations = (Mutation(wires, tuple(values)) for values in choices)
    return any(circuit.r1cs.broken_constraint(changed(witness, m)) is None for m in mutations)


def factors(cs: ConstraintSystem) -> None:
    y = cs.public_input("y")
    cs.enforce_product(cs.private_input("a"), cs.private_input("b"), y, "y = ab")


def test_another_factorisation_is_a_second_witness_in_a_pair() -> None:
    circuit = compile_circuit("factors", factors)
    (mutation,) = found_in(circuit, circuit.witness({"y": 6, "a": 2, "b": 3}))
    assert mutation.wires == (2, 3)
    assert mutation.values[0] * mutation.values[1] % SCALAR_FIELD == 6


def test_a_false_witness_is_refused() -> None:
    circuit = compile_circuit("factors", factors)
    with pytest.raises(UnsatisfiedConstraintError):
        MutationTest(circuit.r1cs, circuit.witness({"y": 7, "a": 2, "b": 3}))


def test_a_public_input_need_only_be_seen() -> None:
    """−5 has the square of 5, and yet the row ties the proof to 5; in no row it could be anything."""

    def describe(cs: ConstraintSystem) -> None:
        x, _ = cs.public_input("x"), cs.public_input("tag")
        cs.multiply(x, x)

    circuit = compile_circuit("seen", describe)
    assert [mutation.wires for mutation in found_in(circuit, circuit.witness({"x": 5, "tag": 5}))] == [(2,)]


def test_bits_that_sum_to_a_number_do_not_change() -> None:
    circuit = compile_circuit("bits", lambda cs: bits_of(cs, cs.public_input("x"), 8))
    assert found_in(circuit, circuit.witness({"x": 200})) == []


@given(st.integers(0, SCALAR_FIELD - 1), st.integers(0, SCALAR_FIELD - 1), st.integers(1, SCALAR_FIELD - 1))
def test_roots_of_a_quadratic_are_all_there(first: int, second: int, scale: int) -> None:
    roots = quadratic_roots(scale, -scale * (first + second), scale * first * second)
    assert set(roots) == {first, second}


def test_an_equation_without_roots_has_none() -> None:
    assert quadratic_roots(1, 0, -5) == []  # 5 generates F_r*, so it is no square
    assert quadratic_roots(0, 2, -6) == [3]
