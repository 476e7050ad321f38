"""The test PKI's server: what it says about every certificate, and what it does with nonsense."""

import socket

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from identity.testpki.authority import Generation, Purpose
from identity.testpki.responder import Behaviour, list_urls, running_responder
from tests.support.people import people

SHA1 = hashes.SHA1()  # noqa: S303 - names an issuer in requests


@pytest.fixture(scope="module")
def issuer(pki):
    return pki.authority(Purpose.SIGNING, Generation.NEXT).certificate


@pytest.fixture(scope="module")
def revoked(pki, certificate_on):
    path = pki.issue_card("responder-revoked", people(1)[0][1], generation=Generation.NEXT)
    pki.revoke("responder-revoked", reason=x509.ReasonFlags.key_compromise)
    return certificate_on(path)


@pytest.fixture
def behaviour():
    return Behaviour()


@pytest.fixture
def url(pki, behaviour):
    with running_responder(pki, behaviour) as running:
        yield running


def ask(url, request):
    answered = httpx.post(f"{url}/ocsp", content=request)
    assert answered.headers["Content-Type"] == "application/ocsp-response"
    return ocsp.load_der_ocsp_response(answered.content)


def request_for(certificate, issuer, algorithm=SHA1):
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm)
    return builder.build().public_bytes(Encoding.DER)


def test_a_revocation_is_told_with_its_time_and_reason_in_both_ways(url, pki, issuer, revoked):
    entry = pki.register.revocation("signing-next", revoked.serial_number)
    answer = ask(url, request_for(revoked, issuer))
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert answer.revocation_time_utc.timestamp() == entry.revoked_at
    assert answer.revocation_reason is x509.ReasonFlags.key_compromise
    crl = x509.load_der_x509_crl(httpx.get(f"{url}/crl/signing-next.crl").content)
    listed = crl.get_revoked_certificate_by_serial_number(revoked.serial_number)
    assert listed.revocation_date_utc.timestamp() == entry.revoked_at
    assert listed.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == entry.reason


def test_a_certificate_that_was_never_issued_is_unknown(url, pki, issuer):
    assert ask(url, request_for(issuer, issuer)).certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    del pki


def test_every_authority_publishes_a_list_signed_by_itself(url, pki):
    for purpose in Purpose:
        for generation in Generation:
            authority = pki.authority(purpose, generation)
            data = httpx.get(f"{url}/crl/{authority.name}.crl").content
            assert x509.load_der_x509_crl(data).is_signature_valid(authority.certificate.public_key())
    assert len(list_urls(url)) == 6


def test_nonsense_is_answered_as_the_standard_says(url, issuer, revoked):
    assert ask(url, b"nonsense").response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    stranger = request_for(revoked, issuer, hashes.SHA256())
    assert ask(url, stranger).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    assert httpx.get(f"{url}/ocsp/@@@").content == ask(url, b"").public_bytes(Encoding.DER)


@pytest.mark.parametrize("path", ["/", "/crl/", "/crl/../authorities/signing-next.key", "/roots.pem"])
def test_nothing_else_is_published(url, path):
    assert httpx.get(url + path).status_code == 404


@pytest.mark.parametrize("length", ["99999999", "-1", "many"])
def test_a_request_of_impossible_length_is_refused_unread(url, length):
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall(f"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_goes_away_is_not_complained_about(url, behaviour, issuer, revoked, capfd):
    behaviour.rewrite = lambda answer: answer * 100_000  # more than a socket takes at once
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as connection:
        body = request_for(revoked, issuer)
        connection.sendall(b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        connection.recv(10)
    behaviour.rewrite = None
    ask(url, request_for(revoked, issuer))
    assert capfd.readouterr().err == ""


def test_the_server_says_nothing_about_requests(url, issuer, revoked, capfd):
    ask(url, request_for(revoked, issuer))
    assert capfd.readouterr() == ("", "")
