"""An OpenID provider on real HTTP that answers whatever a test tells it to; its keys are the test's."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from identity.oidc.provider import OidcProvider

if TYPE_CHECKING:
    from types import TracebackType

CLIENT_ID = "registrar"
KEY_ID = "k1"
PERSON = {
    "name": "山田花子",
    "birthdate": "1990-01-31",
    "gender": "female",
    "address": {"formatted": "東京都千代田区霞が関1丁目3番1号"},
}


@dataclass
class Reply:
    """An answer: a status, a media type, a body; `seconds` it takes, or each byte if `drips`."""

    body: Any
    status: int = 200
    media_type: str = "application/json"
    seconds: float = 0.0
    location: str = ""
    drips: bool = False
    encoding: str = ""

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class LyingOidcProvider:
    """Serves `replies` by path; the usual ones are set up, tests replace them."""

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    client_key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)  # method and path

    def __enter__(self) -> Self:
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self.metadata()
        self.publish(self.public_jwk(self.key, KEY_ID))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def client(self, **choices: Any) -> OidcProvider:
        return OidcProvider(self.issuer, CLIENT_ID, self.client_key, "https://vote.example/back", **choices)

    def metadata(self, **changes: Any) -> None:
        """Describe itself, with changes; None leaves a member out."""
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        } | changes
        kept = {name: value for name, value in document.items() if value is not None}
        self.replies["/.well-known/openid-configuration"] = Reply(kept)

    def publish(self, *keys: dict[str, Any]) -> None:
        self.replies["/jwks"] = Reply({"keys": list(keys)})

    def give_tokens(self, id_token: str, access_token: str = "access") -> None:  # noqa: S107
        self.replies["/token"] = Reply(
            {"id_token": id_token, "access_token": access_token, "token_type": "Bearer"}
        )

    def give_userinfo(self, body: Any, media_type: str = "application/json") -> None:
        data = body.encode() if isinstance(body, str) else body
        self.replies["/userinfo"] = Reply(data, media_type=media_type)

    def id_claims(self, nonce: Any, /, **changes: Any) -> dict[str, Any]:
        """Return what an honest ID token says, with changes; None leaves a claim out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "pairwise",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **PERSON,
        } | changes
        return {name: value for name, value in claims.items() if value is not None}

    def id_token(self, nonce: Any, /, **changes: Any) -> str:
        return self.signed(self.id_claims(nonce, **changes))

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        return jwt.encode({"alg": "ES256", "kid": KEY_ID} | header, claims, self.key, algorithms=["ES256"])

    @staticmethod
    def public_jwk(key: ECKey, key_id: str) -> dict[str, Any]:
        return {**KeySet([key]).as_dict(private=False)["keys"][0], "kid": key_id, "use": "sig"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                provider.asked.append((self.command, self.path))
                reply = provider.replies.get(self.path, Reply({"error": "not_found"}, 404))
                provider._released.wait(0 if reply.drips else reply.seconds)
                self.send_response(reply.status)
                self.send_header("content-type", reply.media_type)
                self.send_header("content-length", str(len(reply.data)))
                if reply.encoding:
                    self.send_header("content-encoding", reply.encoding)
                if reply.location:
                    self.send_header("location", reply.location)
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self._send(reply)

            def _send(self, reply: Reply) -> None:
                for position in range(len(reply.data) if reply.drips else 0):
                    self.wfile.write(reply.data[position : position + 1])
                    provider._released.wait(reply.seconds)
                if not reply.drips:
                    self.wfile.write(reply.data)

            do_GET = do_POST = _answer  # noqa: N815  names that http.server calls

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        return Handler


def unsigned(claims: dict[str, Any]) -> str:
    """Return a token with the algorithm `none`."""
    parts = [{"alg": "none", "kid": KEY_ID}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, ""])
