"""Which officer asks: a token signed for one request, or a TLS client certificate. Never a password.

The token is a JWT (RFC 7519) with `alg` Ed25519 (RFC 9864), made by the officer's own key for one request:

    header   {"typ": "tohyo-office+jwt", "alg": "Ed25519", "kid": officer}
    claims   iss, aud, iat, exp (at most 300 s later), jti, htm (method), target (path and query), body_sha256

It is read once (`token_use`), so whoever saw it can do nothing with it; the key never leaves the officer.
A certificate was verified by TLS against the configured authority; here only its fingerprint is compared.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import extract_compact
from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from api.database.tables import token_use
from api.errors import (
    OfficerCertificateUnknownError,
    OfficerNotAuthenticatedError,
    OfficerTokenExpiredError,
    OfficerTokenForAnotherRequestError,
    OfficerTokenRefusedError,
    OfficerTokenReplayedError,
)
from identity.officer import load_public_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.database.engine import Database
    from api.settings import OfficerSettings
    from identity.officer import OfficerKey

ALGORITHM: Final = "Ed25519"
TOKEN_TYPE: Final = "tohyo-office+jwt"  # noqa: S105  no password
MAX_SECONDS: Final = 300
CLOCK_SKEW_SECONDS: Final = 30
MAX_LENGTH: Final = 2048
_JTI: Final = re.compile(r"[A-Za-z0-9_-]{22,64}")
_CLAIMS: Final = {
    "iss": str,
    "aud": str,
    "iat": int,
    "exp": int,
    "jti": str,
    "htm": str,
    "target": str,
    "body_sha256": str,
}


@dataclass(frozen=True)
class OfficeRequest:
    """What a token is bound to: `target` is the path with its query, as sent."""

    method: str
    target: str
    body: bytes

    @property
    def body_sha256(self) -> str:
        """The body's digest in hexadecimal; of nothing, if there is none."""
        return hashlib.sha256(self.body).hexdigest()


def audience(chain_id: int, contract: str) -> str:
    """Return whom a token is for: this election's registrar."""
    return f"tohyo:registrar:{chain_id}:{contract.lower()}"


def make_token(
    key: OfficerKey, officer: str, for_whom: str, request: OfficeRequest, *, now: int, seconds: int = 60
) -> str:
    """Sign a token for one request; `for_whom` is an `audience`."""
    claims = {
        "iss": officer,
        "aud": for_whom,
        "iat": now,
        "exp": now + seconds,
        "jti": secrets.token_urlsafe(24),
        "htm": request.method,
        "target": request.target,
        "body_sha256": request.body_sha256,
    }
    header = {"typ": TOKEN_TYPE, "alg": ALGORITHM, "kid": officer}
    return jwt.encode(header, claims, OKPKey.import_key(key.private), algorithms=[ALGORITHM])


@dataclass(frozen=True)
class Authenticator:
    """Recognises officers; `officers` by id."""

    officers: Mapping[str, OfficerSettings]
    for_whom: str
    database: Database

    def by_token(self, token: str, request: OfficeRequest, now: int) -> OfficerSettings:
        """Return whose token it is, and use the token up.

        Raises:
            OfficerTokenRefusedError: nobody here signed it for this registrar.
            OfficerTokenExpiredError: now is not its time.
            OfficerTokenForAnotherRequestError: it was signed for something else.
            OfficerTokenReplayedError: it was used before.

        """
        officer, claims = self._verified(token)
        _require_time(claims, now)
        bound = (request.method, request.target, request.body_sha256)
        if (claims["htm"], claims["target"], claims["body_sha256"]) != bound:
            raise OfficerTokenForAnotherRequestError(
                "The token was signed for another request.",
                hint="Sign a token for each request: method, path with query, SHA-256 of the body.",
            )
        self._use_up(claims, now)
        return officer

    def by_certificate(self, certificate: bytes) -> OfficerSettings:
        """Return whose TLS client certificate (DER) it is. Raises OfficerCertificateUnknownError."""
        fingerprint = hashlib.sha256(certificate).hexdigest()
        for officer in self.officers.values():
            if hmac.compare_digest(officer.certificate_sha256, fingerprint):
                return officer
        raise OfficerCertificateUnknownError(
            "The TLS client certificate is no officer's.",
            hint="Put its SHA-256 fingerprint into the settings as `certificate_sha256`.",
        )

    def _verified(self, token: str) -> tuple[OfficerSettings, dict[str, Any]]:
        """Only the one algorithm is accepted, and only keys from the settings: headers choose neither."""
        if len(token) > MAX_LENGTH:
            raise _refused()
        try:
            officer = self.officers[_officer_named_by(token)]
            read = jwt.decode(
                token, OKPKey.import_key(load_public_key(officer.public_key)), algorithms=[ALGORITHM]
            )
        except (JoseError, ValueError, KeyError, TypeError) as failure:
            raise _refused() from failure
        claims = read.claims
        if set(claims) != set(_CLAIMS) or any(
            type(claims[name]) is not kind for name, kind in _CLAIMS.items()
        ):
            raise _refused()
        expected = (officer.id, self.for_whom, TOKEN_TYPE)
        if (claims["iss"], claims["aud"], read.header.get("typ")) != expected or not _JTI.fullmatch(
            claims["jti"]
        ):
            raise _refused()
        return officer, claims

    def _use_up(self, claims: dict[str, Any], now: int) -> None:
        """Insert the token's row, which only the first can; rows outlive their tokens by as much again."""
        try:
            with self.database.begin() as connection:
                connection.execute(delete(token_use).where(token_use.c.expires_at < now - MAX_SECONDS))
                row = {"id": f"{claims['iss']}:{claims['jti']}", "expires_at": claims["exp"]}
                connection.execute(insert(token_use).values(row))
        except IntegrityError as failure:
            raise OfficerTokenReplayedError(
                "The token was used before.", hint="Sign a new token for each request."
            ) from failure


def officer_of(
    authenticator: Authenticator,
    authorization: str | None,
    certificate: bytes | None,
    request: OfficeRequest,
    now: int,
) -> OfficerSettings:
    """Return who asks. With a token and a certificate, both must be the same officer's.

    Raises:
        OfficerNotAuthenticatedError: nothing was presented, or it shows no officer.

    """
    known = None if certificate is None else authenticator.by_certificate(certificate)
    if authorization is None:
        if known is None:
            raise OfficerNotAuthenticatedError(
                "This is for officers.", hint="Send `Authorization: Bearer` with a token for this request."
            )
        return known
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise _refused()
    officer = authenticator.by_token(token.strip(), request, now)
    if known is not None and known.id != officer.id:
        raise _refused()
    return officer


def _officer_named_by(token: str) -> str:
    """Return the header's `kid`: which key to try, nothing more."""
    name = extract_compact(token.encode()).headers()["kid"]
    if not isinstance(name, str):
        raise TypeError("kid is no text")
    return name


def _require_time(claims: dict[str, Any], now: int) -> None:
    issued, expires = claims["iat"], claims["exp"]
    if not (issued - CLOCK_SKEW_SECONDS <= now < expires <= issued + MAX_SECONDS):
        raise OfficerTokenExpiredError(
            "The token is not valid at this time.",
            hint=f"A token lives at most {MAX_SECONDS} seconds; check the clock of both computers.",
        )


def _refused() -> OfficerTokenRefusedError:
    return OfficerTokenRefusedError(
        "No officer signed this token for this registrar.",
        hint="Check the officer's id, the key file, and the election's contract.",
    )
