"""Integers inside the field: bit decompositions and comparison.

A field element has one value but, in 254 bits, sometimes two decompositions: x and x + r, since 2²⁵⁴ > r.
Up to 253 bits the decomposition is unique; for all 254 use `canonical_bits_of`.

The highest bit has no wire: it is (x − Σ lower bits)/2ⁿ⁻¹, a combination that must be 0 or 1. The equation
"the bits sum to x" then holds by construction and costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.circuit import Linear, LinearCombination, as_linear, weighted_sum
from zk.field import SCALAR_FIELD, inverse
from zk.gadgets.logic import enforce_boolean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.circuit import ConstraintSystem

UNIQUE_BITS = 253  # 2²⁵³ < r < 2²⁵⁴
FIELD_BITS = 254


def bits_of(cs: ConstraintSystem, x: Linear, count: int) -> list[LinearCombination]:
    """Decompose x into `count` ≤ 253 bits, lowest first; refuses x ≥ 2^count. Cost: count."""
    if not 1 <= count <= UNIQUE_BITS:
        raise ValueError(f"{count} bits do not fix a field element; use canonical_bits_of for 254")
    return _decomposition(cs, x, count)


def canonical_bits_of(cs: ConstraintSystem, x: Linear) -> list[LinearCombination]:
    """Decompose x into the 254 bits of its representative in [0, r). Cost: 254 + BELOW_R_CONSTRAINTS.

    Without the comparison a prover could use the bits of x + r for x < 2²⁵⁴ − r.
    """
    bits = _decomposition(cs, x, FIELD_BITS)
    enforce_bits_below_r(cs, bits)
    return bits


def enforce_bits_below_r(cs: ConstraintSystem, bits: Sequence[LinearCombination]) -> None:
    """Constrain Σ bitᵢ·2ⁱ < r for 254 bits. Cost: BELOW_R_CONSTRAINTS. Not enforced: that they are bits."""
    if len(bits) != FIELD_BITS:
        raise ValueError(f"a canonical decomposition has {FIELD_BITS} bits, not {len(bits)}")
    enforce_bits_below(cs, bits, SCALAR_FIELD)


def enforce_bits_below(cs: ConstraintSystem, bits: Sequence[LinearCombination], bound: int) -> None:
    """Constrain Σ bitᵢ·2ⁱ ≤ bound − 1, a constant. Cost: below_constraints(len(bits), bound).

    From the top, `prefix` = the product of the bits where bound − 1 has a one. While it is 1, the bits where
    bound − 1 has a zero must be 0; one row per run of zeros, since a sum of at most 254 bits is 0 only if
    each is. Not enforced: that they are bits.
    """
    for bit in bits:
        cs.note_bits(bit, 1, "a comparison reads bits")
    prefix = as_linear(1)
    position = len(bits) - 1
    for ones, zeros in _runs(len(bits), bound):
        for _ in range(ones):
            prefix = cs.multiply(
                prefix, bits[position], "prefix equal to that of the greatest number allowed"
            )
            position -= 1
        run = weighted_sum((1, bits[position - i]) for i in range(zeros))
        cs.enforce_product(prefix, run, 0, _BELOW_R if bound == SCALAR_FIELD else _BELOW)
        position -= zeros


def below_constraints(count: int, bound: int) -> int:
    """Return what `enforce_bits_below` costs; the first factor is the constant 1."""
    runs = _runs(count, bound)
    return max(sum(ones for ones, _ in runs) - 1, 0) + len(runs)


def is_less_than(cs: ConstraintSystem, left: Linear, right: Linear, count: int) -> LinearCombination:
    """Return 1 if left < right, else 0, for left, right < 2^count and count ≤ 252. Cost: count + 1.

    d = left − right + 2^count has bit `count` set iff left ≥ right. Not enforced: the ranges of left and
    right; decompose them with `bits_of` where they come from outside.
    """
    if not 1 <= count < UNIQUE_BITS:
        raise ValueError(f"comparison works on 1 to {UNIQUE_BITS - 1} bits, not {count}")
    for side in (left, right):
        cs.note_bits(side, count, "a comparison is right for numbers of its length")
    bits = bits_of(cs, as_linear(left) - right + (1 << count), count + 1)
    return 1 - bits[count]


def _decomposition(cs: ConstraintSystem, x: Linear, count: int) -> list[LinearCombination]:
    bits = cs.lowest_bits(x, count - 1) if count > 1 else []
    for i, bit in enumerate(bits):
        enforce_boolean(cs, bit, f"bit {i}")
    scale = inverse(1 << count - 1)
    lower = weighted_sum((1 << i, bit) for i, bit in enumerate(bits))
    top = weighted_sum(((scale, x), (-scale, lower)))
    enforce_boolean(cs, top, f"bit {count - 1}, what the other bits leave of the number,")
    return [*bits, top]


def _runs(count: int, bound: int) -> tuple[tuple[int, int], ...]:
    """Return the (ones, zeros) run lengths of bound − 1 from the top; ones at its end allow any bits."""
    if not 1 <= bound <= 1 << count:
        raise ValueError(f"{count} bits cannot be compared with {bound}")
    groups = f"{bound - 1:0{count}b}".rstrip("1").replace("01", "0 1").split()
    return tuple((group.count("1"), group.count("0")) for group in groups)


_BELOW = "the bits are those of a number below the bound"
_BELOW_R = "the bits are those of a number below r"
BELOW_R_CONSTRAINTS = below_constraints(FIELD_BITS, SCALAR_FIELD)
