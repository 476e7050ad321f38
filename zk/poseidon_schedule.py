"""Poseidon's permutation rewritten, exactly, so that no round depends on more than a few numbers.

A partial round applies the S-box to lane 0 alone. With s the lanes after the round constants, u = s₀, M the
matrix, g its first column, and F the matrix with that column zero,

    s ← g·u⁵ + F·s + constants

is a linear system with one input u⁵ and one output u. Its controller canonical form (Kailath, "Linear
Systems", 1980, section 2.1) has a window of the last `width` values w as state:

    u     = Σⱼ taps[j]·wᵢ₋ⱼ
    wᵢ₊₁ = u⁵ + carryᵢ + Σⱼ feedback[j]·wᵢ₋ⱼ

with s = T·(wᵢ, wᵢ₋₁, …) + offset, T₀ = g, Tⱼ₊₁ = F·Tⱼ + aⱼ₊₁·g, where x^t + a₁·x^(t−1) + … + a_t is the
characteristic polynomial of F (so a_t = 0), feedback[j] = −aⱼ₊₁, taps[j] = lane 0 of Tⱼ. The carries absorb
the round constants: each keeps lane 0 of the next offset at 0. In a full round the carry moves back over the
matrix: M·y + c = M·(y + M⁻¹·c).

In a circuit an S-box input thus has `width` terms in all but the first partial rounds; in the form of the
paper it gains one with each. Cost for numbers: 2·width − 1 multiplications a partial round beside the S-box.

Leaves to others: whether this is Poseidon (`tests/zk/test_poseidon.py` compares with the plain form and with
circomlibjs).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from zk.field import SCALAR_FIELD, inverse
from zk.matrix import Matrix, Row, dot, inverse_matrix, matrix_product, matrix_times, transposed
from zk.poseidon_parameters import poseidon_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.poseidon_parameters import PoseidonParameters


class FullRound(NamedTuple):
    """lanes ← matrix·(lanes⁵ + carries)."""

    carries: Row
    matrix: Matrix


@dataclass(frozen=True)
class PoseidonSchedule:
    """Add `start`, do `opening`, which ends with a window, the recurrence, `leaving`, `closing`."""

    start: Row
    opening: tuple[FullRound, ...]
    taps: Row
    feedback: Row  # one shorter than the window
    carries: Row  # one for each partial round
    leaving: Matrix  # lanes = leaving·window + offset
    offset: Row
    closing: tuple[FullRound, ...]


@cache
def poseidon_schedule(width: int) -> PoseidonSchedule:
    """Rewrite `poseidon_parameters(width)`; see the module."""
    plain = poseidon_parameters(width)
    half, last = plain.full_rounds // 2, plain.full_rounds // 2 + plain.partial_rounds
    constants, matrix = plain.round_constants, plain.matrix
    leaving, polynomial = _controller_form(matrix)
    carries, offset = _carries(plain, constants[half + 1 : last + 1])
    back = inverse_matrix(matrix)
    entering = matrix_product(inverse_matrix(leaving), matrix)
    opening = [FullRound(matrix_times(back, row), matrix) for row in constants[1 : half + 1]]
    opening[-1] = FullRound(opening[-1].carries, entering)
    closing = [FullRound(matrix_times(back, row), matrix) for row in constants[last + 1 :]]
    return PoseidonSchedule(
        start=constants[0],
        opening=tuple(opening),
        taps=leaving[0],
        feedback=tuple(-a % SCALAR_FIELD for a in polynomial[:-1]),
        carries=carries,
        leaving=leaving,
        offset=offset,
        closing=(*closing, FullRound((0,) * width, matrix)),
    )


def _without_first_column(matrix: Matrix) -> Matrix:
    return tuple((0, *row[1:]) for row in matrix)


def _controller_form(matrix: Matrix) -> tuple[Matrix, Row]:
    """Return T and a₁ … a_t of the module.

    a solves F^t·g = −Σ aₖ·F^(t−k)·g, since a matrix is a root of its characteristic polynomial; these
    vectors are independent, or the S-boxes of some rounds would not reach every lane.
    """
    width = len(matrix)
    step = _without_first_column(matrix)
    g = tuple(row[0] for row in matrix)
    powers = [g]
    for _ in range(width):
        powers.append(matrix_times(step, powers[-1]))
    krylov = transposed(tuple(reversed(powers[:-1])))
    polynomial = tuple(-x % SCALAR_FIELD for x in matrix_times(inverse_matrix(krylov), powers[-1]))
    columns = [g]
    for a in polynomial[:-1]:
        moved = matrix_times(step, columns[-1])
        columns.append(tuple((x + a * y) % SCALAR_FIELD for x, y in zip(moved, g, strict=True)))
    return transposed(tuple(columns)), polynomial


def _carries(plain: PoseidonParameters, following: Sequence[Row]) -> tuple[Row, Row]:
    """Return a carry for each partial round and the offset after the last; `following`: constants after each.

    offset ← F·offset + constants − carry·g, with the carry that makes its lane 0 zero.
    """
    step = _without_first_column(plain.matrix)
    g = tuple(row[0] for row in plain.matrix)
    scale = inverse(g[0])
    carries: list[int] = []
    offset: Row = (0,) * plain.width
    for constants in following:
        moved = [dot(row, offset) + constant for row, constant in zip(step, constants, strict=True)]
        carry = moved[0] * scale % SCALAR_FIELD
        offset = tuple((x - carry * y) % SCALAR_FIELD for x, y in zip(moved, g, strict=True))
        carries.append(carry)
    return tuple(carries), offset
