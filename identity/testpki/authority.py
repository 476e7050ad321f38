"""The authorities of a test PKI: three generations with one name, for signing and for authentication.

As in the real PKI a new generation has a new key and the old name, so nobody can tell from a name which
authority signed. Every authority appoints one OCSP responder of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from identity.credential import Mode
from identity.jpki.profile import RSA_BITS, RSA_EXPONENT, CertificatePolicy, authority_name, key_usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

DAY: Final = 86_400
YEAR: Final = 365 * DAY


class Purpose(StrEnum):
    """What an authority's certificates are for."""

    SIGNING = "signing"
    AUTHENTICATION = "authentication"

    @property
    def policy(self) -> CertificatePolicy:
        """What the profile calls it."""
        return CertificatePolicy[self.name]


class Generation(StrEnum):
    """Which key of the authority: its predecessor's, today's, or the one to come."""

    OLD = "old"
    PRESENT = "present"
    NEXT = "next"


_LIFETIME: Final = {  # relative to when the PKI is made
    Generation.OLD: (-10 * YEAR, 60 * DAY),
    Generation.PRESENT: (-4 * YEAR, 6 * YEAR),
    Generation.NEXT: (-DAY, 10 * YEAR),
}


@dataclass(frozen=True)
class Authority:
    """One authority, and the responder that it appointed."""

    purpose: Purpose
    generation: Generation
    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)
    responder: x509.Certificate
    responder_key: PrivateKey = field(repr=False)

    @property
    def name(self) -> str:
        """Its name in files and addresses, such as `signing-present`."""
        return f"{self.purpose}-{self.generation}"


def authority_names() -> Iterator[tuple[Purpose, Generation, str]]:
    """Yield every authority of a test PKI."""
    for purpose in Purpose:
        for generation in Generation:
            yield purpose, generation, f"{purpose}-{generation}"


def new_authority(purpose: Purpose, generation: Generation, now: int) -> Authority:
    """Make an authority with a new key."""
    begins, ends = (now + offset for offset in _LIFETIME[generation])
    key = new_key(generation)
    certificate = _self_signed(purpose, key, begins, ends)
    responder_key = ec.generate_private_key(ec.SECP256R1())
    responder = _appointed(certificate, key, responder_key, now - DAY, ends)
    return Authority(purpose, generation, certificate, key, responder, responder_key)


def new_key(generation: Generation) -> PrivateKey:
    """Draw a key of the kind that a generation uses, for authorities and cards alike."""
    if generation is Generation.NEXT:
        return ec.generate_private_key(ec.SECP384R1())
    return rsa.generate_private_key(RSA_EXPONENT, RSA_BITS)


def hash_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    """Return the hash that goes with a key in signatures."""
    return hashes.SHA384() if key.key_size == ec.SECP384R1.key_size else hashes.SHA256()


def moment(seconds: int) -> datetime:
    """Return a time in seconds since 1970 as certificates want it."""
    return datetime.fromtimestamp(seconds, UTC)


def _self_signed(purpose: Purpose, key: PrivateKey, begins: int, ends: int) -> x509.Certificate:
    name = authority_name(Mode.TEST, purpose.policy)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(moment(begins))
        .not_valid_after(moment(ends))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage(ca=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
    )
    return builder.sign(key, hash_for(key))


def _appointed(
    authority: x509.Certificate, key: PrivateKey, responder_key: PrivateKey, begins: int, ends: int
) -> x509.Certificate:
    name = x509.Name([*authority.subject, x509.NameAttribute(NameOID.COMMON_NAME, "OCSP Responder")])
    builder = (
        x509.CertificateBuilder(
            authority.subject, name, responder_key.public_key(), x509.random_serial_number()
        )
        .not_valid_before(moment(begins))
        .not_valid_after(moment(ends))
        .add_extension(key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .add_extension(issued_by(authority), critical=False)
    )
    return builder.sign(key, hash_for(key))


def issued_by(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Return the extension that says which of several keys of one name signed."""
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
