"""Round constants and matrices of Poseidon as circomlib uses it, derived rather than copied.

Source: Grassi, Khovratovich, Rechberger, Roy, Schofnegger, "Poseidon" (eprint 2019/458), appendix E
(Grain LFSR), section 2.3 (Cauchy matrix), and appendix B (sparse matrices). Instance: F_r of BN254, x⁵, 8
full rounds, partial rounds by width as circomlib has them. `tests/zk/test_poseidon.py` compares every
number with circomlibjs.

Derivation costs some 20 ms per width, once per process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from zk.field import SCALAR_FIELD, inverse

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = tuple[int, ...]
Matrix = tuple[Row, ...]

FULL_ROUNDS = 8
PARTIAL_ROUNDS = {2: 56, 3: 57, 4: 56, 5: 60, 6: 60}  # by width; circomlib rounds the paper's numbers up
FIELD_BITS = 254


@dataclass(frozen=True)
class PoseidonParameters:
    """The permutation as the paper states it: per round add constants, S-boxes, multiply by the matrix."""

    width: int
    full_rounds: int
    partial_rounds: int
    round_constants: Matrix  # one row of `width` per round
    matrix: Matrix  # new[i] = Σⱼ matrix[i][j]·old[j]

    @property
    def rounds(self) -> int:
        """Full and partial rounds together."""
        return self.full_rounds + self.partial_rounds

    def is_full(self, index: int) -> bool:
        """Whether round `index` applies the S-box to every lane."""
        half = self.full_rounds // 2
        return index < half or index >= half + self.partial_rounds


@dataclass(frozen=True)
class SparseRound:
    """One partial round: y = (u + constant)⁵; u′ = first·y + Σ row[j]·laneⱼ; lane′ⱼ = laneⱼ + column[j]·y."""

    constant: int
    first: int
    row: Row
    column: Row


@dataclass(frozen=True)
class SparseSchedule:
    """The same permutation with partial rounds of 2·width − 1 multiplications in place of width²."""

    opening: tuple[tuple[Row, Matrix], ...]  # constants before the S-boxes, matrix after them
    partial: tuple[SparseRound, ...]
    closing: tuple[tuple[Row, Matrix], ...]


@cache
def poseidon_parameters(width: int) -> PoseidonParameters:
    """Constants and matrix for `width` lanes (1 + number of inputs)."""
    partial_rounds = PARTIAL_ROUNDS[width]
    stream = _grain_elements(width, partial_rounds)
    rounds = FULL_ROUNDS + partial_rounds
    constants = tuple(tuple(_below_r(stream) for _ in range(width)) for _ in range(rounds))
    return PoseidonParameters(width, FULL_ROUNDS, partial_rounds, constants, _cauchy_matrix(stream, width))


@cache
def sparse_schedule(width: int) -> SparseSchedule:
    """Rewrite `poseidon_parameters(width)`, exactly.

    Matrices, from the last partial round backwards: A = S·D with D = diag(1, Â), and D commutes with an
    S-box on lane 0, so it moves into the matrix before. Constants, forwards: those of lanes 1… pass the
    S-box untouched and join the next round through M.
    """
    plain = poseidon_parameters(width)
    half = plain.full_rounds // 2
    sparse: list[tuple[int, Row, Row]] = []
    following = plain.matrix
    for _ in range(plain.partial_rounds):
        tail = tuple(row[1:] for row in following[1:])
        row = _row_times(following[0][1:], _inverse_matrix(tail))
        sparse.append((following[0][0], row, tuple(line[0] for line in following[1:])))
        diagonal = ((1, *[0] * (width - 1)), *((0, *line) for line in tail))
        following = _product(diagonal, plain.matrix)
    sparse.reverse()
    firsts, carried = _carry_constants(plain)
    matrices = (*[plain.matrix] * (half - 1), following)
    closing = (carried, *plain.round_constants[half + plain.partial_rounds + 1 :])
    return SparseSchedule(
        tuple(zip(plain.round_constants[:half], matrices, strict=True)),
        tuple(SparseRound(c, *parts) for c, parts in zip(firsts, sparse, strict=True)),
        tuple((constants, plain.matrix) for constants in closing),
    )


def _carry_constants(plain: PoseidonParameters) -> tuple[list[int], Row]:
    """Return the lane 0 constant of each partial round, and the constants of the first closing round."""
    half = plain.full_rounds // 2
    firsts: list[int] = []
    current = plain.round_constants[half]
    for index in range(half + 1, half + plain.partial_rounds + 1):
        firsts.append(current[0])
        moved = [sum(m * c for m, c in zip(row[1:], current[1:], strict=True)) for row in plain.matrix]
        current = tuple(
            (c + m) % SCALAR_FIELD for c, m in zip(plain.round_constants[index], moved, strict=True)
        )
    return firsts, current


def _grain_bits(width: int, partial_rounds: int) -> Iterator[str]:
    """Yield the self-shrunk Grain stream in chunks of '0' and '1'.

    bₙ₊₈₀ = bₙ₊₆₂ ⊕ bₙ₊₅₁ ⊕ bₙ₊₃₈ ⊕ bₙ₊₂₃ ⊕ bₙ₊₁₃ ⊕ bₙ, eighteen at a time because the nearest tap is 18
    away. The first 160 bits are dropped; then of each pair (a, b), b is kept if a = 1.
    """
    seed = f"{1:02b}{0:04b}{FIELD_BITS:012b}{width:012b}{FULL_ROUNDS:010b}{partial_rounds:010b}" + "1" * 30
    state = int(seed[::-1], 2)  # bit n of the integer is bₙ
    dropped = 160
    pending = ""
    while True:
        fresh = (state >> 62 ^ state >> 51 ^ state >> 38 ^ state >> 23 ^ state >> 13 ^ state) & 0x3FFFF
        state = state >> 18 | fresh << 62
        pending += f"{fresh:018b}"[::-1]
        if dropped:
            taken = min(dropped, len(pending))
            pending, dropped = pending[taken:], dropped - taken
        even = len(pending) & ~1
        yield "".join(pending[i + 1] for i in range(0, even, 2) if pending[i] == "1")
        pending = pending[even:]


def _grain_elements(width: int, partial_rounds: int) -> Iterator[int]:
    """Integers of 254 bits from the stream, most significant bit first; they may be ≥ r."""
    buffer = ""
    for chunk in _grain_bits(width, partial_rounds):
        buffer += chunk
        while len(buffer) >= FIELD_BITS:
            yield int(buffer[:FIELD_BITS], 2)
            buffer = buffer[FIELD_BITS:]


def _below_r(stream: Iterator[int]) -> int:
    """Take the next integer below r: round constants are sampled by rejection."""
    return next(x for x in stream if x < SCALAR_FIELD)


def _cauchy_matrix(stream: Iterator[int], width: int) -> Matrix:
    """M[i][j] = 1 / (xᵢ + yⱼ), with x, y the next 2·width integers reduced mod r (here without rejection)."""
    values = [next(stream) % SCALAR_FIELD for _ in range(2 * width)]
    return tuple(tuple(inverse(x + y) for y in values[width:]) for x in values[:width])


def _row_times(row: Row, matrix: Matrix) -> Row:
    """row·matrix mod r."""
    return tuple(
        sum(a * b for a, b in zip(row, column, strict=True)) % SCALAR_FIELD
        for column in zip(*matrix, strict=True)
    )


def _product(left: Matrix, right: Matrix) -> Matrix:
    """left·right mod r."""
    return tuple(_row_times(row, right) for row in left)


def _inverse_matrix(matrix: Matrix) -> Matrix:
    """Invert by Gauss and Jordan over F_r; raises StopIteration for a singular matrix, which none here is."""
    size = len(matrix)
    rows = [[*row, *(int(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = next(i for i in range(column, size) if rows[i][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        scale = inverse(rows[column][column])
        rows[column] = [x * scale % SCALAR_FIELD for x in rows[column]]
        for i in range(size):
            if i != column and rows[i][column]:
                factor = rows[i][column]
                rows[i] = [
                    (x - factor * y) % SCALAR_FIELD for x, y in zip(rows[i], rows[column], strict=True)
                ]
    return tuple(tuple(row[size:]) for row in rows)
