"""Numbers and bits: decompositions, ranges, comparisons, quotients with remainder."""

from __future__ import annotations

from tests.zk.check.corpus.case import Case
from zk.check.report import HoleKind
from zk.circuit import ConstraintSystem, LinearCombination, weighted_sum
from zk.field import SCALAR_FIELD
from zk.gadgets import (
    bits_of,
    canonical_bits_of,
    enforce_bits_below,
    enforce_boolean,
    is_less_than,
)
from zk.gadgets.bits import FIELD_BITS, enforce_bits_below_r


def hinted_bits(cs: ConstraintSystem, x: LinearCombination, count: int) -> list[LinearCombination]:
    """Bits as circom writes them: all hinted, each boolean."""
    bits = cs.lowest_bits(x, count)
    for bit in bits:
        enforce_boolean(cs, bit)
    return bits


def enforce_sum(
    cs: ConstraintSystem,
    x: LinearCombination,
    bits: list[LinearCombination],
    weights: list[int] | None = None,
) -> None:
    total = weighted_sum(zip(weights or [1 << i for i in range(len(bits))], bits, strict=True))
    cs.enforce_equal(total, x, "the bits sum to the number")


def aliased(cs: ConstraintSystem) -> None:
    x = cs.public_input("x")
    enforce_sum(cs, x, hinted_bits(cs, x, FIELD_BITS))


def canonical(cs: ConstraintSystem) -> None:
    x = cs.public_input("x")
    bits = hinted_bits(cs, x, FIELD_BITS)
    enforce_sum(cs, x, bits)
    enforce_bits_below_r(cs, bits)


def bound_too_high(cs: ConstraintSystem) -> None:
    """Allows the bits of r itself, a second name for 0."""
    x = cs.public_input("x")
    bits = hinted_bits(cs, x, FIELD_BITS)
    enforce_sum(cs, x, bits)
    enforce_bits_below(cs, bits, SCALAR_FIELD + 1)


def a_bit_unchecked(cs: ConstraintSystem) -> None:
    x = cs.public_input("x")
    bits = cs.lowest_bits(x, 8)
    for i, bit in enumerate(bits):
        if i != 3:
            enforce_boolean(cs, bit)
    enforce_sum(cs, x, bits)


def all_bits_checked(cs: ConstraintSystem) -> None:
    x = cs.public_input("x")
    enforce_sum(cs, x, hinted_bits(cs, x, 8))


def no_sum(cs: ConstraintSystem) -> None:
    x = cs.public_input("x")
    cs.multiply(x, x)
    hinted_bits(cs, x, 8)


def wrong_weight(cs: ConstraintSystem) -> None:
    """Bit 3 weighs as much as bit 2: 4 has two forms."""
    x = cs.public_input("x")
    enforce_sum(cs, x, hinted_bits(cs, x, 4), [1, 2, 4, 4])


def weights_of_base_two(cs: ConstraintSystem) -> None:
    x = cs.public_input("x")
    enforce_sum(cs, x, hinted_bits(cs, x, 4), [1, 2, 4, 8])


def compared_without_range(cs: ConstraintSystem) -> None:
    is_less_than(cs, cs.public_input("x"), cs.public_input("y"), 32)


def compared_in_range(cs: ConstraintSystem) -> None:
    x, y = cs.public_input("x"), cs.public_input("y")
    for side in (x, y):
        bits_of(cs, side, 32)
    is_less_than(cs, x, y, 32)


def divided(cs: ConstraintSystem, *, ranged: bool) -> None:
    """x = 16·quotient + remainder: without a range for the quotient every remainder has one, mod r."""
    x = cs.public_input("x")
    remainder = weighted_sum((1 << i, bit) for i, bit in enumerate(hinted_bits(cs, x, 4)))
    quotient = cs.quotient_or_zero(x - remainder, 16)
    cs.enforce_equal(quotient * 16 + remainder, x, "x = 16·quotient + remainder")
    if ranged:
        bits_of(cs, quotient, 28)


def one_hot(cs: ConstraintSystem, *, summed: bool) -> None:
    """Exactly one of three flags, by number: flag 0 weighs nothing, so only the sum of flags fixes it."""
    number = cs.public_input("number")
    flags = hinted_bits(cs, number + 1, 2)
    first = cs.inverse_or_zero(number, "flag 0")
    enforce_boolean(cs, first)
    cs.enforce_equal(flags[0] + 2 * flags[1], number + 1, "the flags name the number")
    if summed:
        cs.enforce_equal(first + flags[0] + flags[1], 1, "one flag")


def below_r(cs: ConstraintSystem) -> None:
    canonical_bits_of(cs, cs.public_input("x"))


CASES = [
    Case("254 bits without the comparison", aliased, canonical, HoleKind.NOT_UNIQUE, "bit[0]", {"x": 5}),
    Case("a bound that allows r", bound_too_high, below_r, HoleKind.NOT_UNIQUE, "bit[253]", {"x": 5}),
    Case("one bit not boolean", a_bit_unchecked, all_bits_checked, HoleKind.NOT_UNIQUE, "bit[3]", {"x": 77}),
    Case("bits without their sum", no_sum, all_bits_checked, HoleKind.NOT_UNIQUE, "bit[7]", {"x": 77}),
    Case(
        "two bits of one weight", wrong_weight, weights_of_base_two, HoleKind.NOT_UNIQUE, "bit[2]", {"x": 4}
    ),
    Case(
        "comparison without a range check",
        compared_without_range,
        compared_in_range,
        HoleKind.RANGE_NOT_SHOWN,
        "a comparison is right for numbers of its length",
        {"x": 5, "y": 9},
    ),
    Case(
        "quotient without a range check",
        lambda cs: divided(cs, ranged=False),
        lambda cs: divided(cs, ranged=True),
        HoleKind.NOT_UNIQUE,
        "quotient",
        {"x": 1000},
    ),
    Case(
        "flags that may all be zero",
        lambda cs: one_hot(cs, summed=False),
        lambda cs: one_hot(cs, summed=True),
        HoleKind.NOT_UNIQUE,
        "flag 0",
        {"number": 0},
    ),
]
