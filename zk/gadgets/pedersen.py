"""circomlib's Pedersen hash inside a circuit, equal to `zk.pedersen.pedersen_hash`.

A window's point is looked up among eight constants (3 constraints) and its sign applied to v (1). The
windows of a segment are added in Montgomery's form (3 each), the segments in Edwards's.

    cost  4·windows + 3·(windows − segments) + 2·segments + 6·(segments − 1)
          248 bits: 438; 496 bits: 877. A last window of three, two or one bits costs 3, 1 or 0 in place of 4.

Why the additions are safe. Before window w the sum is j·G with |j| ≤ 8·(1 + 32 + … + 32ʷ⁻¹) < 32ʷ, and j ≠ 0
since the last window outweighs those before it; the window's point is k·G with 32ʷ ≤ |k| ≤ 8·32ʷ. So 0 < |j|
< |k|, and |j| + |k| < 9·32⁴⁹ < l/2 for up to 50 windows. By the distinct-x theorem the u-coordinates differ,
and the slope is fixed. (Zcash protocol specification, appendix A.3.3.9, for windows of three bits;
circomlib's `pedersen.circom` adds the same points in the same order.) This needs each input to be a bit.

Not enforced: that the inputs are bits. Take them from `bits_of`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from zk.babyjubjub import Point, add, scale
from zk.circuit import Linear, as_linear
from zk.gadgets.babyjubjub import (
    CONVERSION_CONSTRAINTS,
    EDWARDS_ADD_CONSTRAINTS,
    LOOKUP_BITS,
    LOOKUP_CONSTRAINTS,
    MONTGOMERY_ADD_CONSTRAINTS,
    WirePoint,
    edwards_add,
    lookup,
    montgomery_add,
    montgomery_table,
    to_edwards_form,
)
from zk.pedersen import MAX_BITS, SEGMENT_BITS, WINDOW_BITS, WINDOW_SHIFT, PedersenInputError, generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.circuit import ConstraintSystem

WINDOW_CONSTRAINTS = (*LOOKUP_CONSTRAINTS, LOOKUP_CONSTRAINTS[-1] + 1)  # by its number of bits
_DISTINCT: Final = "a window outweighs the sum of those before it: different multiples of one generator"


def pedersen_constraints(count: int) -> int:
    """Return the exact number of constraints for `count` bits."""
    windows, segments = -(-count // WINDOW_BITS), -(-count // SEGMENT_BITS)
    last = count - (windows - 1) * WINDOW_BITS
    return (
        (windows - 1) * WINDOW_CONSTRAINTS[WINDOW_BITS]
        + WINDOW_CONSTRAINTS[last]
        + (windows - segments) * MONTGOMERY_ADD_CONSTRAINTS
        + segments * CONVERSION_CONSTRAINTS
        + (segments - 1) * EDWARDS_ADD_CONSTRAINTS
    )


def pedersen_hash(cs: ConstraintSystem, bits: Sequence[Linear]) -> WirePoint:
    """H(bits) in Edwards's form, lowest bit first. Cost: pedersen_constraints(len(bits))."""
    if not 1 <= len(bits) <= MAX_BITS:
        raise PedersenInputError(f"the Pedersen hash takes 1 to {MAX_BITS} bits, not {len(bits)}")
    total: WirePoint | None = None
    for segment, start in enumerate(range(0, len(bits), SEGMENT_BITS)):
        with cs.scope(f"segment {segment}"):
            point = to_edwards_form(cs, _segment(cs, segment, bits[start : start + SEGMENT_BITS]))
            total = point if total is None else edwards_add(cs, total, point)
    assert total is not None  # noqa: S101  there is at least one bit, hence a segment
    return total


def _segment(cs: ConstraintSystem, segment: int, bits: Sequence[Linear]) -> WirePoint:
    """Return the sum of the segment's windows in Montgomery's form."""
    windows = [bits[start : start + WINDOW_BITS] for start in range(0, len(bits), WINDOW_BITS)]
    total = _window(cs, windows[0], _multiples(segment, 0))
    for index, window in enumerate(windows[1:], start=1):
        with cs.scope(f"window {index}"):
            point = _window(cs, window, _multiples(segment, index))
            total = montgomery_add(cs, total, point, _DISTINCT)
    return total


def _window(cs: ConstraintSystem, bits: Sequence[Linear], multiples: Sequence[Point]) -> WirePoint:
    """(1 + b₀ + 2·b₁ + 4·b₂)·(1 − 2·b₃)·base, where `multiples` are base … 8·base."""
    magnitude, sign = bits[:LOOKUP_BITS], bits[LOOKUP_BITS:]
    point = lookup(cs, magnitude, multiples[: 1 << len(magnitude)])
    if not sign:
        return point
    cs.note_bits(sign[0], 1, "a window's sign is a bit")
    return WirePoint(point.x, cs.multiply(point.y, 1 - 2 * as_linear(sign[0]), "signed v"))


@cache
def _multiples(segment: int, window: int) -> list[Point]:
    """Return 1, 2 … 8 times 32^window·G_segment, in Montgomery's form."""
    base = scale(generator(segment), 1 << WINDOW_SHIFT * window)
    points = [base]
    while len(points) < 1 << LOOKUP_BITS:
        points.append(add(points[-1], base))
    return montgomery_table(points)
