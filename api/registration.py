"""Registration: a verified person on the roll gets one anonymous commitment into the election.

    challenge → credential → person → roll entry → one transaction → signed receipt, or signed refusal

Credentials are verified outside the transaction, since that may ask others over the network; what decides is
locked and read again inside. An answer is signed and on disk before it is given, and the same request gets
the same answer again. Never sees a note: a commitment hides it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from api.admission import PermitMayBeUsedError, place_of, promise, require_unused
from api.database.tables import RegistrationStatus, challenge_use, refusal, registration
from api.decision import Claim, Decision, not_on_roll
from api.errors import (
    ChallengeUsedError,
    CommitmentAlreadyRegisteredError,
    CredentialKindNotAcceptedError,
    DatabaseUnavailableError,
    LedgerError,
    RegistrationRefusedError,
    RegistrationUnknownError,
)
from api.problems import SignedRefusalError
from api.registry.roll import candidates
from api.sealed import SealedRegistration, seal_refused_person
from election.receipt import Refusal, sign_refusal
from identity.challenge import signed_message
from identity.credential import CredentialKind
from identity.errors import CredentialRefusedError
from identity.matching import MatchOutcome, match
from zk.field import FieldElementOutOfRangeError, require_field_element
from zk.merkle import empty_root

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from api.admission import Place
    from api.chain_view import ChainTime
    from api.challenges import Challenges
    from api.limits import Rates
    from api.services import Services
    from election.person import Person
    from identity.challenge import Challenge
    from identity.credential import VerifiedCredential
    from zk.errors import TohyoError

_REFUSALS = (
    CredentialRefusedError,
    RegistrationRefusedError,
    CommitmentAlreadyRegisteredError,
    LedgerError,
    FieldElementOutOfRangeError,
)
_RACES = 5  # a lost race is decided by reading again; nobody loses so many in a row
_ID_BYTES = 16
_AT_ONCE = 4  # decisions; more would only hold connections while they wait for the end of the log
_USE_OF = select(challenge_use).where(challenge_use.c.nonce == bindparam("nonce"))  # built once
_USE = insert(challenge_use)
_log = structlog.get_logger("tohyo.api")


@dataclass(frozen=True, repr=False)
class RegistrationRequest:
    """What a voter's device sends, held to its schema; `credential` holds personal data."""

    challenge: str
    commitment: int
    credential: dict[str, Any]

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the request as canonical JSON: what a refusal names it by."""
        document = {
            "challenge": self.challenge,
            "commitment": str(self.commitment),
            "credential": self.credential,
        }
        text = json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).digest()


@dataclass(repr=False)
class _Known:
    """Who was refused, as far as that was established."""

    person: Person | None = None
    pseudonym: str | None = None


@dataclass(frozen=True)
class Registered:
    """A registration's row, opened by its receipt."""

    place: Place
    status: RegistrationStatus
    leaf_index: int | None
    refusal: Refusal | None = None  # two officers' no, signed by the registrar


class Registrations:
    """Registers voters of one election."""

    def __init__(
        self, services: Services, chain_time: ChainTime, challenges: Challenges, rates: Rates
    ) -> None:
        self._services, self._chain_time = services, chain_time
        self._challenges, self._rates = challenges, rates
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def register(self, request: RegistrationRequest) -> Place:
        """Register, or say again what was answered to the same request.

        Raises:
            ChallengeError: the challenge is not ours, expired, or was used for another request.
            RateLimitedError: too many requests with this challenge.
            SignedRefusalError: the registrar refuses; the refusal is signed and kept.
            RevocationUnavailableError, SignInUnavailableError, NotReadyError, DatabaseUnavailableError:
                nothing was decided; the same request may be sent again.

        """
        challenge = self._challenges.open(request.challenge)
        self._rates.attempt(challenge.nonce)
        with self._services.database.read() as connection:
            answered = self._answered(connection, challenge, request)
        if answered is not None:
            return answered
        self._challenges.require_fresh(challenge)
        known = _Known()
        try:
            self._require_usable(request)
            credential = self._verified(request)
            known.person = credential.person
            with self._turns:
                claim = self._claim(credential)
                known.pseudonym = claim.pseudonyms[0] if claim.is_certain else None
                return self._placed(challenge, request, claim)
        except _REFUSALS as reason:
            return self._refuse(challenge, request, reason, known)

    def find(self, registration_id: str, token: bytes) -> Registered:
        """Return a registration whose receipt's signature is `token`, now or before its review.

        Raises:
            RegistrationUnknownError: there is none, or the receipt is another's.

        """
        with self._services.database.read() as connection:
            row = connection.execute(
                select(registration).where(registration.c.id == registration_id)
            ).one_or_none()
            refused = connection.execute(select(refusal).where(refusal.c.id == registration_id)).one_or_none()
        kept = [row.receipt_signature, row.review_signature or b""] if row else [b"", b""]
        opens = [hmac.compare_digest(signature, token) for signature in kept]
        if row is None or not token or not any(opens):
            raise RegistrationUnknownError(
                "There is no registration of this id with this receipt.",
                hint="Send the signature of the registration's own receipt, in base64url.",
            )
        signed_no = None if refused is None else self._refusal_of(refused)
        status = RegistrationStatus(row.status)
        return Registered(place_of(self._services, row), status, row.leaf_index, signed_no)

    def _require_usable(self, request: RegistrationRequest) -> None:
        """Refuse at the wrong time, and numbers that are no commitment whatever the note."""
        self._chain_time.require_registration()
        require_field_element(request.commitment, "commitment")
        if request.commitment in {0, empty_root(0)}:  # the contract takes the empty leaf for a free place
            raise FieldElementOutOfRangeError("commitment")

    def _verified(self, request: RegistrationRequest) -> VerifiedCredential:
        verifier = self._services.verifiers.get(CredentialKind(request.credential["kind"]))
        if verifier is None:
            raise CredentialKindNotAcceptedError("This registrar takes no credentials of this kind.")
        message = signed_message(request.challenge, request.commitment)
        return verifier.verify(request.credential, message, self._services.clock())

    def _claim(self, credential: VerifiedCredential) -> Claim:
        if credential.person is None:
            return Claim(credential, (credential.roll_entry or "",), is_certain=True)
        with self._services.database.read() as connection:
            near = candidates(connection, self._services.vault, credential.person.date_of_birth)
        found = match(credential.person, near)
        if found.outcome is MatchOutcome.NONE:
            raise not_on_roll()
        return Claim(credential, found.pseudonyms, found.outcome is MatchOutcome.ONE)

    def _placed(self, challenge: Challenge, request: RegistrationRequest, claim: Claim) -> Place:
        """Decide in one transaction; again, if another one decided about the same at the same moment."""
        undeposited: frozenset[int] = frozenset()
        for _ in range(_RACES):
            decision = self._decision(request, claim, undeposited)
            try:
                return self._committed(challenge, request, decision)
            except IntegrityError:
                continue
            except PermitMayBeUsedError as question:
                require_unused(self._services, question)
                undeposited |= {question.commitment}
        raise _too_many_races()

    def _decision(self, request: RegistrationRequest, claim: Claim, undeposited: frozenset[int]) -> Decision:
        """Sign and seal before the transaction, which others wait for."""
        services, chain_now = self._services, self._chain_time.now()
        registration_id = secrets.token_hex(_ID_BYTES)
        new = promise(
            services,
            chain_now,
            registration_id=registration_id,
            commitment=request.commitment,
            pseudonym=claim.pseudonyms[0] if claim.is_certain else None,
        )
        found = claim.credential
        kept = SealedRegistration(request.challenge, request.commitment, found.evidence, found.person)
        sealed = kept.seal(services.vault, registration_id)
        return Decision(services, claim, new, sealed, chain_now, undeposited)

    def _committed(self, challenge: Challenge, request: RegistrationRequest, decision: Decision) -> Place:
        with self._services.database.begin() as connection:
            statuses = decision.lock(connection)
            answered = self._answered(connection, challenge, request)
            if answered is not None:
                return answered
            place = decision.decide(connection)
            self._use(connection, challenge, request, registration_id=place.receipt.registration_id)
            decision.book(connection, place, statuses)
        _log.info(
            "registered",
            registration=place.receipt.registration_id,
            roll_entry=place.receipt.roll_entry,
            promise=place.receipt.promise.value,
            again=place is not decision.new,
        )
        return place

    def _refuse(
        self, challenge: Challenge, request: RegistrationRequest, reason: TohyoError, known: _Known
    ) -> Place:
        """Sign and keep a refusal, unless the same request got another answer meanwhile: then that counts."""
        for _ in range(_RACES):
            signed = self._signed_refusal(request, reason)
            try:
                with self._services.database.begin() as connection:
                    answered = self._answered(connection, challenge, request)
                    if answered is not None:
                        return answered
                    self._keep_refusal(connection, signed, known)
                    self._use(connection, challenge, request, refusal_id=signed.refusal_id)
            except IntegrityError:
                continue
            _log.info("refused", refusal=signed.refusal_id, reason=signed.reason)
            raise SignedRefusalError(signed) from reason
        raise _too_many_races()

    def _signed_refusal(self, request: RegistrationRequest, reason: TohyoError) -> Refusal:
        services = self._services
        return sign_refusal(
            services.account,
            services.chain_id,
            services.contract,
            refusal_id=secrets.token_hex(_ID_BYTES),
            election_id=services.election_id,
            request_digest=request.digest,
            reason=reason.code,
            refused_at=services.clock(),
        )

    def _keep_refusal(self, connection: Connection, signed: Refusal, known: _Known) -> None:
        sealed = None
        if known.person is not None:
            sealed = seal_refused_person(self._services.vault, signed.refusal_id, known.person)
        connection.execute(
            insert(refusal).values(
                id=signed.refusal_id,
                request_digest=signed.request_digest,
                reason=signed.reason,
                refused_at=signed.refused_at,
                signature=signed.signature,
                roll_entry=known.pseudonym,
                sealed=sealed,
            )
        )

    def _answered(
        self, connection: Connection, challenge: Challenge, request: RegistrationRequest
    ) -> Place | None:
        """Return, or raise, what was answered to the same request with this challenge.

        Raises:
            SignedRefusalError: the same request was refused.
            ChallengeUsedError: the challenge was used for another request.

        """
        use = connection.execute(_USE_OF, {"nonce": challenge.nonce}).one_or_none()
        if use is None:
            return None
        if use.request_digest != request.digest:
            raise ChallengeUsedError(
                "The challenge was used for another request.", hint="Ask for a new challenge and sign that."
            )
        if use.refusal_id is not None:
            row = connection.execute(select(refusal).where(refusal.c.id == use.refusal_id)).one()
            raise SignedRefusalError(self._refusal_of(row))
        row = connection.execute(select(registration).where(registration.c.id == use.registration_id)).one()
        return place_of(self._services, row)

    def _refusal_of(self, row: Row[Any]) -> Refusal:
        return Refusal(
            row.id,
            self._services.election_id,
            row.request_digest,
            row.reason,
            row.refused_at,
            row.signature,
        )

    def _use(
        self,
        connection: Connection,
        challenge: Challenge,
        request: RegistrationRequest,
        *,
        registration_id: str | None = None,
        refusal_id: str | None = None,
    ) -> None:
        """Use the challenge up; of two at once, the database lets one do so."""
        row = {
            "nonce": challenge.nonce,
            "request_digest": request.digest,
            "used_at": self._services.clock(),
            "expires_at": challenge.expires,
            "registration_id": registration_id,
            "refusal_id": refusal_id,
        }
        connection.execute(_USE, row)


def _too_many_races() -> DatabaseUnavailableError:
    return DatabaseUnavailableError("The registration lost too many races.", hint="Send it again.")
