from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zk.circuit import (
    Circuit,
    ConstraintSystem,
    InvalidWitnessError,
    LinearCombination,
    UnsatisfiedConstraintError,
    compile_circuit,
    weighted_sum,
)
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError

elements = st.integers(min_value=0, max_value=SCALAR_FIELD - 1)
combinations = st.dictionaries(st.integers(0, 4), elements, max_size=4).map(
    lambda terms: weighted_sum((value, LinearCombination({wire: 1})) for wire, value in terms.items())
)


def value_of(combination: LinearCombination, witness: list[int]) -> int:
    return sum(c * witness[wire] for wire, c in combination.terms.items()) % SCALAR_FIELD


@given(combinations, combinations, elements, st.lists(elements, min_size=4, max_size=4))
def test_combinations_fold_as_their_values_do(
    left: LinearCombination, right: LinearCombination, factor: int, wires: list[int]
) -> None:
    witness = [1, *wires]
    a, b = value_of(left, witness), value_of(right, witness)
    assert value_of(left + right, witness) == (a + b) % SCALAR_FIELD
    assert value_of(left - right, witness) == (a - b) % SCALAR_FIELD
    assert value_of(left * factor, witness) == a * factor % SCALAR_FIELD
    assert value_of(factor - left, witness) == (factor - a) % SCALAR_FIELD
    assert value_of(-left, witness) == -a % SCALAR_FIELD
    assert (left - left).terms == {}


def cubic() -> Circuit:
    """y = x³ + x + 5 for a secret x."""

    def describe(cs: ConstraintSystem) -> None:
        y = cs.public_input("y")
        x = cs.private_input("x")
        with cs.scope("cubic"):
            cube = cs.multiply(cs.multiply(x, x, "x²"), x, "x³")
            cs.enforce_equal(cube + x + 5, y, "y is the cubic of x")

    return compile_circuit("cubic", describe)


def test_one_description_gives_constraints_witness_and_names() -> None:
    circuit = cubic()
    assert circuit.n_constraints == 3
    assert circuit.checked_witness({"y": 35, "x": 3}) == [1, 35, 3, 9, 27]
    assert circuit.public_names == ("y",)
    assert circuit.wire_names == {0: "one", 1: "y", 2: "x", 3: "cubic / x²", 4: "cubic / x³"}


def test_a_false_input_names_the_constraint_its_scope_and_its_source_line() -> None:
    with pytest.raises(UnsatisfiedConstraintError) as caught:
        cubic().checked_witness({"y": 36, "x": 3})
    assert caught.value.meaning == "cubic / y is the cubic of x"
    name, line = caught.value.source.rsplit(":", 1)
    assert name == "tests/zk/test_circuit.py"
    assert "enforce_equal(cube + x + 5" in Path(__file__).read_text().splitlines()[int(line) - 1]


@pytest.mark.parametrize("wire", [1, 2, 3, 4])
def test_no_wire_can_be_changed_alone(wire: int) -> None:
    circuit = cubic()
    witness = circuit.witness({"y": 35, "x": 3})
    witness[wire] += 1
    with pytest.raises(UnsatisfiedConstraintError):
        circuit.r1cs.require_satisfied(witness)


def test_a_witness_of_the_wrong_shape_is_refused() -> None:
    r1cs = cubic().r1cs
    for witness in ([1, 35, 3, 9], [2, 35, 3, 9, 27], [1, 35, 3, 9, 27 + SCALAR_FIELD], [1, 35, 3, 9, -1]):
        with pytest.raises(InvalidWitnessError):
            r1cs.require_satisfied(witness)


def test_missing_and_unknown_inputs_are_named() -> None:
    with pytest.raises(InvalidWitnessError, match=r"missing \['x'\], unknown \['z'\]"):
        cubic().witness({"y": 35, "z": 3})
    with pytest.raises(FieldElementOutOfRangeError, match=r"^x is not"):
        cubic().witness({"y": 35, "x": SCALAR_FIELD})


def test_a_product_with_a_constant_costs_nothing() -> None:
    cs = ConstraintSystem()
    x = cs.private_input("x")
    assert cs.multiply(3, x).terms == {1: 3}
    assert cs.multiply(x, 0).terms == {}
    assert cs.multiply(6, 7).constant_value == 42
    assert cs.n_constraints == 0


def test_inputs_come_first_and_once() -> None:
    cs = ConstraintSystem()
    x = cs.private_input("x")
    with pytest.raises(ValueError, match="before other wires"):
        cs.public_input("y")
    with pytest.raises(ValueError, match="exists already"):
        cs.private_input("x")
    cs.multiply(x, x)
    with pytest.raises(ValueError, match="before computed wires"):
        cs.private_input("z")


@given(elements, elements)
def test_a_quotient_is_a_hint_that_binds_nobody(x: int, y: int) -> None:
    def describe(cs: ConstraintSystem) -> None:
        numerator, denominator = cs.private_input("x"), cs.private_input("y")
        cs.quotient_or_zero(numerator + 1, denominator * 2)

    circuit = compile_circuit("quotient", describe)
    quotient = circuit.witness({"x": x, "y": y})[3]
    assert circuit.n_constraints == 0
    assert quotient * 2 * y % SCALAR_FIELD == ((x + 1) % SCALAR_FIELD if y else 0)
    assert y or quotient == 0


def test_an_addend_rides_along_with_a_product() -> None:
    def describe(cs: ConstraintSystem) -> None:
        x, y = cs.private_input("x"), cs.private_input("y")
        w = cs.multiply_add(x, y, x * 2 + 7, "w")
        cs.multiply_add(w, w, -w, "v")

    circuit = compile_circuit("sums", describe)
    assert circuit.n_constraints == 2
    assert circuit.checked_witness({"x": 3, "y": 5}) == [1, 3, 5, 28, 756]
    for wire in (3, 4):
        changed = circuit.witness({"x": 3, "y": 5})
        changed[wire] += 1
        assert circuit.r1cs.broken_constraint(changed) == wire - 3


def test_an_addend_to_a_product_with_a_constant_costs_nothing() -> None:
    cs = ConstraintSystem()
    x = cs.private_input("x")
    assert cs.multiply_add(3, x, x + 5).terms == {0: 5, 1: 4}
    assert cs.multiply_add(x, 0, 5).constant_value == 5
    assert cs.n_constraints == 0
