"""EdDSA on Baby Jubjub with Poseidon, as circomlibjs has it (`signPoseidon`, `verifyPoseidon`).

    key        s = the pruned low half of BLAKE-512(seed), a multiple of 8;  A = (s/8)·B₈
    signature  r = BLAKE-512(high half ‖ M) mod l;  R = r·B₈;  h = Poseidon(R, A, M);  S = r + h·s mod l
    equation   S·B₈ = R + h·(8·A)

Source: Bernstein, Duif, Lange, Schwabe, Yang, "High-speed high-security signatures" (2011), with the cofactor
on A's side, so that R must be in the subgroup; keys and nonces as in circomlibjs's `eddsa.js`. Here S < l is
required, or S + l would sign too, and a key whose multiple by 8 is the identity is refused: under it every
(r·B₈, r) would be a signature of everything. circomlibjs allows that key.

Trusts nothing about a signature. Signing is not constant in time: not for a machine that others share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from zk.babyjubjub import (
    BASE8,
    COFACTOR,
    IDENTITY,
    SUBGROUP_ORDER,
    Point,
    add,
    pack_point,
    require_on_curve,
    scale,
    unpack_point,
)
from zk.blake import blake512
from zk.errors import ZkError
from zk.field import FIELD_BYTES, require_field_element
from zk.poseidon import poseidon

SIGNATURE_BYTES: Final = 2 * FIELD_BYTES


class MalformedSignatureError(ZkError):
    """A signature of the wrong length, or with S not below the subgroup's order."""


class SmallOrderKeyError(ZkError):
    """A public key under which everything would be signed."""

    def __init__(self) -> None:
        super().__init__(
            "the public key has small order", hint="ask the signer for the key that they derived from a seed"
        )


@dataclass(frozen=True)
class Signature:
    """(R, S); checked when it is verified."""

    r8: Point
    s: int

    def pack(self) -> bytes:
        """Write R packed and S, lowest byte first; circomlibjs `packSignature`."""
        return pack_point(self.r8) + self.s.to_bytes(FIELD_BYTES, "little")

    @classmethod
    def unpack(cls, packed: bytes) -> Signature:
        """Read what `pack` wrote; raises MalformedSignatureError and what `unpack_point` raises."""
        if len(packed) != SIGNATURE_BYTES:
            raise MalformedSignatureError(f"a signature has {SIGNATURE_BYTES} bytes, not {len(packed)}")
        s = int.from_bytes(packed[FIELD_BYTES:], "little")
        return cls(unpack_point(packed[:FIELD_BYTES]), _require_scalar(s))


@dataclass(frozen=True)
class SigningKey:
    """A secret key; its repr shows only the public one."""

    public_key: Point
    _scalar: int = field(repr=False)
    _nonce_key: bytes = field(repr=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Derive the key of a seed, of which 32 random bytes are enough."""
        digest = bytearray(blake512(seed))
        digest[0] &= 0xF8  # a multiple of 8
        digest[31] = digest[31] & 0x7F | 0x40
        scalar = int.from_bytes(digest[:FIELD_BYTES], "little")
        return cls(scale(BASE8, scalar // COFACTOR), scalar, bytes(digest[FIELD_BYTES:]))

    def sign(self, message: int) -> Signature:
        """Sign one field element; the same message gives the same signature."""
        require_field_element(message, "message")
        nonce = blake512(self._nonce_key + message.to_bytes(FIELD_BYTES, "little"))
        r = int.from_bytes(nonce, "little") % SUBGROUP_ORDER
        r8 = scale(BASE8, r)
        challenge = signature_challenge(r8, self.public_key, message)
        return Signature(r8, (r + challenge * self._scalar) % SUBGROUP_ORDER)


def signature_challenge(r8: Point, public_key: Point, message: int) -> int:
    """Hash the whole statement: Poseidon(R, A, M)."""
    return poseidon(*r8, *public_key, message)


def verify_signature(public_key: Point, message: int, signature: Signature) -> bool:
    """Whether S·B₈ = R + h·(8·A). Cost: three scalar multiplications, 2 ms.

    Raises FieldElementOutOfRangeError, PointNotOnCurveError, SmallOrderKeyError, MalformedSignatureError.
    """
    require_field_element(message, "message")
    require_on_curve(public_key, "public key")
    require_on_curve(signature.r8, "R")
    _require_scalar(signature.s)
    multiple = scale(public_key, COFACTOR)
    if multiple == IDENTITY:
        raise SmallOrderKeyError
    challenge = signature_challenge(signature.r8, public_key, message)
    return scale(BASE8, signature.s) == add(signature.r8, scale(multiple, challenge))


def _require_scalar(s: int) -> int:
    if not 0 <= s < SUBGROUP_ORDER:
        raise MalformedSignatureError("S is not below the order of the subgroup")
    return s
