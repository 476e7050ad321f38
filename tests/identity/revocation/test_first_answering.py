"""Asking OCSP first and the list only where OCSP has no answer to believe."""

import pytest

from identity.errors import RevocationUnavailableError
from identity.revocation.crl import CrlChecker
from identity.revocation.first_answering import FirstAnswering
from identity.revocation.ocsp import OcspChecker
from identity.revocation.status import RevocationSource, RevocationStatus
from identity.testpki.responder import Behaviour, list_urls, running_responder


@pytest.fixture
def lists(pki):
    """The lists on a second server, whose behaviour a test changes."""
    behaviour = Behaviour()
    with running_responder(pki, behaviour) as url:
        yield CrlChecker(list_urls(url)), behaviour


@pytest.fixture
def both(url, lists):
    return FirstAnswering([OcspChecker(f"{url}/ocsp", timeout=0.5), lists[0]])


def test_the_first_answer_counts_and_nobody_else_is_asked(both, lists, issued, now):
    card = issued("revoked")
    proof = both.check(card.certificate, card.issuer, now)
    assert (proof.status, proof.source) == (RevocationStatus.REVOKED, RevocationSource.OCSP)
    assert lists[1].asked == 0


def test_not_knowing_a_certificate_is_an_answer(both, lists, issued, behaviour, now):
    behaviour.unknown = True
    card = issued()
    assert both.check(card.certificate, card.issuer, now).status is RevocationStatus.UNKNOWN
    assert lists[1].asked == 0


@pytest.mark.parametrize("trouble", [{"hang": True}, {"status": 500}, {"shift": -9000}])
def test_without_a_believable_answer_the_next_one_is_asked(both, issued, behaviour, now, trouble):
    vars(behaviour).update(trouble)
    for name, status in (("present", RevocationStatus.GOOD), ("revoked", RevocationStatus.REVOKED)):
        card = issued(name)
        proof = both.check(card.certificate, card.issuer, now)
        assert (proof.status, proof.source) == (status, RevocationSource.CRL)


def test_when_nobody_answers_each_ones_reason_is_told(both, lists, issued, behaviour, now):
    behaviour.hang, lists[1].status = True, 503
    card = issued()
    with pytest.raises(RevocationUnavailableError, match=r"did not answer in time.*HTTP status 503"):
        both.check(card.certificate, card.issuer, now)


def test_somebody_must_be_asked():
    with pytest.raises(ValueError, match="nobody to ask"):
        FirstAnswering([])
