"""Reading a card's certificate and holding it to the profile, before anything in it is believed.

DER is read by `cryptography`, which refuses other encodings, truncation and anything that follows. Who signed
the certificate is the part of `identity.jpki.trust`. Errors say which rule was broken and never quote the
certificate, which may be about anybody.
"""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import PublicKeyAlgorithmOID

from identity.errors import (
    CertificateIsAuthorityError,
    CertificateMalformedError,
    UnknownCriticalExtensionError,
    UnsupportedKeyError,
    WrongCertificatePolicyError,
    WrongKeyUsageError,
)
from identity.jpki.profile import (
    CERTIFICATE_SIGNATURES,
    RSA_BITS,
    RSA_EXPONENT,
    UNDERSTOOD_EXTENSIONS,
    CertificatePolicy,
)

MAX_SIZE: Final = 8192  # a card's has some 1,500 bytes
JpkiPublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def parse_certificate(der: bytes) -> x509.Certificate:
    """Read a certificate and every part of it that is looked at later.

    Raises:
        CertificateMalformedError: it is not exactly one DER-encoded X.509 certificate of version 3.
        UnsupportedKeyError: its key is of a kind that not even the library knows.

    """
    if len(der) > MAX_SIZE:
        raise CertificateMalformedError("The certificate is too long.")
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.public_key()
        parts = (certificate.extensions, certificate.issuer, certificate.subject)
        del parts  # they are read only now, and reading may fail
        same = certificate.public_bytes(Encoding.DER) == der
    except UnsupportedAlgorithm as failure:
        raise UnsupportedKeyError("The certificate's key is of an unknown kind.") from failure
    except (ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension) as failure:
        raise CertificateMalformedError("The certificate is no DER-encoded X.509 certificate.") from failure
    if not same or certificate.version is not x509.Version.v3 or certificate.serial_number <= 0:
        raise CertificateMalformedError("The certificate is no DER-encoded X.509 certificate of version 3.")
    return certificate


def require_profile(certificate: x509.Certificate) -> CertificatePolicy:
    """Hold a person's certificate to every rule that it can be held to alone; return its policy.

    Raises:
        UnsupportedKeyError: another key or signature algorithm than the profile's.
        UnknownCriticalExtensionError: it says something that must be understood, and is not.
        CertificateIsAuthorityError: it may sign certificates or revocation lists.
        WrongCertificatePolicyError: another policy, several, or none.
        WrongKeyUsageError: not exactly the policy's usage.

    """
    require_supported(certificate)
    _require_understood(certificate)
    usage = _key_usage(certificate)
    _require_no_authority(certificate, usage)
    policy = _policy(certificate)
    if usage != policy.key_usage:
        raise WrongKeyUsageError(
            "The certificate's key is for another use.", hint="Sign with the card's signing key."
        )
    return policy


def require_supported(certificate: x509.Certificate) -> JpkiPublicKey:
    """Return the certificate's key, which is RSA-2048 or on P-384. Raises UnsupportedKeyError."""
    if certificate.signature_algorithm_oid not in CERTIFICATE_SIGNATURES:
        raise UnsupportedKeyError("The certificate is signed with another algorithm than the profile's.")
    key = certificate.public_key()
    kind = certificate.public_key_algorithm_oid
    if (
        isinstance(key, rsa.RSAPublicKey)
        and kind == PublicKeyAlgorithmOID.RSAES_PKCS1_v1_5
        and key.key_size == RSA_BITS
        and key.public_numbers().e == RSA_EXPONENT
    ):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP384R1):
        return key
    raise UnsupportedKeyError("The certificate's key is neither RSA-2048 nor on P-384.")


def _require_understood(certificate: x509.Certificate) -> None:
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in UNDERSTOOD_EXTENSIONS:
            raise UnknownCriticalExtensionError("The certificate has a critical part that is not understood.")


def _key_usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _require_no_authority(certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    """Refuse an authority; a card that may sign certificates could make itself more cards."""
    try:
        is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_authority = False
    if is_authority or (usage is not None and (usage.key_cert_sign or usage.crl_sign)):
        raise CertificateIsAuthorityError("The certificate is an authority's, not a person's.")


def _policy(certificate: x509.Certificate) -> CertificatePolicy:
    try:
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        policies = x509.CertificatePolicies([])
    named = [information.policy_identifier for information in policies]
    for policy in CertificatePolicy:
        if named == [policy.oid]:
            return policy
    raise WrongCertificatePolicyError(
        "The certificate was issued under another policy than those of JPKI cards."
    )
