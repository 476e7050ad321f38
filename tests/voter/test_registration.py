"""A voter registers: what leaves the machine, what is kept first, and what is not believed."""

import json
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from api.database.engine import open_database
from chain.development import development_account
from election.permit import sign_permit
from election.receipt import Promise, Receipt, Refusal, sign_receipt
from identity.testpki.card_file import DEFAULT_PASSWORD
from tests.support.meddler import meddling
from tests.support.people import people
from tests.support.registrar_service import (
    OTHER,
    VOTER,
    VOTERS,
    open_service,
    service_chain,
    service_pki,
)
from voter.card import Card
from voter.errors import (
    ChallengeNotGenuineError,
    ReceiptFileTakenError,
    ReceiptNotGenuineError,
    RegistrarAnswerError,
    RegistrarNotEncryptedError,
    RegistrarOfAnotherElectionError,
    RegistrarUnreachableError,
    RegistrationWasRefusedError,
)
from voter.note import Note
from voter.registration import TRIES, RegistrationClient, refusal_file

STRANGER, STRANGERS_PERSON = people(20)[-1]


@pytest.fixture(scope="module")
def chain():
    with service_chain() as running:
        yield running


@pytest.fixture(scope="module")
def election(chain):
    return chain.deploy()


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    with service_pki(tmp_path_factory.mktemp("pki") / "pki") as made:
        yield made


@pytest.fixture
def service(tmp_path, election, pki):
    database = open_database(f"sqlite:///{tmp_path}/registrar.sqlite")
    with open_service(database, election, pki, VOTERS) as running:
        yield running
    database.close()


@pytest.fixture
def between(service):
    with meddling(service.address) as meddler:
        yield meddler


@pytest.fixture
def client(between, election):
    with RegistrationClient(between.url, election, wait=lambda _state: 0.01) as made:
        yield made


@pytest.fixture
def note(election):
    return Note.create(election.chain_id(), election.address, election.scheme)


@pytest.fixture
def receipt_file(tmp_path):
    return tmp_path / "receipt.json"


@dataclass
class Voter:
    """Somebody with a card, a note, and a place for the receipt."""

    client: RegistrationClient
    note: Note
    card: Card
    receipt_file: Path

    def register(self):
        return self.client.register(self.note, self.card, DEFAULT_PASSWORD, self.receipt_file)


@pytest.fixture
def card(service):
    return service.cards.card(VOTER, service.people[VOTER])


@pytest.fixture
def voter(client, note, card, receipt_file):
    return Voter(client, note, card, receipt_file)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def changed(path, **members):
    """Return what changes members of the true answer to one request."""

    def meddle(where, answer):
        status, headers, content = answer
        if where != path:
            return answer
        return status, headers, json.dumps(json.loads(content) | members).encode()

    return meddle


def test_a_card_and_a_note_give_a_receipt_that_is_kept_for_its_owner_only(voter):
    registered = voter.register()
    assert registered.receipt.commitment == voter.note.commitment
    assert registered.receipt.promise is Promise.DEPOSIT
    assert registered.permit is None
    assert Receipt.load(voter.receipt_file) == registered.receipt
    assert mode_of(voter.receipt_file) == 0o600
    standing = voter.client.status(registered.receipt)
    assert (standing.status, standing.leaf_index) == ("queued", None)


def test_the_note_never_leaves_the_machine(voter, between):
    voter.register()
    voter.client.status(Receipt.load(voter.receipt_file))
    sent = b"".join(path.encode() + body for path, body in between.requests)
    assert str(voter.note.commitment).encode() in sent
    for number in (voter.note.nullifier, voter.note.secret):
        assert str(number).encode() not in sent
        assert f"{number:x}".encode() not in sent


def test_registering_the_same_note_again_gives_the_same_receipt(voter, service):
    first = voter.register()
    voter.receipt_file.unlink()
    assert voter.register() == first
    assert Receipt.load(voter.receipt_file) == first.receipt
    assert len(service.registrations()) == 1


def test_in_permit_mode_a_permit_comes_with_the_receipt(tmp_path, election, pki, note, receipt_file):
    database = open_database(f"sqlite:///{tmp_path}/permits.sqlite")
    with open_service(database, election, pki, VOTERS, deposits="permit") as running:
        owner = running.cards.card(VOTER, running.people[VOTER])
        with RegistrationClient(running.address, election) as direct:
            registered = direct.register(note, owner, DEFAULT_PASSWORD, receipt_file)
            assert registered.permit.commitment == note.commitment
            assert direct.status(registered.receipt).permit == registered.permit
    database.close()


def test_a_refusal_is_kept_before_anything_else(voter, service):
    outsider = service.cards.card(STRANGER, STRANGERS_PERSON)
    with pytest.raises(RegistrationWasRefusedError, match="person_not_on_roll") as caught:
        voter.client.register(voter.note, outsider, DEFAULT_PASSWORD, voter.receipt_file)
    assert not voter.receipt_file.exists()
    kept = refusal_file(voter.receipt_file)
    assert mode_of(kept) == 0o600
    refusal = Refusal.load(kept)
    assert refusal.refusal_id in service.refusals()
    assert str(kept) in caught.value.hint
    assert "異議" in caught.value.hint
    assert STRANGERS_PERSON.name not in str(caught.value) + caught.value.hint


def test_a_request_whose_answer_was_lost_is_sent_again_and_counts_once(voter, between, service):
    cuts = iter([True, True, False])

    def cut(path, answer):
        return None if path == "/v1/registrations" and next(cuts) else answer

    between.meddle = cut
    registered = voter.register()
    sent = between.bodies("/v1/registrations")
    assert len(sent) == 3
    assert len(set(sent)) == 1
    assert len(service.registrations()) == 1
    assert registered.receipt.registration_id == service.registrations()[0].id


@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_service_that_cannot_now_is_asked_again(voter, between, status):
    left = iter([True, True])

    def busy(path, answer):
        return (
            (status, {"Retry-After": "1"}, b"{}") if path == "/v1/challenges" and next(left, None) else answer
        )

    between.meddle = busy
    voter.register()
    assert len(between.bodies("/v1/challenges")) == 3


def test_a_service_that_never_answers_is_given_up_and_nothing_is_lost(voter, between):
    between.meddle = lambda _path, _answer: None
    with pytest.raises(RegistrarUnreachableError) as caught:
        voter.register()
    assert "same note" in caught.value.hint
    assert len(between.requests) == TRIES


def test_a_receipt_that_somebody_else_signed_is_kept_and_not_believed(voter, between, election):
    forged = sign_receipt(
        development_account(3),
        election.chain_id(),
        election.address,
        registration_id="ab" * 16,
        election_id=election.config().election_id,
        commitment=voter.note.commitment,
        roll_entry="cd" * 16,
        promise=Promise.DEPOSIT,
        issued_at=1,
        deposit_by=2,
    )
    between.meddle = changed("/v1/registrations", receipt=forged.to_json())
    with pytest.raises(ReceiptNotGenuineError, match="did not sign"):
        voter.register()
    assert Receipt.load(voter.receipt_file) == forged


def test_a_genuine_receipt_does_not_give_way_to_one_that_is_not(voter, between):
    genuine = voter.register().receipt
    forged = replace(genuine, signature=b"\1" * 64 + b"\x1b")
    between.meddle = changed("/v1/registrations", receipt=forged.to_json())
    with pytest.raises(ReceiptNotGenuineError, match="did not sign"):
        voter.register()
    assert Receipt.load(voter.receipt_file) == genuine
    assert Receipt.load(voter.receipt_file.with_name("receipt-not-genuine.json")) == forged


def test_a_promise_to_deposit_too_late_is_not_believed(voter, between, election):
    late = sign_receipt(
        development_account(0),
        election.chain_id(),
        election.address,
        registration_id="ab" * 16,
        election_id=election.config().election_id,
        commitment=voter.note.commitment,
        roll_entry="cd" * 16,
        promise=Promise.DEPOSIT,
        issued_at=1,
        deposit_by=election.config().voting_opens + 1,
    )
    between.meddle = changed("/v1/registrations", receipt=late.to_json())
    with pytest.raises(ReceiptNotGenuineError, match="too late"):
        voter.register()
    assert Receipt.load(voter.receipt_file) == late


@pytest.mark.parametrize("signer", [None, 0, 3])
def test_a_promised_permit_that_the_contract_would_not_take_is_not_believed(voter, between, election, signer):
    chain_id, contract, mine = election.chain_id(), election.address, voter.note.commitment
    promised = sign_receipt(
        development_account(0),
        chain_id,
        contract,
        registration_id="ab" * 16,
        election_id=election.config().election_id,
        commitment=mine,
        roll_entry="cd" * 16,
        promise=Promise.PERMIT,
        issued_at=1,
        deposit_by=0,
    )
    permit = None
    if signer is not None:  # the registrar's for another commitment, or a stranger's
        wrong = mine if signer else 5
        permit = sign_permit(development_account(signer), chain_id, contract, wrong, 2**40).to_json()
    between.meddle = changed("/v1/registrations", receipt=promised.to_json(), permit=permit)
    with pytest.raises(ReceiptNotGenuineError, match="permit"):
        voter.register()


def test_a_receipt_for_another_commitment_is_not_believed(voter, between, service, tmp_path):
    other = service.cards.card(OTHER, service.people[OTHER])
    others_note = Note.create(voter.note.chain_id, voter.note.contract, voter.note.scheme)
    theirs = voter.client.register(others_note, other, DEFAULT_PASSWORD, tmp_path / "theirs.json")
    between.meddle = changed("/v1/registrations", receipt=theirs.receipt.to_json())
    with pytest.raises(ReceiptNotGenuineError, match="another commitment"):
        voter.register()


def test_a_refusal_that_somebody_else_signed_is_not_taken_for_the_registrars(voter, between):
    forged = Refusal("ab" * 16, 5, bytes(32), "person_not_on_roll", 1, b"\1" * 64 + b"\x1b")
    problem = json.dumps({"code": "person_not_on_roll", "refusal": forged.to_json()}).encode()
    between.meddle = lambda path, answer: (403, {}, problem) if path == "/v1/registrations" else answer
    with pytest.raises(ReceiptNotGenuineError):
        voter.register()


@pytest.mark.parametrize(
    "text",
    [
        "I sell my house.\n",
        "",
        "tohyo voter registration / 有権者登録\nElection: x\n",
    ],
)
def test_a_card_signs_nothing_but_a_challenge(voter, between, text):
    between.meddle = changed("/v1/challenges", challenge=text)
    with pytest.raises(ChallengeNotGenuineError):
        voter.register()
    assert between.bodies("/v1/registrations") == []


def test_a_card_signs_no_challenge_of_another_election(voter, between, service):
    foreign = service.challenge().replace(voter.note.contract, "0x" + "00" * 20)
    between.meddle = changed("/v1/challenges", challenge=foreign)
    with pytest.raises(ChallengeNotGenuineError):
        voter.register()


@pytest.mark.parametrize("member", ["contract", "registrar", "election_id", "chain_id"])
def test_a_service_of_another_election_gets_no_signature(voter, between, member):
    between.meddle = changed("/v1/election", **{member: "0x" + "11" * 20})
    with pytest.raises(RegistrarOfAnotherElectionError):
        voter.register()
    assert between.bodies("/v1/registrations") == []


def test_personal_data_goes_unencrypted_to_this_machine_only(election):
    for url in ("http://registrar.example.jp", "ftp://127.0.0.1", "registrar.example.jp"):
        with pytest.raises(RegistrarNotEncryptedError):
            RegistrationClient(url, election)
    RegistrationClient("https://registrar.example.jp", election).close()


def test_the_receipt_of_another_registration_is_not_written_over(voter, between, election):
    voter.register()
    before, sent = voter.receipt_file.read_bytes(), len(between.requests)
    another = Note.create(election.chain_id(), election.address, election.scheme)
    with pytest.raises(ReceiptFileTakenError):
        voter.client.register(another, voter.card, DEFAULT_PASSWORD, voter.receipt_file)
    assert voter.receipt_file.read_bytes() == before
    assert len(between.requests) == sent


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"receipt": {}}'),
        (200, b"{" + b" " * 1_000_001 + b"}"),
        (500, b'{"code": "internal", "detail": "\\u001b[31mred"}'),
        (302, b"{}"),
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error_and_no_command_to_the_terminal(voter, between, answer):
    status, content = answer
    between.meddle = lambda path, truth: (status, {}, content) if path == "/v1/registrations" else truth
    with pytest.raises(RegistrarAnswerError) as caught:
        voter.register()
    assert "\x1b" not in str(caught.value) + caught.value.hint
    assert not voter.receipt_file.exists()


def test_nobody_learns_of_a_registration_without_its_receipt(voter):
    registered = voter.register()
    guess = replace(registered.receipt, signature=b"\2" * 64 + b"\x1b")
    with pytest.raises(RegistrarAnswerError, match="registration_unknown"):
        voter.client.status(guess)


def test_a_standing_that_makes_no_sense_is_an_error(voter, between):
    registered = voter.register()
    between.meddle = lambda _path, _answer: (200, {}, b'{"status": "queued", "tree": 7}')
    with pytest.raises(RegistrarAnswerError):
        voter.client.status(registered.receipt)
