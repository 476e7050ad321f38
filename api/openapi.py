"""The description of the service: every answer of every endpoint, and the codes that its problems have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from api.errors import (
    AlreadyDepositedError,
    BodyTooLargeError,
    DatabaseUnavailableError,
    DepositInProgressError,
    InternalError,
    LedgerTransitionRefusedError,
    NotReadyError,
    OfficeCredentialDecidedError,
    OfficeCredentialExistsError,
    OfficeCredentialUnknownError,
    OfficerCertificateUnknownError,
    OfficerRoleMissingError,
    OfficerSignatureInvalidError,
    OfficerStatementStaleError,
    OfficerTokenExpiredError,
    OfficerTokenForAnotherRequestError,
    OfficerTokenRefusedError,
    OfficerTokenReplayedError,
    PermitOutstandingError,
    RateLimitedError,
    RecordErasedError,
    RefusalResolvedError,
    RefusalUnknownError,
    RegistrationClosedError,
    RequestMalformedError,
    RequestTimeoutError,
    ReviewClosedError,
    ReviewUnknownError,
    RollEntryUnknownError,
    SecondOfficerNeededError,
    UnsupportedMediaTypeError,
    VotesByAnotherChannelError,
)
from api.problems import MEDIA_TYPE, status_of
from api.schemas import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from zk.errors import TohyoError

_SUMMARY = """One verified person, one anonymous deposit.

A voter's device asks for a challenge, makes a note, computes its commitment, signs the challenge and the
commitment with an identity card, and registers. The service never sees a note, a ballot or a choice; no
member of any document could hold one. Every problem has a stable `code`; every refusal of a registration is
signed by the registrar, whose address the election's contract names."""
_TAGS = [
    {"name": "voters", "description": "Registering, and asking how far it is."},
    {"name": "office", "description": "For officers: reviews, the ledger, credentials, the log."},
    {"name": "operation", "description": "For whoever runs the service."},
]
_EVERYWHERE = (
    RequestMalformedError,
    RequestTimeoutError,
    BodyTooLargeError,
    UnsupportedMediaTypeError,
    RateLimitedError,
    InternalError,
    NotReadyError,
    DatabaseUnavailableError,
)
_OFFICE = (
    OfficerTokenRefusedError,
    OfficerTokenExpiredError,
    OfficerTokenReplayedError,
    OfficerTokenForAnotherRequestError,
    OfficerCertificateUnknownError,
    OfficerRoleMissingError,
    OfficerSignatureInvalidError,
    OfficerStatementStaleError,
    SecondOfficerNeededError,
    RollEntryUnknownError,
    ReviewUnknownError,
    OfficeCredentialUnknownError,
    RefusalUnknownError,
    ReviewClosedError,
    OfficeCredentialExistsError,
    OfficeCredentialDecidedError,
    RefusalResolvedError,
    VotesByAnotherChannelError,
    LedgerTransitionRefusedError,
    DepositInProgressError,
    AlreadyDepositedError,
    PermitOutstandingError,
    RegistrationClosedError,
    RecordErasedError,
)
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def refusals(*kinds: type[TohyoError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an endpoint that may fail so."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        response = found.setdefault(int(status_of(kind)), {"model": Problem, "description": ""})
        response["description"] += f"{', ' if response['description'] else ''}`{kind.code}`"
    return found


def describe(app: FastAPI) -> None:
    """Make an application describe itself completely."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title, version=app.version, description=_SUMMARY, tags=_TAGS, routes=app.routes
            )
            _complete(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as the framework's documentation says


def _complete(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(described.pop("$defs", {}))
    schemas["Problem"] = described
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operation in _operations(document):
        if "HTTPValidationError" in str(operation["responses"].get("422")):  # the framework's own
            del operation["responses"]["422"]
        for kind in (*_EVERYWHERE, *(_OFFICE if "office" in operation["tags"] else ())):
            _add(operation["responses"], kind)
        for response in operation["responses"].values():
            content = response.get("content", {})
            if content.get("application/json", {}).get("schema") == _PROBLEM:
                content[MEDIA_TYPE] = content.pop("application/json")


def _add(responses: dict[str, Any], kind: type[TohyoError]) -> None:
    response = responses.setdefault(str(int(status_of(kind))), {"description": ""})
    response.setdefault("content", {"application/json": {"schema": _PROBLEM}})
    code = f"`{kind.code}`"
    if code not in response["description"]:
        response["description"] += f"{', ' if response['description'] else ''}{code}"


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()
