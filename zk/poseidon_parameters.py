"""Round constants and matrices of Poseidon as circomlib uses it, derived rather than copied.

Source: Grassi, Khovratovich, Rechberger, Roy, Schofnegger, "Poseidon" (eprint 2019/458), appendix E
(Grain LFSR) and section 2.3 (Cauchy matrix). Instance: F_r of BN254, x⁵, 8 full rounds, partial rounds by
width as circomlib has them. `tests/zk/test_poseidon.py` compares every number with circomlibjs.

Derivation costs some 20 ms per width, once per process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from zk.field import SCALAR_FIELD, inverse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zk.matrix import Matrix

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


@cache
def poseidon_parameters(width: int) -> PoseidonParameters:
    """Constants and matrix for `width` lanes (1 + number of inputs)."""
    partial_rounds = PARTIAL_ROUNDS[width]
    stream = _grain_elements(width, partial_rounds)
    rounds = FULL_ROUNDS + partial_rounds
    constants = tuple(tuple(_below_r(stream) for _ in range(width)) for _ in range(rounds))
    return PoseidonParameters(width, FULL_ROUNDS, partial_rounds, constants, _cauchy_matrix(stream, width))


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
