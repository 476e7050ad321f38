"""Certificates for tests, like those of My Number cards or with one thing wrong: each keyword is a flaw.

Keys are made once per process, because RSA keys take long. Nothing here is read by the product.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from identity.credential import Mode
from identity.jpki.profile import CertificatePolicy, PersonalData, authority_name, key_usage
from identity.revocation.status import RevocationProof, RevocationSource, RevocationStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

AT = 1_800_000_000  # 15 January 2027
DAY = 86_400
CPS = "http://www.jpki.go.jp/cps.html"
DATA = {
    PersonalData.NAME: "髙橋　花子",
    PersonalData.NAME_SUBSTITUTIONS: "00000",
    PersonalData.SEX: "2",
    PersonalData.DATE_OF_BIRTH: "319800217",
    PersonalData.ADDRESS: "茨城県つくば市吾妻一丁目２番地３",
    PersonalData.ADDRESS_SUBSTITUTIONS: "0" * 16,
}
# In the order in which cards give them.
FIELDS = (
    PersonalData.NAME,
    PersonalData.DATE_OF_BIRTH,
    PersonalData.SEX,
    PersonalData.ADDRESS,
    PersonalData.NAME_SUBSTITUTIONS,
    PersonalData.ADDRESS_SUBSTITUTIONS,
)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(name: str = "card", bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    """One key per name."""
    return rsa.generate_private_key(exponent, bits)  # type: ignore[arg-type]  # bad exponents are tested


@cache
def ec_key(name: str = "card", curve: type[ec.EllipticCurve] = ec.SECP384R1) -> ec.EllipticCurvePrivateKey:
    """One key per name."""
    return ec.generate_private_key(curve())


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def utf8(text: str) -> bytes:
    """A UTF8String in DER."""
    data = text.encode()
    length = bytes([len(data)]) if len(data) < 128 else bytes([0x82, *divmod(len(data), 256)])
    if 128 <= len(data) < 256:
        length = bytes([0x81, len(data)])
    return b"\x0c" + length + data


def alternative_name(
    data: dict[PersonalData, str], extra: Sequence[x509.GeneralName] = ()
) -> x509.SubjectAlternativeName:
    """Personal data as cards hold it."""
    names = [x509.OtherName(each.value, utf8(data[each])) for each in FIELDS if each in data]
    return x509.SubjectAlternativeName([*names, *extra])


def digest_for(key: Key) -> hashes.HashAlgorithm:
    return hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else hashes.SHA384()


def sign(key: Key, message: bytes) -> bytes:
    """Sign as a card does."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message, ec.ECDSA(hashes.SHA384()))


@dataclass(frozen=True)
class IssuedCard:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def presented(self, message: bytes) -> dict[str, Any]:
        """What a voter sends."""
        return presented(self.der, sign(self.key, message))


def presented(certificate: bytes, signature: bytes) -> dict[str, Any]:
    return {
        "kind": "jpki",
        "certificate": base64.b64encode(certificate).decode(),
        "signature": base64.b64encode(signature).decode(),
    }


@dataclass(frozen=True)
class Authority:
    """One generation of an authority."""

    certificate: x509.Certificate
    key: Key
    policy: CertificatePolicy
    numbers: list[int] = field(default_factory=lambda: [1000])

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def pointer(self) -> x509.AuthorityKeyIdentifier:
        """What real cards hold: the key's identifier, and the root's name and number."""
        identifier = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return x509.AuthorityKeyIdentifier(
            identifier.digest,
            [x509.DirectoryName(self.certificate.subject)],
            self.certificate.serial_number,
        )

    def issue(self, **flaws: Any) -> IssuedCard:
        """Issue a card's certificate; unless told otherwise, one that holds to the profile.

        Flaws: key, policy, policies, usage, data, pointer, begins, ends, constraints, extra, digest, issuer.
        """
        key: Key = flaws.get("key") or rsa_key()
        policy: CertificatePolicy = flaws.get("policy", self.policy)
        self.numbers[0] += 1
        builder = (
            x509.CertificateBuilder()
            .subject_name(_holder(self.numbers[0]))
            .issuer_name(flaws.get("issuer", self.certificate.subject))
            .public_key(key.public_key())
            .serial_number(self.numbers[0])
            .not_valid_before(moment(flaws.get("begins", AT - 100 * DAY)))
            .not_valid_after(moment(flaws.get("ends", AT + 1000 * DAY)))
        )
        for extension, critical in self._extensions(policy, key, flaws):
            builder = builder.add_extension(extension, critical)
        return IssuedCard(builder.sign(self.key, flaws.get("digest") or digest_for(self.key)), key)

    def _extensions(
        self, policy: CertificatePolicy, key: Key, flaws: dict[str, Any]
    ) -> list[tuple[x509.ExtensionType, bool]]:
        named = flaws.get("policies", [policy.oid])
        data = flaws.get("data", DATA if policy is CertificatePolicy.SIGNING else {})
        informed = [x509.PolicyInformation(oid, [CPS]) for oid in named]
        found: list[tuple[x509.ExtensionType | None, bool]] = [
            (flaws["pointer"] if "pointer" in flaws else self.pointer(), False),
            (flaws.get("usage", policy.key_usage), True),
            (alternative_name(data, flaws.get("extra_names", ())) if data else None, False),
            (x509.CertificatePolicies(informed) if informed else None, True),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (flaws.get("constraints"), True),
            *flaws.get("extra", []),
        ]
        return [(extension, critical) for extension, critical in found if extension is not None]


def _holder(number: int) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"TEST{number:020d}"),
        ]
    )


def make_authority(**flaws: Any) -> Authority:
    """Make a root that looks like the published ones.

    Flaws: key, policy, mode, name, number, begins, ends, constraints, usage, identifier, signer.
    """
    policy: CertificatePolicy = flaws.get("policy", CertificatePolicy.SIGNING)
    key: Key = flaws.get("key") or rsa_key("authority")
    name = flaws.get("name") or authority_name(flaws.get("mode", Mode.TEST), policy)
    number = flaws.get("number", 0x067C6A21)
    identifier = flaws.get("identifier", x509.SubjectKeyIdentifier.from_public_key(key.public_key()))
    extensions = (
        (flaws.get("constraints", x509.BasicConstraints(ca=True, path_length=None)), True),
        (flaws.get("usage", key_usage(ca=True)), True),
        (identifier, False),
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(number)
        .not_valid_before(moment(flaws.get("begins", AT - 1000 * DAY)))
        .not_valid_after(moment(flaws.get("ends", AT + 2650 * DAY)))
    )
    for extension, critical in extensions:
        if extension is not None:
            builder = builder.add_extension(extension, critical)
    signer: Key = flaws.get("signer") or key
    return Authority(builder.sign(signer, digest_for(signer)), key, policy)


@dataclass
class SignedLists:
    """A revocation checker with real signed lists, made on the spot instead of fetched."""

    authorities: Sequence[Authority]
    revoked: set[int] = field(default_factory=set)
    asked: int = 0

    def check(self, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> RevocationProof:
        self.asked += 1
        authority = next(each for each in self.authorities if each.certificate == issuer)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.subject)
            .last_update(moment(at - 3600))
            .next_update(moment(at + DAY))
            .add_extension(x509.CRLNumber(self.asked), critical=False)
        )
        for number in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(moment(at - DAY))
            builder = builder.add_revoked_certificate(entry.build())
        data = builder.sign(authority.key, digest_for(authority.key)).public_bytes(Encoding.DER)
        taken_back = certificate.serial_number in self.revoked
        status = RevocationStatus.REVOKED if taken_back else RevocationStatus.GOOD
        return RevocationProof(status, RevocationSource.CRL, data, at)
