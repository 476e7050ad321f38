"""Sign-in with an OpenID provider as a credential: authorization code flow with PKCE, nothing stored between.

    authorization(issuer, message)  → where the voter's browser goes, and the state it must come back with
    verify({kind, state, code}, message, at)  → exchanges the code, checks the ID token, reads the person

The voter's device must drop a code whose state it did not ask for; the registrar cannot know. The person is
matched with the roll like a card's; the provider's pairwise `sub` is only compared within one sign-in.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from joserfc import jwt

from identity.credential import CredentialKind, VerifiedCredential
from identity.errors import SignInSettingsError, SignInUnavailableError
from identity.oidc.binding import (
    MIN_SECRET_BYTES,
    is_own_state,
    new_state,
    nonce_of,
    pkce_challenge,
    pkce_verifier,
)
from identity.oidc.claims import names_a_person
from identity.oidc.evidence import SignInEvidence, recheck
from identity.oidc.http import DEFAULT_SECONDS, Answer, ProviderHttp, unavailable
from identity.oidc.metadata import ProviderDirectory
from identity.oidc.provider import SIGNATURE_ALGORITHM, require_mode
from identity.oidc.token import key_id_of, refuse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from joserfc.jwk import ECKey

    from identity.credential import Mode
    from identity.oidc.provider import OidcProvider

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 60
_CODE = re.compile(r"[\x20-\x7e]{1,4096}")
_HTTP_OK, _HTTP_BAD_REQUEST = 200, 400


@dataclass(frozen=True)
class Authorization:
    """Where to send the voter's browser, and the state that must come back with the code."""

    url: str
    state: str


@dataclass(frozen=True, repr=False)
class _Tokens:
    id_token: str
    access_token: str


class OidcVerifier:
    """Verifies sign-ins with any of the providers.

    `secret` (32 bytes or more) makes the PKCE verifiers; every process of one service needs the same.
    With a `mode`, providers of the other mode are refused (SignInSettingsError). `trusted_keys` are
    thumbprints for `recheck`, which accepts no other keys.
    """

    def __init__(
        self,
        providers: Iterable[OidcProvider],
        secret: bytes,
        *,
        mode: Mode | None = None,
        trusted_keys: Collection[str] = (),
        seconds: float = DEFAULT_SECONDS,
    ) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"the secret must have {MIN_SECRET_BYTES} bytes")
        self._secret, self._trusted_keys = secret, frozenset(trusted_keys)
        self._providers = _by_issuer(providers)
        for provider in self._providers.values():
            if mode is not None:
                require_mode(provider, mode)
        self._http = ProviderHttp(seconds)
        self._directories = {issuer: ProviderDirectory(issuer, self._http) for issuer in self._providers}

    @property
    def kind(self) -> CredentialKind:
        """Which way of proving one's identity this is."""
        return CredentialKind.OIDC

    @property
    def issuers(self) -> tuple[str, ...]:
        """The providers, in the order of the settings."""
        return tuple(self._providers)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def authorization(self, issuer: str | None, message: bytes) -> Authorization:
        """Begin a sign-in for a message; may be asked for any number of times, and stores nothing.

        `issuer` may be left out if there is one provider. Raises SignInRefusedError for an unknown one,
        SignInUnavailableError.
        """
        provider = self._provider(issuer)
        nonce = nonce_of(message)
        state = new_state(self._secret, provider.issuer, nonce)
        verifier = pkce_verifier(self._secret, provider.issuer, state, nonce)
        parameters = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": provider.redirect_uri,
            "scope": provider.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": pkce_challenge(verifier),
            "code_challenge_method": "S256",
        }
        if provider.acr_values:
            parameters["acr_values"] = provider.acr_values
        endpoint = self._directories[provider.issuer].metadata().authorization_endpoint
        query = urlencode(parameters, quote_via=quote)
        return Authorization(f"{endpoint}{'&' if '?' in endpoint else '?'}{query}", state)

    def verify(self, presented: dict[str, Any], message: bytes, at: int) -> VerifiedCredential:
        """Exchange the code and check the answer, at a time in seconds since 1970.

        Raises:
            SignInRefusedError: the code or the ID token does not hold for this message.
            PersonalDataMalformedError: the provider's personal data cannot be read.
            SignInUnavailableError: the provider cannot be asked, or not understood.

        """
        provider = self._provider(presented.get("issuer"))
        state, code, nonce = presented.get("state"), presented.get("code"), nonce_of(message)
        if not isinstance(state, str) or not is_own_state(self._secret, provider.issuer, state, nonce):
            refuse("The sign-in was not begun here for this challenge and this commitment.")
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            refuse("The code is none.")
        pkce = pkce_verifier(self._secret, provider.issuer, state, nonce)
        tokens = self._exchange(provider, code, pkce, at)
        key = self._signing_key(provider, tokens.id_token, "ID token")
        evidence = SignInEvidence(provider.issuer, provider.client_id, at, tokens.id_token, key)
        if not names_a_person(evidence.id_token_claims(message, tokens.access_token)):
            evidence = self._with_userinfo(provider, evidence, tokens.access_token)
        return evidence.credential(
            message, unsigned_userinfo=provider.unsigned_userinfo, access_token=tokens.access_token
        )

    def recheck(self, evidence: dict[str, Any], message: bytes) -> VerifiedCredential:
        """Check kept evidence again without a network, with the trusted keys this verifier was given.

        Unsigned personal data are refused; `identity.oidc.evidence.recheck` takes the choice. Raises
        SignInRefusedError, PersonalDataMalformedError.
        """
        return recheck(evidence, message, self._trusted_keys)

    def _provider(self, issuer: object) -> OidcProvider:
        if issuer is None and len(self._providers) == 1:
            return next(iter(self._providers.values()))
        provider = self._providers.get(issuer) if isinstance(issuer, str) else None
        if provider is None:
            refuse(
                "Sign-in with this provider is not offered here.", "Use one of the issuers that are listed."
            )
        return provider

    def _exchange(self, provider: OidcProvider, code: str, pkce: str, at: int) -> _Tokens:
        url = self._directories[provider.issuer].metadata().token_endpoint
        answer = self._http.post(
            url,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": provider.redirect_uri,
                "client_id": provider.client_id,
                "code_verifier": pkce,
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": _assertion(provider, url, at),
            },
        )
        document = _read(answer, url)
        if answer.status == _HTTP_BAD_REQUEST and document.get("error") == "invalid_grant":
            refuse(
                "The sign-in service does not accept this code: it was used, is too old, or came with "
                "another state."
            )
        tokens = document.get("id_token"), document.get("access_token")
        if answer.status != _HTTP_OK or not all(isinstance(token, str) for token in tokens):
            unavailable(url, f"answers {answer.status} without tokens")
        return _Tokens(*map(str, tokens))

    def _signing_key(self, provider: OidcProvider, token: str, what: str) -> ECKey:
        key = self._directories[provider.issuer].key(key_id_of(token, what))
        if key is None:
            refuse(f"The {what} names a key that the provider does not publish.")
        return key

    def _with_userinfo(
        self, provider: OidcProvider, evidence: SignInEvidence, access_token: str
    ) -> SignInEvidence:
        url = self._directories[provider.issuer].metadata().userinfo_endpoint
        if url is None:
            refuse("The ID token names no person, and the provider has no userinfo endpoint.")
        answer = self._http.get(url, bearer=access_token)
        if answer.status != _HTTP_OK:
            unavailable(url, f"answers {answer.status} where it should name the person")
        text = _text(answer, url)
        if answer.media_type == "application/jwt":
            key = self._signing_key(provider, text, "userinfo response")
            return replace(evidence, userinfo=text, userinfo_key=key)
        if not provider.unsigned_userinfo:
            raise SignInUnavailableError(
                "The sign-in service does not sign name and address, as this election requires.",
                hint="Use your card. The operator must register the client for userinfo responses signed "
                f"with {SIGNATURE_ALGORITHM}, or for these claims in the ID token.",
            )
        return replace(evidence, userinfo=text)


def _by_issuer(providers: Iterable[OidcProvider]) -> dict[str, OidcProvider]:
    found: dict[str, OidcProvider] = {}
    for provider in providers:
        if provider.issuer in found:
            raise SignInSettingsError(
                f"{provider.issuer} is configured twice.", hint="Keep one client for each provider."
            )
        found[provider.issuer] = provider
    return found


def _assertion(provider: OidcProvider, token_endpoint: str, at: int) -> str:
    """Return the client's assertion (private_key_jwt), good for one minute and one use."""
    return jwt.encode(
        {"alg": SIGNATURE_ALGORITHM, "kid": provider.assertion_key_id},
        {
            "iss": provider.client_id,
            "sub": provider.client_id,
            "aud": token_endpoint,
            "jti": secrets.token_urlsafe(16),
            "iat": at,
            "exp": at + _ASSERTION_SECONDS,
        },
        provider.private_key,
        algorithms=[SIGNATURE_ALGORITHM],
    )


def _read(answer: Answer, url: str) -> dict[str, Any]:
    try:
        return answer.document()
    except ValueError:
        unavailable(url, "gives an answer that cannot be read")


def _text(answer: Answer, url: str) -> str:
    try:
        return answer.body.decode("utf-8")
    except UnicodeDecodeError:
        unavailable(url, "gives an answer that cannot be read")
