"""What the registrar keeps encrypted of each registration and of each refusal.

    registration.sealed  {"challenge": text, "commitment": decimal, "evidence": {…}, "person": {…} or null}
    refusal.sealed       {"person": {…}}

`evidence` is the credential's (`VerifiedCredential.evidence`): what an auditor checks again. The person is
there when a credential named one; an office-issued credential names a roll entry instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from election.person import Person

if TYPE_CHECKING:
    from api.database.vault import Vault


@dataclass(frozen=True, repr=False)
class SealedRegistration:
    """The evidence of one registration. Holds personal data."""

    challenge: str
    commitment: int
    evidence: dict[str, Any]
    person: Person | None

    def seal(self, vault: Vault, registration_id: str) -> bytes:
        """Return what `registration.sealed` holds."""
        document = {
            "challenge": self.challenge,
            "commitment": str(self.commitment),
            "evidence": self.evidence,
            "person": self.person.to_json() if self.person else None,
        }
        return vault.seal(_registration(registration_id), _dumped(document))

    @staticmethod
    def open(vault: Vault, registration_id: str, blob: bytes) -> SealedRegistration:
        """Read what `seal` wrote. Raises VaultError."""
        document = json.loads(vault.open(_registration(registration_id), blob))
        person = Person.from_json(document["person"]) if document["person"] else None
        return SealedRegistration(
            document["challenge"], int(document["commitment"]), document["evidence"], person
        )


def seal_refused_person(vault: Vault, refusal_id: str, person: Person) -> bytes:
    """Return what `refusal.sealed` holds."""
    return vault.seal(_refusal(refusal_id), _dumped({"person": person.to_json()}))


def open_refused_person(vault: Vault, refusal_id: str, blob: bytes) -> Person:
    """Read what `seal_refused_person` wrote. Raises VaultError."""
    return Person.from_json(json.loads(vault.open(_refusal(refusal_id), blob))["person"])


def _registration(registration_id: str) -> str:
    return f"registration/{registration_id}"


def _refusal(refusal_id: str) -> str:
    return f"refusal/{refusal_id}"


def _dumped(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
