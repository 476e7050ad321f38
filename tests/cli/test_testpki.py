"""`tohyo testpki`: cards for everybody on a roll, and what happens to them."""

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from cryptography import x509

from identity.revocation.ocsp import OcspChecker
from identity.revocation.status import RevocationStatus
from identity.testpki.authority import Generation, Purpose
from identity.testpki.card_file import DEFAULT_PASSWORD
from identity.testpki.create import generation_of
from identity.testpki.directory import TestPki
from voter.card import Card, CardKey, CardSecretRefusedError

VOTERS = 4


@pytest.fixture
def roll(tohyo, tmp_path):
    path = tmp_path / "roll.csv"
    assert tohyo("testpki", "roll", path, "--voters", VOTERS).code == 0
    return path


@pytest.fixture
def pki(tohyo, tmp_path, roll):
    directory = tmp_path / "pki"
    assert tohyo("testpki", "new", directory, "--roll", roll, "--next-generation", "100").code == 0
    return directory


def signing_certificate(card):
    return x509.load_der_x509_certificate(Card.load(card).sign(b"m", DEFAULT_PASSWORD).certificate)


def test_everybody_on_the_roll_gets_a_card_that_signs(tohyo, tmp_path, roll):
    made = tohyo("testpki", "new", tmp_path / "pki", "--roll", roll, "--json")
    assert made.code == 0
    assert made.json["cards"] == VOTERS
    assert "never trusted in production" in made.json["warning"]
    assert "never trusted in production" in made.err
    for number in range(1, VOTERS + 1):
        Card.load(tmp_path / "pki" / "cards" / f"tsukuba-0000{number}").sign(b"m", DEFAULT_PASSWORD)


def test_the_same_request_again_changes_nothing_and_a_longer_roll_adds_cards(tohyo, tmp_path, pki, roll):
    before = {file: file.read_bytes() for file in (pki / "cards").rglob("*.p12")}
    longer = tmp_path / "longer.csv"
    tohyo("testpki", "roll", longer, "--voters", VOTERS + 1)
    assert tohyo("testpki", "new", pki, "--roll", roll).code == 0
    assert {file: file.read_bytes() for file in (pki / "cards").rglob("*.p12")} == before
    assert tohyo("testpki", "new", pki, "--roll", longer).code == 0
    after = {file: file.read_bytes() for file in (pki / "cards").rglob("*.p12")}
    assert before.items() < after.items()
    assert len(after) == 2 * (VOTERS + 1)


def test_passwords_can_be_chosen(tohyo, tmp_path, roll):
    tohyo("testpki", "new", tmp_path / "pki", "--roll", roll, "--password", "Sakura2026", "--pin", "4711")
    card = Card.load(tmp_path / "pki" / "cards" / "tsukuba-00001")
    with pytest.raises(CardSecretRefusedError):
        card.sign(b"m", DEFAULT_PASSWORD)
    card.sign(b"m", "Sakura2026")
    card.authenticate(b"m", "4711")


@pytest.mark.parametrize(
    "options",
    [("--password", "short"), ("--password", "パスワード123"), ("--pin", "12345"), ("--pin", "１２３４")],
)
def test_a_secret_that_no_card_has_is_refused_before_anything_is_made(tohyo, tmp_path, roll, options):
    refused = tohyo("testpki", "new", tmp_path / "pki", "--roll", roll, *options)
    assert refused.code == 2
    assert "card_secret_malformed" in refused.err
    assert options[1] not in refused.err
    assert not (tmp_path / "pki").exists()


@pytest.mark.parametrize("percent", [0, 100])
def test_the_share_of_the_next_generation_is_kept(tohyo, tmp_path, roll, percent):
    tohyo("testpki", "new", tmp_path / "pki", "--roll", roll, "--next-generation", percent)
    key = signing_certificate(tmp_path / "pki" / "cards" / "tsukuba-00001").public_key()
    assert key.key_size == (384 if percent else 2048)


def test_a_folder_with_something_else_is_left_alone(tohyo, tmp_path, roll):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("…", encoding="utf-8")
    refused = tohyo("testpki", "new", folder, "--roll", roll)
    assert refused.code == 2
    assert "test_pki_folder_taken" in refused.err
    assert [file.name for file in folder.iterdir()] == ["chapter.txt"]


def test_a_roll_is_never_overwritten(tohyo, roll):
    before = roll.read_bytes()
    assert tohyo("testpki", "roll", roll, "--voters", "9").code == 2
    assert roll.read_bytes() == before


def test_a_revoked_card_is_revoked_once(tohyo, pki):
    assert tohyo("testpki", "revoke", pki, "tsukuba-00002", "--json").json["revoked_certificates"] == 2
    assert tohyo("testpki", "revoke", pki, "tsukuba-00002", "--json").json["revoked_certificates"] == 0


@pytest.mark.parametrize("command", [("revoke",), ("renew",), ("card", "--kind", "expired")])
def test_a_voter_without_a_card_is_named(tohyo, pki, command):
    refused = tohyo("testpki", *command, pki, "nobody")
    assert refused.code == 2
    assert "No card was issued to “nobody”" in refused.err


@pytest.mark.parametrize("command", ["revoke", "renew"])
def test_a_folder_without_a_test_pki_is_named(tohyo, tmp_path, command):
    refused = tohyo("testpki", command, tmp_path, "tsukuba-00001")
    assert refused.code == 2
    assert "test_pki_damaged" in refused.err


def test_a_renewed_card_is_another_one_unlocked_and_says_the_new_name(tohyo, pki):
    path = pki / "cards" / "tsukuba-00001"
    old = signing_certificate(path)
    with pytest.raises(CardSecretRefusedError):
        Card.load(path).sign(b"m", "wrong12345")
    renewed = tohyo("testpki", "renew", pki, "tsukuba-00001", "--name", "青木　花子", "--json")
    assert renewed.code == 0
    new = signing_certificate(path)
    assert Card.load(path).tries_left(CardKey.SIGNING) == 5
    assert new.serial_number != old.serial_number
    assert new.public_key() != old.public_key()
    assert TestPki.load(pki).person("tsukuba-00001").name == "青木　花子"


def test_a_special_card_is_one_more_card_of_the_voter(tohyo, pki):
    made = tohyo("testpki", "card", pki, "tsukuba-00001", "--kind", "old-generation", "--json")
    assert made.json["card_name"] == "tsukuba-00001-old-generation"
    assert signing_certificate(pki / "cards" / "tsukuba-00001-old-generation").public_key().key_size == 2048
    again = tohyo("testpki", "card", pki, "tsukuba-00001", "--kind", "old-generation")
    assert "card_name_taken" in again.err


def test_the_server_answers_until_it_is_stopped_and_knows_of_a_revocation_at_once(tohyo, pki):
    certificate = signing_certificate(pki / "cards" / "tsukuba-00003")
    issuer = TestPki.load(pki).authority(Purpose.SIGNING, Generation.NEXT).certificate
    with serving(pki) as (server, told):
        checker = OcspChecker(told["ocsp"])
        at = int(time.time())
        assert checker.check(certificate, issuer, at).status is RevocationStatus.GOOD
        tohyo("testpki", "revoke", pki, "tsukuba-00003")
        assert checker.check(certificate, issuer, at).status is RevocationStatus.REVOKED
        checker.close()
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0


def test_a_taken_port_is_a_sentence(tohyo, pki):
    with serving(pki) as (_, told):
        port = told["ocsp"].rpartition(":")[2].partition("/")[0]
        refused = tohyo("testpki", "serve", pki, "--port", port)
    assert refused.code == 2
    assert "port_taken" in refused.err


@contextmanager
def serving(pki):
    serve = ("testpki", "serve", str(pki), "--port", "0", "--json")
    command = [sys.executable, "-m", "scripts.tohyo.main", *serve]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            yield server, json.loads(whole_document(server.stdout))
        finally:
            server.kill()


def whole_document(stream):
    """Read lines until they are one JSON document; the server goes on."""
    text = ""
    for line in stream:
        text += line
        if line.rstrip() == "}":
            return text
    raise AssertionError(text)


def test_the_generation_of_a_card_follows_from_the_voter_id():
    drawn = [generation_of(f"v{number}", 75) for number in range(1000)]
    assert drawn == [generation_of(f"v{number}", 75) for number in range(1000)]
    assert 700 < drawn.count(Generation.NEXT) < 800
