"""Signing in with a real OpenID provider: its own code checks ours, from the client's key to PKCE."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from identity.challenge import signed_message
from identity.credential import CredentialKind
from identity.errors import PersonalDataMalformedError, SignInRefusedError, SignInUnavailableError
from identity.oidc.binding import nonce_of
from identity.oidc.evidence import recheck
from tests.support.oidc_provider import PLAIN, sign_in, signing_key, start_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from identity.credential import VerifiedCredential
    from identity.oidc.verifier import OidcVerifier
    from tests.support.oidc_provider import RealProvider

    Make = Callable[..., OidcVerifier]


def presented(back: dict[str, str]) -> dict[str, str]:
    return {"kind": "oidc", "issuer": back["iss"], "state": back["state"], "code": back["code"]}


def signed_in(verifier: OidcVerifier, message: bytes, account: str = "hanako") -> VerifiedCredential:
    back = sign_in(verifier.authorization(None, message).url, account)
    return verifier.verify(presented(back), message, int(time.time()))


@pytest.fixture
def verifier(real: RealProvider, verifier_for: Make) -> OidcVerifier:
    return verifier_for(real.client())


@pytest.fixture(scope="module")
def talkative() -> Iterator[RealProvider]:
    """A provider that puts the personal claims into the ID token."""
    with start_provider([signing_key("id-token")], claims_in_id_token=True) as provider:
        yield provider


def test_a_sign_in_names_the_person(verifier: OidcVerifier, message: bytes) -> None:
    credential = signed_in(verifier, message)
    assert credential.kind is CredentialKind.OIDC
    assert credential.roll_entry is None
    assert credential.person is not None
    assert credential.person.to_json() == {
        "name": "山田　花子",
        "date_of_birth": "1990-01-31",
        "sex": "female",
        "address": "東京都千代田区霞が関1丁目3番1号",
        "name_substitutions": "",
        "address_substitutions": "",
    }


def test_the_browser_is_sent_with_everything_the_provider_needs_and_nothing_personal(
    verifier: OidcVerifier, message: bytes
) -> None:
    asked = verifier.authorization(None, message)
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.url).query).items()}
    assert query.pop("state") == asked.state
    assert len(query.pop("code_challenge")) == 43
    assert query == {
        "response_type": "code",
        "client_id": "signed-userinfo",
        "redirect_uri": "https://vote.example/signed-in",
        "scope": "openid name address birthdate gender",
        "nonce": nonce_of(message),
        "code_challenge_method": "S256",
    }


def test_no_two_sign_ins_have_one_state(verifier: OidcVerifier, message: bytes) -> None:
    assert verifier.authorization(None, message).state != verifier.authorization(None, message).state


def test_personal_claims_may_stand_in_the_id_token(
    talkative: RealProvider, verifier_for: Make, message: bytes
) -> None:
    credential = signed_in(verifier_for(talkative.client(PLAIN)), message, "taro")
    assert credential.person is not None
    assert credential.person.name == "鈴木 太郎"
    assert credential.evidence["userinfo"] is None


def test_any_process_with_the_same_secret_finishes_a_sign_in(
    real: RealProvider, verifier_for: Make, message: bytes
) -> None:
    back = sign_in(verifier_for(real.client()).authorization(None, message).url, "taro")
    credential = verifier_for(real.client()).verify(presented(back), message, int(time.time()))
    assert credential.person is not None


def test_a_code_serves_once(verifier: OidcVerifier, message: bytes) -> None:
    back = presented(sign_in(verifier.authorization(None, message).url, "hanako"))
    verifier.verify(back, message, int(time.time()))
    with pytest.raises(SignInRefusedError, match="does not accept this code"):
        verifier.verify(back, message, int(time.time()))


def test_a_code_serves_only_with_the_state_it_was_asked_for_with(
    verifier: OidcVerifier, message: bytes
) -> None:
    back = presented(sign_in(verifier.authorization(None, message).url, "hanako"))
    other = verifier.authorization(None, message).state
    with pytest.raises(SignInRefusedError, match="does not accept this code"):
        verifier.verify({**back, "state": other}, message, int(time.time()))


def test_a_code_serves_only_with_the_secret_it_was_asked_for_with(
    real: RealProvider, verifier_for: Make, verifier: OidcVerifier, message: bytes
) -> None:
    back = presented(sign_in(verifier.authorization(None, message).url, "hanako"))
    with pytest.raises(SignInRefusedError, match="not begun here"):
        verifier_for(real.client(), secret=bytes(32)).verify(back, message, int(time.time()))


@pytest.mark.parametrize(("challenge", "commitment"), [("a challenge\n", 18), ("another challenge\n", 17)])
def test_a_code_serves_only_for_its_challenge_and_commitment(
    verifier: OidcVerifier, message: bytes, challenge: str, commitment: int
) -> None:
    back = presented(sign_in(verifier.authorization(None, message).url, "hanako"))
    with pytest.raises(SignInRefusedError, match="not begun here for this challenge and this commitment"):
        verifier.verify(back, signed_message(challenge, commitment), int(time.time()))


def test_another_key_of_the_client_is_the_registrars_fault_not_the_voters(
    real: RealProvider, verifier_for: Make, message: bytes
) -> None:
    back = presented(sign_in(verifier_for(real.client()).authorization(None, message).url, "hanako"))
    stranger = type(real)(real.process, real.issuer, ECKey.generate_key("P-256"))
    with pytest.raises(SignInUnavailableError, match="answers 401 without tokens"):
        verifier_for(stranger.client()).verify(back, message, int(time.time()))


def test_an_account_without_a_readable_person_is_refused_without_repeating_it(
    verifier: OidcVerifier, message: bytes
) -> None:
    with pytest.raises((PersonalDataMalformedError, SignInRefusedError)) as raised:
        signed_in(verifier, message, "nobody")
    assert "yesterday" not in str(raised.value)


def test_unsigned_personal_claims_are_refused(real: RealProvider, verifier_for: Make, message: bytes) -> None:
    with pytest.raises(SignInUnavailableError, match="does not sign name and address"):
        signed_in(verifier_for(real.client(PLAIN)), message)


def test_unsigned_personal_claims_serve_where_the_settings_say_so(
    real: RealProvider, verifier_for: Make, message: bytes
) -> None:
    credential = signed_in(verifier_for(real.client(PLAIN, unsigned_userinfo=True)), message)
    assert credential.person is not None
    key = ECKey.import_key(credential.evidence["id_token_key"]).thumbprint()
    with pytest.raises(SignInRefusedError, match="did not sign name and address"):
        recheck(credential.evidence, message, [key])
    again = recheck(credential.evidence, message, [key], unsigned_userinfo=True)
    assert again.person == credential.person


def test_the_subject_is_pairwise_and_no_part_of_the_person(verifier: OidcVerifier, message: bytes) -> None:
    credential = signed_in(verifier, message)
    subject = jws.extract_compact(credential.evidence["id_token"].encode()).payload
    assert b"hanako" not in subject
    assert credential.person is not None
    assert json.loads(subject)["sub"] not in credential.person.to_json().values()


def test_a_provider_that_changed_its_keys_is_asked_for_them_again(verifier_for: Make, message: bytes) -> None:
    old, new = signing_key("old"), signing_key("new")
    with start_provider([old]) as before:
        verifier = verifier_for(before.client())
        first = signed_in(verifier, message)
    port = urlsplit(before.issuer).port
    with start_provider([new], client_key=before.client_key, port=port or 0) as after:
        assert after.issuer == before.issuer
        second = signed_in(verifier, message)
    assert first.evidence["id_token_key"]["x"] == old["x"]
    assert second.evidence["id_token_key"]["x"] == new["x"]


def test_a_provider_that_is_down_decides_nothing(verifier_for: Make, message: bytes) -> None:
    with start_provider([signing_key("gone")]) as provider:
        verifier = verifier_for(provider.client())
        back = presented(sign_in(verifier.authorization(None, message).url, "hanako"))
    with pytest.raises(SignInUnavailableError, match=r"127\.0\.0\.1 cannot be reached"):
        verifier.verify(back, message, int(time.time()))
    with pytest.raises(SignInUnavailableError):
        verifier_for(provider.client()).authorization(None, message)
