"""The registrar's HTTP service: the endpoints for voters, and what stands around all of them.

Every endpoint is a plain function that runs in a thread, because it waits for the database or for a
certificate authority. Addresses of clients are never looked at.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import text
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response

from api import metrics, problems
from api.admission import Place
from api.chain_view import ChainTime, TreeView
from api.challenges import Challenges
from api.database.tables import RegistrationStatus
from api.errors import (
    AlreadyDepositedError,
    ChallengeExpiredError,
    ChallengeUnknownError,
    ChallengeUsedError,
    CommitmentAlreadyRegisteredError,
    CredentialKindNotAcceptedError,
    DepositInProgressError,
    PermitOutstandingError,
    PersonNotOnRollError,
    ReceiptRequiredError,
    RegistrationClosedError,
    RegistrationNotOpenError,
    RegistrationUnknownError,
    VotesByAnotherChannelError,
)
from api.limits import BodyGuard, Rates
from api.office.router import router as office_router
from api.openapi import describe, refusals
from api.registration import Registered, RegistrationRequest, Registrations
from api.schemas import (
    AuthorizationDocument,
    AuthorizationRequest,
    ChallengeDocument,
    ElectionDocument,
    HealthDocument,
    Nothing,
    ReadyDocument,
    RegisteredDocument,
    RegistrationDocument,
    StandingDocument,
)
from api.services import Services
from api.settings import Settings
from api.shield import Shield
from election.permit import SIGNATURE_BYTES
from election.receipt import Promise
from identity.challenge import signed_message
from identity.credential import CredentialKind, Mode
from identity.errors import (
    CredentialRefusedError,
    RevocationUnavailableError,
    SignInRefusedError,
    SignInUnavailableError,
)
from identity.oidc.verifier import OidcVerifier
from zk.development import development_warning
from zk.errors import TohyoError
from zk.field import FieldElementOutOfRangeError, require_field_element

if TYPE_CHECKING:
    from identity.credential import CredentialVerifier

Check = Callable[[], object]
TEST_CARDS_WARNING: Final = "test cards: not for a real election"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{87}")
_RECEIPT = HTTPBearer(
    scheme_name="receipt",
    description="The signature of the registration's receipt, in base64url without padding.",
    auto_error=False,
)
_IN_REVIEW: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": RegisteredDocument, "description": "The office decides; ask again later."}
}
_CORS_HEADERS: Final = ["Location", "Retry-After", "Tohyo-Version", "WWW-Authenticate"]


def create_app(settings: Settings, services: Services, checks: Mapping[str, Check] | None = None) -> FastAPI:
    """Return the service of one election.

    `checks` are asked by `/readyz` beside database and chain; one that raises TohyoError says no.
    """
    app = FastAPI(
        title="tohyo registrar",
        version=version("tohyo"),
        docs_url=None,  # those pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    app.include_router(_voters(services))
    app.include_router(_operation(services, dict(checks or {})))
    app.include_router(office_router(services))
    describe(app)
    app.add_middleware(BodyGuard, max_bytes=settings.max_body_bytes)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.allowed_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=_CORS_HEADERS,
        )
    app.add_middleware(metrics.Measured)
    app.add_middleware(Shield, version=app.version)
    return app


class _Desk:
    """What the voters' endpoints share."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.rates = Rates(services.settings.rates)
        self.chain_time, self.tree = ChainTime(services), TreeView(services)
        self.challenges = Challenges(services)
        self.registrations = Registrations(services, self.chain_time, self.challenges, self.rates)

    def standing(self, found: Registered) -> dict[str, Any]:
        receipt = found.place.receipt
        is_leaf = found.status is RegistrationStatus.DEPOSITED and found.leaf_index is not None
        return {
            "registration_id": receipt.registration_id,
            "status": found.status,
            "leaf_index": found.leaf_index,
            "tree": self._tree_over(found.leaf_index) if is_leaf else None,
            **_registered(found.place),
            "refusal": found.refusal.to_json() if found.refusal else None,
        }

    def facts(self) -> dict[str, Any]:
        services, election = self.services, self.services.election
        opens, votes, closes = election.schedule.timestamps()
        oidc = services.verifiers.get(CredentialKind.OIDC)
        return {
            "title": election.title,
            "contract": services.contract,
            "chain_id": services.chain_id,
            "election_id": str(services.election_id),
            "registrar": services.account.address,
            "scheme": services.chain.scheme.value,
            "mode": services.settings.mode,
            "deposits": services.settings.deposits,
            "credentials": sorted(services.verifiers),
            "sign_in_issuers": list(oidc.issuers) if isinstance(oidc, OidcVerifier) else [],
            "registration_opens": opens,
            "registration_closes": self.chain_time.registration_closes,
            "voting_opens": votes,
            "voting_closes": closes,
            "warnings": self._warnings(),
            "version": version("tohyo"),
        }

    def begin_sign_in(self, wanted: AuthorizationRequest) -> dict[str, str]:
        self.rates.registration()
        challenge = self.challenges.open(wanted.challenge)
        self.challenges.require_fresh(challenge)
        commitment = require_field_element(int(wanted.commitment), "commitment")
        verifier: CredentialVerifier | None = self.services.verifiers.get(CredentialKind.OIDC)
        if not isinstance(verifier, OidcVerifier):
            raise CredentialKindNotAcceptedError(
                "This registrar offers no sign-in.", hint="GET /v1/election lists what it accepts."
            )
        begun = verifier.authorization(wanted.issuer, signed_message(wanted.challenge, commitment))
        return {"url": begun.url, "state": begun.state}

    def register(self, wanted: RegistrationDocument) -> Place:
        self.rates.registration()
        credential = wanted.credential.model_dump(exclude_none=True)
        request = RegistrationRequest(wanted.challenge, int(wanted.commitment), credential)
        return self.registrations.register(request)

    def _tree_over(self, leaf_index: int | None) -> dict[str, Any] | None:
        state = self.tree.state()
        if state is None or leaf_index is None or leaf_index >= state.leaf_count:
            return None
        return {"leaf_count": state.leaf_count, "root": str(state.root), "known_on_chain": state.known}

    def _warnings(self) -> list[str]:
        cards = TEST_CARDS_WARNING if self.services.settings.mode is Mode.TEST else ""
        keys = development_warning(self.services.transcript_hash)
        return [warning for warning in (cards, keys) if warning]


def _voters(services: Services) -> APIRouter:
    desk = _Desk(services)
    router = APIRouter(tags=["voters"])

    @router.get("/v1/election", summary="Facts about the election", response_model=ElectionDocument)
    def election() -> Response:
        """Say which election this is, what is accepted, and when. Check the registrar against the chain."""
        return JSONResponse(desk.facts())

    @router.post(
        "/v1/challenges",
        status_code=201,
        summary="Get a text to sign",
        response_model=ChallengeDocument,
        responses=refusals(RegistrationNotOpenError, RegistrationClosedError),
    )
    def challenge(_nothing: Nothing | None = None) -> Response:
        """Give a text with a nonce. It serves for one registration, and expires."""
        desk.rates.challenge()
        desk.chain_time.require_registration()
        given = desk.challenges.issue()
        return JSONResponse({"challenge": given.text, "expires_at": given.expires}, 201)

    @router.post(
        "/v1/oidc/authorizations",
        status_code=201,
        summary="Begin a sign-in instead of using a card",
        response_model=AuthorizationDocument,
        responses=refusals(
            ChallengeUnknownError,
            ChallengeExpiredError,
            CredentialKindNotAcceptedError,
            SignInRefusedError,
            SignInUnavailableError,
            FieldElementOutOfRangeError,
        ),
    )
    def authorization(wanted: AuthorizationRequest) -> Response:
        """Bind a sign-in with an OpenID provider to a challenge and a commitment. Nothing is stored."""
        return JSONResponse(desk.begin_sign_in(wanted), 201)

    @router.post(
        "/v1/registrations",
        status_code=201,
        summary="Register one commitment",
        response_model=RegisteredDocument,
        responses=_IN_REVIEW
        | refusals(
            ChallengeUnknownError,
            ChallengeExpiredError,
            ChallengeUsedError,
            CredentialRefusedError,
            CredentialKindNotAcceptedError,
            PersonNotOnRollError,
            FieldElementOutOfRangeError,
            CommitmentAlreadyRegisteredError,
            VotesByAnotherChannelError,
            DepositInProgressError,
            AlreadyDepositedError,
            PermitOutstandingError,
            RegistrationNotOpenError,
            RegistrationClosedError,
            RevocationUnavailableError,
            SignInUnavailableError,
        ),
    )
    def register(wanted: RegistrationDocument) -> Response:
        """Verify the credential, find the person on the roll, and answer with a signed receipt.

        The same request again gets the same answer. Until the deposit is on its way another commitment of the
        same person takes the place of the earlier one. A refusal of a genuine challenge is signed, too.
        """
        try:
            place = desk.register(wanted)
        except problems.SignedRefusalError as signed:
            metrics.REGISTRATIONS.labels(signed.refusal.reason).inc()
            raise
        except TohyoError as error:
            metrics.REGISTRATIONS.labels(error.code).inc()
            raise
        metrics.REGISTRATIONS.labels(place.receipt.promise.value).inc()
        where = f"/v1/registrations/{place.receipt.registration_id}"
        accepted = 202 if place.receipt.promise is Promise.REVIEW else 201
        return JSONResponse(_registered(place), accepted, {"Location": where})

    @router.get(
        "/v1/registrations/{registration_id}",
        summary="How far a registration has come",
        response_model=StandingDocument,
        responses=refusals(ReceiptRequiredError, RegistrationUnknownError),
    )
    def standing(
        registration_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=["8f2b6c1d" * 4])],
        receipt: Annotated[HTTPAuthorizationCredentials | None, Depends(_RECEIPT)],
    ) -> Response:
        """Answer to whoever holds the receipt: queued, submitted, in the tree at a leaf, or what else."""
        desk.rates.lookup()
        found = desk.registrations.find(registration_id, _token(receipt))
        return JSONResponse(desk.standing(found))

    return router


def _operation(services: Services, checks: dict[str, Check]) -> APIRouter:
    router = APIRouter(tags=["operation"])
    chain_time = ChainTime(services)

    def database() -> None:
        with services.database.read() as connection:
            connection.execute(text("SELECT 1"))

    everything: dict[str, Check] = {"database": database, "chain": chain_time.now, **checks}

    @router.get("/healthz", summary="Whether the process lives", response_model=HealthDocument)
    async def healthz() -> Response:
        """Answer without asking anybody."""
        return JSONResponse({"status": "ok"})

    @router.get(
        "/readyz",
        summary="Whether the service can do its work",
        response_model=ReadyDocument,
        responses={503: {"model": ReadyDocument, "description": "Something is missing; says what."}},
    )
    def readyz() -> Response:
        """Check the database, the chain, and the authorities of cards."""
        found = {name: _holds(check) for name, check in everything.items()}
        ready = all(found.values())
        return JSONResponse({"ready": ready, "checks": found}, 200 if ready else 503)

    @router.get("/metrics", summary="Numbers for Prometheus", response_class=PlainTextResponse)
    def numbers(_request: Request) -> Response:
        """Count requests and registrations by outcome; no number is about one person."""
        return Response(metrics.exposition(services.database), media_type=metrics.MEDIA_TYPE)

    return router


def _holds(check: Check) -> bool:
    try:
        check()
    except TohyoError:
        return False
    return True


def _registered(place: Place) -> dict[str, Any]:
    return {
        "receipt": place.receipt.to_json(),
        "permit": place.permit.to_json() if place.permit else None,
    }


def _token(given: HTTPAuthorizationCredentials | None) -> bytes:
    """Return the signature of a receipt. Raises ReceiptRequiredError."""
    if given is not None and _TOKEN.fullmatch(given.credentials):
        try:
            token = base64.urlsafe_b64decode(given.credentials + "=")
        except binascii.Error:
            token = b""
        if len(token) == SIGNATURE_BYTES:
            return token
    raise ReceiptRequiredError(
        "The request carries no receipt's signature.",
        hint="Send Authorization: Bearer and the receipt's signature in base64url without padding.",
    )
