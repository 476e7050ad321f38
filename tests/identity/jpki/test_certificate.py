"""A certificate is exactly one DER-encoded X.509 certificate of version 3, or it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.errors import CertificateMalformedError, CredentialRefusedError, UnsupportedKeyError
from identity.jpki.certificate import MAX_SIZE, parse_certificate, require_profile
from identity.jpki.profile import CertificatePolicy
from tests.support.certificates import AT, Authority, ec_key, make_authority, moment, rsa_key, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Pki

VERSION_3 = bytes.fromhex("a003020102")
# An authority of its own, because Hypothesis asks for no fixture that lasts one test.
AUTHORITY = make_authority(key=ec_key("certificates"))


@pytest.fixture
def der(pki: Pki) -> bytes:
    return pki.signing.issue().der


def _long(content: bytes) -> bytes:
    """A SEQUENCE of 256 to 65,535 bytes."""
    return b"\x30\x82" + len(content).to_bytes(2) + content


def _of_version_1(authority: Authority) -> bytes:
    """A certificate without version and extensions, signed like any other."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.certificate.subject)
        .public_key(rsa_key().public_key())
        .serial_number(1)
        .not_valid_before(moment(AT))
        .not_valid_after(moment(AT))
    )
    made = builder.sign(authority.key, hashes_of(authority))
    body = _long(made.tbs_certificate_bytes[4:].replace(VERSION_3, b"", 1))
    tail = made.public_bytes(Encoding.DER)[4 + len(made.tbs_certificate_bytes) :]
    algorithm = tail[: len(tail) - 260 - 1]
    return _long(body + algorithm + b"\x03\x82\x01\x01\x00" + sign(authority.key, body))


def hashes_of(authority: Authority):
    return authority.certificate.signature_hash_algorithm


def test_a_version_1_certificate_is_well_formed_but_refused(pki: Pki) -> None:
    der = _of_version_1(pki.signing)
    found = x509.load_der_x509_certificate(der)
    assert found.version is x509.Version.v1
    found.verify_directly_issued_by(pki.signing.certificate)
    with pytest.raises(CertificateMalformedError):
        parse_certificate(der)


def _set(der: bytes, at: int, value: int) -> bytes:
    return der[:at] + bytes([value]) + der[at + 1 :]


def _number(der: bytes) -> int:
    """Where the certificate's number begins: after the version."""
    return der.index(VERSION_3) + len(VERSION_3) + 2


MALFORMED: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "text": lambda _: b"-----BEGIN CERTIFICATE-----",
    "half of it": lambda der: der[: len(der) // 2],
    "one byte less": lambda der: der[:-1],
    "one byte more": lambda der: der + b"\x00",
    "two of them": lambda der: der + der,
    "an indefinite length": lambda der: b"\x30\x80" + der[4:] + b"\x00\x00",
    "a length with a leading zero": lambda der: b"\x30\x83\x00" + der[2:],
    "another outer tag": lambda der: b"\x31" + der[1:],
    "the outer tag in its long form": lambda der: b"\x3f\x10" + der[1:],
    "version 4": lambda der: _set(der, der.index(VERSION_3) + 4, 3),
    "version 1, written out": lambda der: _set(der, der.index(VERSION_3) + 4, 0),
    "a body that is too long": lambda der: _set(der, 3, der[3] ^ 1),
    "more than a certificate may have": lambda _: _with_extension(bytes(MAX_SIZE)),
    "a key off the curve's field": lambda _: _with_key(b"\xff" * 96),
}


def _with_extension(content: bytes) -> bytes:
    return AUTHORITY.issue(
        extra=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), content), False)]
    ).der


def _with_key(point: bytes) -> bytes:
    """A certificate for a key on P-384 whose point is replaced."""
    key = ec_key("replaced")
    numbers = key.public_key().public_numbers()
    der = AUTHORITY.issue(key=key).der
    return der.replace(numbers.x.to_bytes(48) + numbers.y.to_bytes(48), point)


@pytest.mark.parametrize("fault", MALFORMED)
def test_what_is_no_certificate_is_refused(fault: str, der: bytes) -> None:
    assert parse_certificate(der).public_bytes(Encoding.DER) == der
    with pytest.raises(CertificateMalformedError):
        parse_certificate(MALFORMED[fault](der))


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # the library warns; we refuse
@pytest.mark.parametrize("number", [0x00, 0x80, 0xFF])
def test_a_number_that_is_not_positive_is_refused(number: int, der: bytes) -> None:
    start = _number(der)
    short = der[: start - 1] + b"\x01" + bytes([number]) + der[start + der[start - 1] :]
    lost = len(der) - len(short)
    body = int.from_bytes(der[6:8]) - lost
    fitting = b"\x30\x82" + (len(short) - 4).to_bytes(2) + b"\x30\x82" + body.to_bytes(2) + short[8:]
    assert x509.load_der_x509_certificate(fitting).serial_number <= 0
    with pytest.raises(CertificateMalformedError):
        parse_certificate(fitting)


def test_an_extension_that_comes_twice_is_refused(der: bytes) -> None:
    key_usage, other = bytes.fromhex("0603551d0f"), bytes.fromhex("0603551d0e")
    assert der.count(other) == 1
    with pytest.raises(CertificateMalformedError):
        parse_certificate(der.replace(other, key_usage))


def test_a_key_of_an_unknown_kind_is_refused(der: bytes) -> None:
    rsa, unknown = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d01017f")
    with pytest.raises(UnsupportedKeyError):
        parse_certificate(der.replace(rsa, unknown))


def _shorter(der: bytes, at: int) -> bytes:
    """The same with two less in the two-byte length of the SEQUENCE that begins at `at`."""
    assert der[at : at + 2] == b"\x30\x82"
    return der[: at + 2] + (int.from_bytes(der[at + 2 : at + 4]) - 2).to_bytes(2) + der[at + 4 :]


def test_an_rsa_key_that_is_for_another_padding_is_refused(der: bytes) -> None:
    rsa, pss = bytes.fromhex("300d06092a864886f70d0101010500"), bytes.fromhex("300b06092a864886f70d01010a")
    key_info = der.index(rsa) - 4
    for sequence in (0, 4, key_info):
        der = _shorter(der, sequence)
    certificate = parse_certificate(der.replace(rsa, pss))
    assert certificate.public_key().public_numbers() == rsa_key().public_key().public_numbers()
    with pytest.raises(UnsupportedKeyError):
        require_profile(certificate)


@settings(max_examples=300)
@given(data=st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(CertificateMalformedError):
        parse_certificate(data)


CARD = AUTHORITY.issue(key=ec_key("mutated")).der


@settings(max_examples=300)
@given(at=st.integers(0, len(CARD) - 1), value=st.integers(0, 255))
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_certificate_with_one_byte_changed_is_read_or_refused_and_nothing_else_happens(
    at: int, value: int
) -> None:
    try:
        policy = require_profile(parse_certificate(_set(CARD, at, value)))
    except CredentialRefusedError:
        return
    assert policy is CertificatePolicy.SIGNING
