"""Bits, choices and equality."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.circuit import Linear, LinearCombination, as_linear

if TYPE_CHECKING:
    from zk.circuit import ConstraintSystem

BOOLEAN_CONSTRAINTS = 1
SELECT_CONSTRAINTS = 1
IS_ZERO_CONSTRAINTS = 2
IS_EQUAL_CONSTRAINTS = IS_ZERO_CONSTRAINTS


def enforce_boolean(cs: ConstraintSystem, bit: Linear, name: str = "bit") -> None:
    """Constrain bit·(bit − 1) = 0, so bit ∈ {0, 1}. Cost: 1."""
    cs.enforce_product(bit, as_linear(bit) - 1, 0, f"{name} is 0 or 1")


def select(cs: ConstraintSystem, bit: Linear, if_one: Linear, if_zero: Linear) -> LinearCombination:
    """if_zero + bit·(if_one − if_zero). Cost: 1. Not enforced: that `bit` is a bit."""
    cs.note_bits(bit, 1, "select chooses by a bit")
    return cs.multiply(bit, as_linear(if_one) - if_zero, "selected difference") + if_zero


def is_zero(cs: ConstraintSystem, x: Linear) -> LinearCombination:
    """Return 1 if x = 0, else 0. Cost: 2.

    With a helper i: out = 1 − x·i and x·out = 0. If x ≠ 0 the second row forces out = 0; if x = 0 the first
    gives out = 1 whatever i is.
    """
    helper = cs.inverse_or_zero(x)
    cs.note_free(helper, "if x = 0 any inverse gives the same answer")
    out = 1 - cs.multiply(x, helper, "x·inverse")
    cs.enforce_product(x, out, 0, "x is zero or the answer is")
    return out


def is_equal(cs: ConstraintSystem, left: Linear, right: Linear) -> LinearCombination:
    """Return 1 if left = right, else 0. Cost: 2."""
    return is_zero(cs, as_linear(left) - right)
