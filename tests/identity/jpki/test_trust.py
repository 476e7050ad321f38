"""Which certificates may be roots, and which of several roots with one name signed a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from identity import errors
from identity.credential import Mode
from identity.errors import (
    IssuerUnknownError,
    ProductionRootInTestError,
    RootMalformedError,
)
from identity.jpki.profile import CertificatePolicy, authority_name, key_usage
from identity.jpki.trust import TrustStore, describe_roots, fingerprint
from tests.support.certificates import Authority, IssuedCard, ec_key, make_authority, rsa_key

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Pki


def _store(folder: Path, *authorities: Authority, mode: Mode = Mode.TEST) -> TrustStore:
    for number, authority in enumerate(authorities):
        (folder / f"{number}.pem").write_bytes(authority.pem)
    return TrustStore.load([folder], mode)


def test_roots_come_from_files_and_folders_in_pem_and_der(pki: Pki, tmp_path: Path) -> None:
    first, second, third = pki.generations
    folder = tmp_path / "roots"
    folder.mkdir()
    (folder / "two.pem").write_bytes(first.pem + second.pem)
    (folder / "README.txt").write_text("not a root")
    single = tmp_path / "third.cer"
    single.write_bytes(third.certificate.public_bytes(Encoding.DER))
    trust = TrustStore.load([folder, single, single], Mode.TEST)
    assert [root.certificate for root in trust.roots] == [
        first.certificate,
        second.certificate,
        third.certificate,
    ]
    assert {root.policy for root in trust.roots} == {CertificatePolicy.SIGNING}


def test_roots_are_described_for_a_person_to_compare(pki: Pki) -> None:
    described = {root.fingerprint: root for root in describe_roots(pki.trust)}
    today, later = (described[fingerprint(one.certificate)] for one in (pki.signing, pki.next_generation))
    assert len(described) == 4
    assert (today.key, later.key) == ("RSA-2048", "P-384")
    assert today.name == later.name
    assert today.name.startswith(
        "OU=Japan Agency for Local Authority Information Systems,OU=JPKI for digital"
    )
    assert today.not_before < today.not_after
    assert len(today.fingerprint) == 64


def test_a_test_root_is_refused_in_production(pki: Pki, tmp_path: Path) -> None:
    with pytest.raises(errors.TestRootInProductionError):
        _store(tmp_path, pki.signing, mode=Mode.PRODUCTION)


def test_one_test_root_among_real_ones_is_refused(pki: Pki, tmp_path: Path) -> None:
    real = make_authority(mode=Mode.PRODUCTION)
    assert len(_store(tmp_path, real, mode=Mode.PRODUCTION).roots) == 1
    with pytest.raises(errors.TestRootInProductionError):
        _store(tmp_path, real, pki.signing, mode=Mode.PRODUCTION)


def test_a_real_root_is_refused_in_a_test(tmp_path: Path) -> None:
    with pytest.raises(ProductionRootInTestError):
        _store(tmp_path, make_authority(mode=Mode.PRODUCTION))


def _name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in attributes])


ORGANISATION = (NameOID.ORGANIZATION_NAME, "JPKI-TEST")
NO_ROOTS: dict[str, dict[str, Any]] = {
    "signed by another key": {"signer": rsa_key("another")},
    "that is no authority": {"constraints": x509.BasicConstraints(ca=False, path_length=None)},
    "that does not say what it is": {"constraints": None},
    "without a key usage": {"usage": None},
    "whose key may not sign certificates": {"usage": key_usage(digital_signature=True)},
    "of 1024 bits": {"key": rsa_key("short", 1024)},
    "of another country's": {"name": _name((NameOID.COUNTRY_NAME, "XX"), ORGANISATION)},
    "with a name of one part": {"name": _name(ORGANISATION)},
    "of another organisation": {
        "name": _name((NameOID.COUNTRY_NAME, "JP"), (NameOID.ORGANIZATION_NAME, "JPKI2"))
    },
    "with one unit too many": {
        "name": x509.Name(
            [
                *authority_name(Mode.TEST, CertificatePolicy.SIGNING),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Sales"),
            ]
        )
    },
}


@pytest.mark.parametrize("fault", NO_ROOTS)
def test_a_certificate_is_no_root(fault: str, tmp_path: Path) -> None:
    with pytest.raises(RootMalformedError) as refused:
        _store(tmp_path, make_authority(**NO_ROOTS[fault]))
    assert "0.pem" in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_that_holds_no_certificate_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "root.cer").write_bytes(content)
    with pytest.raises(RootMalformedError, match=r"root\.cer"):
        TrustStore.load([tmp_path], Mode.TEST)


def test_a_private_key_is_no_root(tmp_path: Path) -> None:
    pem = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    with pytest.raises(RootMalformedError):
        TrustStore.load([tmp_path], Mode.TEST)


def test_a_store_without_roots_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RootMalformedError):
        TrustStore.load([tmp_path], Mode.TEST)
    with pytest.raises(OSError, match="absent"):
        TrustStore.load([tmp_path / "absent.pem"], Mode.TEST)


def test_each_generation_is_told_from_the_others_of_its_name(pki: Pki) -> None:
    for generation in pki.generations:
        for pointer in (generation.pointer(), None):
            issued = generation.issue(pointer=pointer).certificate
            assert pki.trust.find_issuer(issued).certificate == generation.certificate


def test_of_two_roots_with_one_identifier_the_one_that_signed_is_found(tmp_path: Path) -> None:
    identifier = x509.SubjectKeyIdentifier(b"one identifier")
    twins = [
        make_authority(key=key, identifier=identifier, number=7)
        for key in (rsa_key("a"), ec_key("b"), rsa_key("c"))
    ]
    trust = _store(tmp_path, *twins)
    for twin in twins:
        assert trust.find_issuer(twin.issue().certificate).certificate == twin.certificate


def test_a_root_without_an_identifier_has_the_digest_of_its_key(tmp_path: Path) -> None:
    plain = make_authority(identifier=None)
    trust = _store(tmp_path, plain)
    digest = x509.SubjectKeyIdentifier.from_public_key(plain.key.public_key()).digest
    pointing = plain.issue(pointer=x509.AuthorityKeyIdentifier(digest, None, None))
    assert trust.find_issuer(pointing.certificate).certificate == plain.certificate


def _pointing(pki: Pki, **changes: Any) -> IssuedCard:
    pointer = pki.signing.pointer()
    values = {
        "key_identifier": pointer.key_identifier,
        "authority_cert_issuer": pointer.authority_cert_issuer,
        "authority_cert_serial_number": pointer.authority_cert_serial_number,
    } | changes
    return pki.signing.issue(pointer=x509.AuthorityKeyIdentifier(**values))


def test_every_part_of_a_pointer_must_fit(pki: Pki) -> None:
    elsewhere = [x509.DirectoryName(_name((NameOID.COUNTRY_NAME, "JP")))]
    assert pki.trust.find_issuer(_pointing(pki).certificate).certificate == pki.signing.certificate
    for wrong in (
        {"key_identifier": b"another"},
        {"authority_cert_serial_number": 1},
        {"authority_cert_issuer": elsewhere},
    ):
        with pytest.raises(IssuerUnknownError):
            pki.trust.find_issuer(_pointing(pki, **wrong).certificate)


def test_a_certificate_that_signed_itself_has_no_issuer(pki: Pki) -> None:
    own = make_authority(key=rsa_key())
    with pytest.raises(IssuerUnknownError):
        pki.trust.find_issuer(own.certificate)
