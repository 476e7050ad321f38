"""Judge one OCSP answer (RFC 6960): who signed it, about which certificate, for when.

Accepted signers are the issuer itself and a certificate that the same issuer gave the right to answer
(id-kp-OCSPSigning). "The same issuer" is the key that signed the certificate in question: authorities of
several generations share one name, so a responder of another generation is somebody else.
Not checked: whether the issuer took the responder's own certificate back (authorities mark such certificates
id-pkix-ocsp-nocheck and keep them short-lived for that reason).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from identity.errors import RevocationUnavailableError
from identity.revocation.outcome import CLOCK_SKEW, RevocationStatus, require_fresh
from identity.revocation.signatures import is_signed_with

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_AGE_WITHOUT_NEXT_UPDATE = 600  # seconds; without nextUpdate an answer is meant for the moment only

_STATUS = {
    ocsp.OCSPCertStatus.GOOD: RevocationStatus.GOOD,
    ocsp.OCSPCertStatus.REVOKED: RevocationStatus.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: RevocationStatus.UNKNOWN,
}


def status_in_ocsp_answer(
    data: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    at: int,
    nonce: bytes | None = None,
) -> RevocationStatus:
    """Return what an OCSP response says about a certificate; with `nonce`, it must answer that request.

    Raises:
        RevocationUnavailableError: the answer cannot be believed; the sentence says why.

    """
    try:
        return _judge(ocsp.load_der_ocsp_response(data), certificate, issuer, at, nonce)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as failure:
        raise RevocationUnavailableError("The OCSP answer cannot be read.") from failure


def _judge(
    response: ocsp.OCSPResponse,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    at: int,
    nonce: bytes | None,
) -> RevocationStatus:
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        reason = response.response_status.name.lower().replace("_", " ")
        raise RevocationUnavailableError(f"The OCSP responder gave no answer but an error: {reason}.")
    _require_signature(response, issuer, at)
    answer = _answer_about(response, certificate, issuer)
    begins = answer.this_update_utc.timestamp()
    ends = (
        answer.next_update_utc.timestamp() if answer.next_update_utc else begins + MAX_AGE_WITHOUT_NEXT_UPDATE
    )
    require_fresh("The OCSP answer", begins, ends, at)
    if nonce is not None and _nonce(response) != nonce:
        raise RevocationUnavailableError("The OCSP answer was not made for this request: its nonce differs.")
    return _STATUS[answer.certificate_status]


def _require_signature(response: ocsp.OCSPResponse, issuer: x509.Certificate, at: int) -> None:
    signers = list(_possible_signers(response, issuer, at))
    if not signers:
        raise RevocationUnavailableError(
            "The OCSP answer is signed by somebody whom the certificate's issuer did not appoint."
        )
    if not any(_signed(response, signer) for signer in signers):
        raise RevocationUnavailableError("The signature on the OCSP answer is wrong.")


def _possible_signers(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, at: int
) -> Iterator[x509.Certificate]:
    """Yield who may have signed: named by the answer, and the issuer or appointed by it."""
    if _is_named(response, issuer):
        yield issuer
    for candidate in response.certificates:
        if _is_named(response, candidate) and _may_answer_for(candidate, issuer, at):
            yield candidate


def _is_named(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    if response.responder_key_hash is not None:
        digest = x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest
        return response.responder_key_hash == digest
    return response.responder_name == signer.subject


def _may_answer_for(candidate: x509.Certificate, issuer: x509.Certificate, at: int) -> bool:
    begins, ends = candidate.not_valid_before_utc.timestamp(), candidate.not_valid_after_utc.timestamp()
    if not begins - CLOCK_SKEW <= at <= ends + CLOCK_SKEW:
        return False
    try:
        usages = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        candidate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usages


def _signed(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    return is_signed_with(
        signer.public_key(),
        response.signature_algorithm_oid,
        response.signature_hash_algorithm,
        response.signature,
        response.tbs_response_bytes,
    )


def _answer_about(
    response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> ocsp.OCSPSingleResponse:
    """Return the one answer about this certificate; a name and a number alone could be another's."""
    found = [answer for answer in response.responses if _is_about(answer, certificate, issuer)]
    if not found:
        raise RevocationUnavailableError("The OCSP answer is about another certificate.")
    if len(found) > 1:
        raise RevocationUnavailableError("The OCSP answer speaks about the certificate more than once.")
    return found[0]


def _is_about(
    answer: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    if answer.serial_number != certificate.serial_number:
        return False
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, answer.hash_algorithm)
    asked = builder.build()
    return (answer.issuer_name_hash, answer.issuer_key_hash) == (
        asked.issuer_name_hash,
        asked.issuer_key_hash,
    )


def _nonce(response: ocsp.OCSPResponse) -> bytes | None:
    try:
        return response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None
