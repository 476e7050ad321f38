"""The windowed Pedersen hash of circomlib on Baby Jubjub: H₁ of classic CREAM.

    bits are cut into segments of 200 and windows of four, lowest bit first
    window   enc(b₀ b₁ b₂ b₃) = (1 + b₀ + 2·b₁ + 4·b₂)·(1 − 2·b₃)          ∈ {±1, …, ±8}
    hash     H(bits) = Σ over segments s of (Σ over windows w of enc_{s,w}·32ʷ)·G_s

G_s has no known relation to any other G: it is a point hashed from "PedersenGenerator_s_…" with BLAKE-256.
Collision resistant for inputs of one fixed length if discrete logarithms on Baby Jubjub are hard. So is
its x-coordinate alone: the other point with the same x, (x, −y), is outside the subgroup of odd order.
Source: Zcash protocol specification, section 5.4.1.7 (there with windows of three bits); generators and
window size as in circomlib's `pedersen.circom` and circomlibjs's `pedersen_hash.js`.

Not a random oracle, and not hiding for guessable inputs. Inputs of different lengths collide: the last
window is padded with zeros.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from zk.babyjubjub import (
    COFACTOR,
    IDENTITY,
    Point,
    PointNotOnCurveError,
    add,
    scale,
    unpack_point,
)
from zk.blake import blake256
from zk.errors import ZkError
from zk.field import FieldElementOutOfRangeError

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW_BITS: Final = 4
WINDOW_SHIFT: Final = 5  # a window's multiples reach ±8, so the next one weighs 32 times as much
SEGMENT_BITS: Final = 200
MAX_SEGMENTS: Final = 10  # circomlib's circuit has ten generators
MAX_BITS: Final = SEGMENT_BITS * MAX_SEGMENTS


class PedersenInputError(ZkError):
    """No bits, too many, or a number that is no bit."""


@cache
def generator(segment: int) -> Point:
    """G_segment: eight times the first point that a counter hashes to. Cost: a few ms, once.

    BLAKE-256("PedersenGenerator_{segment}_{counter}"), both as 32 digits, is read as a packed point with
    bit 254 cleared.
    """
    counter = 0
    while True:
        digest = bytearray(blake256(f"PedersenGenerator_{segment:032}_{counter:032}".encode()))
        digest[31] &= 0xBF
        try:
            return scale(unpack_point(bytes(digest)), COFACTOR)
        except (PointNotOnCurveError, FieldElementOutOfRangeError):
            counter += 1


def pedersen_hash(bits: Sequence[int]) -> Point:
    """H(bits), lowest bit first, 1 to 2,000 bits. Cost: about 1 ms for each 200 bits.

    Raises PedersenInputError.
    """
    if not 1 <= len(bits) <= MAX_BITS:
        raise PedersenInputError(f"the Pedersen hash takes 1 to {MAX_BITS} bits, not {len(bits)}")
    if any(bit not in {0, 1} for bit in bits):
        raise PedersenInputError("the Pedersen hash takes bits, each 0 or 1")
    total = IDENTITY
    for segment, start in enumerate(range(0, len(bits), SEGMENT_BITS)):
        scalar = _segment_scalar(bits[start : start + SEGMENT_BITS])
        total = add(total, scale(generator(segment), scalar))
    return total


def number_bits(number: int, count: int) -> list[int]:
    """Return the `count` lowest bits of a number, lowest first."""
    return [number >> i & 1 for i in range(count)]


def _segment_scalar(bits: Sequence[int]) -> int:
    windows = (bits[start : start + WINDOW_BITS] for start in range(0, len(bits), WINDOW_BITS))
    return sum(_encoded(window) << WINDOW_SHIFT * w for w, window in enumerate(windows))


def _encoded(window: Sequence[int]) -> int:
    low, sign = window[: WINDOW_BITS - 1], window[WINDOW_BITS - 1 :]
    magnitude = 1 + sum(bit << i for i, bit in enumerate(low))
    return -magnitude if sign and sign[0] else magnitude
