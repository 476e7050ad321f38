"""Poseidon inside a circuit, equal to `zk.poseidon.poseidon`.

Cost: 3 constraints per S-box (x², x³, x⁵). Matrices and constants are linear and cost nothing; an S-box
on a known value, such as the capacity lane or a domain tag in the first round, is computed at compile
time.

    2 inputs: 80 S-boxes, 240 constraints
    3 inputs: 87 S-boxes, 261; with a constant first input 86, 258
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.circuit import Linear, LinearCombination, as_linear, weighted_sum
from zk.poseidon import pow5
from zk.poseidon_parameters import Row, sparse_schedule

if TYPE_CHECKING:
    from zk.circuit import ConstraintSystem

SBOX_CONSTRAINTS = 3
COMPRESS_CONSTRAINTS = 240


def poseidon_digest(cs: ConstraintSystem, *inputs: Linear) -> LinearCombination:
    """Poseidon(inputs) for 1 to 5 inputs; see the module for the cost."""
    lanes = [as_linear(0), *(as_linear(x) for x in inputs)]
    schedule = sparse_schedule(len(lanes))
    for constants, matrix in schedule.opening:
        lanes = _full_round(cs, lanes, constants, matrix)
    for step in schedule.partial:
        y = _sbox(cs, lanes[0] + step.constant)
        others = lanes[1:]
        lanes = [
            weighted_sum(((step.first, y), *zip(step.row, others, strict=True))),
            *(weighted_sum(((1, lane), (m, y))) for m, lane in zip(step.column, others, strict=True)),
        ]
    for constants, matrix in schedule.closing:
        lanes = _full_round(cs, lanes, constants, matrix)
    return lanes[0]


def _full_round(
    cs: ConstraintSystem, lanes: list[LinearCombination], constants: Row, matrix: tuple[Row, ...]
) -> list[LinearCombination]:
    raised = [_sbox(cs, lane + constant) for lane, constant in zip(lanes, constants, strict=True)]
    return [weighted_sum(zip(row, raised, strict=True)) for row in matrix]


def _sbox(cs: ConstraintSystem, x: LinearCombination) -> LinearCombination:
    """x⁵ in three rows, or none for a constant.

    By way of x³, not x⁴: then x³ is in no A and x² only in one B, and a prover multiplies fewer points.
    """
    if x.constant_value is not None:
        return as_linear(pow5(x.constant_value))
    square = cs.multiply(x, x, "x²")
    cube = cs.multiply(square, x, "x³")
    return cs.multiply(square, cube, "x⁵")
