"""What ties a sign-in to one challenge and one commitment, without the registrar remembering anything.

    nonce    = base64url(SHA-256(tag ‖ message))          message = challenge ‖ commitment
    state    = base64url(r ‖ first 16 bytes of HMAC-SHA256(secret, tag ‖ issuer ‖ 0 ‖ nonce ‖ 0 ‖ r))
    verifier = base64url(HMAC-SHA256(secret, tag ‖ issuer ‖ 0 ‖ state ‖ 0 ‖ nonce))

The provider signs the nonce into the ID token, so the token itself names challenge and commitment; the nonce
hides both, because the challenge has 128 random bits. `r` is 16 random bytes. The MAC in the state tells,
before the provider is asked and the code is spent, that the sign-in was begun here and for this message. The
PKCE verifier (RFC 7636) is derived instead of stored: a code is good only together with its state.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final

NONCE_TAG: Final = b"tohyo.oidc.nonce.v1\x00"
_VERIFIER_TAG: Final = b"tohyo.oidc.pkce.v1\x00"
_STATE_TAG: Final = b"tohyo.oidc.state.v1\x00"
_HALF_BYTES = 16
_STATE = re.compile(r"[A-Za-z0-9_-]{43}")
MIN_SECRET_BYTES = 32


def base64url(data: bytes) -> str:
    """Encode without padding, as JOSE does."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def nonce_of(message: bytes) -> str:
    """Return the nonce that a sign-in for this message must carry."""
    return base64url(hashlib.sha256(NONCE_TAG + message).digest())


def new_state(secret: bytes, issuer: str, nonce: str) -> str:
    """Return a new state for a sign-in: 43 characters of base64url."""
    return _state(secret, issuer, nonce, secrets.token_bytes(_HALF_BYTES))


def is_own_state(secret: bytes, issuer: str, state: str, nonce: str) -> bool:
    """Whether a sign-in with this provider was begun here with this state and nonce."""
    if not _STATE.fullmatch(state):
        return False
    drawn = base64.urlsafe_b64decode(state + "=")[:_HALF_BYTES]
    return hmac.compare_digest(state, _state(secret, issuer, nonce, drawn))


def pkce_verifier(secret: bytes, issuer: str, state: str, nonce: str) -> str:
    """Return the PKCE code verifier of a sign-in; the secret never leaves the registrar."""
    return base64url(_mac(secret, _VERIFIER_TAG, issuer.encode(), state.encode(), nonce.encode()))


def pkce_challenge(verifier: str) -> str:
    """Return the S256 code challenge of a verifier."""
    return base64url(hashlib.sha256(verifier.encode()).digest())


def _state(secret: bytes, issuer: str, nonce: str, drawn: bytes) -> str:
    mac = _mac(secret, _STATE_TAG, issuer.encode(), nonce.encode(), drawn)
    return base64url(drawn + mac[:_HALF_BYTES])


def _mac(secret: bytes, tag: bytes, *parts: bytes) -> bytes:
    return hmac.digest(secret, tag + b"\x00".join(parts), "sha256")
