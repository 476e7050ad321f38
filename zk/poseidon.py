"""The Poseidon hash of circomlib: any third-party tool computes the same numbers.

`poseidon` is the fast form (`zk.poseidon_schedule`), `poseidon_plain` the form one reads beside the paper
(eprint 2019/458, section 2.2); tests hold them equal and equal to circomlibjs. One to five inputs,
capacity lane 0 starts at 0, the digest is lane 0. Inputs must be canonical field elements: `x + r` would
collide with `x`.

Leaves to others: domain separation (`zk.domain`), and variable-length input, which this instance does not
pad.
"""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING

from zk.errors import ZkError
from zk.field import SCALAR_FIELD, require_field_element
from zk.poseidon_parameters import poseidon_parameters
from zk.poseidon_schedule import poseidon_schedule

if TYPE_CHECKING:
    from zk.matrix import Matrix, Row
    from zk.poseidon_schedule import PoseidonSchedule

MAX_INPUTS = 5


class PoseidonInputError(ZkError):
    """Poseidon was given no input, or more than five."""


def poseidon(*inputs: int) -> int:
    """Poseidon(inputs): lane 0 of the permutation of (0, inputs…).

    Cost: about 0.1 ms for two inputs. Raises PoseidonInputError and FieldElementOutOfRangeError.
    """
    lanes = _initial_lanes(inputs)
    schedule = poseidon_schedule(len(lanes))
    lanes = [lane + constant for lane, constant in zip(lanes, schedule.start, strict=True)]
    for carries, matrix in schedule.opening:
        lanes = _full_round(lanes, carries, matrix)
    window = _run_recurrence(schedule, lanes)
    lanes = [
        sum(map(mul, row, window)) + constant
        for row, constant in zip(schedule.leaving, schedule.offset, strict=True)
    ]
    for carries, matrix in schedule.closing:
        lanes = _full_round(lanes, carries, matrix)
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


def _run_recurrence(schedule: PoseidonSchedule, window: list[int]) -> list[int]:
    """Do the partial rounds; see `zk.poseidon_schedule`."""
    taps, feedback = schedule.taps, schedule.feedback
    for carry in schedule.carries:
        *kept, _ = window
        fresh = pow5(sum(map(mul, taps, window))) + carry + sum(map(mul, feedback, kept))
        window = [fresh % SCALAR_FIELD, *kept]
    return window


def _full_round(lanes: list[int], carries: Row, matrix: Matrix) -> list[int]:
    raised = [pow5(lane) + carry for lane, carry in zip(lanes, carries, strict=True)]
    return [sum(map(mul, row, raised)) % SCALAR_FIELD for row in matrix]
