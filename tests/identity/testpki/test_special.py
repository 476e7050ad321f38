"""Every special card is special in what its name says, as the registrar's verifier finds."""

import time

import pytest

from identity import errors
from identity.credential import Mode
from identity.jpki.trust import TrustStore
from identity.jpki.verifier import JpkiVerifier
from identity.matching import Candidate, MatchOutcome, match
from identity.revocation.ocsp import OcspChecker
from identity.testpki.card_file import DEFAULT_PASSWORD, DEFAULT_PIN
from identity.testpki.responder import running_responder
from identity.testpki.special import SpecialCard, issue_special_card, person_on_card
from tests.support.people import people
from voter.card import Card

REFUSED = {
    SpecialCard.EXPIRED: errors.CertificateExpiredError,
    SpecialCard.NOT_YET_VALID: errors.CertificateNotYetValidError,
    SpecialCard.REVOKED: errors.CertificateRevokedError,
    SpecialCard.WRONG_POLICY: errors.WrongCertificatePolicyError,
    SpecialCard.WRONG_USAGE: errors.WrongKeyUsageError,
    SpecialCard.AUTHORITY: errors.CertificateIsAuthorityError,
    SpecialCard.IMPOSTOR: errors.IssuerUnknownError,
}
MESSAGE = b"challenge and commitment"


@pytest.fixture(scope="module")
def cards(pki):
    """One card of every kind, each of another person."""
    made = {}
    for kind, (_, person) in zip(SpecialCard, people(len(SpecialCard)), strict=True):
        made[kind] = person, Card.load(issue_special_card(pki, f"special-{kind}", person, kind))
    return made


@pytest.fixture(scope="module")
def verifier(pki):
    with running_responder(pki) as url:
        yield JpkiVerifier(TrustStore.load([pki.roots_file], Mode.TEST), OcspChecker(f"{url}/ocsp"))


@pytest.mark.parametrize("kind", sorted(set(SpecialCard) - REFUSED.keys()))
def test_a_card_without_fault_proves_who_its_owner_is(cards, verifier, kind):
    person, card = cards[kind]
    presented = card.sign(MESSAGE, DEFAULT_PASSWORD).to_credential()
    assert verifier.verify(presented, MESSAGE, int(time.time())).person == person_on_card(kind, person)


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_a_faulty_card_is_refused_for_its_one_fault(cards, verifier, kind):
    presented = cards[kind][1].sign(MESSAGE, DEFAULT_PASSWORD).to_credential()
    with pytest.raises(REFUSED[kind]):
        verifier.verify(presented, MESSAGE, int(time.time()))


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_the_authentication_certificate_of_a_faulty_card_has_the_same_fault(cards, verifier, kind):
    presented = cards[kind][1].authenticate(MESSAGE, DEFAULT_PIN).to_credential()
    fault = errors.CertificateNamesNoPersonError if kind is SpecialCard.REVOKED else REFUSED[kind]
    with pytest.raises(fault):  # a certificate that names nobody is not asked about
        verifier.verify(presented, MESSAGE, int(time.time()))


def test_a_card_with_substitute_characters_still_finds_its_owner_on_the_roll(cards):
    person, _ = cards[SpecialCard.SUBSTITUTE_CHARACTERS]
    on_card = person_on_card(SpecialCard.SUBSTITUTE_CHARACTERS, person)
    assert on_card.name != person.name
    assert on_card.name_substitutions.count("1") == on_card.address_substitutions.count("1") == 1
    found = match(on_card, [Candidate("entry", person)])
    assert (found.outcome, list(found.pseudonyms)) == (MatchOutcome.ONE, ["entry"])


def test_a_card_whose_year_of_birth_alone_is_known_does_not_decide_by_itself(cards):
    person, _ = cards[SpecialCard.UNKNOWN_BIRTH_DATE]
    on_card = person_on_card(SpecialCard.UNKNOWN_BIRTH_DATE, person)
    assert str(on_card.date_of_birth).endswith("-??-??")
    assert match(on_card, [Candidate("entry", person)]).outcome is MatchOutcome.AMBIGUOUS
