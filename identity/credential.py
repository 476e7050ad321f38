"""What every way to prove one's identity has in common.

A verifier is given what the voter presents and the message that it must be bound to (the registrar's
challenge, then the commitment), and answers with the person, or raises. It never sees a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from election.person import Person


class CredentialKind(StrEnum):
    """The ways to prove one's identity."""

    JPKI = "jpki"
    OIDC = "oidc"
    OFFICE = "office"


class Mode(StrEnum):
    """Which roots may be trusted: those of real cards, or those of test cards. Never both."""

    PRODUCTION = "production"
    TEST = "test"


@dataclass(frozen=True, repr=False)
class VerifiedCredential:
    """A credential that held: whose it is, and what an auditor needs to check that again.

    Exactly one of `person` (to be matched with the roll) and `roll_entry` (a pseudonym; an office-issued
    credential names the entry itself) is given. `evidence` is JSON values; it holds personal data.
    """

    kind: CredentialKind
    evidence: dict[str, Any]
    person: Person | None = None
    roll_entry: str | None = None


class CredentialVerifier(Protocol):
    """One way to prove one's identity."""

    @property
    def kind(self) -> CredentialKind:
        """Which way."""
        ...

    def verify(self, presented: dict[str, Any], message: bytes, at: int) -> VerifiedCredential:
        """Check what a voter presents, bound to `message`, at a time in seconds since 1970.

        `presented` are the members of the request's credential object, `kind` included, already held to
        their schema. Raises CredentialRefusedError, RevocationUnavailableError, SignInUnavailableError.
        """
        ...

    def recheck(self, evidence: dict[str, Any], message: bytes) -> VerifiedCredential:
        """Check kept evidence again, from the evidence alone, without a network: the auditor's half.

        The time is the one that the evidence records. Raises CredentialRefusedError.
        """
        ...
