"""Points of BN254 as bytes, in the three ways that snarkjs writes them.

    stored        in .ptau and .zkey: x, y; each coordinate in Montgomery form (c·2²⁵⁶ mod q), little-endian
    uncompressed  hashed: x, y; plain, big-endian
    compressed    hashed: x; plain, big-endian; the highest bit says that y is the larger root

A coordinate of G2 is c0 + c1·u: stored as c0, c1, and hashed as c1, c0. The point at infinity is all
zeros; compressed, the second-highest bit is set.

Trusts its caller that the points are points; `zk.ceremony.group` checks them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zk.ceremony.errors import CeremonyFileError
from zk.field import BASE_FIELD, FIELD_BYTES, inverse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Coordinates = tuple[int, ...]  # (x, y) of G1, (x0, x1, y0, y1) of G2

G1_BYTES: Final = 2 * FIELD_BYTES
G2_BYTES: Final = 4 * FIELD_BYTES
_MONTGOMERY: Final = 1 << 256
_INVERSE_MONTGOMERY: Final = inverse(_MONTGOMERY, BASE_FIELD)
_HALF: Final = BASE_FIELD >> 1
_LARGER_ROOT: Final = 0x80
_INFINITY: Final = 0x40


def require_reduced(run: bytes) -> None:
    """Raise CeremonyFileError for a coordinate ≥ q: c and c + q would be two spellings of one point."""
    for i in range(0, len(run), FIELD_BYTES):
        if int.from_bytes(run[i : i + FIELD_BYTES], "little") >= BASE_FIELD:
            raise CeremonyFileError("a point has a coordinate that is not below q")


def coordinates_of(stored: bytes) -> list[int]:
    """Return every coordinate of a run of stored points, plain."""
    from_bytes = int.from_bytes
    return [
        from_bytes(stored[i : i + FIELD_BYTES], "little") * _INVERSE_MONTGOMERY % BASE_FIELD
        for i in range(0, len(stored), FIELD_BYTES)
    ]


def points_of(stored: bytes, size: int) -> list[Coordinates]:
    """Return the points of a run, each `size` bytes; the point at infinity is all zeros."""
    flat, width = coordinates_of(stored), size // FIELD_BYTES
    return [tuple(flat[i : i + width]) for i in range(0, len(flat), width)]


def stored(points: Iterable[Sequence[int]]) -> bytes:
    """Encode points as .ptau and .zkey keep them."""
    return b"".join(
        [(c * _MONTGOMERY % BASE_FIELD).to_bytes(FIELD_BYTES, "little") for point in points for c in point]
    )


def uncompressed(stored_points: bytes, size: int) -> bytes:
    """Encode stored points for hashing, in full."""
    flat, half = coordinates_of(stored_points), size // FIELD_BYTES // 2
    encoded = [c.to_bytes(FIELD_BYTES, "big") for c in flat]
    if half == 1:
        return b"".join(encoded)
    return b"".join([encoded[i + 1] + encoded[i] for i in range(0, len(encoded), 2)])


def compressed(stored_points: bytes, size: int) -> bytes:
    """Encode stored points for hashing, as x and the choice of y."""
    return b"".join([_compress(point) for point in points_of(stored_points, size)])


def is_larger_root(y: Sequence[int]) -> bool:
    """Whether y > −y; of (c0, c1) the second decides unless it is 0."""
    return next((c for c in reversed(y) if c), 0) > _HALF


def _compress(point: Coordinates) -> bytes:
    half = len(point) // 2
    x, y = point[:half], point[half:]
    encoded = bytearray(b"".join(c.to_bytes(FIELD_BYTES, "big") for c in reversed(x)))
    if not any(point):
        encoded[0] |= _INFINITY
    elif is_larger_root(y):
        encoded[0] |= _LARGER_ROOT
    return bytes(encoded)
