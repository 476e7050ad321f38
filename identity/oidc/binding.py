"""What ties a sign-in to one challenge and one commitment, without the registrar remembering anything.

    nonce    = base64url(SHA-256(tag ‖ message))          message = challenge ‖ commitment
    verifier = base64url(HMAC-SHA256(secret, tag ‖ issuer ‖ 0 ‖ state ‖ 0 ‖ nonce))

The provider signs the nonce into the ID token, so the token itself names challenge and commitment; the nonce
hides both, because the challenge has 128 random bits. The PKCE verifier (RFC 7636) is derived instead of
stored: a code is good only together with the state, the challenge and the commitment it was asked for with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

NONCE_TAG: Final = b"tohyo.oidc.nonce.v1\x00"
_VERIFIER_TAG: Final = b"tohyo.oidc.pkce.v1\x00"
_STATE_BYTES = 32
MIN_SECRET_BYTES = 32


def base64url(data: bytes) -> str:
    """Encode without padding, as JOSE does."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def nonce_of(message: bytes) -> str:
    """Return the nonce that a sign-in for this message must carry."""
    return base64url(hashlib.sha256(NONCE_TAG + message).digest())


def new_state() -> str:
    """Return a random state: 43 characters of base64url."""
    return secrets.token_urlsafe(_STATE_BYTES)


def pkce_verifier(secret: bytes, issuer: str, state: str, nonce: str) -> str:
    """Return the PKCE code verifier of a sign-in; the secret never leaves the registrar."""
    parts = b"\x00".join(part.encode() for part in (issuer, state, nonce))
    return base64url(hmac.digest(secret, _VERIFIER_TAG + parts, "sha256"))


def pkce_challenge(verifier: str) -> str:
    """Return the S256 code challenge of a verifier."""
    return base64url(hashlib.sha256(verifier.encode()).digest())
