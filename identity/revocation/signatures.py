"""The signature on an OCSP answer, which `cryptography` reads but leaves to its caller to verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import SignatureAlgorithmOID

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

_MIN_RSA_BITS = 2048
_RSA: Final = frozenset(
    {
        SignatureAlgorithmOID.RSA_WITH_SHA256,
        SignatureAlgorithmOID.RSA_WITH_SHA384,
        SignatureAlgorithmOID.RSA_WITH_SHA512,
    }
)
_ECDSA: Final = frozenset(
    {
        SignatureAlgorithmOID.ECDSA_WITH_SHA256,
        SignatureAlgorithmOID.ECDSA_WITH_SHA384,
        SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    }
)
STRONG_ALGORITHMS: Final = _RSA | _ECDSA  # SHA-1 can be collided, so it proves nothing here


def is_signed_with(
    key: object,
    algorithm: x509.ObjectIdentifier,
    hash_algorithm: hashes.HashAlgorithm | None,
    signature: bytes,
    message: bytes,
) -> bool:
    """Whether `signature` is one over `message` by `key`, with a strong algorithm that fits the key."""
    if hash_algorithm is None:
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm in _RSA and key.key_size >= _MIN_RSA_BITS:
            key.verify(signature, message, padding.PKCS1v15(), hash_algorithm)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _ECDSA:
            key.verify(signature, message, ec.ECDSA(hash_algorithm))
            return True
    except InvalidSignature:
        return False
    return False
