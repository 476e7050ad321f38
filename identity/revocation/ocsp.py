"""Ask an authority's OCSP responder (RFC 6960) about one certificate, with a fresh nonce each time."""

from __future__ import annotations

import secrets
import weakref

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from identity.revocation.fetch import fetch, new_client
from identity.revocation.ocsp_answer import status_in_ocsp_answer
from identity.revocation.status import RevocationProof, RevocationSource

MAX_ANSWER_BYTES = 65_536
_NONCE_BYTES = 32  # RFC 9654


class OcspChecker:
    """One responder, asked over HTTP POST, so that no serial number stands in an address.

    Threads may share a checker. `timeout` is in seconds. A responder that prepares its answers cannot
    repeat a nonce; `nonce_required=False` accepts its answers while they are fresh, and an old one
    can then be replayed until its nextUpdate.
    """

    def __init__(self, url: str, timeout: float = 5.0, *, nonce_required: bool = True) -> None:
        self._url = url
        self._timeout = timeout
        self._nonce_required = nonce_required
        self._client = new_client(timeout)
        self._close = weakref.finalize(self, self._client.close)

    def close(self) -> None:
        """Close the pooled connections, as happens when the checker is no longer needed anyway."""
        self._close()

    def check(self, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> RevocationProof:
        """Ask about a certificate that `issuer` signed.

        Raises:
            RevocationUnavailableError: there is no answer that can be believed.

        """
        nonce = secrets.token_bytes(_NONCE_BYTES) if self._nonce_required else None
        answer = fetch(
            self._client,
            "POST",
            self._url,
            seconds=self._timeout,
            max_bytes=MAX_ANSWER_BYTES,
            content=_request(certificate, issuer, nonce),
            headers={"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"},
        )
        status = status_in_ocsp_answer(answer, certificate, issuer, at, nonce)
        return RevocationProof(status, RevocationSource.OCSP, answer, at)


def _request(certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes | None) -> bytes:
    # SHA-1 here only names the issuer, as every responder expects; the answer's signature is what counts.
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)
