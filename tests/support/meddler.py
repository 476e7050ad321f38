"""Stands between a voter and the registrar's service: forwards requests, notes them, and changes answers."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Meddler:
    """`meddle` gets a path and the true answer and returns what the voter gets; None cuts the connection."""

    url: str = ""
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    chain: object = None
    meddle: Callable[[str, Answer], Answer | None] = lambda _path, answer: answer

    def bodies(self, path: str) -> list[bytes]:
        return [body for where, body in self.requests if where == path]


@contextmanager
def meddling(address: str) -> Iterator[Meddler]:
    """Run one in front of a service."""
    meddler = Meddler()
    upstream = httpx.Client(base_url=address, timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            meddler.requests.append((self.path, body))
            names = ("Content-Type", "Authorization")
            given = {name: self.headers[name] for name in names if self.headers.get(name)}
            found = upstream.request(self.command, self.path, content=body, headers=given)
            kept = {k: v for k, v in found.headers.items() if k in {"content-type", "retry-after"}}
            answer = meddler.meddle(self.path, (found.status_code, kept, found.content))
            if answer is None:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815  the name in http.server

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    meddler.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield meddler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        upstream.close()
