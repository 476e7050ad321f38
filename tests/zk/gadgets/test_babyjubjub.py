from __future__ import annotations

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.gadgets import Build, accepts, cost_of, gadget_circuit, loose_wires, named_inputs, without
from zk import babyjubjub as curve
from zk import gadgets
from zk.babyjubjub import BASE8, COFACTOR, IDENTITY, MONTGOMERY_A, SUBGROUP_ORDER, Point
from zk.circuit import ConstraintSystem, LinearCombination
from zk.field import SCALAR_FIELD
from zk.gadgets import WirePoint
from zk.gadgets import babyjubjub as wired

GENERATOR = Point(
    995203441582195749578291179787384436505546430278305826713579947235728471134,
    5472060717959818805561601436314318772137091100104008585924551046643952123905,
)
Wire = LinearCombination
points = st.integers(0, COFACTOR * SUBGROUP_ORDER - 1).map(lambda k: curve.scale(GENERATOR, k))
subgroup_points = st.integers(1, SUBGROUP_ORDER - 1).map(lambda k: curve.scale(BASE8, k))
few = settings(max_examples=20, deadline=None)


def add(cs: ConstraintSystem, *x: Wire) -> WirePoint:
    return gadgets.edwards_add(cs, WirePoint(*x[:2]), WirePoint(*x[2:]))


def double(cs: ConstraintSystem, *x: Wire) -> WirePoint:
    return gadgets.edwards_double(cs, WirePoint(*x))


def on_curve(cs: ConstraintSystem, *x: Wire) -> None:
    gadgets.enforce_on_curve(cs, WirePoint(*x))


def to_montgomery(cs: ConstraintSystem, *x: Wire) -> WirePoint:
    return wired.to_montgomery_form(cs, WirePoint(*x))


def to_edwards(cs: ConstraintSystem, *x: Wire) -> WirePoint:
    return wired.to_edwards_form(cs, WirePoint(*x))


def montgomery_add(cs: ConstraintSystem, *x: Wire) -> WirePoint:
    return wired.montgomery_add(cs, WirePoint(*x[:2]), WirePoint(*x[2:]), "the test says so")


def montgomery_double(cs: ConstraintSystem, *x: Wire) -> WirePoint:
    return wired.montgomery_double(cs, WirePoint(*x))


def select(cs: ConstraintSystem, *x: Wire) -> WirePoint:
    return gadgets.select_point(cs, x[0], WirePoint(*x[1:3]), WirePoint(*x[3:]))


def add_base(cs: ConstraintSystem, *x: Wire) -> WirePoint:
    return gadgets.edwards_add(cs, WirePoint(*x), wired.constant_point(BASE8))


def eight_points() -> list[Point]:
    return [curve.scale(BASE8, secrets.randbelow(SUBGROUP_ORDER)) for _ in range(8)]


def looked_up(table: list[Point]) -> Build:
    return lambda cs, *bits: wired.lookup(cs, bits, table)


COSTS: list[tuple[str, int, Build, int]] = [
    ("on curve", 2, on_curve, wired.ON_CURVE_CONSTRAINTS),
    ("add", 4, add, wired.EDWARDS_ADD_CONSTRAINTS),
    ("add a constant", 2, add_base, wired.EDWARDS_ADD_CONSTRAINTS // 2),
    ("double", 2, double, wired.EDWARDS_DOUBLE_CONSTRAINTS),
    ("to Montgomery", 2, to_montgomery, wired.CONVERSION_CONSTRAINTS),
    ("to Edwards", 2, to_edwards, wired.CONVERSION_CONSTRAINTS),
    ("Montgomery add", 4, montgomery_add, wired.MONTGOMERY_ADD_CONSTRAINTS),
    ("Montgomery double", 2, montgomery_double, wired.MONTGOMERY_DOUBLE_CONSTRAINTS),
    ("select", 5, select, wired.SELECT_POINT_CONSTRAINTS),
    *(
        (f"lookup {n}", n, looked_up(eight_points()[: 1 << n]), wired.LOOKUP_CONSTRAINTS[n])
        for n in (1, 2, 3)
    ),
]


@pytest.mark.parametrize(("name", "n_inputs", "build", "cost"), COSTS, ids=[case[0] for case in COSTS])
def test_the_cost_is_exact(name: str, n_inputs: int, build: Build, cost: int) -> None:
    assert cost_of(n_inputs, build) == cost


def test_the_named_costs_are_what_the_module_says() -> None:
    assert [case[3] for case in COSTS] == [3, 6, 3, 5, 2, 2, 3, 4, 2, 0, 1, 3]


@few
@given(points, points)
def test_the_edwards_sum_is_that_of_the_curve(p: Point, q: Point) -> None:
    circuit = gadget_circuit(4, add)
    total = curve.add(p, q)
    assert accepts(circuit, *p, *q, out=total)
    assert not accepts(circuit, *p, *q, out=(total.x, (total.y + 1) % SCALAR_FIELD))
    assert accepts(gadget_circuit(2, double), *p, out=curve.add(p, p))
    assert accepts(gadget_circuit(2, add_base), *p, out=curve.add(p, BASE8))


@pytest.mark.parametrize("p", [IDENTITY, Point(0, SCALAR_FIELD - 1), BASE8, curve.negate(BASE8)])
@pytest.mark.parametrize("q", [IDENTITY, Point(0, SCALAR_FIELD - 1), BASE8])
def test_the_edwards_sum_has_no_exceptional_case(p: Point, q: Point) -> None:
    assert accepts(gadget_circuit(4, add), *p, *q, out=curve.add(p, q))
    assert accepts(gadget_circuit(2, double), *p, out=curve.add(p, p))


@few
@given(points)
def test_every_point_of_the_curve_and_no_other_is_accepted(p: Point) -> None:
    circuit = gadget_circuit(2, on_curve)
    assert accepts(circuit, *p)
    assert not accepts(circuit, p.x, (p.y + 1) % SCALAR_FIELD) or curve.is_on_curve(Point(p.x, p.y + 1))
    assert not accepts(circuit, (p.x + 1) % SCALAR_FIELD, p.y) or curve.is_on_curve(Point(p.x + 1, p.y))


def test_a_point_off_the_curve_passes_only_without_the_equation() -> None:
    circuit = gadget_circuit(2, on_curve)
    witness = circuit.witness(named_inputs(circuit, (1, 1), 0))
    assert circuit.r1cs.broken_constraint(witness) is not None
    assert without(circuit.r1cs, "the point is on the curve").broken_constraint(witness) is None


@few
@given(subgroup_points, subgroup_points)
def test_montgomery_forms_add_like_the_points_they_are(p: Point, q: Point) -> None:
    mp, mq = curve.to_montgomery(p), curve.to_montgomery(q)
    assert accepts(gadget_circuit(2, to_montgomery), *p, out=mp)
    assert accepts(gadget_circuit(2, to_edwards), *mp, out=p)
    double_p = curve.to_montgomery(curve.add(p, p))
    assert accepts(gadget_circuit(2, montgomery_double), *mp, out=double_p)
    if mp.x != mq.x:
        circuit = gadget_circuit(4, montgomery_add)
        total = curve.to_montgomery(curve.add(p, q))
        assert accepts(circuit, *mp, *mq, out=total)
        assert not accepts(circuit, *mp, *mq, out=curve.to_montgomery(curve.negate(curve.add(p, q))))


def test_a_montgomery_sum_of_equal_points_would_be_the_provers_choice() -> None:
    """The hole that every use of the gadget has to argue away; see its module."""
    circuit = gadget_circuit(4, montgomery_add)
    u, v = curve.to_montgomery(BASE8)
    slope = secrets.randbelow(SCALAR_FIELD)
    forged_u = (slope * slope - MONTGOMERY_A - 2 * u) % SCALAR_FIELD
    forged_v = (slope * (u - forged_u) - v) % SCALAR_FIELD
    witness = [1, forged_u, forged_v, u, v, u, v, slope, forged_u, forged_v]
    assert circuit.r1cs.broken_constraint(witness) is None
    assert [note.reason for note in circuit.notes] == ["the test says so"]


@pytest.mark.parametrize(
    ("n_inputs", "build", "inputs", "out"),
    [
        (4, add, (*BASE8, *GENERATOR), curve.add(BASE8, GENERATOR)),
        (2, double, BASE8, curve.add(BASE8, BASE8)),
        (2, to_montgomery, BASE8, curve.to_montgomery(BASE8)),
        (2, to_edwards, curve.to_montgomery(BASE8), BASE8),
        (
            4,
            montgomery_add,
            (*curve.to_montgomery(BASE8), *curve.to_montgomery(curve.add(BASE8, BASE8))),
            curve.to_montgomery(curve.scale(BASE8, 3)),
        ),
        (2, montgomery_double, curve.to_montgomery(BASE8), curve.to_montgomery(curve.add(BASE8, BASE8))),
    ],
    ids=["add", "double", "to Montgomery", "to Edwards", "Montgomery add", "Montgomery double"],
)
def test_every_wire_is_fixed_and_so_is_the_result(
    n_inputs: int, build: Build, inputs: tuple[int, ...], out: tuple[int, ...]
) -> None:
    circuit = gadget_circuit(n_inputs, build)
    assert accepts(circuit, *inputs, out=out)
    assert loose_wires(circuit, circuit.witness(named_inputs(circuit, inputs, out))) == []
    for i in range(2):
        changed = tuple(x + (i == j) for j, x in enumerate(out))
        assert not accepts(circuit, *inputs, out=changed)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_lookup_finds_every_entry(count: int) -> None:
    table = eight_points()[: 1 << count]
    circuit = gadget_circuit(count, looked_up(table))
    for index, point in enumerate(table):
        bits = [index >> i & 1 for i in range(count)]
        assert accepts(circuit, *bits, out=point)
        assert not accepts(circuit, *bits, out=table[index - 1])


@pytest.mark.parametrize(("count", "entries"), [(0, 1), (4, 16), (3, 7), (2, 8)])
def test_a_lookup_of_another_shape_is_refused(count: int, entries: int) -> None:
    with pytest.raises(ValueError, match="a lookup takes"):
        wired.lookup(ConstraintSystem(), [0] * count, (eight_points() * 2)[:entries])


def test_selection_takes_one_or_the_other() -> None:
    circuit = gadget_circuit(5, select)
    assert accepts(circuit, 1, *BASE8, *GENERATOR, out=BASE8)
    assert accepts(circuit, 0, *BASE8, *GENERATOR, out=GENERATOR)
    assert not accepts(circuit, 0, *BASE8, *GENERATOR, out=BASE8)


def test_arithmetic_on_constants_is_constant() -> None:
    cs = ConstraintSystem()
    base = wired.constant_point(BASE8)
    total = wired.to_edwards_form(cs, wired.to_montgomery_form(cs, gadgets.edwards_add(cs, base, base)))
    assert Point(total.x.constant_value or 0, total.y.constant_value or 0) == curve.add(BASE8, BASE8)
    assert cs.n_constraints == 0
