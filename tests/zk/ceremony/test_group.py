from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc.fields import optimized_bn128_FQ2 as FQ2
from py_ecc.optimized_bn128 import optimized_curve as curve

from zk.ceremony.combinations import Sum, combine_all, combine_neighbours
from zk.ceremony.curve_bytes import G1_BYTES, stored
from zk.ceremony.errors import CeremonyFileError
from zk.ceremony.group import G1, G2, Group, combine_terms, same_ratio, scale_run
from zk.ceremony.randomness import _square_root_fq2
from zk.field import BASE_FIELD, FIELD_BYTES, SCALAR_FIELD

scalars = st.integers(min_value=0, max_value=SCALAR_FIELD - 1)
both = pytest.mark.parametrize("group", [G1, G2], ids=lambda group: group.name)


def run_of(group: Group, *numbers: int) -> bytes:
    return group.stored(group.multiples([group.generator] * len(numbers), list(numbers)))


@both
@settings(max_examples=10, deadline=None)
@given(numbers=st.lists(scalars, max_size=4))
def test_a_run_survives_the_curve_library(group: Group, numbers: list[int]) -> None:
    run = run_of(group, 0, *numbers)
    assert group.stored(group.natives(run)) == run
    assert not any(run[: group.size])


@settings(max_examples=10, deadline=None)
@given(scalars)
def test_g2_is_the_group_of_another_library(number: int) -> None:
    expected = curve.multiply(curve.G2, number)
    x, y = curve.normalize(expected) if number else (FQ2.zero(), FQ2.zero())
    coordinates = [int(c) for c in (*x.coeffs, *y.coeffs)]
    assert run_of(G2, number) == stored([coordinates])


@both
@settings(max_examples=10, deadline=None)
@given(points=st.lists(scalars, min_size=2, max_size=5), first=scalars, step=scalars)
def test_runs_are_scaled_and_combined_by_the_definition(
    group: Group, points: list[int], first: int, step: int
) -> None:
    run = run_of(group, *points)
    factors = [first * pow(step, i, SCALAR_FIELD) % SCALAR_FIELD for i in range(len(points))]
    assert scale_run(group.name, run, first, step) == run_of(
        group, *(p * f % SCALAR_FIELD for p, f in zip(points, factors, strict=True))
    )
    total = sum(p * f for p, f in zip(points, factors, strict=True)) % SCALAR_FIELD
    assert combine_all([Sum(group, run, factors)]) == [run_of(group, total)]
    terms = [(i, f) for i, f in enumerate(factors)]
    assert combine_terms(group.name, run, [terms, [], terms * 10]) == run_of(group, total, 0, 10 * total)


def test_long_sums_are_cut_into_tasks_that_add_up() -> None:
    count = 2500
    run = run_of(G1, 1) * count
    weights = list(range(count))
    assert combine_all([Sum(G1, run, weights)]) == [run_of(G1, sum(weights))]


def test_neighbours_have_the_ratio_of_the_powers() -> None:
    tau = 5
    run = run_of(G1, *(pow(tau, i, SCALAR_FIELD) for i in range(40)))
    ((left, right),) = combine_neighbours([(G1, run)])
    assert same_ratio((left, right), (G2.stored_generator, run_of(G2, tau)))


def test_a_ratio_with_infinity_or_of_another_number_is_no_same_ratio() -> None:
    p, q, zero = run_of(G1, 7), run_of(G2, 7), bytes(G1_BYTES)
    assert same_ratio((G1.stored_generator, p), (G2.stored_generator, q))
    assert not same_ratio((G1.stored_generator, p), (G2.stored_generator, run_of(G2, 8)))
    assert not same_ratio((zero, zero), (G2.stored_generator, q))
    assert not same_ratio((G1.stored_generator, p), (bytes(128), bytes(128)))


@both
def test_points_off_the_curve_cut_short_or_with_large_coordinates_are_refused(group: Group) -> None:
    run = run_of(group, 3)
    off_curve = run[:-1] + bytes([run[-1] ^ 1])
    x = int.from_bytes(run[:FIELD_BYTES], "little") + BASE_FIELD
    second_spelling = x.to_bytes(FIELD_BYTES, "little") + run[FIELD_BYTES:]
    for bad, reason in ((off_curve, "curve"), (run[:-1], "cut short"), (second_spelling, "below q")):
        with pytest.raises(CeremonyFileError, match=reason):
            group.natives(bad)


def test_points_of_the_twist_outside_the_subgroup_are_refused() -> None:
    b = FQ2([3, 0]) / FQ2([9, 1])
    squares = ((FQ2([x, 0]), FQ2([x, 0]) ** 3 + b) for x in range(1, 50))
    roots = ((x, _square_root_fq2((int(c[0]), int(c[1])))) for x, c in ((x, s.coeffs) for x, s in squares))
    x, y = next((x, y) for x, y in roots if y is not None)
    with pytest.raises(CeremonyFileError, match="subgroup"):
        G2.natives(stored([[*(int(c) for c in x.coeffs), *y]]))
