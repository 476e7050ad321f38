from __future__ import annotations

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.gadgets import Build, accepts, cost_of, gadget_circuit, loose_wires, named_inputs
from zk import gadgets
from zk.babyjubjub import BASE8, SUBGROUP_ORDER, Point, add, scale
from zk.circuit import Circuit, ConstraintSystem, LinearCombination
from zk.gadgets import WirePoint
from zk.gadgets.scaling import FIXED_BITS, SEGMENT_BITS, scale_constraints, scale_fixed_constraints
from zk.pedersen import number_bits

BASE = scale(BASE8, secrets.randbelow(SUBGROUP_ORDER))
few = settings(max_examples=8, deadline=None)


def fixed(cs: ConstraintSystem, *bits: LinearCombination) -> WirePoint:
    return gadgets.scale_fixed(cs, bits, BASE)


def variable(cs: ConstraintSystem, *x: LinearCombination) -> WirePoint:
    return gadgets.scale_point(cs, x[2:], WirePoint(*x[:2]))


CIRCUITS: dict[tuple[str, int], Circuit] = {}


def circuit_of(name: str, build: Build, n_inputs: int) -> Circuit:
    return CIRCUITS.setdefault((name, n_inputs), gadget_circuit(n_inputs, build))


@few
@given(st.sampled_from([1, 2, 3, 8, 249, 250, 251, 253]), st.integers(0))
def test_a_multiple_of_a_constant_is_that_of_the_curve(count: int, number: int) -> None:
    scalar = number % (1 << count)
    for chosen in (scalar, 0, (1 << count) - 1):
        product = scale(BASE, chosen)
        circuit = circuit_of("fixed", fixed, count)
        assert accepts(circuit, *number_bits(chosen, count), out=product)
        assert not accepts(circuit, *number_bits(chosen ^ 1, count), out=product)


@few
@given(st.sampled_from([1, 2, 3, 8, 250, 251, 254]), st.integers(0), st.integers(1, SUBGROUP_ORDER - 1))
def test_a_multiple_of_any_point_is_that_of_the_curve(count: int, number: int, k: int) -> None:
    point = scale(BASE8, k)
    for chosen in (number % (1 << count), 0, (1 << count) - 1):
        product = scale(point, chosen)
        circuit = circuit_of("variable", variable, count + 2)
        assert accepts(circuit, *point, *number_bits(chosen, count), out=product)
        assert not accepts(circuit, *point, *number_bits(chosen, count), out=add(product, point))


@pytest.mark.parametrize("scalar", [SUBGROUP_ORDER - 1, SUBGROUP_ORDER, SUBGROUP_ORDER + 1])
def test_scalars_around_the_order_wrap_as_they_should(scalar: int) -> None:
    product = scale(BASE, scalar)
    assert accepts(circuit_of("fixed", fixed, 251), *number_bits(scalar, 251), out=product)
    assert accepts(circuit_of("variable", variable, 253), *BASE, *number_bits(scalar, 251), out=product)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 248, 249, 250, 251, 252, 253, 256])
def test_the_cost_is_exact(count: int) -> None:
    assert cost_of(count, fixed) == scale_fixed_constraints(count)
    assert cost_of(count + 2, variable) == scale_constraints(count)


def test_the_costs_are_what_the_module_says() -> None:
    assert [scale_fixed_constraints(n) for n in (251, 253)] == [504, 512]
    assert scale_constraints(254) == 2302


def test_every_wire_is_fixed() -> None:
    scalar = secrets.randbits(251)
    for build, inputs in (
        (fixed, tuple(number_bits(scalar, 251))),
        (variable, (*BASE, *number_bits(scalar, 251))),
    ):
        circuit = gadget_circuit(len(inputs), build)
        witness = circuit.checked_witness(named_inputs(circuit, inputs, scale(BASE, scalar)))
        assert loose_wires(circuit, witness, step=7) == []


def test_the_digits_of_a_constants_multiple_never_meet_the_sum() -> None:
    """The argument of `scale_fixed` in numbers: largest sum before window w, and its terms."""
    largest = 0
    for window in range(FIXED_BITS // 3):
        assert largest < 8**window
        assert largest + 7 * 8**window < SUBGROUP_ORDER
        largest += 7 * 8**window


def test_the_powers_of_any_point_never_meet_the_sum() -> None:
    """The argument of `scale_point`: j + 2ⁱ and 2ⁱ − j are not 0 mod l for 1 ≤ j < 2ⁱ."""
    top = 1 << SEGMENT_BITS - 1
    assert top + top - 1 < SUBGROUP_ORDER < 2 * (top + top)


def test_a_scalar_without_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one bit"):
        gadgets.scale_point(ConstraintSystem(), [], WirePoint(*map(LinearCombination.constant, Point(*BASE))))
