"""One OpenID provider as the registrar is registered with it: names, the client's key, what is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from identity.credential import Mode
from identity.errors import SignInSettingsError

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_SCOPES = "openid name address birthdate gender"
SIGNATURE_ALGORITHM = "ES256"
_CURVE = "P-256"
# the Digital Authentication App: its service and its sandbox, whose people are made up
_REAL_HOST, _SANDBOX_HOST = "auth-and-sign.go.jp", "sb-auth-and-sign.go.jp"


@dataclass(frozen=True)
class OidcProvider:
    """A provider, and the registrar as its client; the key is never printed.

    `unsigned_userinfo` accepts personal data that the provider did not sign; an auditor cannot check it.
    """

    issuer: str
    client_id: str
    private_key: ECKey = field(repr=False)
    redirect_uri: str
    key_id: str = ""
    scopes: str = DEFAULT_SCOPES
    acr_values: str = ""
    unsigned_userinfo: bool = False

    def __post_init__(self) -> None:
        """Raise SignInSettingsError for what could not be used safely."""
        if not is_safe_url(self.issuer) or urlsplit(self.issuer).query:
            raise SignInSettingsError(
                f"{self.issuer!r} is no issuer.",
                hint="Give the provider's https:// address as it writes it itself; http is for 127.0.0.1.",
            )
        if not self.private_key.is_private or self.private_key.curve_name != _CURVE:
            raise SignInSettingsError("The client's key is not a private P-256 key.", hint=_KEY_HINT)
        if "openid" not in self.scopes.split():
            raise SignInSettingsError(
                "The scopes lack openid.", hint=f"The usual ones are `{DEFAULT_SCOPES}`."
            )

    @staticmethod
    def load(
        issuer: str,
        client_id: str,
        private_key: Path,
        redirect_uri: str,
        **choices: Any,  # noqa: ANN401  the optional fields above
    ) -> OidcProvider:
        """Read the client's key from a PEM file.

        Raises:
            SignInSettingsError: the settings cannot be used.
            OSError: the file cannot be read.

        """
        try:
            key = ECKey.import_key(private_key.read_bytes())
        except (JoseError, ValueError, TypeError) as failure:
            raise SignInSettingsError(
                f"{private_key} holds no private P-256 key.", hint=_KEY_HINT
            ) from failure
        return OidcProvider(issuer, client_id, key, redirect_uri, **choices)

    @property
    def assertion_key_id(self) -> str:
        """The `kid` of the client's assertions: as set, else the key's RFC 7638 thumbprint."""
        return self.key_id or self.private_key.thumbprint()

    def client_jwks(self) -> dict[str, Any]:
        """Return the public keys to register with the provider."""
        public = self.private_key.as_dict(private=False)
        key = {name: public[name] for name in ("kty", "crv", "x", "y")}
        return {"keys": [{**key, "kid": self.assertion_key_id, "use": "sig", "alg": SIGNATURE_ALGORITHM}]}


_KEY_HINT = "Make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out FILE`."


def require_mode(provider: OidcProvider, mode: Mode) -> None:
    """Refuse a provider whose people do not go with the mode: made-up voters, or real ones in a test.

    Raises SignInSettingsError.
    """
    parts = urlsplit(provider.issuer)
    if mode is Mode.PRODUCTION and (parts.scheme != "https" or parts.hostname == _SANDBOX_HOST):
        raise SignInSettingsError(
            f"{provider.issuer} is a provider for tests.",
            hint="Production mode takes https providers of real people only.",
        )
    if mode is Mode.TEST and parts.hostname == _REAL_HOST:
        raise SignInSettingsError(
            f"{provider.issuer} signs in real people.",
            hint=f"Use the sandbox, {_SANDBOX_HOST}, in test mode.",
        )


def is_safe_url(url: str) -> bool:
    """Whether an address is https, or http on this machine, and carries no user name and no fragment."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or not url.isascii() or not url.isprintable() or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
