"""The evidence archive: all that an auditor needs to check who registered, in one encrypted file.

An age file (X25519) of JSON lines. The first line says which election it is and how many records of each kind
follow; the records name people, so only an auditor's key opens the file. What the records claim is judged by
`audit.eligibility`; here they are only held to their form.

    EvidenceWriter(["age1…"]).write(path, header, records)      # records: an iterable, taken one by one
    evidence = read_evidence(path, load_identity(key_file))

Every line is an object with a `type`. Times are seconds since 1970, commitments decimal text, officers'
signatures hexadecimal. Unknown members are refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, NoReturn

import pyrage  # type: ignore[import-untyped]
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    ValidationError,
)

from election.address import parse_address
from election.errors import DocumentError
from election.person import Person
from election.receipt import Receipt
from identity.credential import CredentialKind
from identity.errors import EvidenceDamagedError, EvidenceKeyError, EvidenceMalformedError
from identity.office import change_list_document
from identity.registrar_log import LogEntry
from zk.field import is_field_element

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

FORMAT: Final = "tohyo-evidence/1"
_WRONG_KEY: Final = "No matching keys found"  # what pyrage says
_ASK_AGAIN = "Ask the registrar for the archive again."
_PERSON_MEMBERS = frozenset(
    {"name", "date_of_birth", "sex", "address", "name_substitutions", "address_substitutions"}
)
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}")


def _person(value: object) -> Person:
    if isinstance(value, Person):
        return value
    if not isinstance(value, dict) or set(value) != _PERSON_MEMBERS:
        raise ValueError("is no person")
    if not all(isinstance(text, str) for text in value.values()):
        raise ValueError("is no person")
    try:
        return Person.from_json(value)
    except ValueError:
        raise ValueError("is no person") from None


def _receipt(value: object) -> Receipt:
    if isinstance(value, Receipt):
        return value
    try:
        return Receipt.from_json(value)
    except DocumentError as failure:
        raise ValueError("is no receipt") from failure


def _commitment(value: object) -> int:
    number = int(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else value
    if not isinstance(number, int) or isinstance(number, bool) or not is_field_element(number):
        raise ValueError("is no commitment in decimal text")
    return number


_Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_Key = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Signature = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
_Time = Annotated[int, Field(ge=0, lt=2**53)]
_Text = Annotated[str, Field(min_length=1, max_length=1_000)]
_Person = Annotated[Person, PlainValidator(_person), PlainSerializer(Person.to_json)]
_Receipt = Annotated[Receipt, PlainValidator(_receipt), PlainSerializer(Receipt.to_json)]
_Commitment = Annotated[int, PlainValidator(_commitment), PlainSerializer(str)]


class _Part(BaseModel):
    """Never printed, since it may name a person."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    __str__ = __repr__


class EvidenceHeader(_Part):
    """Which election the archive is about, when it was made, and how many records of each type follow."""

    type: Literal["header"] = "header"
    format: Literal["tohyo-evidence/1"] = FORMAT
    chain_id: Annotated[int, Field(ge=1)]
    contract: Annotated[str, AfterValidator(parse_address)]
    created_at: _Time
    counts: dict[Literal["officer", "change_list", "roll", "office_credential", "registration", "log"], _Time]


class OfficerRecord(_Part):
    """An officer's public key, as the service knew it."""

    type: Literal["officer"] = "officer"
    id: _Text
    public_key: _Key


class ChangeListEvidence(_Part):
    """One applied change of the roll: what it says, and the two officers who signed it.

    `document` is the text whose SHA-256 they signed: canonical JSON with `entries` and `voter_ids`.
    """

    type: Literal["change_list"] = "change_list"
    id: _Id
    kind: Literal["import", "add", "remove", "correct"]
    count: _Time
    document: str
    proposed_by: _Text
    proposal_signature: _Signature
    decided_by: _Text
    decided_at: _Time
    decision_signature: _Signature

    @property
    def digest(self) -> str:
        """SHA-256 of the document, hexadecimal."""
        return hashlib.sha256(self.document.encode()).hexdigest()

    def statement(self, act: Literal["propose", "approve"], officer: str) -> dict[str, Any]:
        """Return what an officer signed."""
        return change_list_document(
            act, officer, list_id=self.id, kind=self.kind, count=self.count, digest=self.digest
        )


class EarlierPerson(_Part):
    """How the roll described somebody until a correction."""

    until: _Time
    person: _Person


class RollEvidence(_Part):
    """One entry of the roll; `earlier` holds what corrections replaced, oldest first."""

    type: Literal["roll"] = "roll"
    pseudonym: _Id
    voter_id: _Text
    person: _Person
    added_at: _Time = 0
    removed_at: _Time | None = None
    earlier: tuple[EarlierPerson, ...] = ()

    def person_at(self, time: int) -> Person:
        """Return how the roll described the person at a time."""
        return next((past.person for past in self.earlier if time < past.until), self.person)


class OfficeCredentialRecord(_Part):
    """An office-issued credential, used or not; `registration` is where it was used."""

    type: Literal["office_credential"] = "office_credential"
    id: _Id
    roll_entry: _Id
    reason: _Text
    issued_by: _Text
    issued_at: _Time
    issue_signature: _Signature
    approved_by: _Text | None = None
    approved_at: _Time | None = None
    approval_signature: _Signature | None = None
    expires_at: _Time
    registration: _Id | None = None


class ReviewDecision(_Part):
    """What one officer decided about an ambiguous registration (`identity.office.review_document`)."""

    officer: _Text
    decision: Literal["accept", "refuse"]
    roll_entry: _Id | None
    decided_at: _Time
    signature: _Signature


class RegistrationEvidence(_Part):
    """One registration, whatever became of it. `receipt` is the newest; `review_receipt` an earlier one.

    `evidence` is the credential's own (`VerifiedCredential.evidence`), `challenge` the text it is bound to.
    """

    type: Literal["registration"] = "registration"
    id: _Id
    roll_entry: _Id | None
    commitment: _Commitment
    kind: Annotated[CredentialKind, BeforeValidator(CredentialKind)]
    status: _Text
    challenge: _Text
    evidence: dict[str, Any]
    receipt: _Receipt
    review_receipt: _Receipt | None = None
    decisions: tuple[ReviewDecision, ...] = ()
    leaf_index: Annotated[int, Field(ge=0, lt=2**32)] | None = None

    @property
    def verified_at(self) -> int:
        """When the registrar says that it verified the credential; every kind of evidence tells."""
        at = self.evidence.get("verified_at")
        return at if isinstance(at, int) and not isinstance(at, bool) else 0


class LogRecord(_Part):
    """One entry of the registrar's log."""

    type: Literal["log"] = "log"
    sequence: Annotated[int, Field(ge=1)]
    at: int
    actor: str
    action: str
    subject: str | None
    details: dict[str, Any]

    @property
    def entry(self) -> LogEntry:
        """The entry as its hash covers it."""
        return LogEntry(self.sequence, self.at, self.actor, self.action, self.subject, self.details)

    @staticmethod
    def of(entry: LogEntry) -> LogRecord:
        """Return the record of an entry."""
        return LogRecord(**entry.to_json())


EvidenceRecord = (
    OfficerRecord
    | ChangeListEvidence
    | RollEvidence
    | OfficeCredentialRecord
    | RegistrationEvidence
    | LogRecord
)
_HEADER: TypeAdapter[EvidenceHeader] = TypeAdapter(EvidenceHeader)
_RECORD: TypeAdapter[EvidenceRecord] = TypeAdapter(Annotated[EvidenceRecord, Field(discriminator="type")])


@dataclass(repr=False)
class Evidence:
    """What an archive holds. Names people, so it is never printed."""

    header: EvidenceHeader
    officers: dict[str, str] = field(default_factory=dict)  # id → public key
    change_lists: dict[str, ChangeListEvidence] = field(default_factory=dict)
    roll: dict[str, RollEvidence] = field(default_factory=dict)  # by pseudonym
    office_credentials: dict[str, OfficeCredentialRecord] = field(default_factory=dict)
    registrations: dict[str, RegistrationEvidence] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)

    def add(self, record: EvidenceRecord) -> None:
        """Take in one record. Raises ValueError if there is one of the same name."""
        match record:
            case OfficerRecord():
                _put(self.officers, record.id, record.public_key)
            case ChangeListEvidence():
                _put(self.change_lists, record.id, record)
            case RollEvidence():
                _put(self.roll, record.pseudonym, record)
            case OfficeCredentialRecord():
                _put(self.office_credentials, record.id, record)
            case RegistrationEvidence():
                _put(self.registrations, record.id, record)
            case LogRecord():
                self.log.append(record.entry)


class EvidenceWriter:
    """Writes archives for the auditors who hold the keys to `recipients` (`age1…`).

    Raises EvidenceKeyError for a recipient that is none, or if there is none.
    """

    def __init__(self, recipients: Sequence[str]) -> None:
        if not recipients:
            raise EvidenceKeyError("An archive needs an auditor's public key.", hint="It begins with age1.")
        self._recipients = [_recipient(text) for text in recipients]

    def write(self, path: Path, header: EvidenceHeader, records: Iterable[EvidenceRecord]) -> None:
        """Write an archive whole or not at all; `records` are taken one by one, and never kept.

        Raises:
            ValueError: there were not as many records as the header says.
            OSError: the file cannot be written.

        """
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        source = _LineSource(header, records)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                self._encrypt(source, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _encrypt(self, source: _LineSource, file: io.BufferedIOBase) -> None:
        try:
            pyrage.encrypt_io(source, file, self._recipients)
        except (pyrage.EncryptError, OSError):
            if source.failure is not None:  # pyrage tells errors of its source as texts
                raise source.failure from None
            raise


class _LineSource:
    """The lines of an archive as a file to read from, so that no more than one record is held at a time."""

    def __init__(self, header: EvidenceHeader, records: Iterable[EvidenceRecord]) -> None:
        self._lines = _lines(header, records)
        self._rest = b""
        self.failure: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; none at the end."""
        try:
            while size < 0 or len(self._rest) < size:
                line = next(self._lines, None)
                if line is None:
                    break
                self._rest += line
        except BaseException as failure:
            self.failure = failure
            raise
        size = len(self._rest) if size < 0 else size
        answer, self._rest = self._rest[:size], self._rest[size:]
        return answer


def _lines(header: EvidenceHeader, records: Iterable[EvidenceRecord]) -> Iterator[bytes]:
    yield _line(header)
    found: Counter[str] = Counter()
    for record in records:
        found[record.type] += 1
        yield _line(record)
    if found != Counter(header.counts):
        raise ValueError(f"the header says {header.counts}, but there were {dict(found)}")


def _line(record: _Part) -> bytes:
    return record.model_dump_json().encode() + b"\n"


def read_evidence(path: Path, identity: pyrage.x25519.Identity) -> Evidence:
    """Open an archive and hold every line to its form.

    Raises:
        EvidenceKeyError: it was not written for this key.
        EvidenceDamagedError: it is no archive, was cut off, or was changed on the way.
        EvidenceMalformedError: a line is not what it should be; says which.
        OSError: the file cannot be read.

    """
    plain = _decrypted(path, identity)
    header = _header(plain.readline(), path)
    evidence, found = Evidence(header), Counter[str]()
    for number, line in enumerate(plain, start=2):
        try:
            record = _RECORD.validate_json(line)
            _require_unambiguous(line)
            evidence.add(record)
        except ValueError as failure:
            _malformed(path, number, failure)
        found[record.type] += 1
    if found != Counter(header.counts):
        raise EvidenceMalformedError(
            f"The archive {path} promises {dict(header.counts)} and holds {dict(found)}.", hint=_ASK_AGAIN
        )
    return evidence


def load_identity(path: Path) -> pyrage.x25519.Identity:
    """Read an age identity file: one line `AGE-SECRET-KEY-1…`, and comments.

    Raises:
        EvidenceKeyError: it holds no key, or more than one.
        OSError: the file cannot be read.

    """
    lines = [line.strip() for line in path.read_bytes().decode("utf-8", errors="replace").splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    try:
        (key,) = keys
        return pyrage.x25519.Identity.from_str(key)
    except (ValueError, pyrage.IdentityError) as failure:
        raise EvidenceKeyError(
            f"{path} is no file with one auditor's key.",
            hint="Make one with `tohyo audit key FILE`, or with age-keygen.",
        ) from failure


def create_identity(path: Path) -> str:
    """Write a new identity file that only its owner can read; return its public key (`age1…`).

    Raises:
        FileExistsError: there is a file of this name; it may be the only copy of a key.

    """
    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"# public key: {recipient}\n{identity}\n")
        file.flush()
        os.fsync(file.fileno())
    return recipient


def _recipient(text: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as failure:
        raise EvidenceKeyError(
            f"{text[:80]} is no auditor's public key.",
            hint="It begins with age1; `tohyo audit key` makes one.",
        ) from failure


def _decrypted(path: Path, identity: pyrage.x25519.Identity) -> io.BytesIO:
    """Open the whole file before anything is read from it: its end tells whether it was cut off."""
    plain = io.BytesIO()
    sealed = io.BytesIO(path.read_bytes())
    try:
        pyrage.decrypt_io(sealed, plain, [identity])
    except (pyrage.DecryptError, OSError) as failure:
        if str(failure) == _WRONG_KEY:
            raise EvidenceKeyError(
                f"The archive {path} was not written for this key.",
                hint="Use the key whose public half was given to the registrar.",
            ) from failure
        raise EvidenceDamagedError(
            f"{path} is no archive of evidence, or it was cut off or changed.", hint=_ASK_AGAIN
        ) from failure
    plain.seek(0)
    return plain


def _header(line: bytes, path: Path) -> EvidenceHeader:
    try:
        header = _HEADER.validate_json(line)
        _require_unambiguous(line)
    except ValueError as failure:
        _malformed(path, 1, failure)
    return header


def _require_unambiguous(line: bytes) -> None:
    """Refuse names that appear twice, and numbers that are none; `line` is known to be JSON."""
    json.loads(line, object_pairs_hook=_without_duplicates, parse_constant=_no_number)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name appears twice")
    return members


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _put(book: dict[str, Any], name: str, value: object) -> None:
    if name in book:
        raise ValueError("a record of the same name stands earlier")
    book[name] = value


def _malformed(path: Path, number: int, failure: ValueError) -> NoReturn:
    """Say which line and which member, without what the line says about anybody."""
    raise EvidenceMalformedError(
        f"Line {number} of the archive {path} cannot be used: {_told(failure)}.", hint=_ASK_AGAIN
    ) from None


def _told(failure: ValueError) -> str:
    if not isinstance(failure, ValidationError):
        return str(failure)
    problems = failure.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'the line'}: {one['msg']}" for one in problems[:3])
