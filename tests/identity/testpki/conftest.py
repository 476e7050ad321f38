"""A test PKI for the session, and its certificates as a registrar gets them."""

import pytest
from cryptography import x509

from identity.testpki.authority import Purpose
from identity.testpki.card_file import DEFAULT_PASSWORD, DEFAULT_PIN
from identity.testpki.directory import TestPki
from voter.card import Card


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    made = TestPki.create(tmp_path_factory.mktemp("testpki") / "pki")
    yield made
    made.close()


def certificate_on(path, purpose=Purpose.SIGNING):
    card = Card.load(path)
    signed = (
        card.sign(b"m", DEFAULT_PASSWORD)
        if purpose is Purpose.SIGNING
        else card.authenticate(b"m", DEFAULT_PIN)
    )
    return x509.load_der_x509_certificate(signed.certificate)


@pytest.fixture(name="certificate_on", scope="session")
def give_certificate_on():
    """The certificate on the card in a folder."""
    return certificate_on
