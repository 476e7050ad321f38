"""What officers sign, a function for each kind of document; and an office-issued credential checked again.

Every document names the election, the officer and the time, so that a signature serves for one decision in
one election; but a change list, which may be older than the contract, names the officer only. The service
checks them when they arrive; an auditor checks them again from these functions and the officers' public keys
alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from identity.challenge import Challenge
from identity.credential import CredentialKind, VerifiedCredential
from identity.errors import OfficeCredentialRefusedError
from identity.officer import verify_document

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT: Final = "tohyo-officer/1"
CHANGE_LIST_FORMAT: Final = "tohyo-change-list/1"
_EVIDENCE: Final = {
    "credential_id": str,
    "roll_entry": str,
    "reason": str,
    "expires_at": int,
    "issued_by": str,
    "issued_at": int,
    "issue_signature": str,
    "approved_by": str,
    "approved_at": int,
    "approval_signature": str,
    "verified_at": int,
    "message_sha256": str,
}


class CredentialReason(StrEnum):
    """Why a person gets an office-issued credential; a code, since free text would be personal data."""

    GUARDIANSHIP = "guardianship"  # an adult under guardianship cannot hold a signing certificate
    CARD_UNUSABLE = "card_unusable"
    NO_CARD = "no_card"


@dataclass(frozen=True)
class Signing:
    """Who signs, when (seconds since 1970), and in which election."""

    chain_id: int
    contract: str
    officer: str
    at: int

    def document(self, action: str, **members: str | int | list[str] | None) -> dict[str, Any]:
        """Return a document to be signed."""
        election = {"chain_id": self.chain_id, "contract": self.contract}
        return {
            "format": FORMAT,
            "action": action,
            "election": election,
            "officer": self.officer,
            "at": self.at,
        } | members


def change_list_document(
    act: str, officer: str, *, list_id: str, kind: str, count: int, digest: str
) -> dict[str, Any]:
    """Return what an officer signs who proposes, approves or rejects a change of the roll."""
    return {
        "format": CHANGE_LIST_FORMAT,
        "act": act,
        "id": list_id,
        "kind": kind,
        "count": count,
        "digest": digest,
        "officer": officer,
    }


def review_document(
    signing: Signing, *, registration_id: str, commitment: str, decision: str, roll_entry: str | None
) -> dict[str, Any]:
    """Return a reviewer's decision about whose registration one is; `commitment` in decimal."""
    return signing.document(
        "review.decide",
        registration_id=registration_id,
        commitment=commitment,
        decision=decision,
        roll_entry=roll_entry,
    )


def resolution_document(signing: Signing, *, refusal_id: str, outcome: str) -> dict[str, Any]:
    """Return a reviewer's answer to a contested refusal."""
    return signing.document("refusal.resolve", refusal_id=refusal_id, outcome=outcome)


def issue_document(
    signing: Signing, *, credential_id: str, roll_entry: str, expires_at: int, reason: str
) -> dict[str, Any]:
    """Return the first officer's statement that a person needs an office-issued credential."""
    return signing.document(
        "credential.issue",
        credential_id=credential_id,
        roll_entry=roll_entry,
        expires_at=expires_at,
        reason=reason,
    )


def approval_document(
    signing: Signing, *, credential_id: str, roll_entry: str, expires_at: int, reason: str, issued_by: str
) -> dict[str, Any]:
    """Return the second officer's statement, which repeats the first's."""
    return signing.document(
        "credential.approve",
        credential_id=credential_id,
        roll_entry=roll_entry,
        expires_at=expires_at,
        reason=reason,
        issued_by=issued_by,
    )


def export_document(
    signing: Signing, *, recipients: list[str], log_sequence: int, log_head: str
) -> dict[str, Any]:
    """Return an auditor's order for an archive of the evidence."""
    return signing.document(
        "evidence.export", recipients=recipients, log_sequence=log_sequence, log_head=log_head
    )


def recheck_office_credential(
    evidence: Mapping[str, Any], message: bytes, officers: Mapping[str, str]
) -> VerifiedCredential:
    """Check a used office-issued credential again; `officers` are public keys by officer's id.

    Not shown by it: that the person typed the secret, for which the service and its log are trusted.
    Raises OfficeCredentialRefusedError.
    """
    if set(evidence) != set(_EVIDENCE) or any(type(evidence[name]) is not t for name, t in _EVIDENCE.items()):
        raise _refused("is malformed")
    if evidence["message_sha256"] != hashlib.sha256(message).hexdigest():
        raise _refused("belongs to another registration")
    if evidence["issued_by"] == evidence["approved_by"]:
        raise _refused("was approved by the officer who issued it")
    if not evidence["issued_at"] <= evidence["approved_at"] <= evidence["verified_at"]:
        raise _refused("was used before it was approved")
    if evidence["verified_at"] >= evidence["expires_at"]:
        raise _refused("had expired")
    challenge = _challenge(message)
    stated = {name: evidence[name] for name in ("credential_id", "roll_entry", "expires_at", "reason")}
    issuing = _signing(challenge, evidence["issued_by"], evidence["issued_at"])
    approving = _signing(challenge, evidence["approved_by"], evidence["approved_at"])
    _require_signed(issue_document(issuing, **stated), evidence["issue_signature"], officers)
    approval = approval_document(approving, **stated, issued_by=evidence["issued_by"])
    _require_signed(approval, evidence["approval_signature"], officers)
    return VerifiedCredential(CredentialKind.OFFICE, dict(evidence), roll_entry=evidence["roll_entry"])


def _signing(challenge: Challenge, officer: str, at: int) -> Signing:
    return Signing(challenge.chain_id, challenge.contract, officer, at)


def _challenge(message: bytes) -> Challenge:
    try:
        return Challenge.parse(message.decode().rpartition("Commitment: ")[0])
    except ValueError as failure:
        raise _refused("belongs to no challenge") from failure


def _require_signed(document: dict[str, Any], signature: str, officers: Mapping[str, str]) -> None:
    key = officers.get(document["officer"])
    if key is None:
        raise _refused("was signed by nobody who is an officer")
    try:
        holds = verify_document(document, bytes.fromhex(signature), key)
    except ValueError:
        holds = False
    if not holds:
        raise _refused("does not carry the signatures of both officers")


def _refused(why: str) -> OfficeCredentialRefusedError:
    return OfficeCredentialRefusedError(
        f"The office-issued credential {why}.", hint="Ask the election office for another one."
    )
