"""BLAKE-256 and BLAKE-512, the SHA-3 candidates (not BLAKE2): circomlib's generators and keys need them.

Source: Aumasson, Henzen, Meier, Phan, "SHA-3 proposal BLAKE" (version 1.3, 2010), sections 2.1 and 2.2. No
salt. No library that this project locks has them, so this is the readable form of the specification;
`tests/zk/test_blake.py` compares it with npm's `blake-hash` on random messages. Its inputs are a few dozen
bytes, and it is not meant for more.

Not constant in time: Python's integers are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Final

import gmpy2  # type: ignore[import-untyped]  # gmpy2 ships no types

_PRIMES: Final = (2, 3, 5, 7, 11, 13, 17, 19)
_PI_BITS: Final = 16 * 64
# The permutations σ₀ … σ₉ of the message words; the specification draws them from no formula.
PERMUTATIONS: Final = tuple(
    tuple(int(letter, 16) for letter in row)
    for row in (
        "0123456789abcdef",
        "ea489fd61c02b753",
        "b8c052fdae367194",
        "7931dcbe265a40f8",
        "905724afe1bc683d",
        "2c6a0b834d75fe19",
        "c51fed4a0763928b",
        "db7ec13950f4862a",
        "6fe9b308c2d714a5",
        "a2847615fb9e3cd0",
    )
)
# Columns, then diagonals, of the 4 × 4 state. BLAKE2 kept both tables.
QUARTERS: Final = (
    (0, 4, 8, 12),
    (1, 5, 9, 13),
    (2, 6, 10, 14),
    (3, 7, 11, 15),
    (0, 5, 10, 15),
    (1, 6, 11, 12),
    (2, 7, 8, 13),
    (3, 4, 9, 14),
)


@dataclass(frozen=True)
class _Variant:
    """What tells BLAKE-512 from BLAKE-256."""

    word_bits: int
    rounds: int
    rotations: tuple[int, int, int, int]

    @property
    def block_bytes(self) -> int:
        return 2 * self.word_bits

    @property
    def initial(self) -> list[int]:
        """Fractional parts of the square roots of the first eight primes, as in SHA-2."""
        return [isqrt(p << 2 * self.word_bits) % (1 << self.word_bits) for p in _PRIMES]

    @property
    def constants(self) -> list[int]:
        """Return the first sixteen words of the fraction of π."""
        mantissa, exponent = gmpy2.const_pi(_PI_BITS + 64).as_mantissa_exp()  # π = mantissa·2^exponent
        fraction = int(mantissa >> -exponent - _PI_BITS)
        return [
            fraction >> _PI_BITS - (i + 1) * self.word_bits & (1 << self.word_bits) - 1 for i in range(16)
        ]


_BLAKE256 = _Variant(32, 14, (16, 12, 8, 7))
_BLAKE512 = _Variant(64, 16, (32, 25, 16, 11))


def blake256(message: bytes) -> bytes:
    """BLAKE-256(message), 32 bytes."""
    return _blake(_BLAKE256, message)


def blake512(message: bytes) -> bytes:
    """BLAKE-512(message), 64 bytes."""
    return _blake(_BLAKE512, message)


def _blake(variant: _Variant, message: bytes) -> bytes:
    chain, constants, size = variant.initial, variant.constants, variant.block_bytes
    padded = _padded(variant, message)
    for start in range(0, len(padded), size):
        seen = min(len(message), start + size)
        counter = 8 * seen if seen > start else 0  # a block of padding alone counts as 0
        chain = _compress(variant, chain, padded[start : start + size], counter, constants)
    return b"".join(word.to_bytes(variant.word_bits // 8, "big") for word in chain)


def _padded(variant: _Variant, message: bytes) -> bytes:
    """Append a one bit, zeros, a one bit and the length, up to a whole number of blocks."""
    length_bytes = variant.word_bits // 4
    room = -(len(message) + length_bytes) % variant.block_bytes or variant.block_bytes
    padding = bytearray(room)
    padding[0] |= 0x80
    padding[-1] |= 0x01
    return message + padding + (8 * len(message)).to_bytes(length_bytes, "big")


def _compress(
    variant: _Variant, chain: list[int], block: bytes, counter: int, constants: list[int]
) -> list[int]:
    bits = variant.word_bits
    mask = (1 << bits) - 1
    words = [int.from_bytes(block[i : i + bits // 8], "big") for i in range(0, len(block), bits // 8)]
    low, high = counter & mask, counter >> bits
    ends = [c ^ t for c, t in zip(constants[4:8], (low, low, high, high), strict=True)]
    state = [*chain, *constants[:4], *ends]

    def rotated(x: int, distance: int) -> int:
        return (x >> distance | x << bits - distance) & mask

    for index in range(variant.rounds):
        sigma = PERMUTATIONS[index % len(PERMUTATIONS)]
        for i, (a, b, c, d) in enumerate(QUARTERS):
            first, second = sigma[2 * i], sigma[2 * i + 1]
            for half, (word, constant) in enumerate(((first, second), (second, first))):
                turn_d, turn_b = variant.rotations[2 * half : 2 * half + 2]
                state[a] = state[a] + state[b] + (words[word] ^ constants[constant]) & mask
                state[d] = rotated(state[d] ^ state[a], turn_d)
                state[c] = state[c] + state[d] & mask
                state[b] = rotated(state[b] ^ state[c], turn_b)
    return [h ^ v ^ w for h, v, w in zip(chain, state[:8], state[8:], strict=True)]
