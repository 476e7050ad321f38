"""The authorities that are trusted, and which of them signed a certificate.

Several generations of one authority have the same name, so a name proves nothing: an issuer is the root that
the certificate's authority key identifier points to, if it has one, and whose key verifies its signature.
Roots of real cards and of test cards are never trusted together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from identity.credential import Mode
from identity.errors import (
    CredentialRefusedError,
    IssuerUnknownError,
    ProductionRootInTestError,
    RootMalformedError,
    TestRootInProductionError,
)
from identity.jpki.certificate import parse_certificate, require_supported
from identity.jpki.profile import ORGANISATIONS, CertificatePolicy, authority_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SUFFIXES: Final = frozenset({".cer", ".crt", ".der", ".pem"})
_PEM: Final = b"-----BEGIN "
_UNREADABLE_HINT: Final = (
    "Download the authority's certificates from www.jpki.go.jp and compare their fingerprints."
)


@dataclass(frozen=True)
class Root:
    """One trusted authority certificate."""

    certificate: x509.Certificate
    policy: CertificatePolicy
    fingerprint: str

    @property
    def key_identifier(self) -> bytes:
        """What certificates point to: the root's own identifier, or the usual digest of its key."""
        try:
            extension = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except x509.ExtensionNotFound:
            return x509.SubjectKeyIdentifier.from_public_key(self.certificate.public_key()).digest
        return extension.value.digest


@dataclass(frozen=True)
class RootDescription:
    """What a person compares with what the authority published."""

    fingerprint: str
    name: str
    not_before: str
    not_after: str
    key: str


class TrustStore:
    """The roots of one mode."""

    def __init__(self, roots: Iterable[Root], mode: Mode) -> None:
        self.mode = mode
        self.roots = tuple({root.fingerprint: root for root in roots}.values())

    @staticmethod
    def load(paths: Iterable[Path], mode: Mode) -> TrustStore:
        """Read roots from files, PEM or DER, and from folders of such files.

        Raises:
            RootMalformedError: a file is no root of JPKI's, or there is none at all.
            TestRootInProductionError: a test PKI's root in production.
            ProductionRootInTestError: the other way round.
            OSError: a file cannot be read.

        """
        files = [file for path in paths for file in _files(path)]
        roots = [_root(certificate, mode, file) for file in files for certificate in _certificates(file)]
        if not roots:
            raise RootMalformedError("No root certificate is configured.", hint=_UNREADABLE_HINT)
        return TrustStore(roots, mode)

    def find_issuer(self, certificate: x509.Certificate) -> Root:
        """Return the root that signed a certificate, whatever name that gives.

        Raises:
            IssuerUnknownError: no trusted one did.

        """
        pointer = _authority_key_identifier(certificate)
        for root in self.roots:
            if _points_to(pointer, root) and _is_signed_by(certificate, root):
                return root
        raise IssuerUnknownError(
            "No trusted authority signed the certificate.", hint="Test cards work in test mode only."
        )


def describe_roots(trust: TrustStore) -> list[RootDescription]:
    """Describe the roots, for a person who compares them with what the authority published."""
    return [_description(root.certificate, root.fingerprint) for root in trust.roots]


def _description(certificate: x509.Certificate, fingerprint: str) -> RootDescription:
    key = require_supported(certificate)
    return RootDescription(
        fingerprint,
        certificate.subject.rfc4514_string(),
        certificate.not_valid_before_utc.isoformat(),
        certificate.not_valid_after_utc.isoformat(),
        "RSA-2048" if isinstance(key, rsa.RSAPublicKey) else "P-384",
    )


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint of a certificate, in hexadecimal digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _authority_key_identifier(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return None


def _is_signed_by(certificate: x509.Certificate, root: Root) -> bool:
    """Whether the root's key signed; another generation may have its name, and even its identifier."""
    try:
        certificate.verify_directly_issued_by(root.certificate)
    except (InvalidSignature, ValueError, TypeError):  # the key; the name or algorithm; a kind of key
        return False
    return True


def _points_to(pointer: x509.AuthorityKeyIdentifier | None, root: Root) -> bool:
    """Whether an identifier, as far as it says anything, is this root's."""
    if pointer is None:
        return True
    if pointer.key_identifier is not None and pointer.key_identifier != root.key_identifier:
        return False
    number = pointer.authority_cert_serial_number
    if number is not None and number != root.certificate.serial_number:
        return False
    names = pointer.authority_cert_issuer
    return names is None or x509.DirectoryName(root.certificate.issuer) in names


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    yield from sorted(file for file in path.iterdir() if file.suffix.lower() in _SUFFIXES and file.is_file())


def _certificates(file: Path) -> Iterator[x509.Certificate]:
    data = file.read_bytes()
    try:
        encoded = [data] if _PEM not in data else map(_der, x509.load_pem_x509_certificates(data))
        found = [parse_certificate(der) for der in encoded]
    except (ValueError, CredentialRefusedError) as failure:
        raise _malformed(file, "is no certificate") from failure
    yield from found


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _root(certificate: x509.Certificate, mode: Mode, file: Path) -> Root:
    policy = _policy_of(certificate, mode, file)
    try:
        require_supported(certificate)
        certificate.verify_directly_issued_by(certificate)
    except CredentialRefusedError as failure:
        raise _malformed(file, "has a key that JPKI does not use") from failure
    except (InvalidSignature, ValueError, TypeError) as failure:
        raise _malformed(file, "is not signed by itself") from failure
    _require_authority(certificate, file)
    return Root(certificate, policy, fingerprint(certificate))


def _policy_of(certificate: x509.Certificate, mode: Mode, file: Path) -> CertificatePolicy:
    organisations = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    named = {organisation.value for organisation in organisations}
    if mode is Mode.PRODUCTION and ORGANISATIONS[Mode.TEST] in named:
        raise TestRootInProductionError(
            f"{file} is the root of test cards, which anybody can make.",
            hint="Take it away, or run the service in test mode.",
        )
    if mode is Mode.TEST and ORGANISATIONS[Mode.PRODUCTION] in named:
        raise ProductionRootInTestError(
            f"{file} is the root of real cards; a test must not hold data of real people.",
            hint="Take it away, or run the service in production mode.",
        )
    for policy in CertificatePolicy:
        if certificate.subject == authority_name(mode, policy):
            return policy
    raise _malformed(file, "is no authority of JPKI's")


def _require_authority(certificate: x509.Certificate, file: Path) -> None:
    try:
        extensions = certificate.extensions
        is_authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        signs = extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as failure:
        raise _malformed(file, "does not say that it is an authority") from failure
    if not (is_authority and signs):
        raise _malformed(file, "is a person's, not an authority's")


def _malformed(file: Path, fault: str) -> RootMalformedError:
    return RootMalformedError(f"{file} {fault}.", hint=_UNREADABLE_HINT)
