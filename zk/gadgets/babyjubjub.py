"""Points of Baby Jubjub inside a circuit, equal to `zk.babyjubjub`.

Two forms of the curve, as in circomlib: the Edwards law has no exceptional case and costs 6; Montgomery's
costs 3, but says nothing when the two points have the same u-coordinate: λ·0 = 0 leaves λ, and with it the
sum, to the prover. Whoever adds in Montgomery's form must show that u₁ ≠ u₂. Here that is always the
distinct-x theorem (Zcash protocol specification, appendix A.3.3.4): multiples j·P and k·P of one point of odd
prime order l have different u-coordinates if 0 < |j|, |k| < l/2 and |j| ≠ |k|.

    enforce_on_curve  3      edwards_add     6      to_montgomery  2      montgomery_add     3
    select_point      2      edwards_double  5      to_edwards     2      montgomery_double  4
    lookup of one constant point among eight: 3 (1 with two bits, 0 with one)

A coordinate that is a constant costs less. Every quotient has a note to `tohyo zk check` on why its
denominator is not 0. Not enforced by the arithmetic: that its arguments are on the curve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from zk.babyjubjub import MONTGOMERY_A, A, D, Point, square_root, to_montgomery
from zk.circuit import Linear, LinearCombination, as_linear, weighted_sum
from zk.field import SCALAR_FIELD, inverse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.circuit import ConstraintSystem

ON_CURVE_CONSTRAINTS = 3
EDWARDS_ADD_CONSTRAINTS = 6
EDWARDS_DOUBLE_CONSTRAINTS = 5
MONTGOMERY_ADD_CONSTRAINTS = 3
MONTGOMERY_DOUBLE_CONSTRAINTS = 4
CONVERSION_CONSTRAINTS = 2
SELECT_POINT_CONSTRAINTS = 2
LOOKUP_BITS: Final = 3
LOOKUP_CONSTRAINTS = (0, 0, 1, 3)  # by the number of bits that are no constants

_ROOT_OF_A: Final = square_root(A) or 0  # `a` is a square: that makes the addition law complete
_COMPLETE: Final = "the addition law is complete on the curve"
_ODD_ORDER: Final = "a multiple of a point of odd order, and not the identity, has no coordinate that is 0"


class WirePoint(NamedTuple):
    """Two combinations: (x, y) of Edwards's form, or (u, v) of Montgomery's."""

    x: LinearCombination
    y: LinearCombination


def constant_point(point: Point) -> WirePoint:
    """Return a point that is known when the circuit is described."""
    return WirePoint(as_linear(point.x), as_linear(point.y))


def enforce_on_curve(cs: ConstraintSystem, point: WirePoint) -> None:
    """Constrain x²·(d·y² − a) = y² − 1, the curve's equation. Cost: 3."""
    x_square = cs.multiply(point.x, point.x, "x²")
    y_square = cs.multiply(point.y, point.y, "y²")
    cs.enforce_product(x_square, y_square * D - A, y_square - 1, "the point is on the curve")


def edwards_add(cs: ConstraintSystem, left: WirePoint, right: WirePoint) -> WirePoint:
    """Add any two points of the curve. Cost: 6, or 3 if one of them is a constant.

    β = x₁y₂, γ = y₁x₂, τ = βγ: (x, y) = ((β + γ)/(1 + dτ), (y₁y₂ − a·x₁x₂)/(1 − dτ)), where the second
    numerator is (y₁ − a·x₁)(x₂ + y₂) + aβ − γ.
    """
    beta = cs.multiply(left.x, right.y, "x₁y₂")
    gamma = cs.multiply(left.y, right.x, "y₁x₂")
    delta = cs.multiply(left.y - left.x * A, right.x + right.y, "(y₁ − a·x₁)(x₂ + y₂)")
    tau = cs.multiply(beta, gamma, "x₁x₂y₁y₂") * D
    return WirePoint(
        _quotient(cs, beta + gamma, tau + 1, "x of the sum", _COMPLETE),
        _quotient(cs, delta + beta * A - gamma, 1 - tau, "y of the sum", _COMPLETE),
    )


def edwards_double(cs: ConstraintSystem, point: WirePoint) -> WirePoint:
    """Add a point of the curve to itself. Cost: 5, one less than circomlib's.

    With √a, y² − a·x² is the one product (y − √a·x)(y + √a·x).
    """
    beta = cs.multiply(point.x, point.y, "xy")
    tau = cs.multiply(beta, beta, "x²y²") * D
    difference = cs.multiply(point.y - point.x * _ROOT_OF_A, point.y + point.x * _ROOT_OF_A, "y² − a·x²")
    return WirePoint(
        _quotient(cs, beta * 2, tau + 1, "x of the double", _COMPLETE),
        _quotient(cs, difference, 1 - tau, "y of the double", _COMPLETE),
    )


def to_montgomery_form(cs: ConstraintSystem, point: WirePoint) -> WirePoint:
    """Return u = (1 + y)/(1 − y), v = u/x. Cost: 2. Not for the identity nor the point of order 2."""
    u = _quotient(cs, point.y + 1, 1 - point.y, "u", _ODD_ORDER)
    return WirePoint(u, _quotient(cs, u, point.x, "v", _ODD_ORDER))


def to_edwards_form(cs: ConstraintSystem, point: WirePoint) -> WirePoint:
    """Return x = u/v, y = (u − 1)/(u + 1). Cost: 2. Only for points of odd order.

    There v ≠ 0, which has order 2, and u ≠ −1, which has order 4.
    """
    x = _quotient(cs, point.x, point.y, "x", _ODD_ORDER)
    return WirePoint(x, _quotient(cs, point.x - 1, point.x + 1, "y", _ODD_ORDER))


def montgomery_add(cs: ConstraintSystem, left: WirePoint, right: WirePoint, reason: str) -> WirePoint:
    """Add two points with u₁ ≠ u₂; `reason` says why that is so. Cost: 3.

    λ = (v₂ − v₁)/(u₂ − u₁); u = λ² − A − u₁ − u₂; v = λ(u₁ − u) − v₁.
    """
    slope = _quotient(cs, right.y - left.y, right.x - left.x, "slope", reason)
    u = cs.multiply_add(slope, slope, -left.x - right.x - MONTGOMERY_A, "u of the sum")
    return WirePoint(u, cs.multiply_add(slope, left.x - u, -left.y, "v of the sum"))


def montgomery_double(cs: ConstraintSystem, point: WirePoint) -> WirePoint:
    """Add a point of odd order to itself: λ = (3u² + 2Au + 1)/2v. Cost: 4."""
    square = cs.multiply(point.x, point.x, "u²")
    numerator = square * 3 + point.x * (2 * MONTGOMERY_A) + 1
    slope = _quotient(cs, numerator, point.y * 2, "slope", _ODD_ORDER)
    u = cs.multiply_add(slope, slope, -2 * point.x - MONTGOMERY_A, "u of the double")
    return WirePoint(u, cs.multiply_add(slope, point.x - u, -point.y, "v of the double"))


def select_point(cs: ConstraintSystem, bit: Linear, if_one: WirePoint, if_zero: WirePoint) -> WirePoint:
    """Return one of two points. Cost: 2, less for equal constants. Not enforced: that `bit` is a bit."""
    cs.note_bits(bit, 1, "select_point chooses by a bit")
    return WirePoint(
        cs.multiply_add(bit, if_one.x - if_zero.x, if_zero.x, "selected x"),
        cs.multiply_add(bit, if_one.y - if_zero.y, if_zero.y, "selected y"),
    )


def lookup(cs: ConstraintSystem, bits: Sequence[Linear], table: Sequence[Point]) -> WirePoint:
    """Return table[b₀ + 2·b₁ + 4·b₂], constants. Cost: LOOKUP_CONSTRAINTS[number of bits]. Bits lowest first.

    A function of two bits is linear in 1, b₀, b₁ and b₀b₁; the third bit chooses between two of them.
    """
    if not 1 <= len(bits) <= LOOKUP_BITS or len(table) != 1 << len(bits):
        raise ValueError(f"a lookup takes 1 to {LOOKUP_BITS} bits and a point for each value of them")
    for bit in bits:
        cs.note_bits(bit, 1, "a lookup reads bits")
    low = as_linear(bits[0])
    high = as_linear(bits[1]) if len(bits) > 1 else as_linear(0)
    both = cs.multiply(low, high, "b₀b₁")

    def coordinate(values: Sequence[int]) -> LinearCombination:
        c0, c1, c2, c3 = (*values, *values)[:4]
        return weighted_sum(((c0, 1), (c1 - c0, low), (c2 - c0, high), (c3 - c2 - c1 + c0, both)))

    halves = [
        WirePoint(coordinate([p.x for p in half]), coordinate([p.y for p in half]))
        for half in (table[:4], table[4:] or table[:4])
    ]
    return select_point(cs, bits[2], halves[1], halves[0]) if len(bits) == LOOKUP_BITS else halves[0]


def montgomery_table(points: Sequence[Point]) -> list[Point]:
    """Convert constants of Edwards's form into Montgomery's."""
    return [to_montgomery(point) for point in points]


def _quotient(
    cs: ConstraintSystem, numerator: LinearCombination, denominator: LinearCombination, name: str, reason: str
) -> LinearCombination:
    """numerator/denominator. Cost: 1. Where both are 0 any value passes; `reason` says why they are not."""
    if numerator.constant_value is not None and denominator.constant_value:
        return as_linear(numerator.constant_value * inverse(denominator.constant_value) % SCALAR_FIELD)
    cs.note_nonzero(denominator, reason)
    quotient = cs.quotient_or_zero(numerator, denominator, name)
    cs.enforce_product(quotient, denominator, numerator, f"{name} times its denominator is its numerator")
    return quotient
