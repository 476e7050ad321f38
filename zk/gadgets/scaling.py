"""Scalar multiplication on Baby Jubjub inside a circuit, equal to `zk.babyjubjub.scale`.

Both work in Montgomery's form, where an addition costs 3 and needs different u-coordinates; each says why it
has them. See `zk.gadgets.babyjubjub` for the theorem.

    of a constant point   6 for three bits; 504 for 251 bits, 512 for 253
    of any point          9 for one bit; 2,302 for 254 bits

Not enforced: that the bits are bits, and that the point is in the subgroup of order l and not the identity.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from zk.babyjubjub import IDENTITY, SUBGROUP_ORDER, Point, add, scale
from zk.gadgets.babyjubjub import (
    CONVERSION_CONSTRAINTS,
    EDWARDS_ADD_CONSTRAINTS,
    LOOKUP_BITS,
    LOOKUP_CONSTRAINTS,
    MONTGOMERY_ADD_CONSTRAINTS,
    MONTGOMERY_DOUBLE_CONSTRAINTS,
    SELECT_POINT_CONSTRAINTS,
    WirePoint,
    constant_point,
    edwards_add,
    lookup,
    montgomery_add,
    montgomery_double,
    montgomery_table,
    select_point,
    to_edwards_form,
    to_montgomery_form,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.circuit import ConstraintSystem, Linear

FIXED_BITS: Final = 249  # in Montgomery's form: 7·8⁸² < l/2
SEGMENT_BITS: Final = 250  # 2²⁴⁹ + (2²⁴⁹ − 1) < l
_HALF: Final = (SUBGROUP_ORDER + 1) // 2  # 1/2 mod l
_LARGEST_DIGIT: Final = (1 << LOOKUP_BITS) - 1
_FIXED: Final = "a window's odd digit outweighs the sum of those before it: different multiples of one point"
_VARIABLE: Final = (
    "2ⁱ·P and less than 2ⁱ times P, with 2ⁱ⁺¹ below the order: different multiples of one point"
)


def scale_fixed_constraints(count: int) -> int:
    """Return the exact cost of `scale_fixed` for `count` bits."""
    low, high = min(count, FIXED_BITS), max(count - FIXED_BITS, 0)
    windows = -(-low // LOOKUP_BITS)
    additions = MONTGOMERY_ADD_CONSTRAINTS * (windows - 1) + CONVERSION_CONSTRAINTS
    end = EDWARDS_ADD_CONSTRAINTS * -(-high // LOOKUP_BITS) or EDWARDS_ADD_CONSTRAINTS // 2
    return _lookups(low) + additions + _lookups(high) + end


def scale_constraints(count: int) -> int:
    """Return the exact cost of `scale_point` for `count` bits."""
    segments = -(-count // SEGMENT_BITS)
    a_bit = MONTGOMERY_DOUBLE_CONSTRAINTS + MONTGOMERY_ADD_CONSTRAINTS + SELECT_POINT_CONSTRAINTS
    ends = CONVERSION_CONSTRAINTS + SELECT_POINT_CONSTRAINTS + EDWARDS_ADD_CONSTRAINTS
    links = MONTGOMERY_DOUBLE_CONSTRAINTS + CONVERSION_CONSTRAINTS + EDWARDS_ADD_CONSTRAINTS
    return a_bit * (count - segments) + ends * segments + links * (segments - 1) + CONVERSION_CONSTRAINTS


def scale_fixed(cs: ConstraintSystem, bits: Sequence[Linear], base: Point) -> WirePoint:
    """(Σ bitᵢ·2ⁱ)·base for a constant base of order l. Cost: scale_fixed_constraints(len(bits)).

    A window of three bits, m, stands for the odd digit 2m − 7, so that Σ digit_w·8ʷ = 2·Σ m_w·8ʷ − (8ⁿ − 1);
    the digits multiply base/2, and (8ⁿ − 1)·base/2 is added at the end. Before window w the sum of digits is
    odd and at most 8ʷ − 1, the next term at least 8ʷ and at most 7·8⁸² < l/2 in absolute value: distinct
    multiples. What is left above bit 249 is added in Edwards's form.
    """
    low, high = _windows(bits[:FIXED_BITS]), _windows(bits[FIXED_BITS:])
    total = lookup(cs, low[0], _digits(base, 0, len(low[0])))
    for index, window in enumerate(low[1:], start=1):
        point = lookup(cs, window, _digits(base, index, len(window)))
        total = montgomery_add(cs, total, point, _FIXED)
    result = to_edwards_form(cs, total)
    offset = scale(base, ((1 << LOOKUP_BITS * len(low)) - 1) * _HALF % SUBGROUP_ORDER)
    if not high:
        return edwards_add(cs, result, constant_point(offset))
    for index, window in enumerate(high, start=len(low)):
        step = scale(base, 1 << LOOKUP_BITS * index)
        table = [add(scale(step, m), offset) for m in range(1 << len(window))]
        result = edwards_add(cs, result, lookup(cs, window, table))
        offset = IDENTITY
    return result


def scale_point(cs: ConstraintSystem, bits: Sequence[Linear], point: WirePoint) -> WirePoint:
    """(Σ bitᵢ·2ⁱ)·point for any point of order l. Cost: scale_constraints(len(bits)).

    In segments of 250 bits: the sum starts as P, as if bit 0 were 1, and takes 2ⁱ·P for each other bit; it
    is j·P with 1 ≤ j < 2ⁱ when 2ⁱ·P is added, so j ≠ ±2ⁱ mod l. At the end P is taken away, by the complete
    law, if bit 0 is 0.
    """
    power = to_montgomery_form(cs, point)
    total: WirePoint | None = None
    for start in range(0, len(bits), SEGMENT_BITS):
        if start:
            power = montgomery_double(cs, power)
            point = to_edwards_form(cs, power)
        part, power = _segment(cs, bits[start : start + SEGMENT_BITS], point, power)
        total = part if total is None else edwards_add(cs, total, part)
    if total is None:
        raise ValueError("a scalar has at least one bit")
    return total


def _segment(
    cs: ConstraintSystem, bits: Sequence[Linear], point: WirePoint, power: WirePoint
) -> tuple[WirePoint, WirePoint]:
    """Return (Σ bitᵢ·2ⁱ)·point and, in Montgomery's form, 2ⁿ⁻¹·point; `power` is `point` in that form."""
    total = power
    for bit in bits[1:]:
        power = montgomery_double(cs, power)
        total = select_point(cs, bit, montgomery_add(cs, total, power, _VARIABLE), total)
    negative = WirePoint(-point.x, point.y)
    correction = select_point(cs, bits[0], constant_point(IDENTITY), negative)
    return edwards_add(cs, to_edwards_form(cs, total), correction), power


def _windows(bits: Sequence[Linear]) -> list[Sequence[Linear]]:
    return [bits[start : start + LOOKUP_BITS] for start in range(0, len(bits), LOOKUP_BITS)]


def _lookups(count: int) -> int:
    whole, rest = divmod(count, LOOKUP_BITS)
    return whole * LOOKUP_CONSTRAINTS[-1] + LOOKUP_CONSTRAINTS[rest]


@cache
def _digits(base: Point, window: int, count: int) -> list[Point]:
    """Return (2m − 7)·8^window·base/2 for m < 2^count, in Montgomery's form."""
    step = scale(base, _HALF << LOOKUP_BITS * window)
    return montgomery_table([scale(step, 2 * m - _LARGEST_DIGIT) for m in range(1 << count)])
