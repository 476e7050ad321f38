"""A card signs for whoever knows its password, and locks itself against everybody else."""

import json
import stat
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from identity.testpki.authority import Generation
from identity.testpki.card_file import AUTHENTICATION_FILE, SIGNING_FILE, CardSecrets
from identity.testpki.directory import TestPki
from tests.support.people import people
from voter import card as card_module
from voter.card import (
    Card,
    CardError,
    CardKey,
    CardLockedError,
    CardSecretImpossibleError,
    CardSecretRefusedError,
    NoCardError,
)

PASSWORD, PIN = "Sakura2026", "4711"
WRONG_PASSWORD, WRONG_PIN = "Sakura2027", "4712"
MESSAGE = b"challenge and commitment"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = TestPki.create(tmp_path_factory.mktemp("cards") / "pki")
    yield made
    made.close()


@pytest.fixture
def folder(pki, request):
    """A fresh card's folder; P-384, because that is quick."""
    return issue(pki, request.node.name, Generation.NEXT)


@pytest.fixture
def card(folder):
    return Card.load(folder)


def issue(pki, name, generation):
    (_, person), *_ = people(1)
    return pki.issue_card(name, person, generation=generation, card_secrets=CardSecrets(PASSWORD, PIN))


def verify(signed, message=MESSAGE):
    key = x509.load_der_x509_certificate(signed.certificate).public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        assert key.curve.name == "secp384r1"
        key.verify(signed.signature, message, ec.ECDSA(hashes.SHA384()))
    else:
        assert key.key_size == 2048
        key.verify(signed.signature, message, padding.PKCS1v15(), hashes.SHA256())


def wrong(card, times):
    for _ in range(times):
        with pytest.raises(CardError):
            card.sign(MESSAGE, WRONG_PASSWORD)


@pytest.mark.parametrize("generation", list(Generation))
def test_both_keys_sign_with_their_own_certificates(pki, generation):
    card = Card.load(issue(pki, f"both-{generation}", generation))
    signing, authentication = card.sign(MESSAGE, PASSWORD), card.authenticate(MESSAGE, PIN)
    for signed in (signing, authentication):
        verify(signed)
        with pytest.raises(InvalidSignature):
            verify(signed, MESSAGE + b"0")
    assert signing.certificate != authentication.certificate


def test_the_credential_is_what_a_registration_takes(card):
    signed = card.sign(MESSAGE, PASSWORD)
    credential = signed.to_credential()
    assert list(credential) == ["kind", "certificate", "signature"]
    assert credential["kind"] == "jpki"
    assert b64decode(credential["certificate"], validate=True) == signed.certificate
    assert b64decode(credential["signature"], validate=True) == signed.signature


def test_wrong_passwords_are_counted_down_and_the_fifth_locks(card):
    for left in (4, 3, 2, 1):
        with pytest.raises(CardSecretRefusedError, match=f"{left} of 5 tries left"):
            card.sign(MESSAGE, WRONG_PASSWORD)
    with pytest.raises(CardLockedError) as locked:
        card.sign(MESSAGE, WRONG_PASSWORD)
    assert "municipal office" in locked.value.hint


def test_a_locked_card_refuses_the_right_password_too(card):
    wrong(card, 5)
    with pytest.raises(CardLockedError):
        card.sign(MESSAGE, PASSWORD)
    assert card.tries_left(CardKey.SIGNING) == 0


def test_three_wrong_pins_lock_authentication_and_nothing_else(card):
    for left in (2, 1):
        with pytest.raises(CardSecretRefusedError, match=f"{left} of 3 tries left"):
            card.authenticate(MESSAGE, WRONG_PIN)
    for pin in (WRONG_PIN, PIN):
        with pytest.raises(CardLockedError):
            card.authenticate(MESSAGE, pin)
    verify(card.sign(MESSAGE, PASSWORD))


def test_the_right_password_gives_all_tries_back(card):
    wrong(card, 4)
    card.sign(MESSAGE, PASSWORD)
    assert card.tries_left(CardKey.SIGNING) == 5
    wrong(card, 4)
    verify(card.sign(MESSAGE, PASSWORD))


def test_the_count_survives_whatever_program_opened_the_card(folder):
    for left in (4, 3, 2, 1, 0):
        wrong(Card.load(folder), 1)
        assert Card.load(folder).tries_left(CardKey.SIGNING) == left
    with pytest.raises(CardLockedError):
        Card.load(folder).sign(MESSAGE, PASSWORD)


def test_a_program_that_dies_while_trying_has_used_the_try(card, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(card_module.pkcs12, "load_pkcs12", die)
        with pytest.raises(KeyboardInterrupt):
            card.sign(MESSAGE, PASSWORD)
    assert card.tries_left(CardKey.SIGNING) == 4


def test_programs_at_the_same_time_get_no_more_than_five_tries(folder):
    def attempt(_):
        try:
            Card.load(folder).sign(MESSAGE, WRONG_PASSWORD)
        except CardError as refused:
            return type(refused)

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(attempt, range(40)))
    assert answers.count(CardSecretRefusedError) == 4
    assert answers.count(CardLockedError) == 36


@pytest.mark.parametrize("password", ["", "12345", "a" * 17, "Sakura 26", "さくら2026", "Sakura2026\n"])
def test_what_no_password_looks_like_uses_no_try(card, password):
    with pytest.raises(CardSecretImpossibleError, match="no try was used"):
        card.sign(MESSAGE, password)
    assert card.tries_left(CardKey.SIGNING) == 5


@pytest.mark.parametrize("pin", ["", "123", "12345", "12a4", "１２３４"])
def test_what_no_pin_looks_like_uses_no_try(card, pin):
    with pytest.raises(CardSecretImpossibleError):
        card.authenticate(MESSAGE, pin)
    assert card.tries_left(CardKey.AUTHENTICATION) == 3


@pytest.mark.parametrize(
    "counter",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"signing": 5}',
        '{"signing": 99, "authentication": 3}',
        '{"signing": -1, "authentication": 3}',
    ],
)
def test_a_damaged_counter_gives_no_new_tries(card, folder, counter):
    (folder / "tries.json").write_text(counter, encoding="utf-8")
    with pytest.raises(NoCardError, match="counter of tries is damaged"):
        card.sign(MESSAGE, PASSWORD)


def test_the_counter_is_for_its_owner_only_and_holds_numbers_only(card, folder):
    wrong(card, 1)
    file = folder / "tries.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text(encoding="utf-8")) == {"signing": 4, "authentication": 3}
    assert sorted(path.name for path in folder.iterdir()) == [AUTHENTICATION_FILE, SIGNING_FILE, "tries.json"]


@pytest.mark.parametrize("missing", [SIGNING_FILE, AUTHENTICATION_FILE])
def test_half_a_card_is_none(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(NoCardError, match=f"{missing} is missing"):
        Card.load(folder)


def test_no_card_is_none(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NoCardError, match="holds no card"):
            Card.load(path)


def test_a_damaged_key_does_not_sign(card, folder):
    data = (folder / SIGNING_FILE).read_bytes()
    (folder / SIGNING_FILE).write_bytes(data[: len(data) // 2])
    with pytest.raises(CardSecretRefusedError):
        card.sign(MESSAGE, PASSWORD)


def test_nothing_that_is_printed_tells_a_secret_or_a_person(card, folder):
    signed = card.sign(MESSAGE, PASSWORD)
    with pytest.raises(CardSecretRefusedError) as refused:
        card.sign(MESSAGE, WRONG_PASSWORD)
    with pytest.raises(CardSecretImpossibleError) as impossible:
        card.sign(MESSAGE, "secret!")
    assert (repr(card), repr(signed)) == ("Card()", "SignedByCard()")
    said = "".join(f"{error.value}{error.value.hint}" for error in (refused, impossible))
    assert not any(secret in said for secret in (PASSWORD, WRONG_PASSWORD, "secret!", folder.name))
    assert PASSWORD not in repr(CardSecrets(PASSWORD, PIN))
