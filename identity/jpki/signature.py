"""One signature, made by a card's key over the challenge and the commitment, and nothing beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from identity.errors import NotExactlyOneSignatureError, SignatureInvalidError
from identity.jpki.asn1 import has_more_than_integers

if TYPE_CHECKING:
    from identity.jpki.certificate import JpkiPublicKey

_MAX_DER = 208  # two signatures on P-384, so that no long one is decoded


def verify_signature(key: JpkiPublicKey, signature: bytes, message: bytes) -> None:
    """Verify RSA PKCS#1 v1.5 with SHA-256, or ECDSA with SHA-384, of which OpenSSL takes strict DER only.

    An ECDSA signature can be turned into a second valid one by anybody; nothing may be identified by it.

    Raises:
        NotExactlyOneSignatureError: there is none, or something follows it.
        SignatureInvalidError: it is not over this message with this key.

    """
    try:
        if _is_not_one(key, signature):
            raise NotExactlyOneSignatureError("There is not exactly one signature.")
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.verify(signature, message, ec.ECDSA(hashes.SHA384()))
    except (InvalidSignature, ValueError) as failure:
        raise SignatureInvalidError(
            "The signature is not over this challenge and commitment with the certificate's key.",
            hint="Ask for a new challenge and sign it with the card again.",
        ) from failure


def _is_not_one(key: JpkiPublicKey, signature: bytes) -> bool:
    """Whether there is nothing, or something after a signature. Raises ValueError if it is unreadable."""
    if isinstance(key, rsa.RSAPublicKey):
        return not signature or len(signature) > key.key_size // 8
    return not signature or len(signature) > _MAX_DER or has_more_than_integers(signature)
