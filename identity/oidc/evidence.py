"""What is kept of a sign-in, and how the registrar and later an auditor, from that alone, check it.

The ID token is signed by the provider and names, in its nonce, challenge and commitment. The personal data
stand in it, or in a userinfo response of the same subject, which is signed too unless the provider's settings
allow otherwise. The keys are kept beside them; whoever checks must know them from elsewhere, by thumbprint.

Not kept: code, access token and PKCE verifier. So `at_hash` is checked at sign-in only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from identity.credential import CredentialKind, VerifiedCredential
from identity.oidc.binding import nonce_of
from identity.oidc.claims import names_a_person, person_of
from identity.oidc.metadata import import_public_key
from identity.oidc.token import check_id_token, check_userinfo, refuse, verified_claims

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from joserfc.jwk import ECKey

_TEXTS = ("issuer", "client_id", "id_token")
_MEMBERS = {"kind", "verified_at", "id_token_key", "userinfo", "userinfo_key", *_TEXTS}
_NO_HINT = "Ask the registrar for the evidence as it was kept."


@dataclass(frozen=True, repr=False)
class SignInEvidence:
    """A sign-in as it is kept; `userinfo` is a JWT if there is a key beside it, else JSON."""

    issuer: str
    client_id: str
    verified_at: int
    id_token: str
    id_token_key: ECKey
    userinfo: str | None = None
    userinfo_key: ECKey | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the document that `from_json` reads; it holds personal data."""
        return {
            "kind": CredentialKind.OIDC.value,
            "issuer": self.issuer,
            "client_id": self.client_id,
            "verified_at": self.verified_at,
            "id_token": self.id_token,
            "id_token_key": _jwk(self.id_token_key),
            "userinfo": self.userinfo,
            "userinfo_key": self.userinfo_key and _jwk(self.userinfo_key),
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> SignInEvidence:
        """Read what `to_json` wrote. Raises SignInRefusedError."""
        texts = all(isinstance(document.get(name), str) for name in _TEXTS)
        at, userinfo = document.get("verified_at"), document.get("userinfo")
        if set(document) != _MEMBERS or document["kind"] != CredentialKind.OIDC.value or not texts:
            refuse("The kept evidence is none of a sign-in.", _NO_HINT)
        if not isinstance(at, int) or isinstance(at, bool) or not isinstance(userinfo, str | None):
            refuse("The kept evidence is none of a sign-in.", _NO_HINT)
        key = _key(document["userinfo_key"]) if document["userinfo_key"] is not None else None
        return SignInEvidence(
            document["issuer"],
            document["client_id"],
            at,
            document["id_token"],
            _key(document["id_token_key"]),
            userinfo,
            key,
        )

    def id_token_claims(self, message: bytes, access_token: str | None = None) -> dict[str, Any]:
        """Return what the ID token says, once it holds for this message. Raises SignInRefusedError."""
        claims = verified_claims(self.id_token, self.id_token_key, "ID token")
        check_id_token(
            claims,
            issuer=self.issuer,
            client_id=self.client_id,
            nonce=nonce_of(message),
            at=self.verified_at,
            access_token=access_token,
        )
        return claims

    def credential(
        self, message: bytes, *, unsigned_userinfo: bool, access_token: str | None = None
    ) -> VerifiedCredential:
        """Check everything and return whose sign-in it is.

        Raises SignInRefusedError, PersonalDataMalformedError.
        """
        claims = self.id_token_claims(message, access_token)
        if not names_a_person(claims):
            claims = self._userinfo_claims(claims["sub"], unsigned_userinfo=unsigned_userinfo)
        return VerifiedCredential(CredentialKind.OIDC, self.to_json(), person_of(claims))

    def _userinfo_claims(self, subject: str, *, unsigned_userinfo: bool) -> dict[str, Any]:
        if self.userinfo is None:
            refuse("The ID token names no person, and there is no userinfo response.")
        if self.userinfo_key is not None:
            claims = verified_claims(self.userinfo, self.userinfo_key, "userinfo response")
        elif unsigned_userinfo:
            claims = _json_object(self.userinfo)
        else:
            refuse("The sign-in service did not sign name and address.", "Use your card instead.")
        check_userinfo(
            claims,
            issuer=self.issuer,
            client_id=self.client_id,
            at=self.verified_at,
            subject=subject,
            signed=self.userinfo_key is not None,
        )
        return claims


def recheck(
    evidence: Mapping[str, Any],
    message: bytes,
    trusted_keys: Collection[str],
    *,
    unsigned_userinfo: bool = False,
) -> VerifiedCredential:
    """Check kept evidence without a network: the auditor's half.

    `trusted_keys` are RFC 7638 SHA-256 thumbprints of the provider's keys that the auditor learned from
    elsewhere: anybody can sign a token with a key of their own and keep that key beside it.
    Raises SignInRefusedError, PersonalDataMalformedError.
    """
    kept = SignInEvidence.from_json(evidence)
    for key in (kept.id_token_key, kept.userinfo_key):
        if key is not None and key.thumbprint() not in trusted_keys:
            refuse(
                f"The sign-in is signed with a key that is not among the trusted ones: {key.thumbprint()}.",
                "Compare the thumbprint with what the provider published at that time.",
            )
    return kept.credential(message, unsigned_userinfo=unsigned_userinfo)


def _jwk(key: ECKey) -> dict[str, str]:
    public = key.as_dict(private=False)
    return {name: str(public[name]) for name in ("kty", "crv", "x", "y")}


def _key(document: object) -> ECKey:
    try:
        return import_public_key(document if isinstance(document, dict) else {})
    except ValueError:
        refuse("The kept evidence has a key that is none.", _NO_HINT)


def _json_object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        refuse("The userinfo response cannot be read.")
    if not isinstance(found, dict):
        refuse("The userinfo response cannot be read.")
    return found
