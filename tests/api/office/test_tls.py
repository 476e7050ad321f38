"""Officers recognised by TLS client certificates, over real connections to the real server."""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from api.app import create_app
from api.settings import load_settings
from tests.support.election_office import HANAKO
from tests.support.registrar_service import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.election_office import ElectionOffice

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LOG = "/v1/office/log?after=0"
SEARCH = "/v1/office/voters/search"


class Authority:
    """Issues certificates into a folder: NAME.pem with certificate and key."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        certificate = self._build(self._name, self._key, is_authority=True)
        self.file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, str]:
        """Return a file and the certificate's fingerprint."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._build(subject, key, is_authority=False)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file = self._folder / f"{name}-of-{self.file.name}"
        file.write_bytes(certificate.public_bytes(Encoding.PEM) + pem)
        return file, hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        own, issuer = key.public_key(), self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(own)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
            .sign(self._key, SHA256())
        )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "office-authority")


@contextmanager
def over_tls(office: ElectionOffice, authority: Authority, **certificates: str) -> Iterator[str]:
    """Serve the office over TLS; these officers' certificates are in the settings."""
    settings = office.services.settings
    officers = [
        officer.model_dump() | {"certificate_sha256": certificates.get(officer.id.replace("-", "_"), "")}
        for officer in settings.officers
    ]
    server, _ = authority.issue("server")
    wanted = {
        "mode": "test",
        "port": 0,
        "officers": officers,
        "tls_cert": server,
        "tls_key": server,
        "tls_client_ca": authority.file,
    }
    loaded = load_settings(None, wanted)
    services = type(office.services)(
        loaded,
        office.database,
        office.services.vault,
        office.services.chain,
        office.services.account,
        {},
        office.clock,
    )
    with running(create_app(loaded, services), loaded) as address:
        yield address.replace("localhost", "127.0.0.1")


def client(authority: Authority, address: str, certificate: Path | None = None) -> httpx.Client:
    context = ssl.create_default_context(cafile=str(authority.file))
    if certificate is not None:
        context.load_cert_chain(certificate)
    return httpx.Client(base_url=address, verify=context, timeout=30)


def test_a_certificate_in_the_settings_opens_what_its_officers_role_allows(
    office: ElectionOffice, authority: Authority
) -> None:
    file, fingerprint = authority.issue("auditor")
    with (
        over_tls(office, authority, auditor_1=fingerprint) as address,
        client(authority, address, file) as http,
    ):
        assert http.get(LOG).status_code == 200
        assert http.get(LOG).status_code == 200  # a connection has no end, unlike a token
        refused = http.post(SEARCH, json={"voter_id": "000001"})
        assert (refused.status_code, refused.json()["code"]) == (403, "officer_role_missing")
        assert refused.json()["detail"].startswith("The roles of auditor-1")


def test_a_certificate_of_the_authority_that_is_not_in_the_settings_is_nobodys(
    office: ElectionOffice, authority: Authority
) -> None:
    _, fingerprint = authority.issue("auditor")
    other, _ = authority.issue("auditor-too")
    with (
        over_tls(office, authority, auditor_1=fingerprint) as address,
        client(authority, address, other) as http,
    ):
        answer = http.get(LOG)
        assert (answer.status_code, answer.json()["code"]) == (401, "officer_certificate_unknown")


def test_a_certificate_of_another_authority_does_not_get_through_tls(
    office: ElectionOffice, authority: Authority, tmp_path: Path
) -> None:
    stranger, fingerprint = Authority(tmp_path, "stranger").issue("auditor")
    with (
        over_tls(office, authority, auditor_1=fingerprint) as address,
        client(authority, address, stranger) as http,
        pytest.raises(httpx.TransportError),
    ):
        http.get(LOG)


def test_without_a_certificate_voters_are_served_and_officers_need_a_token(
    office: ElectionOffice, authority: Authority
) -> None:
    with over_tls(office, authority) as address, client(authority, address) as http:
        assert http.post("/v1/challenges").status_code == 201
        assert http.get(LOG).json()["code"] == "officer_not_authenticated"
        token = office.token("auditor-1", "GET", LOG)
        assert http.get(LOG, headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_page_in_a_browser_that_holds_the_certificate_cannot_post_for_the_officer(
    office: ElectionOffice, authority: Authority, kind: str
) -> None:
    """Browsers send such bodies to other sites without asking; JSON they do not."""
    file, fingerprint = authority.issue("counter")
    pseudonym: Any = office.enrol("000003", HANAKO)
    with (
        over_tls(office, authority, counter_1=fingerprint) as address,
        client(authority, address, file) as http,
    ):
        answer = http.post(
            f"/v1/office/voters/{pseudonym}/transitions",
            content=b'{"from": "eligible", "to": "voted_in_person"}',
            headers={"Content-Type": kind, "Origin": "https://elsewhere.example"},
        )
        assert answer.status_code == 415
        assert office.status(pseudonym) == "eligible"


def test_a_header_cannot_stand_for_a_certificate(office: ElectionOffice) -> None:
    for name in ("X-Client-Cert", "Client-Cert", "X-SSL-Client-Cert", "X-Forwarded-Client-Cert"):
        answer = office.http.get(LOG, headers={name: "auditor-1"})
        assert answer.json()["code"] == "officer_not_authenticated"
