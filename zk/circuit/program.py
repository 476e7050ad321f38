"""The witness program: a straight line of four operations that computes every wire from the inputs.

    product  w ← (A·w)·(B·w) − (C·w), where w itself counts as 0 in C
    inverse  w ← 1/(A·w), or 0 if A·w = 0
    quotient w ← (A·w)/(B·w), or 0 if B·w = 0
    bits     w, w+1, … ← the `count` lowest bits of A·w as an integer in [0, r)

A product is the row of a constraint, solved for the wire that has coefficient 1 in its C.

No jumps and no calls, so that a browser needs thirty lines to run it. Nothing here is trusted: the
constraints are checked against whatever the program, or anyone, computed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from zk.circuit.evaluation import MODULUS, invert, mpz, residues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.circuit.evaluation import Evaluator


class Operation(StrEnum):
    """What a step does."""

    PRODUCT = "product"
    INVERSE = "inverse"
    QUOTIENT = "quotient"
    BITS = "bits"


class Step(NamedTuple):
    """Compute `wire` from combinations `left`, `right`, `rest` (indices), as far as the operation has them.

    `right` is the count in `bits`; `rest` is C in `product`.
    """

    operation: Operation
    wire: int
    left: int
    right: int = 0
    rest: int = 0


def run_program(
    steps: Sequence[Step], evaluators: Sequence[Evaluator], inputs: Sequence[int], n_wires: int
) -> list[int]:
    """Compute the whole witness: 1, the inputs, then every step in order.

    A or B is evaluated once, when it is first needed: by then all its wires have values. C is evaluated
    while its own wire is still 0.
    """
    witness = residues((1, *inputs, *[0] * (n_wires - 1 - len(inputs))))
    known: list[mpz | None] = [None] * len(evaluators)

    def value(combination: int) -> mpz:
        found = known[combination]
        if found is None:
            found = known[combination] = evaluators[combination](witness)
        return found

    for operation, wire, left, right, rest in steps:
        if operation is Operation.PRODUCT:
            factor = value(left)
            product = factor * (factor if left == right else value(right))
            witness[wire] = (product - evaluators[rest](witness)) % MODULUS
        elif operation is Operation.INVERSE:
            witness[wire] = _inverse_or_zero(value(left))
        elif operation is Operation.QUOTIENT:
            witness[wire] = value(left) * _inverse_or_zero(value(right)) % MODULUS
        else:
            integer = value(left)
            witness[wire : wire + right] = [integer >> i & 1 for i in range(right)]
    return list(map(int, witness))


def _inverse_or_zero(x: mpz) -> mpz:
    return invert(x, MODULUS) if x else x
