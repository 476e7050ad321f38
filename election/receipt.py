"""The registrar's signed yes and signed no: what a voter can show to somebody else.

Both are EIP-712 typed data signed with the key whose address the election's contract calls `registrar()`, so
that anybody can check them against the chain. A receipt names a person by a pseudonym only; a refusal names
the refused request by its digest. A receipt's signature also lets its holder ask how far the registration
has come, so it is never printed.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from eth_account.messages import encode_typed_data
from eth_keys.constants import SECPK1_N

from election.errors import DocumentError, Problem, ReceiptError, RefusalError
from election.fields import UINT256, DocumentReader
from election.permit import DOMAIN_NAME, DOMAIN_VERSION, SIGNATURE_BYTES, signer_of
from election.source import decode_text, parse_json
from zk.field import SCALAR_FIELD, require_field_element

if TYPE_CHECKING:
    from pathlib import Path

    from eth_account.messages import SignableMessage
    from eth_account.signers.local import LocalAccount

RECEIPT_FORMAT = "tohyo-receipt/1"
REFUSAL_FORMAT = "tohyo-refusal/1"
DIGEST_BYTES = 32
_ID = re.compile(r"[0-9a-f]{32}")
_REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RECEIPT_TYPES = {
    "RegistrationReceipt": [
        {"name": "registrationId", "type": "string"},
        {"name": "electionId", "type": "uint256"},
        {"name": "commitment", "type": "uint256"},
        {"name": "rollEntry", "type": "string"},
        {"name": "promise", "type": "string"},
        {"name": "issuedAt", "type": "uint256"},
        {"name": "depositBy", "type": "uint256"},
    ]
}
_REFUSAL_TYPES = {
    "RegistrationRefusal": [
        {"name": "refusalId", "type": "string"},
        {"name": "electionId", "type": "uint256"},
        {"name": "requestDigest", "type": "bytes32"},
        {"name": "reason", "type": "string"},
        {"name": "refusedAt", "type": "uint256"},
    ]
}


class Promise(StrEnum):
    """What a receipt promises."""

    DEPOSIT = "deposit"  # the registrar deposits the commitment before `deposit_by`
    PERMIT = "permit"  # the voter got a permit, and deposits
    REVIEW = "review"  # two officers decide whose registration it is


@dataclass(frozen=True)
class Receipt:
    """A signed yes. Times are seconds since 1970.

    `roll_entry` is a pseudonym, empty while the office decides. Before the second `deposit_by` the registrar
    deposits; 0 promises no deposit.
    """

    registration_id: str
    election_id: int
    commitment: int
    roll_entry: str
    promise: Promise
    issued_at: int
    deposit_by: int
    signature: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what no registrar signs."""
        require_field_element(self.commitment, "commitment")
        _require_id(ReceiptError, "registration_id", self.registration_id)
        if self.roll_entry or self.promise is not Promise.REVIEW:
            _require_id(ReceiptError, "roll_entry", self.roll_entry)
        for name in ("election_id", "issued_at", "deposit_by"):
            _require_uint(ReceiptError, name, getattr(self, name))
        _require_signature(ReceiptError, self.signature)

    @property
    def token(self) -> str:
        """The bearer token of `GET /v1/registrations/{id}`: base64url of the signature, without padding."""
        return base64.urlsafe_b64encode(self.signature).rstrip(b"=").decode()

    def signer(self, chain_id: int, contract: str) -> str:
        """Return the address that signed this receipt for an election's contract, empty if none can have."""
        message = receipt_message(
            chain_id,
            contract,
            registration_id=self.registration_id,
            election_id=self.election_id,
            commitment=self.commitment,
            roll_entry=self.roll_entry,
            promise=self.promise,
            issued_at=self.issued_at,
            deposit_by=self.deposit_by,
        )
        return signer_of(message, self.signature)

    def to_json(self) -> dict[str, Any]:
        """Return the document that `from_json` reads."""
        return {
            "format": RECEIPT_FORMAT,
            "registration_id": self.registration_id,
            "election_id": str(self.election_id),
            "commitment": str(self.commitment),
            "roll_entry": self.roll_entry,
            "promise": self.promise.value,
            "issued_at": str(self.issued_at),
            "deposit_by": str(self.deposit_by),
            "signature": "0x" + self.signature.hex(),
        }

    @staticmethod
    def from_json(document: object) -> Receipt:
        """Read a receipt from JSON values.

        Raises:
            ReceiptError: the document is malformed or holds a number out of range.

        """
        return Receipt.parse(json.dumps(document, indent=2))

    @staticmethod
    def parse(text: str, source: str = "") -> Receipt:
        """Read a receipt from text.

        Raises:
            ReceiptError: the text is malformed or holds a number out of range; says where.

        """
        reader = DocumentReader(parse_json(text, ReceiptError, source), ReceiptError, source)
        reader.require_members(
            (
                "format",
                "registration_id",
                "election_id",
                "commitment",
                "roll_entry",
                "promise",
                "issued_at",
                "deposit_by",
                "signature",
            )
        )
        reader.literal("format", RECEIPT_FORMAT)
        if reader.member("promise") not in list(Promise):
            reader.refuse("promise", f"must be one of {', '.join(Promise)}")
        return Receipt(
            _text(reader, "registration_id"),
            reader.number("election_id"),
            reader.number("commitment", SCALAR_FIELD),
            _text(reader, "roll_entry"),
            Promise(reader.member("promise")),
            reader.number("issued_at"),
            reader.number("deposit_by"),
            reader.data("signature", SIGNATURE_BYTES),
        )

    @staticmethod
    def load(path: Path) -> Receipt:
        """Read a receipt from a file.

        Raises:
            ReceiptError: the file is malformed or holds a number out of range; says where.
            OSError: the file cannot be read.

        """
        return Receipt.parse(decode_text(path.read_bytes(), ReceiptError, str(path)), str(path))


@dataclass(frozen=True)
class Refusal:
    """A signed no: `reason` is the error's code, `request_digest` names the request without its content."""

    refusal_id: str
    election_id: int
    request_digest: bytes
    reason: str
    refused_at: int
    signature: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what no registrar signs."""
        _require_id(RefusalError, "refusal_id", self.refusal_id)
        if not _REASON.fullmatch(self.reason):
            raise RefusalError([Problem(0, 0, "reason: is no error code")])
        if len(self.request_digest) != DIGEST_BYTES:
            raise RefusalError([Problem(0, 0, f"request_digest: must have {DIGEST_BYTES} bytes")])
        for name in ("election_id", "refused_at"):
            _require_uint(RefusalError, name, getattr(self, name))
        _require_signature(RefusalError, self.signature)

    def signer(self, chain_id: int, contract: str) -> str:
        """Return the address that signed this refusal for an election's contract, empty if none can have."""
        message = refusal_message(
            chain_id,
            contract,
            refusal_id=self.refusal_id,
            election_id=self.election_id,
            request_digest=self.request_digest,
            reason=self.reason,
            refused_at=self.refused_at,
        )
        return signer_of(message, self.signature)

    def to_json(self) -> dict[str, Any]:
        """Return the document that `from_json` reads."""
        return {
            "format": REFUSAL_FORMAT,
            "refusal_id": self.refusal_id,
            "election_id": str(self.election_id),
            "request_digest": "0x" + self.request_digest.hex(),
            "reason": self.reason,
            "refused_at": str(self.refused_at),
            "signature": "0x" + self.signature.hex(),
        }

    @staticmethod
    def from_json(document: object) -> Refusal:
        """Read a refusal from JSON values.

        Raises:
            RefusalError: the document is malformed or holds a number out of range.

        """
        return Refusal.parse(json.dumps(document, indent=2))

    @staticmethod
    def parse(text: str, source: str = "") -> Refusal:
        """Read a refusal from text.

        Raises:
            RefusalError: the text is malformed or holds a number out of range; says where.

        """
        reader = DocumentReader(parse_json(text, RefusalError, source), RefusalError, source)
        reader.require_members(
            ("format", "refusal_id", "election_id", "request_digest", "reason", "refused_at", "signature")
        )
        reader.literal("format", REFUSAL_FORMAT)
        return Refusal(
            _text(reader, "refusal_id"),
            reader.number("election_id"),
            reader.data("request_digest", DIGEST_BYTES),
            _text(reader, "reason"),
            reader.number("refused_at"),
            reader.data("signature", SIGNATURE_BYTES),
        )

    @staticmethod
    def load(path: Path) -> Refusal:
        """Read a refusal from a file.

        Raises:
            RefusalError: the file is malformed or holds a number out of range; says where.
            OSError: the file cannot be read.

        """
        return Refusal.parse(decode_text(path.read_bytes(), RefusalError, str(path)), str(path))


def receipt_message(
    chain_id: int,
    contract: str,
    *,
    registration_id: str,
    election_id: int,
    commitment: int,
    roll_entry: str,
    promise: Promise,
    issued_at: int,
    deposit_by: int,
) -> SignableMessage:
    """Return the typed data of a receipt."""
    values = {
        "registrationId": registration_id,
        "electionId": election_id,
        "commitment": commitment,
        "rollEntry": roll_entry,
        "promise": promise.value,
        "issuedAt": issued_at,
        "depositBy": deposit_by,
    }
    return encode_typed_data(_domain(chain_id, contract), _RECEIPT_TYPES, values)


def refusal_message(
    chain_id: int,
    contract: str,
    *,
    refusal_id: str,
    election_id: int,
    request_digest: bytes,
    reason: str,
    refused_at: int,
) -> SignableMessage:
    """Return the typed data of a refusal."""
    values = {
        "refusalId": refusal_id,
        "electionId": election_id,
        "requestDigest": request_digest,
        "reason": reason,
        "refusedAt": refused_at,
    }
    return encode_typed_data(_domain(chain_id, contract), _REFUSAL_TYPES, values)


def sign_receipt(
    account: LocalAccount,
    chain_id: int,
    contract: str,
    *,
    registration_id: str,
    election_id: int,
    commitment: int,
    roll_entry: str,
    promise: Promise,
    issued_at: int,
    deposit_by: int,
) -> Receipt:
    """Sign a receipt.

    Raises:
        FieldElementOutOfRangeError: the commitment is not below r.
        ReceiptError: an id or a number is none that a receipt holds.

    """
    require_field_element(commitment, "commitment")
    message = receipt_message(
        chain_id,
        contract,
        registration_id=registration_id,
        election_id=election_id,
        commitment=commitment,
        roll_entry=roll_entry,
        promise=promise,
        issued_at=issued_at,
        deposit_by=deposit_by,
    )
    signature = bytes(account.sign_message(message).signature)
    return Receipt(
        registration_id, election_id, commitment, roll_entry, promise, issued_at, deposit_by, signature
    )


def sign_refusal(
    account: LocalAccount,
    chain_id: int,
    contract: str,
    *,
    refusal_id: str,
    election_id: int,
    request_digest: bytes,
    reason: str,
    refused_at: int,
) -> Refusal:
    """Sign a refusal. Raises RefusalError for an id, a digest or a reason that is none."""
    message = refusal_message(
        chain_id,
        contract,
        refusal_id=refusal_id,
        election_id=election_id,
        request_digest=request_digest,
        reason=reason,
        refused_at=refused_at,
    )
    signature = bytes(account.sign_message(message).signature)
    return Refusal(refusal_id, election_id, request_digest, reason, refused_at, signature)


def _domain(chain_id: int, contract: str) -> dict[str, Any]:
    return {
        "name": DOMAIN_NAME,
        "version": DOMAIN_VERSION,
        "chainId": chain_id,
        "verifyingContract": contract,
    }


def _text(reader: DocumentReader, name: str) -> str:
    value = reader.member(name)
    if not isinstance(value, str):
        reader.refuse(name, "must be text")
    return value


def _require_id(error: type[DocumentError], name: str, value: str) -> None:
    if not _ID.fullmatch(value):
        raise error([Problem(0, 0, f"{name}: must be 32 lower-case hexadecimal digits")])


def _require_uint(error: type[DocumentError], name: str, value: int) -> None:
    if not 0 <= value < UINT256:
        raise error([Problem(0, 0, f"{name}: is out of range")])


def _require_signature(error: type[DocumentError], signature: bytes) -> None:
    """Hold receipts and refusals to the form that the contract wants of permits: 65 bytes, low s."""
    s = int.from_bytes(signature[32:64])
    if len(signature) != SIGNATURE_BYTES or signature[64] not in {27, 28} or s > SECPK1_N // 2:
        raise error([Problem(0, 0, "signature: is no signature of 65 bytes with a low s")])
