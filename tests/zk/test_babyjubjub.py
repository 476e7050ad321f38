from __future__ import annotations

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zk.circomlib.oracle import ask
from zk.babyjubjub import (
    BASE8,
    COFACTOR,
    IDENTITY,
    MONTGOMERY_A,
    SUBGROUP_ORDER,
    Point,
    PointNotOnCurveError,
    add,
    is_in_subgroup,
    is_on_curve,
    negate,
    pack_point,
    require_on_curve,
    scale,
    square_root,
    to_montgomery,
    unpack_point,
)
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError

# ERC-2494's generator of the whole curve, of order 8·l.
GENERATOR = Point(
    995203441582195749578291179787384436505546430278305826713579947235728471134,
    5472060717959818805561601436314318772137091100104008585924551046643952123905,
)
ORDER_2 = Point(0, SCALAR_FIELD - 1)
scalars = st.integers(0, COFACTOR * SUBGROUP_ORDER - 1)
few = settings(max_examples=20, deadline=None)


def random_point(base: Point = GENERATOR) -> Point:
    return scale(base, secrets.randbelow(COFACTOR * SUBGROUP_ORDER))


def test_random_points_give_what_circomlibjs_computes() -> None:
    points = [IDENTITY, ORDER_2, BASE8, GENERATOR, *(random_point() for _ in range(8))]
    pairs = list(zip(points, [*points[1:], points[0]], strict=True)) + [(p, p) for p in points]
    scaled = [(p, k) for p in points for k in (0, 1, secrets.randbelow(SCALAR_FIELD))]
    answers = ask(
        *[("add", *pair) for pair in pairs],
        *[("scale", *case) for case in scaled],
        *[("pack", p) for p in points],
        *[("unpack", pack_point(p)) for p in points if p.x],  # circomlibjs reads no point with x = 0
        *[("inSubgroup", p) for p in points],
        *[("inCurve", p) for p in (*points, Point(1, 1))],
    )
    assert answers == [
        *(add(*pair) for pair in pairs),
        *(scale(*case) for case in scaled),
        *(pack_point(p) for p in points),
        *(p for p in points if p.x),
        *(is_in_subgroup(p) for p in points),
        *(is_on_curve(p) for p in (*points, Point(1, 1))),
    ]


def test_the_base_point_is_8_times_the_generator_and_has_order_l() -> None:
    assert scale(GENERATOR, COFACTOR) == BASE8
    assert scale(BASE8, SUBGROUP_ORDER) == IDENTITY != BASE8
    assert scale(GENERATOR, COFACTOR * SUBGROUP_ORDER // 2) == ORDER_2
    assert is_in_subgroup(BASE8)
    assert not is_in_subgroup(GENERATOR)
    assert not is_in_subgroup(ORDER_2)


@few
@given(scalars, scalars, scalars)
def test_points_form_a_group(i: int, j: int, k: int) -> None:
    p, q, s = (scale(GENERATOR, n) for n in (i, j, k))
    assert add(p, q) == add(q, p) == scale(GENERATOR, i + j)
    assert add(add(p, q), s) == add(p, add(q, s))
    assert add(p, IDENTITY) == p
    assert add(p, negate(p)) == IDENTITY
    assert scale(p, -j) == negate(scale(p, j))


@few
@given(scalars)
def test_a_packed_point_comes_back(i: int) -> None:
    point = scale(GENERATOR, i)
    assert unpack_point(pack_point(point)) == point


@few
@given(scalars.filter(lambda i: 2 * i % (COFACTOR * SUBGROUP_ORDER)))
def test_the_montgomery_form_satisfies_its_equation(i: int) -> None:
    u, v = to_montgomery(scale(GENERATOR, i))
    assert (v * v - (u**3 + MONTGOMERY_A * u * u + u)) % SCALAR_FIELD == 0


@pytest.mark.parametrize("point", [IDENTITY, ORDER_2])
def test_two_points_have_no_montgomery_form(point: Point) -> None:
    with pytest.raises(ZeroDivisionError):
        to_montgomery(point)


@pytest.mark.parametrize(
    "point",
    [
        Point(BASE8.x + SCALAR_FIELD, BASE8.y),
        Point(BASE8.x, BASE8.y + SCALAR_FIELD),
        Point(BASE8.x - SCALAR_FIELD, BASE8.y),
    ],
)
def test_a_second_name_of_a_point_is_refused(point: Point) -> None:
    assert not is_on_curve(point)
    assert not is_in_subgroup(point)
    with pytest.raises(FieldElementOutOfRangeError, match=r"key\.[xy]"):
        require_on_curve(point, "key")


def test_a_point_off_the_curve_is_refused() -> None:
    off = Point(BASE8.x, BASE8.y + 1)
    assert not is_on_curve(off)
    assert not is_in_subgroup(off)
    with pytest.raises(PointNotOnCurveError, match="the key is no point"):
        require_on_curve(off, "the key")
    assert require_on_curve(BASE8, "the key") == BASE8


def test_packed_bytes_that_are_no_point_or_a_second_name_of_one_are_refused() -> None:
    negative_zero = (1 | 1 << 255).to_bytes(32, "little")  # −0 beside y = 1
    off_curve = next(y for y in range(2, 50) if ask_unpack(y) is None)
    for packed in (negative_zero, off_curve.to_bytes(32, "little"), b"", bytes(31), bytes(33)):
        with pytest.raises(PointNotOnCurveError):
            unpack_point(packed)
    with pytest.raises(FieldElementOutOfRangeError):
        unpack_point((BASE8.y + SCALAR_FIELD).to_bytes(32, "little"))


def ask_unpack(y: int) -> Point | None:
    """A point with this y by trying roots, without `unpack_point`."""
    x_square = (1 - y * y) * pow(168700 - 168696 * y * y, -1, SCALAR_FIELD) % SCALAR_FIELD
    return None if pow(x_square, (SCALAR_FIELD - 1) // 2, SCALAR_FIELD) == SCALAR_FIELD - 1 else Point(0, y)


@given(st.integers(0, SCALAR_FIELD - 1))
def test_a_square_root_squares_to_its_number(x: int) -> None:
    root = square_root(x * x % SCALAR_FIELD)
    assert root in {x, (SCALAR_FIELD - x) % SCALAR_FIELD}
    assert x == 0 or square_root(5 * x * x % SCALAR_FIELD) is None  # 5 generates F_r*, so it is no square
