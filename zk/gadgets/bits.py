"""Integers inside the field: bit decompositions and comparison.

A field element has one value but, in 254 bits, sometimes two decompositions: x and x + r, since 2²⁵⁴ > r.
Up to 253 bits the decomposition is unique; for all 254 use `canonical_bits_of`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.circuit import Linear, LinearCombination, as_linear, weighted_sum
from zk.field import SCALAR_FIELD
from zk.gadgets.logic import enforce_boolean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.circuit import ConstraintSystem

UNIQUE_BITS = 253  # 2²⁵³ < r < 2²⁵⁴
FIELD_BITS = 254


def bits_of(cs: ConstraintSystem, x: Linear, count: int) -> list[LinearCombination]:
    """Decompose x into `count` ≤ 253 bits, lowest first; refuses x ≥ 2^count. Cost: count + 1."""
    if not 1 <= count <= UNIQUE_BITS:
        raise ValueError(f"{count} bits do not fix a field element; use canonical_bits_of for 254")
    return _decomposition(cs, x, count)


def canonical_bits_of(cs: ConstraintSystem, x: Linear) -> list[LinearCombination]:
    """Decompose x into the 254 bits of its representative in [0, r). Cost: 255 + BELOW_R_CONSTRAINTS.

    Without the comparison a prover could use the bits of x + r for x < 2²⁵⁴ − r.
    """
    bits = _decomposition(cs, x, FIELD_BITS)
    enforce_bits_below_r(cs, bits)
    return bits


def enforce_bits_below_r(cs: ConstraintSystem, bits: Sequence[LinearCombination]) -> None:
    """Constrain Σ bitᵢ·2ⁱ ≤ r − 1 for 254 bits. Cost: BELOW_R_CONSTRAINTS. Not enforced: that they are bits.

    From the top, `prefix` = the product of the bits where r − 1 has a one. While it is 1, the bits where
    r − 1 has a zero must be 0; one row per run of zeros, since a sum of at most 254 bits is 0 only if
    each is.
    """
    if len(bits) != FIELD_BITS:
        raise ValueError(f"a canonical decomposition has {FIELD_BITS} bits, not {len(bits)}")
    prefix = as_linear(1)
    position = FIELD_BITS - 1
    for ones, zeros in _RUNS:
        for _ in range(ones):
            prefix = cs.multiply(prefix, bits[position], "prefix equal to that of r − 1")
            position -= 1
        run = weighted_sum((1, bits[position - i]) for i in range(zeros))
        cs.enforce_product(prefix, run, 0, "the bits are those of a number below r")
        position -= zeros


def is_less_than(cs: ConstraintSystem, left: Linear, right: Linear, count: int) -> LinearCombination:
    """Return 1 if left < right, else 0, for left, right < 2^count and count ≤ 252. Cost: count + 2.

    d = left − right + 2^count has bit `count` set iff left ≥ right. Not enforced: the ranges of left and
    right; decompose them with `bits_of` where they come from outside.
    """
    if not 1 <= count < UNIQUE_BITS:
        raise ValueError(f"comparison works on 1 to {UNIQUE_BITS - 1} bits, not {count}")
    bits = bits_of(cs, as_linear(left) - right + (1 << count), count + 1)
    return 1 - bits[count]


def _decomposition(cs: ConstraintSystem, x: Linear, count: int) -> list[LinearCombination]:
    bits = cs.lowest_bits(x, count)
    for i, bit in enumerate(bits):
        enforce_boolean(cs, bit, f"bit {i}")
    total = weighted_sum((1 << i, bit) for i, bit in enumerate(bits))
    cs.enforce_equal(total, x, f"the {count} bits sum to the number")
    return bits


def _runs_of_r_minus_1() -> tuple[tuple[int, int], ...]:
    """Return the (ones, zeros) run lengths of r − 1 from the top bit; r − 1 is even, so zeros end it."""
    groups = f"{SCALAR_FIELD - 1:0{FIELD_BITS}b}".replace("01", "0 1").split()
    return tuple((group.count("1"), group.count("0")) for group in groups)


_RUNS = _runs_of_r_minus_1()
BELOW_R_CONSTRAINTS = sum(ones for ones, _ in _RUNS) - 1 + len(_RUNS)  # the first factor is the constant 1
