"""The test PKI's server: OCSP (RFC 6960) by POST and GET, and a revocation list for every authority.

    POST /ocsp, GET /ocsp/BASE64     an answer signed by the authority's appointed responder
    GET /crl/AUTHORITY.crl           the list, signed by the authority itself

It answers from the register at that moment. `Behaviour` makes it fail or lie, for tests.
"""

from __future__ import annotations

import base64
import binascii
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from identity.testpki.authority import Generation, Purpose, authority_names, hash_for, issued_by, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from identity.testpki.authority import Authority
    from identity.testpki.directory import TestPki

ANSWER_SECONDS: Final = 300
LIST_SECONDS: Final = 3600
_MAX_REQUEST_BYTES: Final = 16_384
_HANG_SECONDS: Final = 3600.0


@dataclass
class Behaviour:
    """How the server misbehaves; changed while it runs.

    `hang`: take requests and never answer. `status`: answer every request with this HTTP status.
    `unknown`: know no certificate. `refuse`: answer with this OCSP error. `rewrite`: change the bytes of
    every answer. `shift`: be wrong about the time by so many seconds. `asked` counts the requests.
    """

    hang: bool = False
    status: int = HTTPStatus.OK
    unknown: bool = False
    refuse: ocsp.OCSPResponseStatus | None = None
    rewrite: Callable[[bytes], bytes] | None = None
    shift: int = 0
    asked: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)


class Responder:
    """Makes the answers; knows no HTTP."""

    def __init__(self, pki: TestPki, behaviour: Behaviour) -> None:
        self._pki = pki
        self._behaviour = behaviour
        self._authorities: list[tuple[bytes, Authority]] = []
        for purpose, generation, _ in authority_names():
            authority = pki.authority(purpose, generation)
            identifier = x509.SubjectKeyIdentifier.from_public_key(authority.certificate.public_key())
            self._authorities.append((identifier.digest, authority))

    def answer(self, request: bytes) -> bytes:
        """Answer one OCSP request."""
        try:
            asked = ocsp.load_der_ocsp_request(request)
        except ValueError:
            return _refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        authority = self._asked_authority(asked)
        if self._behaviour.refuse or authority is None:
            return _refusal(self._behaviour.refuse or ocsp.OCSPResponseStatus.UNAUTHORIZED)
        return self._signed(asked, authority).public_bytes(Encoding.DER)

    def revocation_list(self, purpose: Purpose, generation: Generation) -> bytes:
        """Return an authority's list as of now."""
        authority, now = self._pki.authority(purpose, generation), self._now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.certificate.subject)
            .last_update(moment(now))
            .next_update(moment(now + LIST_SECONDS))
            .add_extension(x509.CRLNumber(now), critical=False)
            .add_extension(issued_by(authority.certificate), critical=False)
        )
        for taken_back in self._pki.register.revocations(authority.name):
            entry = x509.RevokedCertificateBuilder(taken_back.serial, moment(taken_back.revoked_at))
            reason = x509.ReasonFlags(taken_back.reason)
            if reason is not x509.ReasonFlags.unspecified:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(authority.key, hash_for(authority.key)).public_bytes(Encoding.DER)

    def _now(self) -> int:
        return self._pki.clock() + self._behaviour.shift

    def _asked_authority(self, asked: ocsp.OCSPRequest) -> Authority | None:
        """Return the authority by its key: every generation has the same name."""
        if not isinstance(asked.hash_algorithm, hashes.SHA1):
            return None
        return next((a for digest, a in self._authorities if digest == asked.issuer_key_hash), None)

    def _signed(self, asked: ocsp.OCSPRequest, authority: Authority) -> ocsp.OCSPResponse:
        now = self._now()
        status, revoked_at, reason = self._status(authority, asked.serial_number)
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                asked.issuer_name_hash,
                asked.issuer_key_hash,
                asked.serial_number,
                asked.hash_algorithm,
                status,
                moment(now),
                moment(now + ANSWER_SECONDS),
                None if revoked_at is None else moment(revoked_at),
                reason,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, authority.responder)
            .certificates([authority.responder])
        )
        for extension in asked.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        return builder.sign(authority.responder_key, hashes.SHA256())

    def _status(
        self, authority: Authority, serial: int
    ) -> tuple[ocsp.OCSPCertStatus, int | None, x509.ReasonFlags | None]:
        register = self._pki.register
        if self._behaviour.unknown or not register.is_issued(authority.name, serial):
            return ocsp.OCSPCertStatus.UNKNOWN, None, None
        taken_back = register.revocation(authority.name, serial)
        if taken_back is None:
            return ocsp.OCSPCertStatus.GOOD, None, None
        reason = x509.ReasonFlags(taken_back.reason)
        told = None if reason is x509.ReasonFlags.unspecified else reason
        return ocsp.OCSPCertStatus.REVOKED, taken_back.revoked_at, told


class ResponderServer(ThreadingHTTPServer):
    """The HTTP server; one thread a connection."""

    daemon_threads = True

    def __init__(self, pki: TestPki, port: int = 0, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.behaviour.stopped.clear()  # it may have served before
        self.responder = Responder(pki, self.behaviour)
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away, as one does that gave up waiting."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # passed on as they came


class _Handler(BaseHTTPRequestHandler):
    server: ResponderServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet an answer

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_REQUEST_BYTES:
            self.close_connection = True
            self._send(b"", "text/plain", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        self._answer(self.rfile.read(int(length)))

    def do_GET(self) -> None:
        kind, _, rest = self.path.lstrip("/").partition("/")
        if kind == "ocsp":
            try:
                self._answer(base64.b64decode(unquote(rest), validate=True))
            except binascii.Error:
                self._answer(b"")
        elif kind == "crl" and (found := _LISTS.get(rest)):
            self._send(self.server.responder.revocation_list(*found), "application/pkix-crl")
        else:
            self._send(b"", "text/plain", HTTPStatus.NOT_FOUND)

    def _answer(self, request: bytes) -> None:
        self._send(self.server.responder.answer(request), "application/ocsp-response")

    def _send(self, body: bytes, media_type: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        behaviour = self.server.behaviour
        behaviour.asked += 1
        if behaviour.hang:
            behaviour.stopped.wait(_HANG_SECONDS)
            self.close_connection = True
            return
        if behaviour.rewrite is not None:
            body = behaviour.rewrite(body)
        self.send_response(status if behaviour.status == HTTPStatus.OK else behaviour.status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """Say nothing: serial numbers are nobody's business."""


_LISTS: Final = {f"{name}.crl": (purpose, generation) for purpose, generation, name in authority_names()}


@contextmanager
def running_responder(pki: TestPki, behaviour: Behaviour | None = None, port: int = 0) -> Iterator[str]:
    """Run the server in this process; gives its address, `http://127.0.0.1:PORT`.

    OCSP answers at `URL/ocsp`, lists at `list_urls(URL)`.
    """
    server = ResponderServer(pki, port, behaviour)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.behaviour.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def list_urls(url: str) -> list[str]:
    """Return the addresses of every authority's revocation list on a server."""
    return [f"{url}/crl/{name}" for name in _LISTS]


def _refusal(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
