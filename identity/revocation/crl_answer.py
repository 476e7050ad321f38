"""Judge one revocation list (RFC 5280): who signed it, what it covers, for when, and whom it names.

Lists that cover only some certificates, only some reasons, or only the changes since another list are
refused, because a certificate that is missing from them may be revoked all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from identity.errors import RevocationUnavailableError
from identity.revocation.outcome import RevocationStatus, require_fresh
from identity.revocation.signatures import STRONG_ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

_UNDERSTOOD: Final = (x509.CRLNumber, x509.AuthorityKeyIdentifier, x509.IssuingDistributionPoint)
_UNREADABLE: Final = "The revocation list cannot be read."


def read_crl(data: bytes) -> x509.CertificateRevocationList:
    """Read a revocation list from DER; nothing about it is checked yet.

    Raises:
        RevocationUnavailableError: it is none.

    """
    try:
        return x509.load_der_x509_crl(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as failure:
        raise RevocationUnavailableError(_UNREADABLE) from failure


def status_in_crl(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate, at: int
) -> RevocationStatus:
    """Return what a revocation list says about a certificate: a list knows good and revoked only.

    Raises:
        RevocationUnavailableError: the list cannot be believed or does not cover the certificate.

    """
    if not is_crl_of(crl, issuer):
        raise RevocationUnavailableError("The revocation list is not signed by the certificate's issuer.")
    return status_in_signed_crl(crl, certificate, at)


def status_in_signed_crl(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, at: int
) -> RevocationStatus:
    """Return the same from a list that was found to be the issuer's (`is_crl_of`); raises the same."""
    try:
        require_fresh("The revocation list", crl.last_update_utc.timestamp(), crl_expiry(crl), at)
        _require_complete(crl, certificate)
        listed = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as failure:
        raise RevocationUnavailableError(_UNREADABLE) from failure
    return RevocationStatus.GOOD if listed is None else RevocationStatus.REVOKED


def is_crl_of(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether this authority's key signed the list; its name alone says nothing."""
    if crl.issuer != issuer.subject or crl.signature_algorithm_oid not in STRONG_ALGORITHMS:
        return False
    key: CertificateIssuerPublicKeyTypes = issuer.public_key()  # type: ignore[assignment]  # checked next
    try:
        return crl.is_signature_valid(key) and _may_sign_lists(issuer)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def crl_expiry(crl: x509.CertificateRevocationList) -> float:
    """Return the time of the next list; one that announces none is good for its own moment only."""
    return (crl.next_update_utc or crl.last_update_utc).timestamp()


def _may_sign_lists(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _require_complete(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> None:
    for extension in crl.extensions:
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            if not _covers(extension.value, certificate):
                raise RevocationUnavailableError("The revocation list does not cover this certificate.")
        elif isinstance(extension.value, x509.DeltaCRLIndicator):
            raise RevocationUnavailableError("The revocation list holds only the changes since another list.")
        elif extension.critical and not isinstance(extension.value, _UNDERSTOOD):
            raise RevocationUnavailableError(
                "The revocation list has a critical part that is not understood."
            )


def _covers(scope: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> bool:
    if (
        scope.only_contains_ca_certs
        or scope.only_contains_attribute_certs
        or scope.indirect_crl
        or scope.only_some_reasons
        or scope.relative_name is not None
    ):
        return False
    return scope.full_name is None or not set(scope.full_name).isdisjoint(_distribution_points(certificate))


def _distribution_points(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return
    for point in points:
        yield from point.full_name or ()
