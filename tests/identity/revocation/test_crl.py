"""Revocation lists over real HTTP: the issuer's own, whole, current, and fetched once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from identity.errors import RevocationUnavailableError
from identity.revocation import crl as crl_module
from identity.revocation.crl import CrlChecker
from identity.revocation.crl_answer import read_crl, status_in_crl
from identity.revocation.outcome import CLOCK_SKEW
from identity.revocation.status import RevocationProof, RevocationStatus, verify_proof
from identity.testpki.authority import Generation, Purpose, hash_for
from identity.testpki.responder import LIST_SECONDS, list_urls


def refusing(words):
    return pytest.raises(RevocationUnavailableError, match=words)


@pytest.fixture
def checker(url):
    made = CrlChecker(list_urls(url), timeout=5)
    yield made
    made.close()


@pytest.fixture
def present_only(url):
    return CrlChecker([f"{url}/crl/signing-present.crl"], timeout=5)


class Forger:
    """Builds lists part by part; by default a true one that names nobody."""

    def __init__(self, pki, now):
        self.authority = pki.authority(Purpose.SIGNING, Generation.PRESENT)
        self.now = now

    def list(self, *, extensions=(), key=None, hash_algorithm=None, listed=(), ends=LIST_SECONDS):
        at = datetime.fromtimestamp(self.now, UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.authority.certificate.subject)
            .last_update(at)
            .next_update(at + timedelta(seconds=ends))
        )
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, is_critical)
        for certificate in listed:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder(certificate.serial_number, at).build()
            )
        key = key or self.authority.key
        return builder.sign(key, hash_algorithm or hash_for(key)).public_bytes(Encoding.DER)


@pytest.fixture
def forger(pki, now):
    return Forger(pki, now)


def judged(data, about, at):
    return status_in_crl(read_crl(data), about.certificate, about.issuer, at)


def scope(full_name=None, **only):
    chosen = {
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    } | only
    return x509.IssuingDistributionPoint(full_name=full_name, **chosen), True


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("generation", list(Generation))
def test_the_list_is_chosen_by_the_issuers_key(checker, issued, now, generation, purpose):
    card = issued(generation.value, purpose)
    proof = checker.check(card.certificate, card.issuer, now)
    assert (proof.status, proof.source, proof.checked_at) == ("good", "crl", now)
    assert read_crl(proof.data).is_signature_valid(card.issuer.public_key())


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_listed_certificate_is_revoked(checker, issued, now, purpose):
    card = issued("revoked", purpose)
    assert checker.check(card.certificate, card.issuer, now).status is RevocationStatus.REVOKED


def test_the_lists_of_namesakes_are_no_answer(url, issued, now):
    checker, card = CrlChecker([f"{url}/crl/signing-old.crl", f"{url}/crl/signing-next.crl"]), issued()
    with refusing("None of the revocation lists is signed by the certificate's issuer"):
        checker.check(card.certificate, card.issuer, now)


def test_a_list_is_fetched_once_until_the_next_one_is_due(present_only, issued, behaviour, now):
    card = issued()
    for at in (now, now + 10, now + LIST_SECONDS // 2):
        present_only.check(card.certificate, card.issuer, at)
    assert behaviour.asked == 1
    behaviour.shift = LIST_SECONDS
    present_only.check(card.certificate, card.issuer, now + LIST_SECONDS + 5)
    assert behaviour.asked == 2


def test_threads_wait_for_one_fetch(present_only, issued, behaviour, now):
    card, revoked = issued(), issued("revoked")

    def look_up(turn):
        about = (card, revoked)[turn % 2]
        return present_only.check(about.certificate, about.issuer, now).status

    with ThreadPoolExecutor(16) as threads:
        told = list(threads.map(look_up, range(64)))
    assert told == ["good", "revoked"] * 32
    assert behaviour.asked == 1


def test_a_list_that_is_over_when_nobody_publishes_a_new_one_is_no_answer(
    present_only, issued, behaviour, now
):
    card = issued()
    present_only.check(card.certificate, card.issuer, now)
    behaviour.status = 503
    with refusing("HTTP status 503"):
        present_only.check(card.certificate, card.issuer, now + LIST_SECONDS)


@pytest.mark.parametrize(
    "wrong",
    [(-LIST_SECONDS - CLOCK_SKEW - 60, "out of date"), (CLOCK_SKEW + 60, "from the future")],
)
def test_a_stale_list_and_one_from_the_future_are_no_answer(present_only, issued, behaviour, now, wrong):
    behaviour.shift, words = wrong
    card = issued()
    with refusing(words):
        present_only.check(card.certificate, card.issuer, now)


@pytest.mark.parametrize("garble", [lambda _: b"", lambda _: b"<html>", lambda data: data[:-1]])
def test_a_malformed_list_is_no_answer(present_only, issued, behaviour, now, garble):
    behaviour.rewrite = garble
    card = issued()
    with refusing("cannot be read"):
        present_only.check(card.certificate, card.issuer, now)


def test_a_server_that_hangs_is_given_up(url, issued, behaviour, now):
    behaviour.hang = True
    card = issued()
    with refusing("did not answer in time"):
        CrlChecker([f"{url}/crl/signing-present.crl"], timeout=0.3).check(card.certificate, card.issuer, now)


def test_a_list_beyond_all_measure_is_not_read(present_only, issued, now, monkeypatch):
    monkeypatch.setattr(crl_module, "MAX_LIST_BYTES", 100)
    card = issued()
    with refusing("more than 100 bytes"):
        present_only.check(card.certificate, card.issuer, now)


def test_one_dead_server_does_not_hide_the_issuers_list(url, issued, now):
    lists = [f"{url}/crl/nothing.crl", f"{url}/crl/signing-present.crl"]
    card = issued("revoked")
    assert CrlChecker(lists).check(card.certificate, card.issuer, now).status is RevocationStatus.REVOKED


def test_where_the_issuers_list_may_be_the_missing_one_the_failure_is_told(url, issued, now):
    lists = [f"{url}/crl/signing-old.crl", f"{url}/crl/nothing.crl"]
    card = issued()
    with refusing("HTTP status 404"):
        CrlChecker(lists).check(card.certificate, card.issuer, now)


def test_a_list_of_a_same_named_impostor_is_no_answer(forger, issued, answering, now):
    card = issued("revoked")
    false = forger.list(key=rsa.generate_private_key(65537, 2048))
    with answering(lambda _: false) as url, refusing("None of the revocation lists"):
        CrlChecker([url]).check(card.certificate, card.issuer, now)


def test_the_true_list_names_whom_it_names(forger, issued, now):
    card = issued()
    assert judged(forger.list(), card, now) is RevocationStatus.GOOD
    assert judged(forger.list(listed=[card.certificate]), card, now) is RevocationStatus.REVOKED


def test_a_weak_hash_under_a_list_proves_nothing(forger, issued, now):
    with refusing("not signed by the certificate's issuer"):
        judged(forger.list(hash_algorithm=hashes.SHA224()), issued(), now)


def test_an_authority_that_may_not_sign_lists_signs_none(forger, issued, now):
    """A voter's certificate stands in for the issuer: right name, right key, no right to sign lists."""
    card = issued()
    key = rsa.generate_private_key(65537, 2048)
    name = forger.authority.certificate.subject
    at = datetime.fromtimestamp(now, UTC)
    usage = card.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    weak = (
        x509.CertificateBuilder(name, name, key.public_key(), 5)
        .not_valid_before(at)
        .not_valid_after(at)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    with refusing("not signed by the certificate's issuer"):
        judged(forger.list(key=key), replace(card, issuer=weak), now)


@pytest.mark.parametrize(
    "extension",
    [
        scope(only_contains_ca_certs=True),
        scope(only_contains_attribute_certs=True),
        scope(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])),
        scope(indirect_crl=True),
        scope(full_name=[x509.UniformResourceIdentifier("http://elsewhere.example/ca.crl")]),
    ],
    ids=["authorities only", "attributes only", "some reasons", "others' certificates", "another place's"],
)
def test_a_list_that_covers_other_certificates_is_no_answer(forger, issued, now, extension):
    with refusing("does not cover"):
        judged(forger.list(extensions=[extension]), issued(), now)


def test_a_list_for_people_at_the_certificates_own_place_is_one(forger, issued, now):
    card = issued()
    points = card.certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    ours = scope(full_name=points[0].full_name, only_contains_user_certs=True)
    assert judged(forger.list(extensions=[ours]), card, now) is RevocationStatus.GOOD


def test_a_list_of_changes_is_no_answer(forger, issued, now):
    with refusing("only the changes"):
        judged(forger.list(extensions=[(x509.DeltaCRLIndicator(1), True)]), issued(), now)


def test_a_critical_part_that_is_not_understood_makes_a_list_no_answer(forger, issued, now):
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert judged(forger.list(extensions=[(strange, False)]), issued(), now) is RevocationStatus.GOOD
    with refusing("not understood"):
        judged(forger.list(extensions=[(strange, True)]), issued(), now)


def test_a_kept_list_is_checked_again_without_a_network(checker, issued, now):
    card, revoked = issued(), issued("revoked")
    kept = RevocationProof.from_json(checker.check(card.certificate, card.issuer, now).to_json())
    assert verify_proof(kept, card.certificate, card.issuer, now) is RevocationStatus.GOOD
    with refusing("out of date"):
        verify_proof(kept, card.certificate, card.issuer, now + 86_400)
    with refusing("says good, but the signed answer says revoked"):
        verify_proof(kept, revoked.certificate, revoked.issuer, now)
    other = issued("old")
    with refusing("not signed by the certificate's issuer"):
        verify_proof(kept, other.certificate, other.issuer, now)
