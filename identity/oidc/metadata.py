"""What a provider says about itself (OpenID Connect Discovery 1.0) and its keys, kept for a while.

Both are fetched when first needed and again after an hour; the keys also when a token names one that is not
among them, since providers change their keys. A key that the provider no longer lists is soon not accepted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NoReturn

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from identity.errors import SignInUnavailableError
from identity.oidc.http import unavailable
from identity.oidc.provider import SIGNATURE_ALGORITHM, is_safe_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from identity.oidc.http import ProviderHttp

_KEPT_SECONDS = 3_600.0
_PAUSE_SECONDS = 1.0  # a provider that is down is not asked more often; requests that wait fail at once
_WELL_KNOWN = "/.well-known/openid-configuration"
_HTTP_OK = 200
# What must be offered, and what Discovery says is meant where a list is missing.
_NEEDED: Final = {
    "response_types_supported": ("code", ()),
    "id_token_signing_alg_values_supported": (SIGNATURE_ALGORITHM, ()),
    "token_endpoint_auth_methods_supported": ("private_key_jwt", ("client_secret_basic",)),
    "code_challenge_methods_supported": ("S256", ("S256",)),
}


@dataclass(frozen=True)
class Metadata:
    """Where a provider's endpoints are."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None


def parse_metadata(document: Mapping[str, Any], issuer: str) -> Metadata:
    """Check a discovery document. Raises ValueError with the end of a sentence about the provider."""
    if document.get("issuer") != issuer:
        raise ValueError("calls itself by another name than the configured issuer")
    for name, (value, default) in _NEEDED.items():
        offered = document.get(name, default)
        if not isinstance(offered, list | tuple) or value not in offered:
            raise ValueError(f"does not offer {value} ({name})")
    return Metadata(
        _endpoint(document, "authorization_endpoint"),
        _endpoint(document, "token_endpoint"),
        _endpoint(document, "jwks_uri"),
        _endpoint(document, "userinfo_endpoint") if "userinfo_endpoint" in document else None,
    )


def _endpoint(document: Mapping[str, Any], name: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or not is_safe_url(url):
        raise ValueError(f"gives no https address as its {name}")
    return url


def parse_keys(document: Mapping[str, Any]) -> dict[str, ECKey]:
    """Return the P-256 signing keys of a JWK set by their id; others are left out.

    Raises ValueError with the end of a sentence about the provider.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("publishes no keys")  # noqa: TRY004  the one error that callers expect
    keys: dict[str, ECKey] = {}
    for entry in listed:
        if not _is_for_signing(entry):
            continue
        if entry["kid"] in keys:
            raise ValueError("publishes two keys under one id")
        keys[entry["kid"]] = import_public_key(entry)
    return keys


def _is_for_signing(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("kty") == "EC"
        and entry.get("crv") == "P-256"
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", SIGNATURE_ALGORITHM) == SIGNATURE_ALGORITHM
        and isinstance(entry.get("kid"), str)
    )


def import_public_key(entry: Mapping[str, Any]) -> ECKey:
    """Read the public half of a P-256 key. Raises ValueError."""
    try:
        key = ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})
        curve = key.curve_name
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise ValueError("publishes a key that is none") from None
    if curve != "P-256":
        raise ValueError("publishes a key of another curve")
    return key


class ProviderDirectory:
    """One provider's metadata and keys, fetched when needed."""

    def __init__(
        self, issuer: str, http: ProviderHttp, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer, self._http, self._monotonic = issuer, http, monotonic
        self._lock = Lock()
        self._metadata: Metadata | None = None
        self._keys: dict[str, ECKey] = {}
        self._metadata_until = self._keys_until = 0.0
        self._silent_until = float("-inf")

    def metadata(self) -> Metadata:
        """Return where the endpoints are. Raises SignInUnavailableError."""
        with self._lock:
            return self._current_metadata()

    def key(self, key_id: str) -> ECKey | None:
        """Return a key by its id, None if the provider lists none such. Raises SignInUnavailableError."""
        with self._lock:
            if key_id not in self._keys or self._monotonic() >= self._keys_until:
                self._fetch_keys()
            return self._keys.get(key_id)

    def _current_metadata(self) -> Metadata:
        if self._metadata is None or self._monotonic() >= self._metadata_until:
            document = self._document(self._issuer.rstrip("/") + _WELL_KNOWN)
            try:
                self._metadata = parse_metadata(document, self._issuer)
            except ValueError as failure:
                self._unusable(failure)
            self._metadata_until = self._monotonic() + _KEPT_SECONDS
        return self._metadata

    def _fetch_keys(self) -> None:
        document = self._document(self._current_metadata().jwks_uri)
        try:
            self._keys = parse_keys(document)
        except ValueError as failure:
            self._unusable(failure)
        self._keys_until = self._monotonic() + _KEPT_SECONDS

    def _document(self, url: str) -> dict[str, Any]:
        if self._monotonic() < self._silent_until:
            unavailable(url, "did not answer a moment ago")
        try:
            answer = self._http.get(url)
        except SignInUnavailableError:
            self._silent_until = self._monotonic() + _PAUSE_SECONDS
            raise
        if answer.status != _HTTP_OK:
            unavailable(url, f"answers {answer.status} where it should describe itself")
        try:
            return answer.document()
        except ValueError:
            unavailable(url, "gives an answer that cannot be read")

    def _unusable(self, failure: ValueError) -> NoReturn:
        unavailable(self._issuer, str(failure))
