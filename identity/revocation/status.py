"""Whether an authority took a certificate back: the answer, kept as the authority signed it.

A checker asks and returns the signed answer, or raises: time-outs, refused connections, stale, forged or
unreadable answers are never taken for "good". `verify_proof` checks a kept answer again without a network.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from identity.errors import RevocationUnavailableError
from identity.revocation.crl_answer import read_crl, status_in_crl
from identity.revocation.ocsp_answer import status_in_ocsp_answer
from identity.revocation.outcome import RevocationSource, RevocationStatus

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["RevocationChecker", "RevocationProof", "RevocationSource", "RevocationStatus", "verify_proof"]


@dataclass(frozen=True)
class RevocationProof:
    """One answer: `data` is the OCSP response or the revocation list, DER, as it arrived."""

    status: RevocationStatus
    source: RevocationSource
    data: bytes = field(repr=False)
    checked_at: int

    def to_json(self) -> dict[str, Any]:
        """Return the document that `from_json` reads."""
        return {
            "status": self.status.value,
            "source": self.source.value,
            "data": base64.b64encode(self.data).decode(),
            "checked_at": self.checked_at,
        }

    @staticmethod
    def from_json(document: dict[str, Any]) -> RevocationProof:
        """Read what `to_json` wrote. Raises ValueError."""
        try:
            status, source = RevocationStatus(document["status"]), RevocationSource(document["source"])
            data = base64.b64decode(document["data"], validate=True)
            checked_at = document["checked_at"]
        except (KeyError, TypeError, binascii.Error) as failure:
            raise ValueError("is no record of a revocation check") from failure
        if not isinstance(checked_at, int) or isinstance(checked_at, bool):
            raise ValueError("is no record of a revocation check")  # noqa: TRY004 - one error for one document
        return RevocationProof(status, source, data, checked_at)


class RevocationChecker(Protocol):
    """One way to ask the authority."""

    def check(self, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> RevocationProof:
        """Ask about `certificate`, which `issuer` signed, at a time in seconds since 1970.

        `issuer` must be the authority certificate whose key signed, not just one of that name.
        Raises RevocationUnavailableError when there is no answer that can be believed.
        """
        ...


def verify_proof(
    proof: RevocationProof, certificate: x509.Certificate, issuer: x509.Certificate, at: int
) -> RevocationStatus:
    """Check a kept answer again, offline, as of a time in seconds since 1970; return what it says.

    Raises:
        RevocationUnavailableError: it is not the authority's answer about this certificate at that time,
            or the record claims another status than the signed document.

    """
    if proof.source is RevocationSource.OCSP:
        status = status_in_ocsp_answer(proof.data, certificate, issuer, at)
    else:
        status = status_in_crl(read_crl(proof.data), certificate, issuer, at)
    if status is not proof.status:
        raise RevocationUnavailableError(
            f"The record of the revocation check says {proof.status}, but the signed answer says {status}."
        )
    return status
