"""Signed statements of a provider: the ID token, and a userinfo response that is a JWT.

Only ES256 is accepted, whatever a token's header asks for: `none`, HS256 (a public key as the secret) and
RS256 are refused before any key is looked at. Everything a token must say is checked here: who issued it, for
whom, when, and about which challenge and commitment (its nonce).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final, NoReturn

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, ClaimError, JoseError, MissingClaimError
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from identity.errors import SignInRefusedError
from identity.oidc.binding import base64url
from identity.oidc.provider import SIGNATURE_ALGORITHM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joserfc.jwk import ECKey

LEEWAY_SECONDS = 30
MAX_SUBJECT_LENGTH = 255
_AGAIN = "Ask for a new challenge and sign in again."
_WRONG: Final = {
    "iss": "was issued by another provider",
    "sub": "names nobody",
    "exp": "is expired",
    "iat": "was issued in the future",
    "nbf": "is not valid yet",
}


def key_id_of(token: str, what: str) -> str:
    """Return the id of the key that a token says it was signed with; nothing is verified yet.

    Raises SignInRefusedError, also for any other algorithm than ES256.
    """
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        refuse(f"The {what} is no signed token.")
    algorithm = header.get("alg")
    if algorithm != SIGNATURE_ALGORITHM:
        refuse(f"The {what} is signed with another algorithm than {SIGNATURE_ALGORITHM}.")
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        refuse(f"The {what} does not name its key.")
    return key_id


def verified_claims(token: str, key: ECKey, what: str) -> dict[str, Any]:
    """Return what a token says, once its ES256 signature verified. Raises SignInRefusedError."""
    try:
        return jwt.decode(token, key, algorithms=[SIGNATURE_ALGORITHM]).claims
    except BadSignatureError:
        refuse(f"The {what} is not signed with the provider's key.")
    except (JoseError, ValueError, TypeError, RecursionError):
        refuse(f"The {what} is no token signed with {SIGNATURE_ALGORITHM}.")


def check_id_token(
    claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, at: int, access_token: str | None
) -> None:
    """Check what an ID token says (OpenID Connect Core 3.1.3.7), at a time in seconds since 1970.

    Without the access token, which is not kept, `at_hash` cannot be checked. Raises SignInRefusedError.
    """
    _check_registered(claims, "ID token", ("sub", "aud", "exp", "iat"), issuer, client_id, at)
    if "azp" in claims and claims["azp"] != client_id:
        refuse("The ID token was issued to another service.")
    if not _equal(claims.get("nonce"), nonce):
        refuse("The sign-in was for another challenge or another commitment.")
    at_hash = claims.get("at_hash")
    if at_hash is not None and access_token is not None and not _equal(at_hash, _half_hash(access_token)):
        refuse("The ID token belongs to another access token.")


def check_userinfo(
    claims: Mapping[str, Any], *, issuer: str, client_id: str, at: int, subject: str, signed: bool
) -> None:
    """Check what a userinfo response says besides the personal data. Raises SignInRefusedError."""
    if signed:
        _check_registered(claims, "userinfo response", ("sub", "aud"), issuer, client_id, at)
    if not _equal(claims.get("sub"), subject):
        refuse("The userinfo response is about somebody else than the ID token.")


def refuse(sentence: str, hint: str = _AGAIN) -> NoReturn:
    """Raise SignInRefusedError."""
    raise SignInRefusedError(sentence, hint=hint) from None


def _check_registered(  # noqa: PLR0917  what, then the four things it must agree with
    claims: Mapping[str, Any], what: str, needed: tuple[str, ...], issuer: str, client_id: str, at: int
) -> None:
    options: dict[str, ClaimsOption] = {name: {"essential": True} for name in needed}
    options["iss"] = {"essential": True, "value": issuer}
    registry = JWTClaimsRegistry(at, LEEWAY_SECONDS, **options)
    try:
        registry.validate(dict(claims))
    except MissingClaimError as failure:
        refuse(f"The {what} lacks {failure.claim}.")
    except ClaimError as failure:
        refuse(f"The {what} {_WRONG.get(failure.claim, 'cannot be read')}.")
    # a list with others in it would let them present the same token
    if claims["aud"] not in (client_id, [client_id]):
        refuse(f"The {what} was issued for another service.")
    if not 0 < len(claims["sub"]) <= MAX_SUBJECT_LENGTH:
        refuse(f"The {what} names nobody.")


def _equal(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())


def _half_hash(access_token: str) -> str:
    return base64url(hashlib.sha256(access_token.encode()).digest()[:16])
