"""Verifying what a card presents: one certificate, one signature, one person.

Checks go from cheap to dear, so that nonsense costs little: form and profile, validity, issuer, signature
over the challenge and commitment, personal data, and last the question to the authority whether the
certificate was revoked. The certificate's number and key are never anybody's identity: they change with every
renewal.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from identity.credential import CredentialKind, VerifiedCredential
from identity.errors import (
    CertificateExpiredError,
    CertificateMalformedError,
    CertificateNamesNoPersonError,
    CertificateNotYetValidError,
    CertificateRevokedError,
    IssuerUnknownError,
    NotExactlyOneSignatureError,
    RevocationUnavailableError,
    RevocationUnknownError,
)
from identity.jpki.certificate import parse_certificate, require_profile, require_supported
from identity.jpki.personal_data import read_person
from identity.jpki.profile import CertificatePolicy
from identity.jpki.signature import verify_signature
from identity.revocation.status import RevocationProof, RevocationStatus, verify_proof

if TYPE_CHECKING:
    from cryptography import x509

    from election.person import Person
    from identity.jpki.trust import Root, TrustStore
    from identity.revocation.status import RevocationChecker

_CARD_HINT: Final = "Renew the card's certificates at the municipal office, or vote on paper."


@dataclass(frozen=True, repr=False)
class CheckedCertificate:
    """A certificate that made a signature and that a trusted authority issued; perhaps revoked since."""

    certificate: x509.Certificate
    policy: CertificatePolicy
    root: Root
    signature: bytes


class JpkiVerifier:
    """Verifies My Number cards."""

    def __init__(self, trust: TrustStore, revocation: RevocationChecker) -> None:
        self._trust = trust
        self._revocation = revocation

    @property
    def kind(self) -> CredentialKind:
        """Which way to prove one's identity."""
        return CredentialKind.JPKI

    def verify(self, presented: dict[str, Any], message: bytes, at: int) -> VerifiedCredential:
        """Check a signing certificate and its signature, and return the person.

        Raises:
            CredentialRefusedError: one of its kinds, by the first check that fails.
            RevocationUnavailableError: nobody could say whether the certificate was revoked.

        """
        checked = self.check(presented, message, at)
        person = _person_of(checked)
        proof = self._revocation.check(checked.certificate, checked.root.certificate, at)
        _require_good(proof.status)
        evidence = {
            "certificate": _base64(checked.certificate.public_bytes(Encoding.DER)),
            "signature": _base64(checked.signature),
            "issuer_fingerprint": checked.root.fingerprint,
            "revocation": proof.to_json(),
            "verified_at": at,
        }
        return VerifiedCredential(self.kind, evidence, person)

    def check(self, presented: dict[str, Any], message: bytes, at: int) -> CheckedCertificate:
        """Check a certificate of either policy and its signature, without asking whether it was revoked."""
        signature = _one_signature(presented.get("signature"))
        certificate = parse_certificate(_certificate_bytes(presented.get("certificate")))
        policy = require_profile(certificate)
        _require_valid(certificate, at)
        root = self._issuer(certificate, policy, at)
        verify_signature(require_supported(certificate), signature, message)
        return CheckedCertificate(certificate, policy, root, signature)

    def recheck(self, evidence: dict[str, Any], message: bytes) -> VerifiedCredential:
        """Check kept evidence again, as of the time that it records, without a network.

        Raises:
            CredentialRefusedError: one of its kinds.
            RevocationUnavailableError: the kept answer about revocation does not hold.

        """
        at, kept = evidence.get("verified_at"), evidence.get("revocation")
        if not isinstance(at, int) or isinstance(at, bool):
            raise CertificateMalformedError("The evidence does not say when it was verified.")
        checked = self.check(evidence, message, at)
        if checked.root.fingerprint != evidence.get("issuer_fingerprint"):
            raise IssuerUnknownError("The evidence names another issuer than the one who signed.")
        person = _person_of(checked)
        _require_good(verify_proof(_proof(kept), checked.certificate, checked.root.certificate, at))
        return VerifiedCredential(self.kind, evidence, person)

    def _issuer(self, certificate: x509.Certificate, policy: CertificatePolicy, at: int) -> Root:
        root = self._trust.find_issuer(certificate)
        if root.policy is not policy:
            raise IssuerUnknownError("The certificate's authority issues no certificates under its policy.")
        if not _is_valid(root.certificate, at):
            raise IssuerUnknownError("The certificate's authority was not valid at that time.")
        return root


def _person_of(checked: CheckedCertificate) -> Person:
    if checked.policy is not CertificatePolicy.SIGNING:
        raise CertificateNamesNoPersonError(
            "A user-authentication certificate does not say whose it is.",
            hint="Sign with the card's signing certificate and its password of 6 to 16 characters.",
        )
    return read_person(checked.certificate)


def _is_valid(certificate: x509.Certificate, at: int) -> bool:
    return certificate.not_valid_before_utc.timestamp() <= at <= certificate.not_valid_after_utc.timestamp()


def _require_valid(certificate: x509.Certificate, at: int) -> None:
    if at < certificate.not_valid_before_utc.timestamp():
        raise CertificateNotYetValidError("The certificate is not valid yet.", hint=_CARD_HINT)
    if not _is_valid(certificate, at):
        raise CertificateExpiredError("The certificate's time is over.", hint=_CARD_HINT)


def _require_good(status: RevocationStatus) -> None:
    if status is RevocationStatus.REVOKED:
        raise CertificateRevokedError("The authority took the certificate back.", hint=_CARD_HINT)
    if status is not RevocationStatus.GOOD:
        raise RevocationUnknownError("The authority does not know the certificate.", hint=_CARD_HINT)


def _proof(kept: object) -> RevocationProof:
    try:
        return RevocationProof.from_json(kept if isinstance(kept, dict) else {})
    except ValueError as failure:
        raise RevocationUnavailableError("The evidence holds no answer about revocation.") from failure


def _one_signature(value: object) -> bytes:
    signature = _from_base64(value)
    if not signature:
        raise NotExactlyOneSignatureError(
            "There is not exactly one signature.", hint="Send the signature of the card once, in base64."
        )
    return signature


def _certificate_bytes(value: object) -> bytes:
    certificate = _from_base64(value)
    if not certificate:
        raise CertificateMalformedError("There is no certificate.", hint="Send it as DER, in base64.")
    return certificate


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(value: object) -> bytes:
    """Decode the one encoding of some bytes; anything else is empty."""
    if not isinstance(value, str):
        return b""
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if _base64(data) == value else b""
