"""What is kept of a sign-in convinces an auditor who knows the provider's keys, and nobody else."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import ECKey

from identity.challenge import signed_message
from identity.errors import SignInRefusedError
from identity.oidc.binding import nonce_of
from identity.oidc.evidence import recheck
from tests.support.lying_oidc_provider import CLIENT_ID, PERSON, LyingOidcProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from election.person import Person
    from identity.oidc.verifier import OidcVerifier


@pytest.fixture
def evidence(
    lying: LyingOidcProvider, verifier_for: Callable[..., OidcVerifier], message: bytes
) -> dict[str, Any]:
    """Return what a sign-in with a signed userinfo response leaves, after a way through JSON."""
    lying.give_tokens(lying.id_token(nonce_of(message), **dict.fromkeys(PERSON)))
    userinfo = {"iss": lying.issuer, "aud": CLIENT_ID, "sub": "pairwise", **PERSON}
    lying.give_userinfo(lying.signed(userinfo), "application/jwt")
    verifier = verifier_for(lying.client())
    presented = {"kind": "oidc", "state": verifier.authorization(None, message).state, "code": "code"}
    kept = verifier.verify(presented, message, int(time.time())).evidence
    return json.loads(json.dumps(kept))


@pytest.fixture
def trusted(lying: LyingOidcProvider) -> set[str]:
    return {lying.key.thumbprint()}


def test_the_evidence_holds_without_the_provider(
    evidence: dict[str, Any], trusted: set[str], message: bytes, hanako: Person
) -> None:
    credential = recheck(evidence, message, trusted)
    assert credential.person == hanako
    assert credential.evidence == evidence


def test_a_verifier_with_trusted_keys_rechecks(
    evidence: dict[str, Any],
    trusted: set[str],
    message: bytes,
    hanako: Person,
    verifier_for: Callable[..., OidcVerifier],
) -> None:
    assert verifier_for(trusted_keys=trusted).recheck(evidence, message).person == hanako
    with pytest.raises(SignInRefusedError, match="not among the trusted ones"):
        verifier_for().recheck(evidence, message)


@pytest.mark.parametrize(("challenge", "commitment"), [("a challenge\n", 18), ("another challenge\n", 17)])
def test_the_evidence_is_for_one_challenge_and_one_commitment(
    evidence: dict[str, Any], trusted: set[str], challenge: str, commitment: int
) -> None:
    with pytest.raises(SignInRefusedError, match="another challenge or another commitment"):
        recheck(evidence, signed_message(challenge, commitment), trusted)


def test_a_registrar_cannot_sign_for_the_provider(
    lying: LyingOidcProvider, evidence: dict[str, Any], trusted: set[str], message: bytes
) -> None:
    """A made-up person, well signed, with the maker's own key beside it."""
    forger = ECKey.generate_key("P-256")
    lying.key = forger
    token = lying.id_token(nonce_of(message), name="Nobody At All")
    forged = evidence | {
        "id_token": token,
        "id_token_key": {n: forger.as_dict(private=False)[n] for n in ("kty", "crv", "x", "y")},
        "userinfo": None,
        "userinfo_key": None,
    }
    assert recheck(forged, message, {forger.thumbprint()}).person is not None
    with pytest.raises(SignInRefusedError, match=forger.thumbprint()):
        recheck(forged, message, trusted)
    with pytest.raises(SignInRefusedError, match="not signed with the provider's key"):
        recheck(forged | {"id_token_key": evidence["id_token_key"]}, message, trusted)


def test_a_registrar_cannot_put_other_personal_data_beside_the_token(
    lying: LyingOidcProvider, evidence: dict[str, Any], trusted: set[str], message: bytes
) -> None:
    plain = json.dumps({"sub": "pairwise", **PERSON, "name": "Nobody At All"})
    with pytest.raises(SignInRefusedError, match="did not sign name and address"):
        recheck(evidence | {"userinfo": plain, "userinfo_key": None}, message, trusted)
    with pytest.raises(SignInRefusedError, match="no token signed with ES256"):
        recheck(evidence | {"userinfo": plain}, message, trusted)
    other = lying.signed({"iss": lying.issuer, "aud": CLIENT_ID, "sub": "another", **PERSON})
    with pytest.raises(SignInRefusedError, match="about somebody else"):
        recheck(evidence | {"userinfo": other}, message, trusted)


def test_the_key_of_the_userinfo_response_must_be_trusted_too(
    evidence: dict[str, Any], trusted: set[str], message: bytes
) -> None:
    other = ECKey.generate_key("P-256").as_dict(private=False)
    with pytest.raises(SignInRefusedError, match="not among the trusted ones"):
        recheck(evidence | {"userinfo_key": other}, message, trusted)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://another.example"},
        {"client_id": "another-service"},
        {"verified_at": 2**33},
        {"verified_at": 0},
        {"verified_at": "now"},
        {"verified_at": True},
        {"kind": "jpki"},
        {"id_token": None},
        {"id_token": "a.b.c"},
        {"id_token_key": None},
        {"id_token_key": {}},
        {"id_token_key": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
        {"userinfo": None, "userinfo_key": None},
        {"userinfo": 7},
        {"extra": 1},
    ],
)
def test_changed_evidence_is_refused(
    evidence: dict[str, Any], trusted: set[str], message: bytes, changes: dict[str, Any]
) -> None:
    with pytest.raises(SignInRefusedError):
        recheck(evidence | changes, message, trusted)


def test_incomplete_evidence_is_refused(evidence: dict[str, Any], trusted: set[str], message: bytes) -> None:
    for name in evidence:
        kept = {other: value for other, value in evidence.items() if other != name}
        with pytest.raises(SignInRefusedError):
            recheck(kept, message, trusted)


def test_no_secret_of_the_sign_in_is_kept(lying: LyingOidcProvider, evidence: dict[str, Any]) -> None:
    text = json.dumps(evidence)
    assert "access" not in text
    assert "code" not in text
    assert str(lying.client_key.as_dict(private=True)["d"]) not in text
