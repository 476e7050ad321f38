"""What stands around every endpoint: headers, limits, problems, and log lines that name nobody."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import structlog
from starlette.responses import Response

from api.app import create_app
from api.errors import NotReadyError, RateLimitedError
from api.limits import BodyGuard, MemoryCounts, Rates
from api.logs import set_up_logging
from api.settings import RateSettings, load_settings
from api.shield import MAX_UNDER_WAY, Shield
from election.person import DateOfBirth
from identity.credential import CredentialKind
from tests.support.registrar_service import OTHER, VOTER, RegistrarService, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

PROBLEM = "application/problem+json"


@pytest.fixture
def service(sqlite_service: Callable[..., Any]) -> Iterator[RegistrarService]:
    with sqlite_service() as opened:
        yield opened


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that this process logs, as the service writes it."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    set_up_logging(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def answers(service: RegistrarService) -> list[httpx.Response]:
    """One answer of each kind."""
    http = service.http
    return [
        http.get("/healthz"),
        http.get("/v1/election"),
        http.get("/metrics"),
        http.get("/openapi.json"),
        http.get("/nowhere"),
        http.put("/v1/registrations"),
        http.post("/v1/registrations", content="{}", headers={"Content-Type": "text/plain"}),
        http.post("/v1/registrations", json={}),
        service.register(VOTER),
        service.register(OTHER, 0),
    ]


def test_every_answer_has_the_headers_that_browsers_heed(service: RegistrarService) -> None:
    for answer in answers(service):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["tohyo-version"] == "0.1.0"
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers


def test_every_error_is_a_problem_with_a_code(service: RegistrarService) -> None:
    found = {}
    for answer in answers(service):
        if answer.status_code >= 400:
            document = answer.json()
            assert answer.headers["content-type"] == PROBLEM
            assert document["status"] == answer.status_code
            assert document["type"] == f"urn:tohyo:problem:{document['code']}"
            assert document["title"]
            assert document["hint"]
            found[answer.status_code, document["code"]] = answer
    assert set(found) == {
        (404, "not_found"),
        (405, "method_not_allowed"),
        (415, "unsupported_media_type"),
        (422, "request_malformed"),
        (422, "field_element_out_of_range"),
    }
    assert found[405, "method_not_allowed"].headers["allow"] == "POST"
    assert {fault["at"] for fault in found[422, "request_malformed"].json()["errors"]} == {
        "body.challenge",
        "body.commitment",
        "body.credential",
    }


def test_a_fault_is_named_without_what_was_sent(service: RegistrarService) -> None:
    body = {"challenge": ["青木"], "commitment": "青木", "credential": {"kind": "青木"}}
    answer = service.http.post("/v1/registrations", json=body)
    assert len(answer.json()["errors"]) == 3
    assert "青木" not in answer.text


class Broken:
    """A verifier that fails in a way that nobody foresaw, and would tell everything."""

    kind = CredentialKind.JPKI

    def verify(self, *_given: object) -> Any:
        raise RuntimeError("青木 花子 at /etc/shadow")

    recheck = verify


def test_what_nobody_foresaw_gets_a_number_and_tells_nothing(
    sqlite_service: Callable[..., Any], log: io.StringIO
) -> None:
    with sqlite_service(verifiers={CredentialKind.JPKI: Broken()}) as service:
        body = service.request(VOTER)
        answer = service.send(body)
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert service.send(body).status_code == 500
    assert answer.headers["content-type"] == PROBLEM
    told = [line for line in lines(log) if line.get("error_id") == answer.json()["error_id"]]
    assert told[0]["error"] == "RuntimeError"
    assert any("verify" in place for place in told[0]["where"])
    for text in (answer.text, log.getvalue()):
        assert "青木" not in text
        assert "shadow" not in text


def test_the_log_names_nobody_and_no_address(service: RegistrarService, log: io.StringIO) -> None:
    body = service.request(VOTER)
    receipt = service.receipt(service.send(body))
    service.refusal(service.register(OTHER, 0))
    service.standing(receipt)
    service.http.get(f"/v1/registrations/{receipt.registration_id}")
    events = [line["event"] for line in lines(log)]
    assert {"registered", "refused"} <= set(events)
    text = log.getvalue()
    for person in service.people.values():
        assert person.name not in text
        assert person.address not in text
    secrets = [receipt.token, receipt.signature.hex(), body["credential"]["signature"], "127.0.0.1:"]
    assert [secret for secret in secrets if secret in text] == []
    registered = next(line for line in lines(log) if line["event"] == "registered")
    assert registered["roll_entry"] == service.pseudonyms[VOTER]


def test_a_librarys_traceback_is_logged_without_what_it_says(log: io.StringIO) -> None:
    try:
        DateOfBirth.parse("青木 花子")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n青木 花子")
    logging.getLogger("uvicorn.access").info("127.0.0.1:4711 GET /")
    line = lines(log)[0]
    assert (line["error"], line["event"]) == ("ValueError", "Exception in ASGI application")
    assert "青木" not in log.getvalue()
    assert "4711" not in log.getvalue()


def test_too_many_requests_are_told_when_to_come_back(sqlite_service: Callable[..., Any]) -> None:
    rates = {"challenges": 3, "registrations": 2, "lookups": 1}
    with sqlite_service(rates=rates) as service:
        challenges = [service.http.post("/v1/challenges") for _ in range(4)]
        assert [answer.status_code for answer in challenges] == [201, 201, 201, 429]
        assert challenges[3].json()["code"] == "rate_limited"
        assert 1 <= int(challenges[3].headers["retry-after"]) <= 60
        receipt = service.receipt(service.register(VOTER, challenge=challenges[0].json()["challenge"]))
        service.register(OTHER, challenge=challenges[1].json()["challenge"])
        last = service.register(OTHER, challenge=challenges[2].json()["challenge"])
        assert last.status_code == 429
        assert [service.standing(receipt).status_code for _ in range(2)] == [200, 429]


def test_a_challenge_can_be_tried_a_few_times_only(sqlite_service: Callable[..., Any]) -> None:
    with sqlite_service(rates={"attempts_per_challenge": 2}) as service:
        challenge = service.challenge()
        tried = [service.register(VOTER, challenge=challenge).status_code for _ in range(3)]
        assert tried == [201, 409, 429]
        assert service.register(OTHER).status_code == 201


def test_a_forged_challenge_is_not_counted_as_anybodys_attempt(sqlite_service: Callable[..., Any]) -> None:
    with sqlite_service(rates={"attempts_per_challenge": 1}) as service:
        genuine = service.challenge()
        forged = genuine.replace("Purpose: ", "Purpose:  ")
        assert service.register(VOTER, challenge=forged).json()["code"] == "challenge_unknown"
        assert service.register(VOTER, challenge=genuine).status_code == 201


def test_counts_end_with_their_minute_and_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("api.limits.time.monotonic", lambda: now[0])
    counts = MemoryCounts()
    rates = Rates(RateSettings(attempts_per_challenge=1))
    rates.attempt("a")
    rates.attempt("b")
    with pytest.raises(RateLimitedError):
        rates.attempt("a")
    now[0] += 61
    rates.attempt("a")
    assert counts.incr("key", 60) == 1
    now[0] += 30
    assert counts.incr("key", 60) == 2
    now[0] += 31
    assert counts.get("key") == 0
    assert counts.incr("other", 60) == 1
    assert counts.reset() == 1


async def _never() -> Any:
    await asyncio.Event().wait()


def _asked(app: Any, receive: Callable[[], Any], **scope: Any) -> list[dict[str, Any]]:
    """Call an ASGI application once; return what it sent."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    given = {"type": "http", "scheme": "http", "method": "POST", "path": "/", "headers": []} | scope
    asyncio.run(app(given, receive, send))
    return sent


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def inner(*_call: object) -> None:
        raise AssertionError("the application was asked")

    sent = _asked(BodyGuard(inner, 1000, seconds=0.01), _never)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["code"] == "request_timeout"


@pytest.mark.parametrize("asked_before", ["", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_a_request_whose_head_never_ends_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, asked_before: str
) -> None:
    """Each byte alone would be soon enough; all of them take for ever."""
    monkeypatch.setattr("api.server.PATIENCE_SECONDS", 0.3)
    app = Shield(BodyGuard(_nothing_at_all, 1000), "0")
    with running(app, load_settings(None, {"port": 0})) as address, connected(address) as client:
        client.sendall(asked_before.encode() + b"GET / HTTP/1.1\r\nX: ")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            trickle(client)


def test_an_answer_that_nobody_takes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.server.PATIENCE_SECONDS", 0.3)
    ended = threading.Event()

    async def long(_scope: object, _receive: object, send: Callable[..., Any]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
        ended.set()

    with running(long, load_settings(None, {"port": 0})) as address, connected(address) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert ended.wait(30)


def trickle(client: socket.socket) -> None:
    """Send a byte now and then, for five seconds."""
    for _ in range(100):
        client.sendall(b"x")
        time.sleep(0.05)


def connected(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30)


async def _nothing_at_all(scope: Any, receive: Any, send: Any) -> None:
    await Response()(scope, receive, send)


def test_a_client_that_goes_away_is_answered_by_nobody() -> None:
    async def inner(*_call: object) -> None:
        raise AssertionError("the application was asked")

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    assert _asked(BodyGuard(inner, 1000), gone) == []


@pytest.mark.parametrize("declared", [b"1001", b"-1", b"x", b"9" * 5000])
def test_a_declared_length_is_believed_before_anything_is_read(declared: bytes) -> None:
    async def inner(*_call: object) -> None:
        raise AssertionError("the application was asked")

    sent = _asked(BodyGuard(inner, 1000), _never, headers=[(b"content-length", declared)])
    assert sent[0]["status"] == 413


def test_more_requests_than_can_be_answered_are_told_so() -> None:
    shield = Shield(BodyGuard(_never_app, 1000), "0")
    shield._under_way = MAX_UNDER_WAY
    sent = _asked(shield, _never)
    assert (sent[0]["status"], json.loads(sent[1]["body"])["code"]) == (503, "overloaded")
    assert shield._under_way == MAX_UNDER_WAY


async def _never_app(*_call: object) -> None:
    raise AssertionError("the application was asked")


def test_pages_of_configured_origins_may_use_the_service_and_no_others(
    sqlite_service: Callable[..., Any],
) -> None:
    origin = "https://vote.example.jp"
    with sqlite_service(allowed_origins=[origin]) as service:
        allowed = service.http.get("/v1/election", headers={"Origin": origin})
        assert allowed.headers["access-control-allow-origin"] == origin
        refused = service.http.get("/v1/election", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in refused.headers
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = service.http.options("/v1/registrations", headers=asked)
        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, origin)
        wrong = service.http.post("/v1/registrations", json={}, headers={"Origin": origin})
        assert wrong.headers["access-control-allow-origin"] == origin
        assert "access-control-allow-credentials" not in wrong.headers


def test_the_facts_can_be_compared_with_the_chain(service: RegistrarService) -> None:
    facts = service.http.get("/v1/election").json()
    config = service.services.chain.config()
    assert facts["registrar"] == config.registrar
    assert facts["election_id"] == str(config.election_id)
    assert facts["contract"] == service.services.chain.address
    assert facts["voting_opens"] == config.voting_opens
    assert facts["credentials"] == ["jpki", "office"]
    assert facts["warnings"] == [
        "test cards: not for a real election",
        "development keys: not for a real election",
    ]


def test_ready_means_that_everything_is_there(service: RegistrarService) -> None:
    answer = service.http.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "checks": {"database": True, "chain": True}},
    )

    def missing() -> None:
        raise NotReadyError("no roots")

    app = create_app(service.services.settings, service.services, {"roots": missing})
    with running(app, service.services.settings) as address:
        answer = service.http.get(f"{address}/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert answer.json()["checks"] == {"database": True, "chain": True, "roots": False}


def test_metrics_count_outcomes_and_name_nobody(service: RegistrarService) -> None:
    receipt = service.receipt(service.register(VOTER))
    service.register(OTHER, 0)
    service.http.get("/v1/registrations/" + "0" * 32)
    text = service.http.get("/metrics").text
    assert 'tohyo_registration_requests_total{outcome="deposit"}' in text
    assert 'tohyo_registration_requests_total{outcome="field_element_out_of_range"}' in text
    assert 'tohyo_registrations_open{status="queued"} 1.0' in text
    assert 'route="/v1/registrations/{registration_id}",status="401"' in text
    assert "tohyo_http_request_seconds_bucket" in text
    for secret in (receipt.registration_id, receipt.roll_entry, str(receipt.commitment), "0" * 32):
        assert secret not in text
