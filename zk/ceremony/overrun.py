"""A point that is none: what snarkjs hashes beyond the end of a section, above 2¹⁴ rows.

There snarkjs (`zkey_new.js`, `hashHPointsChunk`) hashes one difference [τⁱ⁺ⁿ] − [τⁱ] more than there are.
If the powers are no more than the circuit needs, [τ²ⁿ⁻¹] lies past the section's end, and the bytes found
there are taken for a point: the next section's head and half a point of G2. To arrive at the same circuit
hash, so that either program verifies the other's keys, the same has to be computed.

The bytes are no numbers below q, so the result depends on how the field arithmetic overflows. Hence the
formula and the arithmetic of wasmcurves (`build_curve_jacobian_a0.js` addAffine, `build_f1m.js`), in
Montgomery form and modulo 2²⁵⁶. Nothing but the hash depends on the result. For numbers below q it is the
difference of two points; tests hold it against that, and against a hash that snarkjs computed.
"""

from __future__ import annotations

from typing import Final

from zk.field import BASE_FIELD, FIELD_BYTES, inverse

_WRAP: Final = 1 << 256
_REDUCE: Final = -inverse(BASE_FIELD, _WRAP) % _WRAP
_TO_PLAIN: Final = inverse(_WRAP, BASE_FIELD)


def difference_of_bytes(minuend: bytes, subtrahend: bytes) -> bytes:
    """P − Q, stored, as wasmcurves computes it, where P may be any 64 bytes and Q is a point."""
    x1, y1 = _halves(minuend)
    x2, y = _halves(subtrahend)
    y2 = BASE_FIELD - y
    h, d = _subtract(x2, x1), _subtract(y2, y1)
    i = _double(_double(_multiply(h, h)))
    j, r, v = _multiply(h, i), _double(d), _multiply(x1, i)
    x3 = _subtract(_subtract(_multiply(r, r), j), _double(v))
    y3 = _subtract(_multiply(_subtract(v, x3), r), _double(_multiply(y1, j)))
    z3 = _double(h)
    by_z = inverse(z3 * _TO_PLAIN % BASE_FIELD, BASE_FIELD)
    x = x3 * by_z * by_z % BASE_FIELD
    y = y3 * by_z * by_z * by_z % BASE_FIELD
    return x.to_bytes(FIELD_BYTES, "little") + y.to_bytes(FIELD_BYTES, "little")


def _halves(stored: bytes) -> tuple[int, int]:
    return int.from_bytes(stored[:FIELD_BYTES], "little"), int.from_bytes(stored[FIELD_BYTES:], "little")


def _double(a: int) -> int:
    total = 2 * a
    if total >= _WRAP:  # the carry is lost, and q is taken away once
        return (total - _WRAP - BASE_FIELD) % _WRAP
    return total - BASE_FIELD if total >= BASE_FIELD else total


def _subtract(a: int, b: int) -> int:
    return a - b if a >= b else (a - b + _WRAP + BASE_FIELD) % _WRAP


def _multiply(a: int, b: int) -> int:
    product = a * b
    reduced = (product + product * _REDUCE % _WRAP * BASE_FIELD) >> 256
    if reduced >= _WRAP:
        return (reduced - _WRAP - BASE_FIELD) % _WRAP
    return reduced - BASE_FIELD if reduced >= BASE_FIELD else reduced
