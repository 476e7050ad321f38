"""A real OpenID provider in a process of its own, and a browser that signs in there."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from joserfc.jwk import ECKey

from chain.paths import PROJECT_ROOT
from identity.oidc.provider import OidcProvider

if TYPE_CHECKING:
    from types import TracebackType

SCRIPT = PROJECT_ROOT / "tests" / "identity" / "oidc" / "provider.mjs"
REDIRECT_URI = "https://vote.example/signed-in"
# clients by what they are registered for
SIGNED, PLAIN = "signed-userinfo", "plain-userinfo"

ACCOUNTS: dict[str, dict[str, Any]] = {
    "hanako": {
        "name": "山田　花子",
        "birthdate": "1990-01-31",
        "gender": "female",
        "address": {"formatted": "東京都千代田区霞が関1丁目3番1号"},
    },
    "taro": {
        "name": "鈴木 太郎",
        "birthdate": "1985-12-01",
        "gender": "male",
        "address": {"formatted": "茨城県つくば市研究学園1-1-1"},
    },
    "nobody": {"name": "", "birthdate": "yesterday"},
}

_ACTION = re.compile(r'<form[^>]*action="([^"]+)"')
_STEPS = 12


def signing_key(key_id: str) -> dict[str, Any]:
    """Return a new private ES256 key as a provider is given it."""
    key = ECKey.generate_key("P-256")
    return {**key.as_dict(private=True), "kid": key_id, "use": "sig", "alg": "ES256"}


@dataclass
class RealProvider:
    """The running process; `issuer` is its address."""

    process: subprocess.Popen[str]
    issuer: str
    client_key: ECKey

    def client(self, client_id: str = SIGNED, **choices: Any) -> OidcProvider:
        """Return the registrar's settings for this provider."""
        return OidcProvider(self.issuer, client_id, self.client_key, REDIRECT_URI, **choices)

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_provider(
    keys: list[dict[str, Any]],
    *,
    client_key: ECKey | None = None,
    port: int = 0,
    claims_in_id_token: bool = False,
) -> RealProvider:
    """Start a provider with two clients that share a key: with signed and with plain userinfo responses."""
    client_key = client_key or ECKey.generate_key("P-256")
    jwks = OidcProvider("https://op.example", SIGNED, client_key, REDIRECT_URI).client_jwks()
    clients = [
        {
            "client_id": client_id,
            "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "jwks": jwks,
            "grant_types": ["authorization_code"],
            "scope": "openid name address birthdate gender",
            **({"userinfo_signed_response_alg": "ES256"} if client_id == SIGNED else {}),
        }
        for client_id in (SIGNED, PLAIN)
    ]
    settings = {
        "port": port,
        "keys": keys,
        "clients": clients,
        "accounts": ACCOUNTS,
        "claimsInIdToken": claims_in_id_token,
    }
    process = subprocess.Popen(
        ["node", str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=PROJECT_ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(settings) + "\n")
    process.stdin.flush()
    issuer = process.stdout.readline().strip()
    if not issuer:
        process.kill()
        process.communicate()
        raise RuntimeError("the OpenID provider did not start")
    return RealProvider(process, issuer, client_key)


def sign_in(url: str, account: str) -> dict[str, str]:
    """Sign in and consent as a browser would; return what comes back in the redirect's query."""
    with httpx.Client(trust_env=False) as browser:
        response = browser.get(url)
        for _ in range(_STEPS):
            if response.is_redirect:
                target = urljoin(str(response.url), response.headers["location"])
                if target.startswith(REDIRECT_URI):
                    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
                response = browser.get(target)
                continue
            action = _ACTION.search(response.text)
            assert action, response.text
            prompt = "login" if 'value="login"' in response.text else "consent"
            form = {"prompt": prompt, "login": account, "password": "any"}
            response = browser.post(urljoin(str(response.url), unescape(action[1])), data=form)
    raise AssertionError("the provider never sent the browser back")
