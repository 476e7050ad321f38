"""The Poseidon hash of circomlib: any third-party tool computes the same numbers.

`poseidon` is the fast form (sparse partial rounds), `poseidon_plain` the form one reads beside the paper
(eprint 2019/458, section 2.2); tests hold them equal and equal to circomlibjs. One to five inputs,
capacity lane 0 starts at 0, the digest is lane 0. Inputs must be canonical field elements: `x + r` would
collide with `x`.

Leaves to others: domain separation (`zk.domain`), and variable-length input, which this instance does not
pad.
"""

from __future__ import annotations

from zk.errors import ZkError
from zk.field import SCALAR_FIELD, require_field_element
from zk.poseidon_parameters import Row, poseidon_parameters, sparse_schedule

MAX_INPUTS = 5


class PoseidonInputError(ZkError):
    """Poseidon was given no input, or more than five."""


def poseidon(*inputs: int) -> int:
    """Poseidon(inputs): lane 0 of the permutation of (0, inputs…).

    Cost: about 0.1 ms for two inputs. Raises PoseidonInputError and FieldElementOutOfRangeError.
    """
    lanes = _initial_lanes(inputs)
    schedule = sparse_schedule(len(lanes))
    for constants, matrix in schedule.opening:
        lanes = _full_round(lanes, constants, matrix)
    first, others = lanes[0], lanes[1:]
    for step in schedule.partial:
        y = pow5(first + step.constant)
        first = step.first * y
        for m, lane in zip(step.row, others, strict=True):
            first += m * lane
        others = [(lane + m * y) % SCALAR_FIELD for m, lane in zip(step.column, others, strict=True)]
    lanes = [first % SCALAR_FIELD, *others]
    for constants, matrix in schedule.closing:
        lanes = _full_round(lanes, constants, matrix)
    return lanes[0]


def poseidon_plain(*inputs: int) -> int:
    """Compute the same digest round by round as in the paper; about three times slower."""
    lanes = _initial_lanes(inputs)
    parameters = poseidon_parameters(len(lanes))
    for index, constants in enumerate(parameters.round_constants):
        lanes = [lane + constant for lane, constant in zip(lanes, constants, strict=True)]
        if parameters.is_full(index):
            lanes = [pow5(lane) for lane in lanes]
        else:
            lanes[0] = pow5(lanes[0])
        lanes = [
            sum(m * lane for m, lane in zip(row, lanes, strict=True)) % SCALAR_FIELD
            for row in parameters.matrix
        ]
    return lanes[0]


def pow5(x: int) -> int:
    """x⁵ mod r, the S-box."""
    square = x * x % SCALAR_FIELD
    return square * square % SCALAR_FIELD * x % SCALAR_FIELD


def _initial_lanes(inputs: tuple[int, ...]) -> list[int]:
    if not 1 <= len(inputs) <= MAX_INPUTS:
        raise PoseidonInputError(f"Poseidon takes 1 to {MAX_INPUTS} inputs, not {len(inputs)}")
    return [0, *(require_field_element(x, f"Poseidon input {i}") for i, x in enumerate(inputs))]


def _full_round(lanes: list[int], constants: Row, matrix: tuple[Row, ...]) -> list[int]:
    raised = [pow5(lane + constant) for lane, constant in zip(lanes, constants, strict=True)]
    return [sum(m * x for m, x in zip(row, raised, strict=True)) % SCALAR_FIELD for row in matrix]
