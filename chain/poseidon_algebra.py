"""Poseidon over three lanes, rewritten so that an EVM needs fewer multiplications.

The permutation itself (constants, matrix, meaning) is `zk.poseidon`; this module only changes coordinates,
exactly, over the scalar field. Two facts are used:

Scaling. x⁵ scales: (μ·u)⁵ = μ⁵·u⁵. If every S-box input u is kept as ũ = μ·u, the factors μ may be chosen
freely, and each choice turns one matrix coefficient into 1. A full round then multiplies by 6 coefficients,
not 9.

Observable form. A partial round applies the S-box to lane 0 only, so lanes 1 and 2 are a linear system with
state z ∈ F², fed by y = u⁵ and observed through u. Choosing per round the coordinates T·z + o that the next
two S-boxes see leaves

    u′  = y + z1
    z1′ = a·y + b·z1 + z2
    z2′ = c·(y + κ) + d·z1

that is 4 multiplications beside the 3 of the S-box, and one constant, where a sparse matrix needs 5.

Not checked here: that the result is Poseidon. `tests/chain/test_poseidon_contract.py` compares with
`zk.poseidon` and circomlibjs on chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zk.field import SCALAR_FIELD, inverse

if TYPE_CHECKING:
    from zk.matrix import Matrix, Row
    from zk.poseidon_parameters import PoseidonParameters


def dot(left: Row, right: Row) -> int:
    """Σ leftᵢ·rightᵢ mod r."""
    return sum(a * b for a, b in zip(left, right, strict=True)) % SCALAR_FIELD


def scaled(factor: int, row: Row) -> Row:
    """factor·row mod r."""
    return tuple(factor * x % SCALAR_FIELD for x in row)


def row_times(row: Row, matrix: Matrix) -> Row:
    """row·matrix mod r."""
    return tuple(dot(row, column) for column in zip(*matrix, strict=True))


def solve_2x2(basis: tuple[Row, ...], target: Row) -> tuple[int, int]:
    """Return (d, e) with d·first + e·second = target; raises ZeroDivisionError for dependent rows."""
    first, second = basis
    determinant = (first[0] * second[1] - first[1] * second[0]) % SCALAR_FIELD
    d = (target[0] * second[1] - target[1] * second[0]) * inverse(determinant)
    e = (first[0] * target[1] - first[1] * target[0]) * inverse(determinant)
    return d % SCALAR_FIELD, e % SCALAR_FIELD


@dataclass(frozen=True)
class FullLayer:
    """What follows the S-boxes of a full round: lane i becomes Σⱼ rows[i][j]·yⱼ + constants[i]."""

    rows: Matrix
    constants: Row


@dataclass(frozen=True)
class PartialRound:
    """Coefficients of one partial round in observable form (see the module)."""

    a: int
    b: int
    c: int
    kappa: int
    d: int


@dataclass(frozen=True)
class Schedule:
    """The whole permutation on (0, left, right): what to add before round 0, then layer after layer."""

    capacity_sbox: int  # (0 + constant)⁵ of lane 0: the same for every input, so computed here
    input_constants: Row  # added to left and right
    opening: tuple[FullLayer, ...]  # the last one maps onto (u, z1, z2)
    partial: tuple[PartialRound, ...]
    leaving: FullLayer  # after the last partial S-box: (y, z1, z2) → three lanes
    closing: tuple[FullLayer, ...]  # the last one keeps lane 0 only, unscaled


class _Coordinates:
    """Scalings and bases of every round; the arithmetic of the module's two facts."""

    def __init__(self, instance: PoseidonParameters) -> None:
        self.half = instance.full_rounds // 2
        self.partial = instance.partial_rounds
        self.matrix: Matrix = instance.matrix
        self.constants: Matrix = instance.round_constants
        self.tail: Matrix = tuple(row[1:] for row in self.matrix[1:])  # lanes 1, 2 → lanes 1, 2
        self.h: Row = self.matrix[0][1:]  # lanes 1, 2 → lane 0
        self.v: Row = tuple(row[0] for row in self.matrix[1:])  # lane 0 → lanes 1, 2

    def next_scales(self, scales: Row) -> Row:
        """Scales after a full round that make its diagonal 1: μ′ᵢ = μᵢ⁵ / Mᵢᵢ."""
        return tuple(
            pow(scale, 5, SCALAR_FIELD) * inverse(self.matrix[i][i]) % SCALAR_FIELD
            for i, scale in enumerate(scales)
        )

    def full_layer(self, scales: Row, after: Row, constants: Row) -> FullLayer:
        """M between S-box outputs scaled by scales⁵ and inputs scaled by `after`, then the next constants."""
        rows = tuple(
            tuple(
                after[i] * m * inverse(pow(scales[j], 5, SCALAR_FIELD)) % SCALAR_FIELD
                for j, m in enumerate(row)
            )
            for i, row in enumerate(self.matrix[: len(after)])
        )
        return FullLayer(rows, tuple(a * c % SCALAR_FIELD for a, c in zip(after, constants, strict=True)))

    def partial_scales(self, first: int) -> list[int]:
        """μ of each partial S-box and of lane 0 after them: μ′ = μ⁵ / M₀₀."""
        scales = [first]
        for _ in range(self.partial):
            scales.append(pow(scales[-1], 5, SCALAR_FIELD) * inverse(self.matrix[0][0]) % SCALAR_FIELD)
        return scales


def _bases(at: _Coordinates, scales: list[int], lane_one_scale: int) -> tuple[list[Matrix], list[Row]]:
    """Per partial round k the basis T_k and offset o_k of z̃ = T_k·z + o_k, from the last round backwards.

    Row 0 is h, what the next S-box sees beside y. Row 1 is hN − tr(N)·h with N = `tail`: by Cayley and
    Hamilton its
    next step is −det(N)·h, a multiple of row 0 alone, which is what saves the product e·z2.
    """
    trace = at.tail[0][0] + at.tail[1][1]
    second = tuple(
        (x - trace * y) % SCALAR_FIELD for x, y in zip(row_times(at.h, at.tail), at.h, strict=True)
    )
    bases: list[Matrix] = []
    offsets: list[Row] = []
    for k in reversed(range(at.partial)):
        moved, following = at.constants[at.half + k][1:], at.constants[at.half + k + 1]
        first = scaled(scales[k + 1], at.h)
        first_offset = scales[k + 1] * (dot(at.h, moved) + following[0]) % SCALAR_FIELD
        if bases:
            seen, seen_offset = row_times(bases[-1][0], at.tail), dot(row_times(bases[-1][0], at.tail), moved)
            seen_offset += offsets[-1][0]
        else:  # after the last round the second observation is lane 1 itself
            seen = scaled(lane_one_scale, at.tail[0])
            seen_offset = lane_one_scale * (dot(at.tail[0], moved) + following[1])
        b, factor = solve_2x2((first, second), seen)
        bases.append((first, scaled(factor, second)))
        offsets.append((first_offset, (seen_offset - b * first_offset) % SCALAR_FIELD))
    return bases[::-1], offsets[::-1]


def _partial_round(
    at: _Coordinates, k: int, scale: int, bases: list[Matrix], offsets: list[Row]
) -> PartialRound:
    """Compute the coefficients that lead from round k's coordinates to round k + 1's."""
    moved = at.constants[at.half + k][1:]
    unscale = inverse(pow(scale, 5, SCALAR_FIELD))
    b, one = solve_2x2(bases[k], row_times(bases[k + 1][0], at.tail))
    target = row_times(bases[k + 1][1], at.tail)
    d, zero = solve_2x2(bases[k], target)
    if (one, zero) != (1, 0):
        raise ArithmeticError("the basis does not have the promised form")
    c = dot(bases[k + 1][1], at.v) * unscale % SCALAR_FIELD
    constant = dot(target, moved) + offsets[k + 1][1] - d * offsets[k][0]
    return PartialRound(
        a=dot(bases[k + 1][0], at.v) * unscale % SCALAR_FIELD,
        b=b,
        c=c,
        kappa=constant * inverse(c) % SCALAR_FIELD,
        d=d,
    )


def _entering(at: _Coordinates, scales: Row, first: int, basis: Matrix, offset: Row) -> FullLayer:
    """From the S-boxes of the last opening full round to (ũ, z̃1, z̃2) of the first partial round."""
    unscale = [inverse(pow(scale, 5, SCALAR_FIELD)) for scale in scales]
    onto = (scaled(first, at.matrix[0]), *(row_times(row, at.matrix[1:]) for row in basis))
    rows = tuple(tuple(x * u % SCALAR_FIELD for x, u in zip(row, unscale, strict=True)) for row in onto)
    return FullLayer(rows, (first * at.constants[at.half][0] % SCALAR_FIELD, *offset))


def _leaving(at: _Coordinates, scale: int, basis: Matrix, offset: Row, after: Row) -> FullLayer:
    """From (ỹ, z̃1, z̃2) of the last partial round to the three scaled lanes of the next full round."""
    unscale = inverse(pow(scale, 5, SCALAR_FIELD))
    last = at.half + at.partial - 1
    moved, following = at.constants[last][1:], at.constants[last + 1]
    rows, constants = [], []
    for lane, row in enumerate(at.matrix):
        d, e = solve_2x2(basis, row[1:])
        rows.append(scaled(after[lane], (row[0] * unscale, d, e)))
        shift = dot(row[1:], moved) + following[lane] - d * offset[0] - e * offset[1]
        constants.append(after[lane] * shift % SCALAR_FIELD)
    return FullLayer(tuple(rows), tuple(constants))


def schedule(instance: PoseidonParameters) -> Schedule:
    """Every coefficient of the rewritten permutation on (0, left, right)."""
    at = _Coordinates(instance)
    scales: Row = (1, 1, 1)
    opening = []
    for k in range(at.half - 1):
        after = at.next_scales(scales)
        opening.append(at.full_layer(scales, after, at.constants[k + 1]))
        scales = after
    partial_scales = at.partial_scales(at.next_scales(scales)[0])
    fifth = pow(partial_scales[-2], 5, SCALAR_FIELD)
    after = (partial_scales[-1], *(fifth * inverse(x) % SCALAR_FIELD for x in at.v))
    bases, offsets = _bases(at, partial_scales, after[1])
    opening.append(_entering(at, scales, partial_scales[0], bases[0], offsets[0]))
    partial = tuple(_partial_round(at, k, partial_scales[k], bases, offsets) for k in range(at.partial - 1))
    leaving = _leaving(at, partial_scales[-2], bases[-1], offsets[-1], after)
    closing = []
    scales = after
    first_closing = at.half + at.partial
    for k in range(first_closing, first_closing + at.half - 1):
        after = at.next_scales(scales)
        closing.append(at.full_layer(scales, after, at.constants[k + 1]))
        scales = after
    closing.append(at.full_layer(scales, (1,), (0,)))
    return Schedule(
        capacity_sbox=pow(at.constants[0][0], 5, SCALAR_FIELD),
        input_constants=at.constants[0][1:],
        opening=tuple(opening),
        partial=partial,
        leaving=leaving,
        closing=tuple(closing),
    )
