"""Which officer asks: attacks on tokens, each refused with its own code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, insert, select

from api.database.tables import token_use
from api.errors import OfficerCertificateUnknownError, OfficerTokenRefusedError, SettingsError
from api.office.roles import require_officers
from api.office.tokens import (
    MAX_SECONDS,
    TOKEN_TYPE,
    Authenticator,
    OfficeRequest,
    audience,
    make_token,
    officer_of,
)
from api.settings import OfficerSettings
from identity.officer import OfficerKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.election_office import ElectionOffice

LOG = "/v1/office/log?after=0"
SEARCH = "/v1/office/voters/search"
BODY = b'{"voter_id": "000001"}'


# What is decided before the database is asked needs no second database.
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """Make a token by hand, as no library would."""
    signed = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{signed}.{encoded(sign(signed.encode()))}"


def claims_of(office: ElectionOffice, **changes: Any) -> dict[str, Any]:
    now = office.clock()
    return {
        "iss": "auditor-1",
        "aud": office.audience,
        "iat": now,
        "exp": now + 60,
        "jti": "a" * 32,
        "htm": "GET",
        "target": LOG,
        "body_sha256": hashlib.sha256(b"").hexdigest(),
    } | changes


HEADER = {"typ": TOKEN_TYPE, "alg": "Ed25519", "kid": "auditor-1"}


def refused(answer: Any) -> str:
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"
    code: str = answer.json()["code"]
    return code


def test_a_fresh_token_opens_what_the_role_allows(office: ElectionOffice) -> None:
    assert office.get("auditor-1", LOG).status_code == 200


def test_a_token_made_by_hand_as_documented_is_accepted(office: ElectionOffice) -> None:
    token = forged(HEADER, claims_of(office), office.keys["auditor-1"].sign)
    assert office.send(token, "GET", LOG).status_code == 200


def test_without_a_token_nothing_is_answered(office: ElectionOffice) -> None:
    assert refused(office.send(None, "GET", LOG)) == "officer_not_authenticated"


def test_a_token_serves_once(office: ElectionOffice) -> None:
    token = office.token("auditor-1", "GET", LOG)
    assert office.send(token, "GET", LOG).status_code == 200
    assert refused(office.send(token, "GET", LOG)) == "officer_token_replayed"


def test_of_many_uses_at_once_one_is_served(office: ElectionOffice) -> None:
    token = office.token("auditor-1", "GET", LOG)
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: office.send(token, "GET", LOG).status_code, range(12)))
    assert sorted(answers) == [200] + [401] * 11


@on_one_database
@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/v1/office/log?after=1", b""),
        ("GET", "/v1/office/log", b""),
        ("GET", "/v1/office/log?after=0&", b""),
        ("POST", LOG, b""),
        ("GET", LOG, b"{}"),
        ("GET", "/v1/office/refusals", b""),
    ],
)
def test_a_token_for_another_request_is_refused(
    office: ElectionOffice, method: str, target: str, body: bytes
) -> None:
    token = office.token("auditor-1", method, target, body)
    assert refused(office.send(token, "GET", LOG)) == "officer_token_for_another_request"


def test_a_token_for_another_body_is_refused_and_stays_unused(office: ElectionOffice) -> None:
    token = office.token("counter-1", "POST", SEARCH, BODY)
    changed = BODY.replace(b"1", b"2")
    assert refused(office.send(token, "POST", SEARCH, changed)) == "officer_token_for_another_request"
    assert office.send(token, "POST", SEARCH, BODY).status_code == 200


@on_one_database
@pytest.mark.parametrize(
    ("now", "seconds"),
    [(-61, 60), (-60, 60), (-600, 300), (31, 60), (0, MAX_SECONDS + 1), (0, 0), (0, -5), (0, 10**9)],
    ids=["over", "just over", "long over", "to come", "too long", "no time", "backwards", "for ever"],
)
def test_a_token_outside_its_time_is_refused(office: ElectionOffice, now: int, seconds: int) -> None:
    token = office.token("auditor-1", "GET", LOG, now=office.clock() + now, seconds=seconds)
    assert refused(office.send(token, "GET", LOG)) == "officer_token_expired"


@on_one_database
@pytest.mark.parametrize(("now", "seconds"), [(-59, 60), (30, 60), (0, MAX_SECONDS)])
def test_a_token_within_its_time_is_accepted(office: ElectionOffice, now: int, seconds: int) -> None:
    token = office.token("auditor-1", "GET", LOG, now=office.clock() + now, seconds=seconds)
    assert office.send(token, "GET", LOG).status_code == 200


@on_one_database
def test_a_token_without_an_algorithm_is_refused(office: ElectionOffice) -> None:
    for algorithm in ("none", "None", "NONE", ""):
        token = forged(HEADER | {"alg": algorithm}, claims_of(office), lambda _: b"")
        assert refused(office.send(token, "GET", LOG)) == "officer_token_refused"


@on_one_database
def test_a_token_under_the_public_key_as_a_shared_secret_is_refused(office: ElectionOffice) -> None:
    public = office.keys["auditor-1"].public_key_hex
    for secret in (bytes.fromhex(public), public.encode()):
        for algorithm in ("HS256", "Ed25519"):

            def sign(message: bytes, secret: bytes = secret) -> bytes:
                return hmac.digest(secret, message, "sha256")

            token = forged(HEADER | {"alg": algorithm}, claims_of(office), sign)
            assert refused(office.send(token, "GET", LOG)) == "officer_token_refused"


@on_one_database
@pytest.mark.parametrize(
    "header",
    [
        {"alg": "EdDSA"},
        {"typ": "JWT"},
        {"kid": "nobody"},
        {"kid": "counter-1"},
        {"kid": None},
        {"kid": ["auditor-1"]},
        {"crit": ["b64"], "b64": False},
        {"zip": "DEF"},
    ],
)
def test_a_token_with_another_header_is_refused(office: ElectionOffice, header: dict[str, Any]) -> None:
    token = forged(HEADER | header, claims_of(office), office.keys["auditor-1"].sign)
    assert refused(office.send(token, "GET", LOG)) == "officer_token_refused"


@on_one_database
def test_a_key_that_the_token_brings_along_is_not_used(office: ElectionOffice) -> None:
    stranger = OfficerKey.create()
    own = {"kty": "OKP", "crv": "Ed25519", "x": encoded(bytes.fromhex(stranger.public_key_hex))}
    for header in (HEADER, HEADER | {"jwk": own}, HEADER | {"jku": "https://example.org/keys"}):
        token = forged(header, claims_of(office), stranger.sign)
        assert refused(office.send(token, "GET", LOG)) == "officer_token_refused"


@on_one_database
@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "tohyo:registrar:1:0x0000000000000000000000000000000000000001"},
        {"aud": ["tohyo"]},
        {"iss": "reviewer-1"},
        {"jti": "short"},
        {"jti": 7},
        {"iat": 1_800_000_000.0},
        {"exp": "1800000060"},
        {"exp": True},
        {"admin": True},
    ],
)
def test_a_token_with_other_claims_is_refused(office: ElectionOffice, claims: dict[str, Any]) -> None:
    token = forged(HEADER, claims_of(office, **claims), office.keys["auditor-1"].sign)
    assert refused(office.send(token, "GET", LOG)) == "officer_token_refused"


@on_one_database
@pytest.mark.parametrize("missing", ["iss", "aud", "iat", "exp", "jti", "htm", "target", "body_sha256"])
def test_a_token_without_one_of_its_claims_is_refused(office: ElectionOffice, missing: str) -> None:
    claims = claims_of(office)
    del claims[missing]
    token = forged(HEADER, claims, office.keys["auditor-1"].sign)
    assert refused(office.send(token, "GET", LOG)) == "officer_token_refused"


@on_one_database
@pytest.mark.parametrize("text", ["x", "a.b", "a.b.c", "a.b.c.d", "..", "é.é.é", "A" * 5000, "e30.e30.e30"])
def test_what_is_no_token_is_refused(office: ElectionOffice, text: str) -> None:
    answer = office.http.get(LOG, headers={"Authorization": f"Bearer {text}".encode()})
    assert refused(answer) == "officer_token_refused"


@on_one_database
def test_a_password_is_no_token(office: ElectionOffice) -> None:
    answer = office.http.get(LOG, auth=("auditor-1", "password"))
    assert refused(answer) == "officer_token_refused"


@on_one_database
def test_two_tokens_are_none(office: ElectionOffice) -> None:
    tokens = [("Authorization", f"Bearer {office.token('auditor-1', 'GET', LOG)}") for _ in range(2)]
    assert refused(office.http.get(LOG, headers=tokens)) == "officer_token_refused"


def test_an_officer_who_was_removed_from_the_settings_is_nobody(office: ElectionOffice) -> None:
    office.keys["gone-1"] = OfficerKey.create()
    assert refused(office.get("gone-1", LOG)) == "officer_token_refused"


def test_the_record_of_used_tokens_does_not_grow_for_ever(office: ElectionOffice) -> None:
    old = office.clock() - 2 * MAX_SECONDS
    with office.database.begin() as connection:
        connection.execute(insert(token_use), [{"id": f"x:{n}", "expires_at": old} for n in range(50)])
    office.get("auditor-1", LOG)
    with office.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(token_use)).scalar_one() == 1


def officer(name: str, **changes: Any) -> OfficerSettings:
    key = hashlib.sha256(name.encode()).hexdigest()
    return OfficerSettings(**{"id": name, "roles": {"auditor"}, "public_key": key} | changes)


@pytest.mark.parametrize(
    "second",
    [
        officer("a"),
        officer("b", public_key=officer("a").public_key),
        officer("b", certificate_sha256="ab" * 32),
        officer("b", roles={"auditor", "king"}),
        officer("service"),
        officer("operator"),
    ],
    ids=["same id", "same key", "same certificate", "unknown role", "the log's own", "the log's other"],
)
def test_settings_with_which_one_person_could_be_two_are_refused(second: OfficerSettings) -> None:
    with pytest.raises(SettingsError):
        require_officers([officer("a", certificate_sha256="ab" * 32), second])


CERTIFICATE = b"DER of a certificate"
REQUEST = OfficeRequest("GET", "/x", b"")


@pytest.fixture
def recognising(office: ElectionOffice) -> Authenticator:
    fingerprint = hashlib.sha256(CERTIFICATE).hexdigest()
    known = [
        officer("with", certificate_sha256=fingerprint, public_key=office.keys["auditor-1"].public_key_hex),
        officer("without"),
    ]
    return Authenticator(require_officers(known), audience(1, "0xab"), office.database)


def test_a_client_certificate_is_recognised_by_its_fingerprint(recognising: Authenticator) -> None:
    assert officer_of(recognising, None, CERTIFICATE, REQUEST, 0).id == "with"


@pytest.mark.parametrize("certificate", [b"", CERTIFICATE + b"\n", b"another"])
def test_another_certificate_is_nobodys(recognising: Authenticator, certificate: bytes) -> None:
    with pytest.raises(OfficerCertificateUnknownError):
        officer_of(recognising, None, certificate, REQUEST, 0)


def test_a_token_beside_the_certificate_must_be_the_same_officers(
    recognising: Authenticator, office: ElectionOffice
) -> None:
    key = office.keys["auditor-1"]
    mine = make_token(key, "with", audience(1, "0xab"), REQUEST, now=0)
    assert officer_of(recognising, f"Bearer {mine}", CERTIFICATE, REQUEST, 0).id == "with"
    others = make_token(key, "without", audience(1, "0xab"), REQUEST, now=0)
    with pytest.raises(OfficerTokenRefusedError):
        officer_of(recognising, f"Bearer {others}", CERTIFICATE, REQUEST, 0)
