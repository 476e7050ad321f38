"""Inputs and rows that say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.zk.check.corpus.case import Case
from zk.check.report import HoleKind

if TYPE_CHECKING:
    from zk.circuit import ConstraintSystem


def bound(cs: ConstraintSystem, *, tied: bool) -> None:
    y, tag = cs.public_input("y"), cs.public_input("tag")
    cs.enforce_equal(cs.private_input("x"), 3 * y, "x = 3y")
    if tied:
        cs.multiply(tag, tag, "tag²")


def with_private(cs: ConstraintSystem, *, used: bool) -> None:
    y = cs.public_input("y")
    x, spare = cs.private_input("x"), cs.private_input("spare")
    cs.enforce_equal(x, 3 * y, "x = 3y")
    if used:
        cs.enforce_equal(spare, 5 * y, "spare = 5y")


def private_product(cs: ConstraintSystem, *, enough: bool) -> None:
    """A private input that stands only in the row of a product is free together with that."""
    y = cs.public_input("y")
    x = cs.private_input("x")
    cs.multiply(x, y + 1, "product")
    if enough:
        cs.enforce_equal(x, 3 * y, "x = 3y")


def rows(cs: ConstraintSystem, *extra: str) -> None:
    x, y, z = (cs.public_input(name) for name in "xyz")
    product = cs.multiply(x, y)
    cs.enforce_equal(x + y, z, "x + y = z")
    cs.enforce_equal(product + x, 11, "xy + x = 11")
    if "again" in extra:
        cs.enforce_product(3 * y, x * 2, 6 * product, "the product, again")
    if "sum" in extra:
        cs.enforce_equal(2 * z, 2 * x + 2 * y, "the sum, again")
    if "follows" in extra:
        cs.enforce_equal(y + product + 2 * x, z + 11, "what follows from both sums")
    if "itself" in extra:
        cs.enforce_equal(x, x, "x is itself")
    if "one is two" in extra:
        cs.enforce_equal(1, 2, "1 = 2")
    if "contradiction" in extra:
        cs.enforce_equal(x + y, z + 1, "x + y = z + 1")


def result(cs: ConstraintSystem, *, complete: bool) -> None:
    """y = x⁴ + x, with the row of x⁴ missing: the wire follows from y, which it should have determined."""
    y = cs.public_input("y")
    cs.note_result(y, "x leads to y")
    x = cs.private_input("x")
    square = cs.multiply(x, x, "x²")
    fourth = cs.multiply(square, square, "x⁴") if complete else cs.quotient_or_zero(square * 4, 1, "x⁴")
    cs.enforce_equal(fourth + x, y, "x⁴ + x = y")


SAMPLE = {"x": 1, "y": 10, "z": 11}


def case_of_rows(name: str, extra: str, expected: HoleKind, subject: str) -> Case:
    return Case(name, lambda cs: rows(cs, extra), rows, expected, subject, SAMPLE)


CASES = [
    Case(
        "a public input that nothing binds",
        lambda cs: bound(cs, tied=False),
        lambda cs: bound(cs, tied=True),
        HoleKind.UNBOUND_PUBLIC_INPUT,
        "tag",
        {"y": 2, "tag": 9, "x": 6},
    ),
    Case(
        "a private input in no row",
        lambda cs: with_private(cs, used=False),
        lambda cs: with_private(cs, used=True),
        HoleKind.UNUSED_INPUT,
        "spare",
        {"y": 2, "x": 6, "spare": 10},
    ),
    Case(
        "a private input that only its own product sees",
        lambda cs: private_product(cs, enough=False),
        lambda cs: private_product(cs, enough=True),
        HoleKind.CHANGES_IN_PAIR,
        "product",
        {"y": 2, "x": 6},
    ),
    Case(
        "a result that determines its own wires",
        lambda cs: result(cs, complete=False),
        lambda cs: result(cs, complete=True),
        HoleKind.NOT_UNIQUE,
        "x⁴",
        {"y": 18, "x": 2},
    ),
    case_of_rows("a product twice", "again", HoleKind.DUPLICATE, "the product, again"),
    case_of_rows("a sum twice", "sum", HoleKind.DUPLICATE, "the sum, again"),
    case_of_rows("a sum of sums", "follows", HoleKind.IMPLIED, "what follows from both sums"),
    case_of_rows("a number that equals itself", "itself", HoleKind.ALWAYS_TRUE, "x is itself"),
    case_of_rows("one that is two", "one is two", HoleKind.NEVER_TRUE, "1 = 2"),
    case_of_rows("two sums that exclude each other", "contradiction", HoleKind.NEVER_TRUE, "x + y = z + 1"),
]
