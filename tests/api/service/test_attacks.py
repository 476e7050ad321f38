"""The attacks that a registrar must withstand, each over HTTP, each refused with its own code."""

from __future__ import annotations

import base64
import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from api.challenges import Challenges
from api.database.engine import open_database
from api.database.vault import Vault
from identity import errors as identity_errors
from identity.challenge import signed_message
from identity.credential import Mode
from identity.testpki.card_file import DEFAULT_PIN
from identity.testpki.special import SpecialCard
from tests.support.registrar_service import OTHER, VOTER, VOTERS, RegistrarService, open_service
from zk.field import SCALAR_FIELD
from zk.merkle import empty_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.registrar_service import ServicePki


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory, election_client: Any, cards: ServicePki) -> Any:

    url = f"sqlite:///{tmp_path_factory.mktemp('attacked')}/registrar.sqlite"
    database = open_database(url)
    with open_service(database, election_client, cards, VOTERS) as service:
        yield service
    database.close()


@pytest.fixture(autouse=True)
def nothing_changed(attacked: RegistrarService) -> Any:
    """No attack may register anybody."""
    yield
    assert [row.commitment for row in attacked.registrations()] in ([], ["111"])


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (SpecialCard.IMPOSTOR, "issuer_unknown"),
        (SpecialCard.EXPIRED, "certificate_expired"),
        (SpecialCard.NOT_YET_VALID, "certificate_not_yet_valid"),
        (SpecialCard.REVOKED, "certificate_revoked"),
        (SpecialCard.WRONG_USAGE, "wrong_key_usage"),
        (SpecialCard.WRONG_POLICY, "wrong_certificate_policy"),
        (SpecialCard.AUTHORITY, "certificate_is_authority"),
    ],
)
def test_a_card_that_breaks_one_rule_is_refused_for_that(
    attacked: RegistrarService, kind: SpecialCard, code: str
) -> None:
    answer = attacked.register(VOTER, kind=kind)
    assert (answer.status_code, attacked.refusal(answer).reason) == (403, code)


def changed(body: dict[str, Any], **credential: Any) -> dict[str, Any]:
    return body | {"credential": body["credential"] | credential}


def decoded(body: dict[str, Any], member: str) -> bytes:
    return base64.b64decode(body["credential"][member])


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_a_signature_over_another_commitment_is_refused(attacked: RegistrarService) -> None:
    body = attacked.request(VOTER, 5)
    answer = attacked.send(body | {"commitment": "6"})
    assert (answer.status_code, attacked.refusal(answer).reason) == (403, "signature_invalid")


def test_a_signature_over_another_challenge_is_refused(attacked: RegistrarService) -> None:
    body = attacked.request(VOTER)
    answer = attacked.send(body | {"challenge": attacked.challenge()})
    assert attacked.refusal(answer).reason == "signature_invalid"


def test_a_challenge_that_somebody_else_used_is_refused(attacked: RegistrarService) -> None:
    body = attacked.request(VOTER, 111)
    attacked.receipt(attacked.send(body))
    answer = attacked.register(OTHER, challenge=body["challenge"])
    assert (answer.status_code, answer.json()["code"]) == (409, "challenge_used")
    assert "refusal" not in answer.json()


def test_an_expired_challenge_is_refused(attacked: RegistrarService) -> None:
    body = attacked.request(OTHER)
    attacked.clock.now += 600
    answer = attacked.send(body)
    attacked.clock.now -= 600
    assert (answer.status_code, answer.json()["code"]) == (410, "challenge_expired")


@pytest.mark.parametrize(
    "forge",
    [
        lambda text: text[:-2] + ("0" if text[-2] != "0" else "1") + "\n",
        lambda text: text.replace("2027-", "2028-"),
        lambda text: text.replace("register one", "register  one"),
        lambda text: text.replace("on chain ", "on chain 1"),
        lambda text: text + "\n",
    ],
    ids=["nonce", "time", "space", "chain", "line"],
)
def test_a_changed_challenge_is_refused(attacked: RegistrarService, forge: Callable[[str], str]) -> None:
    challenge = attacked.challenge()
    forged = forge(challenge)
    answer = attacked.register(OTHER, challenge=forged)
    assert forged != challenge
    assert (answer.status_code, answer.json()["code"]) == (400, "challenge_unknown")


def test_a_challenge_of_another_registrar_is_refused(attacked: RegistrarService) -> None:

    foreign = Challenges(replace(attacked.services, vault=Vault.generate())).issue().text
    assert attacked.register(OTHER, challenge=foreign).json()["code"] == "challenge_unknown"


def test_the_authentication_certificate_proves_no_name(attacked: RegistrarService) -> None:

    challenge = attacked.challenge()
    card = attacked.cards.card(OTHER, attacked.people[OTHER])
    signed = card.authenticate(signed_message(challenge, 5), DEFAULT_PIN).to_credential()
    answer = attacked.send({"challenge": challenge, "commitment": "5", "credential": signed})
    assert attacked.refusal(answer).reason == "certificate_names_no_person"


def test_two_signatures_are_refused_however_they_are_sent(attacked: RegistrarService) -> None:
    body = attacked.request(OTHER)
    signature = body["credential"]["signature"]
    answer = attacked.send(changed(body, signature=[signature, signature]))
    assert attacked.refusal(answer).reason == "not_exactly_one_signature"

    body = attacked.request(OTHER)
    twice = encoded(decoded(body, "signature") * 2)
    assert attacked.refusal(attacked.send(changed(body, signature=twice))).reason in {
        "not_exactly_one_signature",
        "signature_invalid",
    }

    text = json.dumps(attacked.request(OTHER)).replace('"signature":', '"signature": "AAAA", "signature":')
    answer = attacked.http.post(
        "/v1/registrations", content=text, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "not_exactly_one_signature")


def test_no_signature_is_refused(attacked: RegistrarService) -> None:
    answer = attacked.send(changed(attacked.request(OTHER), signature=""))
    assert attacked.refusal(answer).reason == "not_exactly_one_signature"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda der: der[:-1],
        lambda der: der[: len(der) // 2],
        lambda der: der + b"\x00",
        lambda _der: b"",
        lambda der: (
            b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(der) + b"\n-----END CERTIFICATE-----\n"
        ),
    ],
    ids=["one byte short", "half", "one byte more", "nothing", "PEM"],
)
def test_a_certificate_that_is_not_der_to_the_byte_is_refused(
    attacked: RegistrarService, spoil: Callable[[bytes], bytes]
) -> None:
    body = attacked.request(OTHER)
    answer = attacked.send(changed(body, certificate=encoded(spoil(decoded(body, "certificate")))))
    assert attacked.refusal(answer).reason == "certificate_malformed"


def test_a_flipped_bit_in_a_certificate_is_noticed(attacked: RegistrarService) -> None:
    body = attacked.request(OTHER)
    der = bytearray(decoded(body, "certificate"))
    der[-20] ^= 1  # in the authority's signature
    answer = attacked.send(changed(body, certificate=encoded(bytes(der))))
    assert attacked.refusal(answer).reason in {"issuer_unknown", "certificate_malformed"}


@pytest.mark.parametrize("commitment", [0, empty_root(0), SCALAR_FIELD, SCALAR_FIELD + 5, 10**77])
def test_a_number_that_is_no_commitment_is_refused(attacked: RegistrarService, commitment: int) -> None:
    body = attacked.request(OTHER, 5) | {"commitment": str(commitment)}
    answer = attacked.send(body)
    assert (answer.status_code, attacked.refusal(answer).reason) == (422, "field_element_out_of_range")


@pytest.mark.parametrize("commitment", ["-1", "0x5", "05", "5 ", "５", "1e3", "", "1" * 79])
def test_a_commitment_that_is_no_decimal_number_is_malformed(
    attacked: RegistrarService, commitment: str
) -> None:
    answer = attacked.send(attacked.request(OTHER, 5) | {"commitment": commitment})
    assert (answer.status_code, answer.json()["code"]) == (422, "request_malformed")


def test_a_commitment_plus_r_is_not_another_commitment(attacked: RegistrarService) -> None:
    answer = attacked.send(attacked.request(OTHER, 5) | {"commitment": str(5 + SCALAR_FIELD)})
    assert attacked.refusal(answer).reason == "field_element_out_of_range"


def test_nobody_who_says_nothing_about_revocation_is_believed(attacked: RegistrarService) -> None:
    """Each way to fail has its own answer, and only a judgement uses the challenge up."""
    behaviour, body = attacked.cards.behaviour, attacked.request(OTHER)
    behaviour.status = 500
    answer = attacked.send(body)
    behaviour.status = 200
    assert (answer.status_code, answer.json()["code"]) == (503, "revocation_unavailable")
    assert "retry-after" in answer.headers
    behaviour.unknown = True
    answer = attacked.send(body)
    behaviour.unknown = False
    assert attacked.refusal(answer).reason == "revocation_unknown"


def test_an_answer_about_revocation_that_is_no_answer_decides_nothing(attacked: RegistrarService) -> None:
    behaviour, body = attacked.cards.behaviour, attacked.request(OTHER)
    behaviour.rewrite = lambda answer: answer[:-1]
    answer = attacked.send(body)
    behaviour.rewrite = None
    assert (answer.status_code, answer.json()["code"]) == (503, "revocation_unavailable")
    assert body["challenge"] not in answer.text


def test_test_roots_are_refused_in_production(cards: ServicePki) -> None:
    with pytest.raises(identity_errors.TestRootInProductionError):
        cards.verifier(Mode.PRODUCTION)


def test_ten_megabytes_are_refused_before_they_are_read(attacked: RegistrarService) -> None:
    answer = attacked.http.post(
        "/v1/registrations", content=b" " * 10_000_000, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_body_of_undeclared_length_is_cut_off(attacked: RegistrarService) -> None:
    """Chunks without an end: the answer comes while the sender is still sending."""
    url = urlsplit(attacked.address)
    with socket.create_connection((url.hostname, url.port), timeout=30) as sending:
        sending.sendall(
            b"POST /v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
        for _ in range(3):
            sending.sendall(chunk)
        assert sending.recv(65536).startswith(b"HTTP/1.1 413")


def test_what_is_no_http_gets_a_problem_too(attacked: RegistrarService) -> None:
    url = urlsplit(attacked.address)
    with socket.create_connection((url.hostname, url.port), timeout=30) as sending:
        sending.sendall(b"GARBAGE\r\n\r\n")
        answer = sending.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "text",
    [
        '{"challenge": "a", "challenge": "b"}',
        '{"commitment": NaN}',
        '{"a": ' + "[" * 50 + "]" * 50 + "}",
        '{"a": ' + "1" * 500 + "}",
        '{"a": "\ud800"}'.encode("utf-8", "surrogatepass").decode("latin-1"),
        "{",
        '"' + '\\"' * 30_000,
        "[]",
        "null",
    ],
    ids=["name twice", "NaN", "deep", "long number", "surrogate", "cut", "quotes", "list", "null"],
)
def test_json_that_two_parsers_could_read_differently_is_refused(
    attacked: RegistrarService, text: str
) -> None:
    answer = attacked.http.post(
        "/v1/registrations", content=text.encode("latin-1"), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "request_malformed")


@pytest.mark.parametrize(
    "member", ["note", "nullifier", "secret", "choice", "ballot", "nullifier_hash", "relayer"]
)
def test_there_is_no_place_for_a_note_or_a_ballot(attacked: RegistrarService, member: str) -> None:
    body = attacked.request(OTHER)
    for wrong in (body | {member: "1"}, changed(body, **{member: "1"})):
        answer = attacked.send(wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "request_malformed")
        assert any(member in fault["at"] for fault in answer.json()["errors"])


def test_a_kind_of_credential_that_is_not_offered_is_refused(attacked: RegistrarService) -> None:
    body = attacked.request(OTHER)
    answer = attacked.send(body | {"credential": {"kind": "oidc", "state": "s", "code": "c"}})
    assert attacked.refusal(answer).reason == "credential_kind_not_accepted"
    answer = attacked.send(body | {"credential": {"kind": "password", "password": "hunter2"}})
    assert answer.json()["code"] == "request_malformed"
    assert "hunter2" not in answer.text


def test_a_wrong_secret_of_the_office_is_refused(attacked: RegistrarService) -> None:
    body = attacked.request(OTHER)
    answer = attacked.send(body | {"credential": {"kind": "office", "id": "0" * 32, "secret": "ABCD-EFGH"}})
    assert attacked.refusal(answer).reason == "office_credential_refused"
