"""OCSP over real HTTP: every answer is an outcome, and everything else is no answer."""

import socket
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from identity.errors import RevocationUnavailableError
from identity.revocation.ocsp import MAX_ANSWER_BYTES, OcspChecker
from identity.revocation.ocsp_answer import status_in_ocsp_answer
from identity.revocation.outcome import CLOCK_SKEW
from identity.revocation.status import RevocationProof, RevocationStatus, verify_proof
from identity.testpki.authority import Generation, Purpose, hash_for
from identity.testpki.card_file import DEFAULT_PASSWORD, SIGNING_FILE
from identity.testpki.responder import ANSWER_SECONDS

BY_HASH, BY_NAME = ocsp.OCSPResponderEncoding.HASH, ocsp.OCSPResponderEncoding.NAME
SHA1 = hashes.SHA1()  # noqa: S303 - names an issuer in requests and answers


def refusing(words):
    return pytest.raises(RevocationUnavailableError, match=words)


@pytest.fixture
def checker(url):
    made = OcspChecker(f"{url}/ocsp", timeout=5)
    yield made
    made.close()


class Forger:
    """Builds answers part by part; by default a true one, made by the appointed responder."""

    def __init__(self, pki, about, now):
        self.authority = pki.authority(Purpose.SIGNING, Generation.PRESENT)
        self.about = about
        self.now = now

    def answer(
        self,
        *,
        signer=None,
        key=None,
        included=None,
        named=BY_HASH,
        begins=0,
        ends=ANSWER_SECONDS,
        status=ocsp.OCSPCertStatus.GOOD,
        hash_algorithm=None,
        about=None,
        nonce=None,
        id_hash=None,
        revoked=None,
    ):
        about = about or self.about
        signer = signer or self.authority.responder
        key = key or self.authority.responder_key
        at = datetime.fromtimestamp(self.now, UTC)
        builder = ocsp.OCSPResponseBuilder().add_response(
            about.certificate,
            about.issuer,
            id_hash or SHA1,
            status,
            at + timedelta(seconds=begins),
            None if ends is None else at + timedelta(seconds=ends),
            revoked,
            None,
        )
        builder = builder.responder_id(named, signer)
        certificates = [signer] if included is None else included
        if certificates:
            builder = builder.certificates(certificates)
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return builder.sign(key, hash_algorithm or hash_for(key)).public_bytes(Encoding.DER)

    def appointed(
        self, key, *, usages=(ExtendedKeyUsageOID.OCSP_SIGNING,), days=(-1, 1), issuer=None, name=None
    ):
        """A responder's certificate from this authority, or from `issuer`."""
        issuer = issuer or self.authority
        at = datetime.fromtimestamp(self.now, UTC)
        name = name or x509.Name.from_rfc4514_string("CN=OCSP Responder,O=JPKI-TEST,C=JP")
        builder = (
            x509.CertificateBuilder(issuer.certificate.subject, name, key.public_key(), 77)
            .not_valid_before(at + timedelta(days=days[0]))
            .not_valid_after(at + timedelta(days=days[1]))
        )
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        return builder.sign(issuer.key, hash_for(issuer.key))


@pytest.fixture
def forger(pki, issued, now):
    return Forger(pki, issued(), now)


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("generation", list(Generation))
def test_a_certificate_of_every_authority_is_good(checker, issued, now, generation, purpose):
    card = issued(generation.value, purpose)
    proof = checker.check(card.certificate, card.issuer, now)
    assert (proof.status, proof.source, proof.checked_at) == ("good", "ocsp", now)
    assert verify_proof(proof, card.certificate, card.issuer, now) is RevocationStatus.GOOD


def test_a_revoked_certificate_is_revoked(checker, issued, now):
    card = issued("revoked")
    proof = checker.check(card.certificate, card.issuer, now)
    assert proof.status is RevocationStatus.REVOKED
    assert verify_proof(proof, card.certificate, card.issuer, now) is RevocationStatus.REVOKED


def test_a_certificate_that_the_authority_does_not_know_is_unknown(checker, issued, behaviour, now):
    behaviour.unknown = True
    card = issued()
    proof = checker.check(card.certificate, card.issuer, now)
    assert proof.status is RevocationStatus.UNKNOWN
    assert verify_proof(proof, card.certificate, card.issuer, now) is RevocationStatus.UNKNOWN


def test_asked_about_a_namesake_of_the_issuer_the_authority_knows_nothing(checker, issued, pki, now):
    card = issued("present")
    namesake = pki.authority(Purpose.SIGNING, Generation.OLD).certificate
    assert namesake.subject == card.issuer.subject
    assert checker.check(card.certificate, namesake, now).status is RevocationStatus.UNKNOWN


def test_a_responder_that_hangs_is_given_up(url, issued, behaviour, now):
    behaviour.hang = True
    card = issued()
    with refusing("did not answer in time"):
        OcspChecker(f"{url}/ocsp", timeout=0.3).check(card.certificate, card.issuer, now)


def test_an_answer_that_trickles_in_is_given_up(issued, now):
    card = issued()
    with trickling() as url, refusing("did not answer in time"):
        OcspChecker(url, timeout=0.3).check(card.certificate, card.issuer, now)


def test_an_environments_proxy_is_not_asked(url, issued, now, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    card = issued()
    assert OcspChecker(f"{url}/ocsp").check(card.certificate, card.issuer, now).status == "good"


def test_a_refused_connection_says_so(issued, now):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take the port
        card = issued()
        with refusing("cannot be reached"):
            OcspChecker(f"http://127.0.0.1:{taken.getsockname()[1]}/").check(
                card.certificate, card.issuer, now
            )


@pytest.mark.parametrize("url", ["http://", "ftp://127.0.0.1/", "nothing"])
def test_an_address_that_is_none_says_so(issued, now, url):
    card = issued()
    with refusing("server"):
        OcspChecker(url).check(card.certificate, card.issuer, now)


@pytest.mark.parametrize("status", [204, 302, 400, 404, 500, 503])
def test_an_http_error_is_no_answer(checker, issued, behaviour, now, status):
    behaviour.status = status
    card = issued()
    with refusing(f"HTTP status {status}"):
        checker.check(card.certificate, card.issuer, now)


@pytest.mark.parametrize(
    "garble",
    [
        lambda _: b"",
        lambda _: b"<html>maintenance</html>",
        lambda answer: answer[:-1],
        lambda answer: answer[: len(answer) // 2],
        lambda answer: answer + b"\0",
    ],
    ids=["empty", "html", "one byte short", "half", "one byte more"],
)
def test_a_malformed_answer_is_no_answer(checker, issued, behaviour, now, garble):
    behaviour.rewrite = garble
    card = issued()
    with refusing("cannot be read"):
        checker.check(card.certificate, card.issuer, now)


def test_a_server_that_breaks_off_is_no_answer(issued, now):
    card = issued()
    with trickling(breaks_off=True) as url, refusing("broke off"):
        OcspChecker(url, timeout=5).check(card.certificate, card.issuer, now)


@pytest.mark.parametrize(
    "refusal",
    [status for status in ocsp.OCSPResponseStatus if status is not ocsp.OCSPResponseStatus.SUCCESSFUL],
)
def test_an_error_of_the_responder_is_no_answer(checker, issued, behaviour, now, refusal):
    behaviour.refuse = refusal
    card = issued()
    with refusing("no answer but an error"):
        checker.check(card.certificate, card.issuer, now)


def test_an_answer_larger_than_any_true_one_is_not_read(checker, issued, behaviour, now):
    behaviour.rewrite = lambda answer: answer + bytes(MAX_ANSWER_BYTES)
    card = issued()
    with refusing("more than"):
        checker.check(card.certificate, card.issuer, now)


def test_an_answer_recorded_before_the_revocation_cannot_be_replayed(checker, issued, behaviour, now):
    recorded = []
    behaviour.rewrite = lambda answer: recorded.append(answer) or answer
    card = issued()
    checker.check(card.certificate, card.issuer, now)
    behaviour.rewrite = lambda _: recorded[0]
    with refusing("nonce differs"):
        checker.check(card.certificate, card.issuer, now)


def test_without_a_nonce_an_answer_counts_while_it_is_fresh_and_not_after(forger, issued, answering, now):
    prepared, card = forger.answer(), issued()
    with answering(lambda _: prepared) as url:
        checker = OcspChecker(url, nonce_required=False)
        assert checker.check(card.certificate, card.issuer, now).status is RevocationStatus.GOOD
        with refusing("out of date"):
            checker.check(card.certificate, card.issuer, now + ANSWER_SECONDS + CLOCK_SKEW + 1)
        with refusing("nonce differs"):
            OcspChecker(url).check(card.certificate, card.issuer, now)


def test_every_request_has_a_nonce_of_its_own(issued, answering, now):
    asked, card = [], issued()
    with answering(lambda request: asked.append(request) or b"") as url:
        checker = OcspChecker(url)
        for _ in range(2):
            with refusing("cannot be read"):
                checker.check(card.certificate, card.issuer, now)
    nonces = {
        ocsp.load_der_ocsp_request(request).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        for request in asked
    }
    assert len(nonces) == 2
    assert {len(nonce) for nonce in nonces} == {32}


@pytest.mark.parametrize(
    "wrong",
    [(-ANSWER_SECONDS - CLOCK_SKEW - 60, "out of date"), (CLOCK_SKEW + 60, "from the future")],
)
def test_a_stale_answer_and_one_from_the_future_are_none(checker, issued, behaviour, now, wrong):
    behaviour.shift, words = wrong
    card = issued()
    with refusing(words):
        checker.check(card.certificate, card.issuer, now)


@pytest.mark.parametrize("shift", [-ANSWER_SECONDS - 30, 60])
def test_clocks_may_differ_a_little(checker, issued, behaviour, now, shift):
    behaviour.shift = shift
    card = issued()
    assert checker.check(card.certificate, card.issuer, now).status is RevocationStatus.GOOD


def test_an_answer_without_an_end_counts_for_its_moment_only(forger, now):
    answer = forger.answer(ends=None)
    assert judged(answer, forger.about, now) is RevocationStatus.GOOD
    with refusing("out of date"):
        judged(answer, forger.about, now + 3600)


def test_the_answer_about_another_certificate_is_none(forger, issued, now):
    answer = forger.answer(about=issued("revoked"), status=ocsp.OCSPCertStatus.GOOD)
    with refusing("another certificate"):
        judged(answer, issued("present"), now)


def test_the_answer_about_the_same_number_of_a_namesake_is_none(forger, pki, now):
    namesake = pki.authority(Purpose.SIGNING, Generation.OLD).certificate
    with refusing("another certificate"):
        judged(forger.answer(about=replace(forger.about, issuer=namesake)), forger.about, now)


def test_the_issuer_may_answer_itself_named_by_key_or_name(forger, now):
    for named in (BY_HASH, BY_NAME):
        answer = forger.answer(
            signer=forger.authority.certificate, key=forger.authority.key, named=named, included=[]
        )
        assert judged(answer, forger.about, now) is RevocationStatus.GOOD


@pytest.mark.parametrize("named", [BY_HASH, BY_NAME])
def test_an_appointed_responder_is_found_by_key_or_name(forger, now, named):
    assert judged(forger.answer(named=named), forger.about, now) is RevocationStatus.GOOD


def test_certificates_may_be_identified_with_sha_256(forger, now):
    assert judged(forger.answer(id_hash=hashes.SHA256()), forger.about, now) is RevocationStatus.GOOD


@pytest.mark.parametrize("claimed", ["certificate", "responder"])
def test_an_answer_in_a_true_signers_name_with_another_key_is_none(forger, now, claimed):
    """The issuer's name, or the appointed responder's with its certificate; the key is a stranger's."""
    true = getattr(forger.authority, claimed)
    key = ec.generate_private_key(ec.SECP256R1())
    double = forger.appointed(key, name=true.subject, issuer=replace(forger.authority, key=key))
    answer = forger.answer(signer=double, key=key, named=BY_NAME, included=[true])
    with refusing("signature on the OCSP answer is wrong"):
        judged(answer, forger.about, now)


def test_a_certificate_that_came_with_the_answer_appoints_nobody(forger, now):
    """A stranger's own authority, of the same name, appoints a stranger's responder."""
    key, stranger = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    false_authority = replace(forger.authority, key=stranger)
    signer = forger.appointed(key, issuer=false_authority)
    with refusing("did not appoint"):
        judged(forger.answer(signer=signer, key=key), forger.about, now)


@pytest.mark.parametrize("generation", [Generation.OLD, Generation.NEXT])
def test_the_responder_of_another_generation_of_that_name_is_somebody_else(forger, pki, now, generation):
    other = pki.authority(Purpose.SIGNING, generation)
    with refusing("did not appoint"):
        judged(forger.answer(signer=other.responder, key=other.responder_key), forger.about, now)


@pytest.mark.parametrize("usages", [(), (ExtendedKeyUsageOID.CLIENT_AUTH,)])
def test_a_certificate_of_the_issuer_without_the_right_to_answer_may_not(forger, now, usages):
    key = ec.generate_private_key(ec.SECP256R1())
    signer = forger.appointed(key, usages=usages)
    with refusing("did not appoint"):
        judged(forger.answer(signer=signer, key=key), forger.about, now)


def test_a_voter_cannot_answer_with_the_card(forger, pki, now):
    data = (pki.card_path("present") / SIGNING_FILE).read_bytes()
    opened = pkcs12.load_pkcs12(data, DEFAULT_PASSWORD.encode())
    answer = forger.answer(signer=opened.cert.certificate, key=opened.key)
    with refusing("did not appoint"):
        judged(answer, forger.about, now)


@pytest.mark.parametrize("days", [(-9, -1), (1, 9)])
def test_an_appointment_counts_in_its_time_only(forger, now, days):
    key = ec.generate_private_key(ec.SECP256R1())
    signer = forger.appointed(key, days=days)
    with refusing("did not appoint"):
        judged(forger.answer(signer=signer, key=key), forger.about, now)


def test_a_weak_hash_under_the_signature_proves_nothing(forger, now):
    with refusing("signature on the OCSP answer is wrong"):
        judged(forger.answer(hash_algorithm=hashes.SHA224()), forger.about, now)


def test_no_single_changed_byte_makes_a_revoked_certificate_good(responder, issued, now):
    card = issued("revoked")
    request = ocsp.OCSPRequestBuilder().add_certificate(card.certificate, card.issuer, SHA1).build()
    true = responder.answer(request.public_bytes(Encoding.DER))
    believed = []
    for position in range(len(true)):
        changed = bytearray(true)
        changed[position] ^= 0x01
        try:
            believed.append(judged(bytes(changed), card, now))
        except RevocationUnavailableError:
            continue
    assert set(believed) <= {RevocationStatus.REVOKED}
    assert judged(true, card, now) is RevocationStatus.REVOKED


def test_a_kept_answer_is_checked_again_without_a_network(checker, issued, now):
    card = issued()
    kept = RevocationProof.from_json(checker.check(card.certificate, card.issuer, now).to_json())
    assert verify_proof(kept, card.certificate, card.issuer, now) is RevocationStatus.GOOD
    for at in (now - 86_400, now + 86_400):
        with refusing("out of date|from the future"):
            verify_proof(kept, card.certificate, card.issuer, at)
    other = issued("next")
    with refusing("did not appoint"):
        verify_proof(kept, other.certificate, other.issuer, now)


def test_a_record_cannot_claim_more_than_the_signed_answer(checker, issued, now):
    card = issued("revoked")
    proof = checker.check(card.certificate, card.issuer, now)
    with refusing("says good, but the signed answer says revoked"):
        verify_proof(replace(proof, status=RevocationStatus.GOOD), card.certificate, card.issuer, now)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "fine"},
        {"source": "hearsay"},
        {"data": "###"},
        {"data": None},
        {"checked_at": "now"},
        {"checked_at": True},
    ],
)
def test_a_record_of_another_form_is_refused(change):
    record = {"status": "good", "source": "ocsp", "data": "AA==", "checked_at": 1} | change
    with pytest.raises(ValueError, match=r"record|valid"):
        RevocationProof.from_json(record)


def test_threads_share_a_checker(checker, issued, now):
    cards = [issued(name) for name in ("old", "present", "next", "revoked")]

    def ask(turn):
        card = cards[turn % 4]
        return checker.check(card.certificate, card.issuer, now).status

    with ThreadPoolExecutor(16) as threads:
        told = list(threads.map(ask, range(200)))
    assert told == [("revoked" if turn % 4 == 3 else "good") for turn in range(200)]


def test_the_responder_also_answers_get(url, issued, responder, now):
    card = issued()
    request = ocsp.OCSPRequestBuilder().add_certificate(card.certificate, card.issuer, SHA1).build()
    encoded = request.public_bytes(Encoding.DER)
    answer = httpx.get(f"{url}/ocsp/{quote(b64encode(encoded).decode(), safe='')}").content
    assert judged(answer, card, now) is RevocationStatus.GOOD
    assert judged(responder.answer(encoded), card, now) is RevocationStatus.GOOD


def judged(answer, about, at):
    return status_in_ocsp_answer(answer, about.certificate, about.issuer, at)


@contextmanager
def trickling(*, breaks_off=False):
    """A server that announces a body and then sends it a byte at a time, for ever, or not at all."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
                while not breaks_off and not stop.wait(0.02):
                    try:
                        connection.sendall(b"0")
                    except OSError:
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        stop.set()
        thread.join()
