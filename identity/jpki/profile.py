"""What a certificate of Japan's public personal authentication service (公的個人認証サービス) looks like.

Source: 公的個人認証サービス プロファイル仕様書 (J-LIS), as far as it is quoted in public; which property came
from where is in docs/identity-matching.md. Object identifiers, names and codes stand here and nowhere else.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID, SignatureAlgorithmOID

from identity.credential import Mode

AGENCY: Final = "Japan Agency for Local Authority Information Systems"
ORGANISATIONS: Final = {Mode.PRODUCTION: "JPKI", Mode.TEST: "JPKI-TEST"}

RSA_BITS: Final = 2048
RSA_EXPONENT: Final = 65537
# What certificates are signed with: PKCS#1 v1.5 and SHA-256 today, ECDSA and SHA-384 in the next generation.
CERTIFICATE_SIGNATURES: Final = frozenset(
    {SignatureAlgorithmOID.RSA_WITH_SHA256, SignatureAlgorithmOID.ECDSA_WITH_SHA384}
)
# An extension that is critical and not one of these could mean anything, also "not for this".
UNDERSTOOD_EXTENSIONS: Final = frozenset(
    {
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    }
)


class PersonalData(Enum):
    """The fields of `subjectAltName`, each an otherName that holds a UTF8String."""

    NAME = x509.ObjectIdentifier("1.2.392.200149.8.5.5.1")
    NAME_SUBSTITUTIONS = x509.ObjectIdentifier("1.2.392.200149.8.5.5.2")
    SEX = x509.ObjectIdentifier("1.2.392.200149.8.5.5.3")
    DATE_OF_BIRTH = x509.ObjectIdentifier("1.2.392.200149.8.5.5.4")
    ADDRESS = x509.ObjectIdentifier("1.2.392.200149.8.5.5.5")
    ADDRESS_SUBSTITUTIONS = x509.ObjectIdentifier("1.2.392.200149.8.5.5.6")


def key_usage(
    *, digital_signature: bool = False, content_commitment: bool = False, ca: bool = False
) -> x509.KeyUsage:
    """Return a key usage; `content_commitment` is what RFC 3280 called nonRepudiation."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


class CertificatePolicy(Enum):
    """The two kinds of certificates on a card; each has authorities of its own."""

    SIGNING = "JPKI for digital signature"
    AUTHENTICATION = "JPKI for user authentication"

    @property
    def unit(self) -> str:
        """The organisational unit of its authorities."""
        return self.value

    @property
    def oid(self) -> x509.ObjectIdentifier:
        """What `certificatePolicies` says."""
        return _POLICIES[self]

    @property
    def key_usage(self) -> x509.KeyUsage:
        """What `keyUsage` says, exactly."""
        return key_usage(digital_signature=True, content_commitment=self is CertificatePolicy.SIGNING)


_POLICIES: Final = {
    CertificatePolicy.SIGNING: x509.ObjectIdentifier("1.2.392.200149.8.5.1.1.20"),
    CertificatePolicy.AUTHENTICATION: x509.ObjectIdentifier("1.2.392.200149.8.5.1.3.30"),
}


def authority_name(mode: Mode, policy: CertificatePolicy) -> x509.Name:
    """Return the name that every generation of the policy's authority has."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATIONS[mode]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, policy.unit),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, AGENCY),
        ]
    )
