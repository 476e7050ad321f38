"""Choices, equality, division, roots and points: helpers that a prover may choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.zk.check.corpus.case import Case
from zk.babyjubjub import BASE8, MONTGOMERY_A, add, to_montgomery
from zk.check.report import HoleKind
from zk.gadgets import enforce_boolean, enforce_membership, is_zero, mimc_compress, select
from zk.gadgets.babyjubjub import WirePoint, montgomery_add
from zk.merkle import MerklePath
from zk.mimc import mimc_compress as mimc_of

if TYPE_CHECKING:
    from zk.circuit import ConstraintSystem, LinearCombination


def forged_membership(cs: ConstraintSystem) -> None:
    """A level as `enforce_membership` has it, without the row that makes is_right a bit."""
    root, leaf = cs.public_input("root"), cs.public_input("leaf")
    sibling, is_right = cs.private_input("sibling"), cs.private_input("is_right")
    left = select(cs, is_right, sibling, leaf)
    cs.enforce_equal(mimc_compress(cs, left, leaf + sibling - left), root, "the path leads to the root")


def membership(cs: ConstraintSystem) -> None:
    root, leaf = cs.public_input("root"), cs.public_input("leaf")
    path = [(cs.private_input("sibling"), cs.private_input("is_right"))]
    enforce_membership(cs, leaf, path, root, mimc_compress)


def choice(cs: ConstraintSystem, *, checked: bool) -> None:
    bit = cs.public_input("bit")
    if checked:
        enforce_boolean(cs, bit)
    select(cs, bit, cs.public_input("one"), cs.public_input("zero"))


def zero_test(cs: ConstraintSystem, *, first: bool, second: bool) -> None:
    x = cs.public_input("x")
    helper = cs.inverse_or_zero(x)
    cs.note_free(helper, "if x = 0 any inverse gives the same answer")
    product = cs.multiply(x, helper, "x·inverse") if first else cs.quotient_or_zero(x, x, "x·inverse")
    if second:
        cs.enforce_product(x, 1 - product, 0, "x is zero or the answer is")


def inverse_hint(cs: ConstraintSystem, *, constrained: bool) -> None:
    x = cs.public_input("x")
    found = cs.inverse_or_zero(x)
    if constrained:
        cs.enforce_product(x, found, 1, "the inverse is one")
    else:
        cs.multiply(x, x)


def division(cs: ConstraintSystem, *, nonzero: bool) -> None:
    """0·q = 0 has every q."""
    a, b = cs.public_input("a"), cs.public_input("b")
    if nonzero:
        cs.enforce_product(b, cs.inverse_or_zero(b), 1, "b is not 0")
    cs.enforce_product(cs.quotient_or_zero(a, b), b, a, "quotient·b = a")


def exchanged(cs: ConstraintSystem) -> None:
    """quotient·b = a, written as a·b = something new: the quotient stands in no row."""
    a, b = cs.public_input("a"), cs.public_input("b")
    cs.enforce_product(b, cs.inverse_or_zero(b), 1, "b is not 0")
    cs.quotient_or_zero(a, b)
    cs.multiply(a, b)


def root_of(cs: ConstraintSystem) -> None:
    """A hint happens to be right for 1; −1 is as good."""
    y = cs.public_input("y")
    root = cs.inverse_or_zero(y, "root")
    cs.enforce_product(root, root, y, "root² = y")


def square_of(cs: ConstraintSystem) -> None:
    y = cs.public_input("y")
    root = cs.private_input("root")
    enforce_boolean(cs, root)
    cs.enforce_product(root, root, y, "root² = y")


def points(cs: ConstraintSystem) -> tuple[WirePoint, WirePoint]:
    u1, v1, u2, v2 = (cs.public_input(name) for name in ("u1", "v1", "u2", "v2"))
    return WirePoint(u1, v1), WirePoint(u2, v2)


def added_anyhow(cs: ConstraintSystem) -> LinearCombination:
    """Montgomery's addition of points that may be equal: the slope is then free."""
    left, right = points(cs)
    slope = cs.quotient_or_zero(right.y - left.y, right.x - left.x, "slope")
    cs.enforce_product(slope, right.x - left.x, right.y - left.y, "the slope")
    return cs.multiply(slope, slope, "slope²") - MONTGOMERY_A - left.x - right.x


def added_where_different(cs: ConstraintSystem) -> None:
    left, right = points(cs)
    difference = right.x - left.x
    cs.enforce_product(difference, cs.inverse_or_zero(difference), 1, "the points have different u")
    slope = cs.quotient_or_zero(right.y - left.y, difference, "slope")
    cs.enforce_product(slope, difference, right.y - left.y, "the slope")


def added_with_a_reason(cs: ConstraintSystem) -> None:
    montgomery_add(cs, *points(cs), "the caller gives two different points")


def noted_as_free(cs: ConstraintSystem) -> None:
    x = cs.public_input("x")
    square = cs.multiply(x, x, "square")
    cs.note_free(square, "nobody looks at it")


def squared(cs: ConstraintSystem) -> None:
    x = cs.public_input("x")
    cs.multiply(x, x, "square")


PATH = MerklePath(1, (77,), mimc_of)
LEAF = {"leaf": 5, "root": PATH.root_from(5), "sibling": 77, "is_right": 1}
U1, U2 = to_montgomery(BASE8), to_montgomery(add(BASE8, BASE8))
POINTS = {"u1": U1.x, "v1": U1.y, "u2": U2.x, "v2": U2.y}
SAME = {"u1": U1.x, "v1": U1.y, "u2": U1.x, "v2": U1.y}

CASES = [
    Case(
        "membership without the boolean row",
        forged_membership,
        membership,
        HoleKind.RANGE_NOT_SHOWN,
        "select chooses by a bit",
        LEAF,
    ),
    Case(
        "choice by what may be no bit",
        lambda cs: choice(cs, checked=False),
        lambda cs: choice(cs, checked=True),
        HoleKind.RANGE_NOT_SHOWN,
        "select chooses by a bit",
        {"bit": 1, "one": 4, "zero": 6},
    ),
    Case(
        "is_zero without its second row",
        lambda cs: zero_test(cs, first=True, second=False),
        lambda cs: zero_test(cs, first=True, second=True),
        HoleKind.NOT_UNIQUE,
        "x·inverse",
        {"x": 5},
    ),
    Case(
        "is_zero without its first row",
        lambda cs: zero_test(cs, first=False, second=True),
        lambda cs: is_zero(cs, cs.public_input("x")),
        HoleKind.NOT_UNIQUE,
        "x·inverse",
        {"x": 0},
    ),
    Case(
        "assignment without a constraint",
        lambda cs: inverse_hint(cs, constrained=False),
        lambda cs: inverse_hint(cs, constrained=True),
        HoleKind.NOT_UNIQUE,
        "inverse",
        {"x": 5},
    ),
    Case(
        "division by what may be zero",
        lambda cs: division(cs, nonzero=False),
        lambda cs: division(cs, nonzero=True),
        HoleKind.NOT_UNIQUE,
        "quotient",
        {"a": 0, "b": 0},
        {"a": 6, "b": 3},
    ),
    Case(
        "a row with its sides exchanged",
        exchanged,
        lambda cs: division(cs, nonzero=True),
        HoleKind.NOT_UNIQUE,
        "quotient",
        {"a": 6, "b": 3},
    ),
    Case("two square roots", root_of, square_of, HoleKind.NOT_UNIQUE, "root", {"y": 1}, {"y": 1, "root": 1}),
    Case(
        "a slope of equal points",
        added_anyhow,
        added_where_different,
        HoleKind.NOT_UNIQUE,
        "slope",
        SAME,
        POINTS,
    ),
    Case(
        "a reason that a witness refutes",
        added_with_a_reason,
        added_with_a_reason,
        HoleKind.FALSE_NOTE,
        "the caller gives two different points",
        SAME,
        POINTS,
    ),
    Case(
        "an exception that explains nothing", noted_as_free, squared, HoleKind.STALE_NOTE, "square", {"x": 3}
    ),
]
