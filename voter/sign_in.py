"""A sign-in with an OpenID provider in the voter's own browser, in place of a card.

The registrar's service says where to sign in, bound to one challenge and one commitment: its nonce is
computed here again, since the provider signs for whatever commitment the nonce names. The provider sends the
browser back to the registrar's registered address: if that is on this machine, a small server here takes the
answer; otherwise the voter copies the address that the browser ends at.
"""

from __future__ import annotations

import hmac
import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qs, urlsplit

from identity.challenge import signed_message
from identity.oidc.binding import nonce_of
from voter.errors import SignInFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voter.registration import Credential, RegistrationClient

PATIENCE_SECONDS = 540.0  # a challenge lives for ten minutes
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_PAGE = """<!doctype html><meta charset="utf-8"><title>tohyo</title>
<p>Signed in. Close this page and go back to the terminal.
<p>サインインしました。このページを閉じて端末に戻ってください。
"""


def sign_in(
    client: RegistrationClient,
    issuer: str,
    show: Callable[[str], None],
    ask: Callable[[], str],
    patience: float = PATIENCE_SECONDS,
) -> Callable[[str, int], Credential]:
    """Return what makes the credential: it shows the voter an address to open, and waits.

    `ask` returns the address at which the browser ended, where no server here can take it. The result raises
    SignInFailedError.
    """

    def make(challenge: str, commitment: int) -> Credential:
        url, state = client.begin_sign_in(challenge, commitment, issuer)
        _require_bound(url, state, nonce_of(signed_message(challenge, commitment)))
        back = _redirect_of(url)
        if (back.hostname or "") in _LOOPBACK and back.scheme == "http" and back.port:
            with _listening(back.port, back.path or "/", state) as wait:
                show(url)
                answer = wait(patience)
        else:
            show(url)
            answer = ask()
        return {"kind": "oidc", "state": state, "code": _code(answer, state, issuer), "issuer": issuer}

    return make


def _require_bound(url: str, state: str, nonce: str) -> None:
    """Refuse to sign in for a commitment of the registrar's own."""
    given = parse_qs(urlsplit(url).query)
    if (given.get("nonce"), given.get("state")) != ([nonce], [state]):
        raise SignInFailedError(
            "The address to sign in at is not for your commitment.",
            hint="Do not sign in. Tell the election office; nothing was sent.",
        )


def _redirect_of(url: str) -> SplitResult:
    parts = urlsplit(url)
    given = parse_qs(parts.query).get("redirect_uri", [])
    is_private = parts.scheme == "https" or (parts.hostname or "") in _LOOPBACK
    if not is_private or len(given) != 1:
        raise SignInFailedError(
            "The address to sign in at cannot be used.", hint="Tell the election office; nothing was sent."
        )
    return urlsplit(given[0])


def _code(answer: str, state: str, issuer: str) -> str:
    """Return the code out of the address that the browser was sent back to."""
    found = parse_qs(urlsplit(answer.strip()).query)
    error, code = found.get("error", []), found.get("code", [])
    if error:
        raise SignInFailedError(
            f"The provider refused to sign you in ({_plain(error[0])}).", hint="Try again, or use a card."
        )
    is_ours = hmac.compare_digest("".join(found.get("state", [])).encode(), state.encode())
    if not is_ours or len(code) != 1 or found.get("iss", [issuer]) != [issuer]:
        raise SignInFailedError(
            "What came back is not the answer to this sign-in.",
            hint="Begin again, and use the browser page that opens; do not follow addresses from elsewhere.",
        )
    return code[0]


def _plain(text: str) -> str:
    return "".join(character for character in text[:64] if character.isascii() and character.isprintable())


@contextmanager
def _listening(port: int, path: str, state: str) -> Iterator[Callable[[float], str]]:
    """Take one request to `path` with this state; the result waits for it.

    Browsers open connections on which nothing may follow, and any page may send them here: neither keeps the
    answer from arriving.
    """
    arrived = threading.Event()
    answers: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            is_answer = asked.path == path and parse_qs(asked.query).get("state") == [state]
            self.send_response(HTTPStatus.OK if is_answer else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            if is_answer:
                self.wfile.write(_PAGE.encode())
                answers.append(self.path)
                arrived.set()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
            """Say nothing: the code is a secret."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as failure:
        raise SignInFailedError(
            f"Nothing can listen on port {port} here, where the provider sends your browser.",
            hint="End the program that uses the port, and try again.",
        ) from failure
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()

    def wait(seconds: float) -> str:
        if not arrived.wait(seconds):
            raise SignInFailedError("Nobody signed in in time.", hint="Begin again.")
        return answers[0]

    try:
        yield wait
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
