"""What the office's endpoints share: who asks, whether they may, and whether they signed what they say."""

from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from api.chain_view import ChainTime
from api.errors import (
    OfficerCertificateUnknownError,
    OfficerNotAuthenticatedError,
    OfficerRoleMissingError,
    OfficerSignatureInvalidError,
    OfficerStatementStaleError,
    OfficerTokenExpiredError,
    OfficerTokenForAnotherRequestError,
    OfficerTokenRefusedError,
    OfficerTokenReplayedError,
)
from api.limits import Rates
from api.office.roles import Action, require_allowed, require_officers
from api.office.tokens import Authenticator, OfficeRequest, audience, officer_of
from api.openapi import refusals
from api.registry.log import append
from api.services import Services
from api.settings import OfficerSettings
from identity.office import Signing
from identity.officer import verify_document
from zk.errors import TohyoError

STATEMENT_SECONDS: Final = 300  # how far a signed time may be from the service's clock
PAGE: Final = 100

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", examples=["8f2b6c1d3e4a5f60718293a4b5c6d7e8"])]
Seconds = Annotated[int, Field(strict=True, ge=0, lt=2**40, examples=[1_800_000_000])]
SignatureHex = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{128}$",
        description="Ed25519 signature of the officer over the document that the guide describes.",
        examples=["ab" * 64],
    ),
]

_BEARER = HTTPBearer(
    scheme_name="officer",
    bearerFormat="JWT",
    description=(
        "A token that the officer's own key signed for this one request (EdDSA over Ed25519, at most five"
        " minutes, used once), or instead a TLS client certificate that the settings name."
    ),
    auto_error=False,
)


class Strict(BaseModel):
    """A document that holds the members it names and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Signed(Strict):
    """A statement with the officer's signature; the signature covers `signed_at` too."""

    signed_at: Seconds
    signature: SignatureHex


async def _body(request: Request) -> bytes:
    return await request.body()


def officers_only(*also: type[TohyoError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an endpoint for officers that may fail so, too."""
    tokens = (
        OfficerNotAuthenticatedError,
        OfficerTokenRefusedError,
        OfficerTokenExpiredError,
        OfficerTokenReplayedError,
        OfficerTokenForAnotherRequestError,
        OfficerCertificateUnknownError,
    )
    return refusals(*tokens, OfficerRoleMissingError, *also)


class Office:
    """The officers of one election's service."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.officers = require_officers(services.settings.officers)
        self.rates = Rates(services.settings.rates)

    @cached_property
    def authenticator(self) -> Authenticator:
        """How officers are recognised; asks the chain for its id the first time."""
        for_whom = audience(self.services.chain_id, self.services.contract)
        return Authenticator(self.officers, for_whom, self.services.database)

    @cached_property
    def chain_time(self) -> ChainTime:
        """The chain's clock, which says whether registrations are still taken."""
        return ChainTime(self.services)

    @cached_property
    def election_id(self) -> int:
        """What names the election; asked once."""
        return self.services.election_id

    def may(self, action: Action) -> Callable[..., OfficerSettings]:
        """Return a dependency that gives the officer who asks, if they may do this."""

        def officer(
            request: Request,
            body: Annotated[bytes, Depends(_body)],
            _bearer: Annotated[object, Depends(_BEARER)],  # for the documentation
        ) -> OfficerSettings:
            who = self._who(request, body)
            require_allowed(who, action)
            return who

        return officer

    def signing(self, officer: OfficerSettings, signed_at: int) -> Signing:
        """Return who signs when. Raises OfficerStatementStaleError if that is not about now."""
        if abs(self.services.clock() - signed_at) > STATEMENT_SECONDS:
            raise OfficerStatementStaleError(
                "The statement was not signed just now.",
                hint=f"Sign it anew; the clocks may differ by {STATEMENT_SECONDS} seconds.",
            )
        return Signing(self.services.chain_id, self.services.contract, officer.id, signed_at)

    def require_signed(self, document: dict[str, Any], signature: str) -> bytes:
        """Return the signature's bytes. Raises OfficerSignatureInvalidError if it does not hold."""
        signed = bytes.fromhex(signature)
        if not verify_document(document, signed, self.officers[document["officer"]].public_key):
            raise OfficerSignatureInvalidError(
                "The signature is not one of this officer over this statement.",
                hint="Sign with `tohyo office …`, with the key whose public half the settings name.",
            )
        return signed

    def log_statement(
        self, connection: Connection, action: str, subject: str, document: dict[str, Any], signature: bytes
    ) -> None:
        """Log a signed statement whole, so that the log alone shows who signed what."""
        details = {"statement": document, "signature": signature.hex()}
        append(
            connection,
            at=self.services.clock(),
            actor=document["officer"],
            action=action,
            subject=subject,
            details=details,
        )

    def _who(self, request: Request, body: bytes) -> OfficerSettings:
        headers = request.headers.getlist("authorization")
        if len(headers) > 1:
            raise OfficerTokenRefusedError("There is more than one token.", hint="Send one.")
        asked = OfficeRequest(request.method, _target(request), body)
        tls = (request.scope.get("extensions") or {}).get("tls") or {}
        authorization = headers[0] if headers else None
        return officer_of(
            self.authenticator, authorization, tls.get("client_cert"), asked, self.services.clock()
        )


def _target(request: Request) -> str:
    """Return the path and query as they were sent."""
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    return (path + b"?" * bool(query) + query).decode("latin-1")
