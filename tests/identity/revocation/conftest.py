"""A test PKI with a card of every generation, its responder over real HTTP, and authorities that lie."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509

from identity.testpki.authority import Generation, Purpose
from identity.testpki.card_file import DEFAULT_PASSWORD, DEFAULT_PIN
from identity.testpki.directory import TestPki
from identity.testpki.responder import Behaviour, Responder, running_responder
from tests.support.people import people
from voter.card import Card


@dataclass(frozen=True)
class Issued:
    """A certificate and the authority that signed it: what every checker is given."""

    certificate: x509.Certificate
    issuer: x509.Certificate


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """Cards named after their generation, and `revoked`."""
    made = TestPki.create(tmp_path_factory.mktemp("authorities") / "pki")
    (_, person), *_ = people(1)
    for generation in Generation:
        made.issue_card(generation.value, person, generation=generation)
    made.issue_card("revoked", person, generation=Generation.PRESENT)
    made.revoke("revoked")
    yield made
    made.close()


@pytest.fixture(scope="session")
def issued(pki):
    """The certificates of a card, by its name."""

    def find(name: str = "present", purpose: Purpose = Purpose.SIGNING) -> Issued:
        card = Card.load(pki.card_path(name))
        if purpose is Purpose.SIGNING:
            signed = card.sign(b"m", DEFAULT_PASSWORD)
        else:
            signed = card.authenticate(b"m", DEFAULT_PIN)
        generation = Generation(name) if name in list(Generation) else Generation.PRESENT
        certificate = x509.load_der_x509_certificate(signed.certificate)
        return Issued(certificate, pki.authority(purpose, generation).certificate)

    return find


@pytest.fixture
def behaviour():
    return Behaviour()


@pytest.fixture
def url(pki, behaviour):
    with running_responder(pki, behaviour) as running:
        yield running


@pytest.fixture
def responder(pki):
    """Makes true answers, without a network."""
    return Responder(pki, Behaviour())


@pytest.fixture
def now():
    return int(time.time())


@pytest.fixture
def answering():
    """Run a server that answers every request with what a function makes of its body."""

    @contextmanager
    def run(make):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers["Content-Length"])))

            def do_GET(self):
                self.answer(b"")

            def answer(self, asked):
                body = make(asked)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    return run
