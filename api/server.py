"""Runs the service: uvicorn with or without TLS, the depositor beside it, until it is told to end.

On SIGTERM or SIGINT it takes no more connections, finishes the requests that it has, lets the depositor end
its round, and returns. A second SIGINT does not wait for requests. No client's address is logged or kept.
"""

from __future__ import annotations

import gc
import signal
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import h11
import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from api import problems
from api.errors import NotReadyError, RequestMalformedError, SettingsError

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable, Generator, Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from api.settings import Settings

GRACE_SECONDS: Final = 30  # for requests under way when the service is told to end
DEPOSITOR_SECONDS: Final = 120  # a round waits for the node; killing it would do no harm, only cost time
_HEADER_BYTES: Final = 16_384
PATIENCE_SECONDS: Final = 30.0  # for a client that neither finishes its request nor takes its answer
_log = structlog.get_logger("tohyo.api")


class ClientCertificateProtocol(H11Protocol):
    """HTTP/1.1 that tells the application which certificate the client presented.

    `scope["extensions"]["tls"]["client_cert"]` is its DER encoding, or None; TLS has verified that the
    authority in the settings issued it. Addresses of clients are left out of the scope.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Look at the certificate once for every connection."""
        super().connection_made(transport)
        self.client = None
        self._wait()
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is not None:
            self.app = _with_certificate(self.app, tls.getpeercert(binary_form=True))

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for this client no more."""
        self._patience.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request as long as for the first."""
        self._patience.cancel()
        self._wait()
        super().on_response_complete()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(PATIENCE_SECONDS, self._lose_patience)

    def _lose_patience(self) -> None:
        """Close a connection that is held open for nothing, which costs its holder nothing.

        Uvicorn's own limit ends with the first byte. Bodies have a limit of their own.
        """
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and not self.flow.write_paused:
            self._wait()
        else:
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP with a problem, too, and close."""
        headers = [(b"content-type", problems.MEDIA_TYPE.encode()), (b"connection", b"close")]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(problems.problem_response(RequestMalformedError(msg), status=400).body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Server(uvicorn.Server):
    """Uvicorn that ends quietly, and says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            self._announce(f"{'https' if self.config.ssl else 'http'}://{shown}:{port}")

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """End on the first signal; unlike uvicorn's own, a finished service ends with success."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def serve(
    app: ASGIApp,
    settings: Settings,
    announce: Callable[[str], None],
    deposit: Callable[[threading.Event], None] | None = None,
) -> None:
    """Serve until told to end; `deposit` runs beside it, and `announce` gets the address.

    Raises:
        SettingsError: the certificate or the key cannot be used.
        NotReadyError: the port is taken, or the address is not this machine's.

    """
    server = new_server(app, settings, announce)
    gc.collect()
    gc.freeze()  # what was imported stays; looking through it again and again would make requests wait
    with _beside(deposit):
        try:
            server.run()
        except SystemExit:  # uvicorn's way to say that it could not listen; the log has the reason
            raise NotReadyError(
                f"Nothing can listen at {settings.host}, port {settings.port}.",
                hint="Choose another --port, or stop the program that has it.",
            ) from None


def new_server(app: ASGIApp, settings: Settings, announce: Callable[[str], None]) -> Server:
    """Return a server that does not listen yet. Raises SettingsError as `serve` does."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=ClientCertificateProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=_HEADER_BYTES,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        ssl_ca_certs=settings.tls_client_ca,
        ssl_cert_reqs=ssl.CERT_OPTIONAL if settings.tls_client_ca else ssl.CERT_NONE,
    )
    try:
        config.load()
    except (ssl.SSLError, OSError) as failure:
        raise SettingsError(
            f"The certificate or its key cannot be used: {failure.strerror or failure}.",
            hint="--tls-cert and --tls-key are PEM files that belong together.",
        ) from failure
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return Server(config, announce)


@contextmanager
def _beside(deposit: Callable[[threading.Event], None] | None) -> Iterator[None]:
    """Run the depositor in a thread of its own, and let it finish its round at the end."""
    if deposit is None:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=deposit, args=(stop,), name="depositor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(DEPOSITOR_SECONDS)
        if thread.is_alive():
            _log.warning("depositor_left")  # what it had begun is kept, and finished after the next start


def _with_certificate(app: Any, certificate: bytes | None) -> ASGIApp:  # noqa: ANN401  uvicorn has types of its own
    async def with_certificate(scope: Scope, receive: Receive, send: Send) -> None:
        extensions = scope.setdefault("extensions", {})
        extensions["tls"] = {"client_cert": certificate}
        await app(scope, receive, send)

    return with_certificate
