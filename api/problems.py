"""Errors on the wire: RFC 9457 problem documents with stable codes, and one table from errors to statuses.

    {"type": "urn:tohyo:problem:challenge_used", "title": …, "status": 409, "code": "challenge_used",
     "detail": …, "hint": …}

A signed refusal is the member `refusal`. What is wrong on our side is told by its code alone: the sentence
may name hosts and files, so only the log has it.
"""

from __future__ import annotations

import inspect
import secrets
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from api import errors
from api.logs import where
from chain.errors import ChainError
from identity.errors import (
    CredentialRefusedError,
    NotExactlyOneSignatureError,
    RevocationUnavailableError,
    SignInUnavailableError,
)
from zk.errors import TohyoError
from zk.field import FieldElementOutOfRangeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from election.receipt import Refusal

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 5
MAX_FAULTS: Final = 10  # of a malformed request are told
_S = HTTPStatus
STATUS: Final[dict[type[TohyoError], HTTPStatus]] = {
    # the request
    errors.RequestMalformedError: _S.UNPROCESSABLE_ENTITY,
    errors.RequestTimeoutError: _S.REQUEST_TIMEOUT,
    errors.BodyTooLargeError: _S.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedMediaTypeError: _S.UNSUPPORTED_MEDIA_TYPE,
    errors.RateLimitedError: _S.TOO_MANY_REQUESTS,
    errors.OverloadedError: _S.SERVICE_UNAVAILABLE,
    errors.NotFoundError: _S.NOT_FOUND,
    errors.MethodNotAllowedError: _S.METHOD_NOT_ALLOWED,
    errors.ReceiptRequiredError: _S.UNAUTHORIZED,
    errors.RegistrationUnknownError: _S.NOT_FOUND,
    # the challenge
    errors.ChallengeUnknownError: _S.BAD_REQUEST,
    errors.ChallengeExpiredError: _S.GONE,
    errors.ChallengeUsedError: _S.CONFLICT,
    # the person, the commitment, the time
    CredentialRefusedError: _S.FORBIDDEN,
    FieldElementOutOfRangeError: _S.UNPROCESSABLE_ENTITY,
    errors.RegistrationRefusedError: _S.CONFLICT,
    errors.CredentialKindNotAcceptedError: _S.FORBIDDEN,
    errors.PersonNotOnRollError: _S.FORBIDDEN,
    errors.CommitmentAlreadyRegisteredError: _S.CONFLICT,
    errors.LedgerError: _S.CONFLICT,
    errors.RollEntryUnknownError: _S.NOT_FOUND,
    # the office
    errors.OfficeError: _S.CONFLICT,
    errors.OfficerNotAuthenticatedError: _S.UNAUTHORIZED,
    errors.OfficerRoleMissingError: _S.FORBIDDEN,
    errors.OfficerStatementStaleError: _S.UNPROCESSABLE_ENTITY,
    errors.ReviewUnknownError: _S.NOT_FOUND,
    errors.OfficeCredentialUnknownError: _S.NOT_FOUND,
    errors.RefusalUnknownError: _S.NOT_FOUND,
    errors.RecordErasedError: _S.GONE,
    errors.ChangeListError: _S.CONFLICT,
    errors.ChangeListUnknownError: _S.NOT_FOUND,
    errors.SecondOfficerNeededError: _S.FORBIDDEN,
    errors.OfficerSignatureInvalidError: _S.FORBIDDEN,
    # our side
    errors.DatabaseUnavailableError: _S.SERVICE_UNAVAILABLE,
    errors.NotReadyError: _S.SERVICE_UNAVAILABLE,
    RevocationUnavailableError: _S.SERVICE_UNAVAILABLE,
    SignInUnavailableError: _S.SERVICE_UNAVAILABLE,
    ChainError: _S.SERVICE_UNAVAILABLE,
}
# What a voter does next; a refusal is answered with the same words when it is asked for again.
REFUSAL_HINTS: Final[dict[type[TohyoError], str]] = {
    CredentialRefusedError: "Check the card, take a new challenge and try again, or ask the election office.",
    NotExactlyOneSignatureError: "Send one signature, made by one card, over a new challenge.",
    FieldElementOutOfRangeError: "Make a new note; its commitment is a number below r, and not one of those"
    " that every tree holds.",
    errors.RegistrationRefusedError: "Ask the election office; the refusal says what was decided.",
    errors.CredentialKindNotAcceptedError: "GET /v1/election lists the kinds that are accepted.",
    errors.PersonNotOnRollError: "Ask the election office to look up the roll; show them this refusal.",
    errors.CommitmentAlreadyRegisteredError: "Make a note of your own and register that.",
    errors.VotesByAnotherChannelError: "Vote the way you chose, or return that ballot unused to the election"
    " office.",
    errors.LedgerError: "Ask the election office; show them this refusal.",
    errors.DepositInProgressError: "Your earlier commitment is being deposited; keep its note. To see how far"
    " it is, ask for your registration with its receipt.",
    errors.AlreadyDepositedError: "Vote with the note of the earlier commitment; it cannot be replaced.",
    errors.PermitOutstandingError: "Use the permit for the earlier commitment, or wait until it has expired.",
    errors.ReviewRefusedError: "Go to the election office with this refusal, or contest it.",
    errors.RegistrationNotOpenError: "GET /v1/election says when registration opens.",
    errors.RegistrationClosedError: "The election office knows other ways to vote.",
}


class SignedRefusalError(TohyoError):
    """A refusal that is signed and kept; `refusal.reason` is the code that the voter sees."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def status_of(kind: type[TohyoError]) -> HTTPStatus:
    """Return an error's status: its own, or that of the nearest class above; 500 for the unforeseen."""
    return next((STATUS[above] for above in kind.__mro__ if above in STATUS), _S.INTERNAL_SERVER_ERROR)


def problem_response(error: TohyoError, **members: Any) -> Response:  # noqa: ANN401  JSON values
    """Return the answer to a request that failed."""
    if isinstance(error, SignedRefusalError):
        return _refusal_response(error.refusal)
    status = status_of(type(error))
    if status is _S.INTERNAL_SERVER_ERROR:
        return unforeseen(error)
    if status is _S.SERVICE_UNAVAILABLE:
        _log().warning("unavailable", code=error.code, error=str(error))
        detail, hint = _sentence(type(error)), "Nothing was decided; try again."
    else:
        detail, hint = str(error), error.hint
    headers = {}
    if status in {_S.SERVICE_UNAVAILABLE, _S.TOO_MANY_REQUESTS}:
        headers["Retry-After"] = str(getattr(error, "retry_after", RETRY_SECONDS))
    if status is _S.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return _answer(type(error), detail, hint, headers, members)


def unforeseen(error: BaseException) -> Response:
    """Answer that something went wrong, with a number under which the log says where, and no more."""
    number = secrets.token_hex(8)
    _log().error("unforeseen", error_id=number, error=type(error).__name__, where=where(error))
    return _answer(
        errors.InternalError,
        "Something unforeseen happened.",
        "Tell the election office the number of the error.",
        {},
        {"error_id": number},
    )


def install(app: FastAPI) -> None:
    """Make every error of an application a problem document."""
    app.add_exception_handler(TohyoError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_malformed)
    app.add_exception_handler(HTTPException, _on_http)


def _on_error(_request: Request, error: Exception) -> Response:
    return problem_response(error) if isinstance(error, TohyoError) else unforeseen(error)


def _on_malformed(_request: Request, error: Exception) -> Response:
    """Say which members are wrong, never what they held."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    faults = [{"at": _place(fault["loc"]), "fault": _told(fault)} for fault in found[:MAX_FAULTS]]
    malformed = errors.RequestMalformedError(
        "The request is not what the description of the service asks for.",
        hint="/openapi.json describes every request.",
    )
    return problem_response(malformed, errors=faults)


def _told(fault: dict[str, Any]) -> str:
    """Return what is wrong; of all messages this one repeats what was sent."""
    if fault["type"] == "union_tag_invalid":
        return f"Input should be one of {fault['ctx']['expected_tags']}"
    return str(fault["msg"])[:200]


def _on_http(_request: Request, error: Exception) -> Response:
    """Answer for the framework: no such address, no such method, and the rest as malformed requests."""
    status = error.status_code if isinstance(error, HTTPException) else 0
    if status == _S.NOT_FOUND:
        return problem_response(
            errors.NotFoundError("Nothing is at this address.", hint="/openapi.json lists the addresses.")
        )
    if status == _S.METHOD_NOT_ALLOWED:
        answer = problem_response(
            errors.MethodNotAllowedError(
                "The address does not take this method.", hint="The header Allow lists those it takes."
            )
        )
        answer.headers.update(getattr(error, "headers", None) or {})
        return answer
    return problem_response(
        errors.RequestMalformedError(
            "The request cannot be read.", hint="/openapi.json describes every request."
        )
    )


def _refusal_response(refusal: Refusal) -> Response:
    kind = _by_code().get(refusal.reason, errors.RegistrationRefusedError)
    headers = {"Retry-After": "60"} if kind is errors.DepositInProgressError else {}
    hint = next(REFUSAL_HINTS[above] for above in kind.__mro__ if above in REFUSAL_HINTS)
    members = {"code": refusal.reason, "refusal": refusal.to_json()}
    return _answer(kind, _sentence(kind), hint, headers, members)


def _answer(
    kind: type[TohyoError], detail: str, hint: str, headers: Mapping[str, str], members: Mapping[str, Any]
) -> Response:
    status, code = int(status_of(kind)), members.get("code", kind.code)
    document = {
        "type": f"urn:tohyo:problem:{code}",
        "title": _sentence(kind),
        "status": status,
        "code": code,
        "detail": detail,
        "hint": hint,
    }
    return JSONResponse({**document, **members}, status, dict(headers), MEDIA_TYPE)


def _sentence(kind: type[TohyoError]) -> str:
    """Return the first paragraph of an error's description."""
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())


@cache
def _by_code() -> dict[str, type[TohyoError]]:
    tops = (CredentialRefusedError, errors.RegistrarError, FieldElementOutOfRangeError)
    return {kind.code: kind for top in tops for kind in _with_kinds(top)}


def _with_kinds(top: type[TohyoError]) -> Iterator[type[TohyoError]]:
    yield top
    for below in top.__subclasses__():
        yield from _with_kinds(below)


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part)[:64] for part in location)


def _log() -> Any:  # noqa: ANN401  structlog's
    return structlog.get_logger("tohyo.api")
