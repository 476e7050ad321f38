"""The stream of random numbers behind every contribution, as snarkjs draws it.

A seed of 32 bytes keys ChaCha20 (64-bit counter from 0, nonce 0); a number below a prime is drawn by
rejection, a point by its x-coordinate. Contributor and beacon differ only in where the seed comes from:

    contributor   BLAKE2b(64 bytes from the operating system ‖ what the contributor typed)
    beacon        SHA-256 applied 2ⁿ times to a public value

So a beacon's contribution, and the point of G2 that a proof of knowledge is made over, can be recomputed
by everybody. Sources: snarkjs `misc.js` and `keypair.js`, ffjavascript `chacha.js` and `fromRng`; the idea of
the beacon is that of Bowe, Gabizon, Miers, eprint 2017/1050, section 3.4.

Secret seeds live in memory only. Python cannot wipe them: a contributor who fears for that switches the
machine off afterwards.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from zk.ceremony.curve_bytes import G1_BYTES, is_larger_root, stored
from zk.ceremony.errors import CeremonyRequestError
from zk.field import BASE_FIELD, SCALAR_FIELD, inverse
from zk.groth16.points import G1_B, G2_B, Fq2, fq2_multiply
from zk.py_ecc_curve import FQ2, curve

if TYPE_CHECKING:
    from collections.abc import Callable

SEED_BYTES: Final = 32
MIN_BEACON_EXPONENT, MAX_BEACON_EXPONENT = 10, 32  # as snarkjs; it allows 63, which nobody could check
MAX_BEACON_BYTES: Final = 255
_MASK: Final = (1 << 254) - 1
_G2_COFACTOR: Final = 2 * BASE_FIELD - SCALAR_FIELD  # Barreto and Naehrig, eprint 2005/133
_INVERSE_MONTGOMERY = {field: inverse(1 << 256, field) for field in (BASE_FIELD, SCALAR_FIELD)}
_HASHES_A_REPORT: Final = 1 << 14


class RandomStream:
    """Numbers and points, one after another, from one seed."""

    def __init__(self, seed: bytes) -> None:
        words = [seed[i : i + 4][::-1] for i in range(0, SEED_BYTES, 4)]  # read as big-endian words
        self._stream = Cipher(ChaCha20(b"".join(words), bytes(16)), mode=None).encryptor()

    def word(self) -> int:
        """Return the next 32 bits."""
        return int.from_bytes(self._stream.update(bytes(4)), "little")

    def scalar(self) -> int:
        """Return an element of F_r."""
        return self._element(SCALAR_FIELD)

    def g1(self) -> bytes:
        """Return a point of G1, stored."""
        while True:
            x, larger = self._element(BASE_FIELD), self.word() & 1
            square = (x * x * x + G1_B) % BASE_FIELD
            if _is_square(square):
                y = _square_root(square)
                return stored([(x, y if (y > BASE_FIELD >> 1) == bool(larger) else BASE_FIELD - y)])

    def g2(self) -> bytes:
        """Return a point of G2, stored: a point of the twist times the cofactor."""
        while True:
            x, larger = (self._element(BASE_FIELD), self._element(BASE_FIELD)), self.word() & 1
            cube = fq2_multiply(fq2_multiply(x, x), x)
            square = ((cube[0] + G2_B[0]) % BASE_FIELD, (cube[1] + G2_B[1]) % BASE_FIELD)
            y = _square_root_fq2(square)
            if y is not None:
                if is_larger_root(y) != bool(larger):
                    y = (-y[0] % BASE_FIELD, -y[1] % BASE_FIELD)
                return _times_cofactor(x, y)

    def _element(self, modulus: int) -> int:
        """Draw 254 bits until they are below the modulus; snarkjs takes them for the Montgomery form."""
        while True:
            halves = [(self.word() << 32) | self.word() for _ in range(4)]
            value = sum(half << (64 * i) for i, half in enumerate(halves)) & _MASK
            if value < modulus:
                return value * _INVERSE_MONTGOMERY[modulus] % modulus


def contributor_seed(typed: bytes) -> bytes:
    """Mix the operating system's randomness with what the contributor typed: either alone would do."""
    return hashlib.blake2b(secrets.token_bytes(64) + typed).digest()[:SEED_BYTES]


def beacon_seed(value: bytes, exponent: int, on_progress: Callable[[int, int], None] | None = None) -> bytes:
    """SHA-256 applied 2^exponent times to a public value, about 0.3 µs each.

    The delay is what keeps somebody who could influence the value from trying many.
    """
    require_beacon(value, exponent)
    total, digest = 1 << exponent, value
    sha256 = hashlib.sha256
    for done in range(0, total, _HASHES_A_REPORT):
        for _ in range(min(_HASHES_A_REPORT, total - done)):
            digest = sha256(digest).digest()
        if on_progress is not None:
            on_progress(min(done + _HASHES_A_REPORT, total), total)
    return digest


def require_beacon(value: bytes, exponent: int) -> None:
    """Raise CeremonyRequestError unless everybody can check the beacon, snarkjs included."""
    if not 0 < len(value) <= MAX_BEACON_BYTES:
        raise CeremonyRequestError(
            f"a beacon is 1 to {MAX_BEACON_BYTES} bytes, not {len(value)}",
            hint="Give an even number of hexadecimal digits, for example the hash of a block.",
        )
    if not MIN_BEACON_EXPONENT <= exponent <= MAX_BEACON_EXPONENT:
        raise CeremonyRequestError(
            f"a beacon is hashed 2^{MIN_BEACON_EXPONENT} to 2^{MAX_BEACON_EXPONENT} times, not 2^{exponent}",
            hint="Take 10; more only if somebody could influence the value.",
        )


def point_of_g2(digest: bytes) -> bytes:
    """Hash to G2 as snarkjs does: a stream keyed by the first 32 bytes of a digest. Stored form."""
    return RandomStream(digest[:SEED_BYTES]).g2()


def _is_square(x: int) -> bool:
    return pow(x, (BASE_FIELD - 1) // 2, BASE_FIELD) <= 1


def _square_root(x: int) -> int:
    """One root of a square: q ≡ 3 mod 4."""
    return pow(x, (BASE_FIELD + 1) // 4, BASE_FIELD)


def _square_root_fq2(a: Fq2) -> Fq2 | None:
    """One root in F_q², or None: with n² = N(a) and d² = (a0 ± n)/2 it is d + a1/(2d)·u."""
    a0, a1 = a
    norm = (a0 * a0 + a1 * a1) % BASE_FIELD
    if not _is_square(norm):
        return None
    half = inverse(2, BASE_FIELD)
    root = _square_root(norm)
    candidates = [(a0 + root) * half % BASE_FIELD, (a0 - root) * half % BASE_FIELD]
    d = _square_root(next(c for c in candidates if _is_square(c)))
    if d == 0:  # a is −b² for b in F_q
        return 0, _square_root(-a0 % BASE_FIELD)
    return d, a1 * inverse(2 * d, BASE_FIELD) % BASE_FIELD


def _times_cofactor(x: Fq2, y: Fq2) -> bytes:
    """By py_ecc: before this multiplication the point is not in the group that the curve library knows."""
    point = curve.multiply((FQ2(x), FQ2(y), FQ2.one()), _G2_COFACTOR)
    x_out, y_out = curve.normalize(point)
    run = stored([(*(int(c) for c in x_out.coeffs), *(int(c) for c in y_out.coeffs))])
    assert len(run) == 2 * G1_BYTES  # noqa: S101  two coordinates of two numbers
    return run
