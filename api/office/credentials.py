"""One-time credentials from the office, for people who cannot hold a signing certificate.

One officer states that a person needs one, a second approves, and the service then answers the secret, once:
it keeps the secret's hash alone. The person presents id and secret instead of a card. The registration's own
transaction uses the credential up (`mark_used`), so that however many present it, one registration has it.
Forging one takes two officers' keys: the signatures are verified again whenever a credential is presented.
"""

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import Field
from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.database.tables import office_credential
from api.errors import (
    OfficeCredentialDecidedError,
    OfficeCredentialExistsError,
    OfficeCredentialUnknownError,
    OfficerSignatureInvalidError,
    OfficerStatementStaleError,
    RecordErasedError,
    RollEntryUnknownError,
    SecondOfficerNeededError,
)
from api.office.access import PAGE, Id, Office, Seconds, Signed, Strict, officers_only
from api.office.people import PersonDocument, person_document
from api.office.roles import Action
from api.registry import roll
from api.registry.ledger import status
from api.settings import OfficerSettings
from identity.credential import CredentialKind, VerifiedCredential
from identity.errors import OfficeCredentialRefusedError
from identity.office import (
    CredentialReason,
    approval_document,
    issue_document,
    recheck_office_credential,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.database.engine import Database

MAX_WRONG_SECRETS: Final = 10
MAX_SECONDS: Final = 366 * 86_400
_SECRET_BYTES: Final = 20  # 160 bits: 32 letters and digits in base 32, without padding
_GROUP: Final = 4
_TAG: Final = b"tohyo.office-credential.v1.secret\x00"


class Issue(Signed):
    """The first officer's statement; `credential_id` is 16 random bytes of the officer's choice."""

    credential_id: Id
    roll_entry: Id
    expires_at: Seconds
    reason: Annotated[CredentialReason, Field(examples=["guardianship"])]


class Approval(Signed):
    """The second officer's signature over the same statement."""


class Credential(Strict):
    """An office-issued credential as the office sees it; the secret is not part of it."""

    id: Id
    roll_entry: Id
    reason: CredentialReason
    expires_at: int
    issued_by: str
    issued_at: int
    approved_by: str | None
    used: bool


class CredentialInFull(Credential):
    """One credential with the person whom the second officer checks."""

    person: PersonDocument


class Credentials(Strict):
    """Credentials that wait for a second officer."""

    items: list[Credential]


class Secret(Strict):
    """What the person is given on paper; the service will not say it again."""

    id: Id
    secret: Annotated[str, Field(examples=["ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567"])]
    expires_at: int


def issue(office: Office, officer: OfficerSettings, wanted: Issue) -> Credential:
    """Keep the first officer's statement; the same one again changes nothing.

    Raises:
        OfficerSignatureInvalidError: the officer did not sign this.
        OfficerStatementStaleError: the statement is not of now, or has an end that cannot be.
        RollEntryUnknownError: nobody on the roll has this pseudonym.
        OfficeCredentialExistsError: another credential has this id.

    """
    signing = office.signing(officer, wanted.signed_at)
    if not signing.at < wanted.expires_at <= signing.at + MAX_SECONDS:
        raise OfficerStatementStaleError(
            "The credential would end in the past, or later than in a year.", hint="Choose another end."
        )
    stated: dict[str, Any] = {
        "roll_entry": wanted.roll_entry,
        "expires_at": wanted.expires_at,
        "reason": wanted.reason.value,
    }
    document = issue_document(signing, credential_id=wanted.credential_id, **stated)
    signature = office.require_signed(document, wanted.signature)
    row = stated | {
        "id": wanted.credential_id,
        "issued_by": officer.id,
        "issued_at": signing.at,
        "issue_signature": signature,
    }
    try:
        with office.services.database.begin() as connection:
            status(connection, wanted.roll_entry)
            connection.execute(insert(office_credential).values(row))
            office.log_statement(connection, "credential_issued", wanted.credential_id, document, signature)
    except IntegrityError:
        return _same_again(office, row)
    with office.services.database.read() as connection:
        return _credential(_row(connection, wanted.credential_id))


def approve(office: Office, officer: OfficerSettings, credential_id: str, wanted: Approval) -> Secret:
    """Approve as the second officer and return the secret, which is not kept.

    Raises:
        OfficeCredentialUnknownError: no credential has this id.
        SecondOfficerNeededError: the officer issued it.
        OfficeCredentialDecidedError: it was approved before, or has expired.
        OfficerSignatureInvalidError: the officer did not sign this.

    """
    signing = office.signing(officer, wanted.signed_at)
    secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    with office.services.database.begin() as connection:
        row = _row(connection, credential_id, locked=True)
        _require_open(row, officer, office.services.clock())
        document = approval_document(signing, **_stated(row), issued_by=row.issued_by)
        signature = office.require_signed(document, wanted.signature)
        if signing.at < row.issued_at:
            raise OfficerStatementStaleError(
                "The approval was signed before the credential was issued.", hint="Set the clocks."
            )
        connection.execute(
            update(office_credential)
            .where(office_credential.c.id == credential_id)
            .values(
                secret_hash=_secret_hash(credential_id, secret),
                approved_by=officer.id,
                approved_at=signing.at,
                approval_signature=signature,
            )
        )
        office.log_statement(connection, "credential_approved", credential_id, document, signature)
    return Secret(id=credential_id, secret=_grouped(secret), expires_at=row.expires_at)


def pending(office: Office) -> Credentials:
    """Return the credentials that wait for a second officer, the oldest first."""
    table = office_credential.c
    with office.services.database.read() as connection:
        rows = connection.execute(
            select(office_credential)
            .where(table.approved_by.is_(None), table.expires_at > office.services.clock())
            .order_by(table.issued_at, table.id)
            .limit(PAGE)
        ).all()
    return Credentials(items=[_credential(row) for row in rows])


def show(office: Office, credential_id: str) -> CredentialInFull:
    """Return one credential and whose it is. Raises OfficeCredentialUnknownError, RollEntryUnknownError."""
    with office.services.database.read() as connection:
        row = _row(connection, credential_id)
        person = roll.record(connection, office.services.vault, row.roll_entry).person
    return CredentialInFull(**_credential(row).model_dump(), person=person_document(person))


def mark_used(connection: Connection, credential_id: str, registration_id: str) -> None:
    """Use a credential up, inside the registration's transaction; of many at once, one succeeds.

    `credential_id` stands in the evidence that the verifier gave. Raises OfficeCredentialRefusedError.
    """
    table = office_credential.c
    used = connection.execute(
        update(office_credential)
        .where(table.id == credential_id, table.registration_id.is_(None), table.secret_hash.is_not(None))
        .values(registration_id=registration_id)
    )
    if used.rowcount != 1:
        raise _refused("was used before")


class OfficeCredentialVerifier:
    """Checks what a person brings from the office: `{"kind": "office", "id": …, "secret": …}`.

    A secret cannot sign, so that the binding to one commitment is the service's record of it, in the log
    through the registration. Whether the person is still on the roll is the registration's to check.
    """

    def __init__(self, database: "Database", officers: "Mapping[str, str]") -> None:
        self._database, self._officers = database, officers

    @property
    def kind(self) -> CredentialKind:
        """Office-issued."""
        return CredentialKind.OFFICE

    def verify(self, presented: dict[str, Any], message: bytes, at: int) -> VerifiedCredential:
        """Check id and secret; `mark_used` comes later. Raises OfficeCredentialRefusedError.

        An unknown id and a wrong secret get the same answer, and some wrong secrets end the credential.
        """
        row = self._opened(str(presented["id"]), str(presented["secret"]))
        if row.registration_id is not None:
            raise _refused("was used before")
        if at >= row.expires_at:
            raise _refused("has expired")
        evidence = {
            "credential_id": row.id,
            **{name: value for name, value in _stated(row).items() if name != "credential_id"},
            "issued_by": row.issued_by,
            "issued_at": row.issued_at,
            "issue_signature": row.issue_signature.hex(),
            "approved_by": row.approved_by,
            "approved_at": row.approved_at,
            "approval_signature": row.approval_signature.hex(),
            "verified_at": max(at, row.approved_at),
            "message_sha256": hashlib.sha256(message).hexdigest(),
        }
        return self.recheck(evidence, message)

    def recheck(self, evidence: dict[str, Any], message: bytes) -> VerifiedCredential:
        """Check both officers' signatures again. Raises OfficeCredentialRefusedError."""
        return recheck_office_credential(evidence, message, self._officers)

    def _opened(self, credential_id: str, secret: str) -> Row[Any]:
        """Return the credential that the secret opens; a wrong one is counted before it is answered."""
        presented = _secret_hash(credential_id, _plain(secret))
        with self._database.begin() as connection:
            row = connection.execute(
                select(office_credential).where(office_credential.c.id == credential_id).with_for_update()
            ).one_or_none()
            kept = row.secret_hash if row is not None and row.wrong_secrets < MAX_WRONG_SECRETS else None
            if hmac.compare_digest(kept or bytes(len(presented)), presented) and row is not None:
                return row
            connection.execute(
                update(office_credential)
                .where(office_credential.c.id == credential_id)
                .values(wrong_secrets=office_credential.c.wrong_secrets + 1)
            )
        raise _refused("is unknown, or the secret is wrong")


def routes(office: Office) -> APIRouter:
    """Return the endpoints."""
    router = APIRouter()

    @router.post(
        "/v1/office/credentials",
        summary="State that a person needs a credential from the office",
        responses=officers_only(
            RollEntryUnknownError,
            OfficeCredentialExistsError,
            OfficerSignatureInvalidError,
            OfficerStatementStaleError,
        ),
    )
    def issue_credential(
        wanted: Issue, officer: Annotated[OfficerSettings, Depends(office.may(Action.ISSUE_CREDENTIAL))]
    ) -> Credential:
        """Sign as the first of two officers. Nobody can use the credential before a second one approves."""
        return issue(office, officer, wanted)

    lists = [Depends(office.may(Action.LIST_CREDENTIALS))]

    @router.get(
        "/v1/office/credentials",
        summary="Credentials that wait for a second officer",
        dependencies=lists,
        responses=officers_only(),
    )
    def list_credentials() -> Credentials:
        """List them, the oldest first, without names."""
        return pending(office)

    @router.get(
        "/v1/office/credentials/{credential_id}",
        summary="One credential, and whose it is",
        responses=officers_only(OfficeCredentialUnknownError, RollEntryUnknownError, RecordErasedError),
        dependencies=lists,
    )
    def show_credential(credential_id: Id) -> CredentialInFull:
        """Show what the second officer signs, with the person."""
        return show(office, credential_id)

    @router.post(
        "/v1/office/credentials/{credential_id}/approvals",
        summary="Approve, and get the secret once",
        responses=officers_only(
            OfficeCredentialUnknownError,
            SecondOfficerNeededError,
            OfficeCredentialDecidedError,
            OfficerSignatureInvalidError,
            OfficerStatementStaleError,
        ),
    )
    def approve_credential(
        credential_id: Id,
        wanted: Approval,
        officer: Annotated[OfficerSettings, Depends(office.may(Action.APPROVE_CREDENTIAL))],
    ) -> Secret:
        """Sign as the second of two officers. The secret in the answer is kept nowhere; hand it over."""
        return approve(office, officer, credential_id, wanted)

    return router


def _row(connection: Connection, credential_id: str, *, locked: bool = False) -> Row[Any]:
    query = select(office_credential).where(office_credential.c.id == credential_id)
    row = connection.execute(query.with_for_update() if locked else query).one_or_none()
    if row is None:
        raise OfficeCredentialUnknownError(
            "No office-issued credential has this id.", hint="`tohyo office credential list` shows them."
        )
    return row


def _require_open(row: Row[Any], officer: OfficerSettings, now: int) -> None:
    if row.approved_by is not None or now >= row.expires_at:
        raise OfficeCredentialDecidedError(
            "The credential was approved before, or has expired.",
            hint="The secret is said once; if it is lost, issue another credential.",
        )
    if row.issued_by == officer.id:
        raise SecondOfficerNeededError(
            "Whoever issued a credential cannot approve it.", hint="Ask another officer to approve."
        )


def _same_again(office: Office, wanted: dict[str, Any]) -> Credential:
    with office.services.database.read() as connection:
        row = _row(connection, wanted["id"])
    if row._asdict() | wanted != row._asdict():
        raise OfficeCredentialExistsError(
            "Another credential has this id.", hint="Choose 16 random bytes for each credential."
        )
    return _credential(row)


def _stated(row: Row[Any]) -> dict[str, Any]:
    return {
        "credential_id": row.id,
        "roll_entry": row.roll_entry,
        "expires_at": row.expires_at,
        "reason": row.reason,
    }


def _credential(row: Row[Any]) -> Credential:
    return Credential(
        id=row.id,
        roll_entry=row.roll_entry,
        reason=row.reason,
        expires_at=row.expires_at,
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        approved_by=row.approved_by,
        used=row.registration_id is not None,
    )


def _secret_hash(credential_id: str, secret: str) -> bytes:
    """160 random bits need no slow hash; the id keeps a hash from standing in another row."""
    return hashlib.sha256(_TAG + f"{credential_id}:{secret}".encode(errors="replace")).digest()


def _grouped(secret: str) -> str:
    return "-".join(secret[i : i + _GROUP] for i in range(0, len(secret), _GROUP))


def _plain(secret: str) -> str:
    """Read what somebody typed: hyphens, spaces and small letters make no difference."""
    return secret.replace("-", "").replace(" ", "").upper()


def _refused(why: str) -> OfficeCredentialRefusedError:
    return OfficeCredentialRefusedError(
        f"The office-issued credential {why}.", hint="Ask the election office for another one."
    )
