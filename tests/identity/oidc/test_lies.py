"""Whatever a provider, or somebody in its place, answers: only an honest ID token for this message counts."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from identity.errors import PersonalDataMalformedError, SignInRefusedError, SignInUnavailableError
from identity.oidc.binding import base64url, nonce_of
from identity.oidc.http import MAX_BYTES, ProviderHttp
from identity.oidc.metadata import ProviderDirectory
from tests.support.lying_oidc_provider import CLIENT_ID, KEY_ID, PERSON, LyingOidcProvider, Reply, unsigned

if TYPE_CHECKING:
    from collections.abc import Callable

    from election.person import Person
    from identity.credential import VerifiedCredential
    from identity.oidc.verifier import OidcVerifier

    Verify = Callable[[], VerifiedCredential]

NOW = int(time.time())


def begun(verifier: OidcVerifier, message: bytes, issuer: str | None = None) -> dict[str, Any]:
    """Begin a sign-in, and return what is presented at its end."""
    state = verifier.authorization(issuer, message).state
    given = {} if issuer is None else {"issuer": issuer}
    return {"kind": "oidc", "state": state, "code": "code"} | given


@pytest.fixture
def verifier(lying: LyingOidcProvider, verifier_for: Callable[..., OidcVerifier]) -> OidcVerifier:
    return verifier_for(lying.client())


@pytest.fixture
def nonce(message: bytes) -> str:
    return nonce_of(message)


@pytest.fixture
def verify(verifier: OidcVerifier, message: bytes) -> Callable[[], VerifiedCredential]:
    return lambda: verifier.verify(begun(verifier, message), message, int(time.time()))


def test_an_honest_answer_is_accepted(
    lying: LyingOidcProvider, verify: Verify, nonce: str, hanako: Person
) -> None:
    lying.give_tokens(lying.id_token(nonce))
    assert verify().person == hanako


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"iss": "https://another.example"}, "issued by another provider"),
        ({"iss": None}, "lacks iss"),
        ({"aud": "another-service"}, "issued for another service"),
        ({"aud": [CLIENT_ID, "another-service"]}, "issued for another service"),
        ({"aud": []}, "lacks|issued for another|cannot be read"),
        ({"aud": None}, "lacks aud"),
        ({"azp": "another-service"}, "issued to another service"),
        ({"sub": None}, "lacks sub"),
        ({"sub": ""}, "names nobody"),
        ({"sub": 256 * "s"}, "names nobody"),
        ({"sub": 7}, "names nobody"),
        ({"exp": None}, "lacks exp"),
        ({"exp": NOW - 600}, "is expired"),
        ({"exp": "never"}, "is expired"),
        ({"iat": None}, "lacks iat"),
        ({"iat": NOW + 6_000}, "issued in the future"),
        ({"nbf": NOW + 6_000}, "not valid yet"),
        ({"nonce": None}, "another challenge or another commitment"),
        ({"nonce": nonce_of(b"another message")}, "another challenge or another commitment"),
        ({"nonce": [nonce_of(b"another message")]}, "another challenge or another commitment"),
        ({"at_hash": base64url(hashlib.sha256(b"another").digest()[:16])}, "another access token"),
        ({"at_hash": 7}, "another access token"),
    ],
)
def test_an_id_token_that_says_something_else_is_refused(
    lying: LyingOidcProvider, verify: Verify, nonce: str, changes: dict[str, Any], sentence: str
) -> None:
    lying.give_tokens(lying.id_token(nonce, **changes))
    with pytest.raises(SignInRefusedError, match=sentence):
        verify()


def test_the_nonce_in_a_list_is_no_nonce(lying: LyingOidcProvider, verify: Verify, nonce: str) -> None:
    lying.give_tokens(lying.id_token([nonce]))
    with pytest.raises(SignInRefusedError, match="another challenge"):
        verify()


def test_the_hash_of_the_access_token_is_accepted(
    lying: LyingOidcProvider, verify: Verify, nonce: str
) -> None:
    at_hash = base64url(hashlib.sha256(b"access").digest()[:16])
    lying.give_tokens(lying.id_token(nonce, at_hash=at_hash, azp=CLIENT_ID, aud=[CLIENT_ID]))
    assert verify().person is not None


def test_a_token_without_a_signature_is_refused(lying: LyingOidcProvider, verify: Verify, nonce: str) -> None:
    lying.give_tokens(unsigned(lying.id_claims(nonce)))
    with pytest.raises(SignInRefusedError, match="another algorithm than ES256"):
        verify()


def test_a_token_keyed_with_the_public_key_is_refused(
    lying: LyingOidcProvider, verify: Verify, nonce: str
) -> None:
    public = lying.key.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    header = base64url(json.dumps({"alg": "HS256", "kid": KEY_ID}).encode())
    signed = f"{header}.{base64url(json.dumps(lying.id_claims(nonce)).encode())}"
    lying.give_tokens(f"{signed}.{base64url(hmac.digest(public, signed.encode(), 'sha256'))}")
    with pytest.raises(SignInRefusedError, match="another algorithm than ES256"):
        verify()


def test_a_token_signed_with_rsa_is_refused_even_if_the_key_is_published(
    lying: LyingOidcProvider, verify: Verify, nonce: str
) -> None:
    key = RSAKey.generate_key(2048)
    lying.publish({**key.as_dict(private=False), "kid": KEY_ID, "use": "sig"})
    header = {"alg": "RS256", "kid": KEY_ID}
    lying.give_tokens(jwt.encode(header, lying.id_claims(nonce), key, algorithms=["RS256"]))
    with pytest.raises(SignInRefusedError, match="another algorithm than ES256"):
        verify()


def test_a_token_signed_with_somebody_elses_key_is_refused(
    lying: LyingOidcProvider, verify: Verify, nonce: str
) -> None:
    token = lying.id_token(nonce)
    lying.publish(lying.public_jwk(ECKey.generate_key("P-256"), KEY_ID))
    lying.give_tokens(token)
    with pytest.raises(SignInRefusedError, match="not signed with the provider's key"):
        verify()


def test_the_token_of_another_provider_is_refused(
    lying: LyingOidcProvider,
    verify: Verify,
    message: bytes,
    nonce: str,
    verifier_for: Callable[..., OidcVerifier],
) -> None:
    with LyingOidcProvider() as other:
        token = other.id_token(nonce)
        other.give_tokens(token)
        both = verifier_for(lying.client(), other.client())
        there = begun(both, message, other.issuer)
        assert both.verify(there, message, int(time.time())).person is not None
    lying.give_tokens(token)
    with pytest.raises(SignInRefusedError, match="not signed with the provider's key"):
        verify()


@pytest.mark.parametrize(
    ("header", "sentence"),
    [({"kid": "unknown"}, "does not publish"), ({"kid": None}, "not name its key|no signed token")],
)
def test_a_token_must_name_a_published_key(
    lying: LyingOidcProvider, verify: Verify, nonce: str, header: dict[str, Any], sentence: str
) -> None:
    token = lying.id_token(nonce)
    named = {"alg": "ES256"} | {name: value for name, value in header.items() if value is not None}
    encoded = base64url(json.dumps(named).encode())
    lying.give_tokens(".".join([encoded, *token.split(".")[1:]]))
    with pytest.raises(SignInRefusedError, match=sentence):
        verify()


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "é.é.é", "..", "a.b.c.d.e", 300_000 * "["])
def test_what_is_no_token_is_refused_or_decides_nothing(
    lying: LyingOidcProvider, verify: Verify, token: str
) -> None:
    lying.give_tokens(token)
    with pytest.raises((SignInRefusedError, SignInUnavailableError)):
        verify()


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_changed_token_is_refused(
    lying: LyingOidcProvider, verify: Verify, nonce: str, position: int
) -> None:
    parts = lying.id_token(nonce).split(".")
    middle = len(parts[position]) // 2
    letter = "A" if parts[position][middle] != "A" else "B"
    parts[position] = parts[position][:middle] + letter + parts[position][middle + 1 :]
    lying.give_tokens(".".join(parts))
    with pytest.raises(SignInRefusedError):
        verify()


class TestUserinfo:
    """The personal claims, where the ID token has none."""

    @pytest.fixture
    def bare(self, lying: LyingOidcProvider, nonce: str) -> dict[str, Any]:
        lying.give_tokens(lying.id_token(nonce, **dict.fromkeys(PERSON)))
        return {"iss": lying.issuer, "aud": CLIENT_ID, "sub": "pairwise", **PERSON}

    def test_a_signed_response_names_the_person(
        self, lying: LyingOidcProvider, verify: Verify, bare: dict[str, Any], hanako: Person
    ) -> None:
        lying.give_userinfo(lying.signed(bare), "application/jwt; charset=utf-8")
        assert verify().person == hanako

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"sub": "somebody else"}, "about somebody else"),
            ({"sub": None}, "lacks sub"),
            ({"iss": "https://another.example"}, "issued by another provider"),
            ({"aud": "another-service"}, "issued for another service"),
            ({"exp": NOW - 600}, "is expired"),
        ],
    )
    def test_a_signed_response_about_something_else_is_refused(
        self,
        lying: LyingOidcProvider,
        verify: Verify,
        bare: dict[str, Any],
        changes: dict[str, Any],
        sentence: str,
    ) -> None:
        claims = {name: value for name, value in (bare | changes).items() if value is not None}
        lying.give_userinfo(lying.signed(claims), "application/jwt")
        with pytest.raises(SignInRefusedError, match=sentence):
            verify()

    def test_a_response_signed_with_another_key_is_refused(
        self, lying: LyingOidcProvider, verify: Verify, bare: dict[str, Any]
    ) -> None:
        forged = jwt.encode(
            {"alg": "ES256", "kid": KEY_ID}, bare, ECKey.generate_key("P-256"), algorithms=["ES256"]
        )
        lying.give_userinfo(forged, "application/jwt")
        with pytest.raises(SignInRefusedError, match="not signed with the provider's key"):
            verify()

    def test_a_response_without_a_signature_is_refused(
        self, lying: LyingOidcProvider, verify: Verify, bare: dict[str, Any]
    ) -> None:
        lying.give_userinfo(unsigned(bare), "application/jwt")
        with pytest.raises(SignInRefusedError, match="another algorithm than ES256"):
            verify()

    def test_plain_json_decides_nothing(
        self, lying: LyingOidcProvider, verify: Verify, bare: dict[str, Any]
    ) -> None:
        lying.give_userinfo(json.dumps(bare))
        with pytest.raises(SignInUnavailableError, match="does not sign name and address"):
            verify()

    @pytest.mark.parametrize("subject", ["somebody else", None, ["pairwise"]])
    def test_plain_json_about_somebody_else_is_refused_where_plain_json_serves(
        self,
        lying: LyingOidcProvider,
        message: bytes,
        bare: dict[str, Any],
        subject: object,
        verifier_for: Callable[..., OidcVerifier],
    ) -> None:
        verifier = verifier_for(lying.client(unsigned_userinfo=True))
        lying.give_userinfo(json.dumps(bare | {"sub": subject}))
        with pytest.raises(SignInRefusedError, match="about somebody else"):
            verifier.verify(begun(verifier, message), message, int(time.time()))

    @pytest.mark.parametrize("body", ["", "[]", "7", "{", b"\xff", 60_000 * "["])
    def test_what_is_no_json_object_is_refused_where_plain_json_serves(
        self,
        lying: LyingOidcProvider,
        message: bytes,
        bare: dict[str, Any],
        body: str | bytes,
        verifier_for: Callable[..., OidcVerifier],
    ) -> None:
        del bare
        verifier = verifier_for(lying.client(unsigned_userinfo=True))
        lying.give_userinfo(body)
        with pytest.raises((SignInRefusedError, SignInUnavailableError)):
            verifier.verify(begun(verifier, message), message, int(time.time()))

    def test_a_person_without_an_address_is_no_person(
        self, lying: LyingOidcProvider, verify: Verify, bare: dict[str, Any]
    ) -> None:
        del bare["address"]
        lying.give_userinfo(lying.signed(bare), "application/jwt")
        with pytest.raises(PersonalDataMalformedError, match="no address"):
            verify()

    def test_a_provider_without_the_endpoint_names_nobody(
        self, lying: LyingOidcProvider, verify: Verify, bare: dict[str, Any]
    ) -> None:
        del bare
        lying.metadata(userinfo_endpoint=None)
        with pytest.raises(SignInRefusedError, match="no userinfo endpoint"):
            verify()

    def test_an_endpoint_that_says_no_decides_nothing(
        self, lying: LyingOidcProvider, verify: Verify, bare: dict[str, Any]
    ) -> None:
        del bare
        lying.replies["/userinfo"] = Reply({"error": "invalid_token"}, 401)
        with pytest.raises(SignInUnavailableError, match="answers 401"):
            verify()


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"error": "invalid_client"}, 401),
        Reply({"error": "invalid_request"}, 400),
        Reply({"error": "server_error"}, 500),
        Reply(b"<html>", 502, "text/html"),
        Reply(b"[]"),
        Reply({}),
        Reply({"id_token": 7, "access_token": "access"}),
        Reply({"id_token": "a.b.c"}),
        Reply(b"", 302),
        Reply(60_000 * b"["),
    ],
)
def test_an_answer_without_tokens_decides_nothing(
    lying: LyingOidcProvider, verify: Verify, reply: Reply
) -> None:
    lying.replies["/token"] = reply
    with pytest.raises(SignInUnavailableError) as raised:
        verify()
    assert "code" not in raised.value.hint


def test_a_code_that_the_provider_refuses_is_refused(lying: LyingOidcProvider, verify: Verify) -> None:
    lying.replies["/token"] = Reply({"error": "invalid_grant"}, 400)
    with pytest.raises(SignInRefusedError, match="does not accept this code"):
        verify()


def test_an_answer_of_any_size_is_not_read(lying: LyingOidcProvider, verify: Verify) -> None:
    lying.replies["/token"] = Reply(b" " * (MAX_BYTES + 1))
    with pytest.raises(SignInUnavailableError, match="too great a length"):
        verify()


def test_a_compressed_answer_is_not_unpacked(lying: LyingOidcProvider, verify: Verify, nonce: str) -> None:
    """A small one could grow without bound."""
    lying.give_tokens(lying.id_token(nonce))
    packed = gzip.compress(lying.replies["/token"].data)
    lying.replies["/token"] = Reply(packed, encoding="gzip")
    with pytest.raises(SignInUnavailableError, match="cannot be read"):
        verify()


def test_a_provider_that_does_not_answer_is_not_waited_for(
    lying: LyingOidcProvider, message: bytes, verifier_for: Callable[..., OidcVerifier]
) -> None:
    lying.replies["/token"] = Reply({}, seconds=60)
    hurried = verifier_for(lying.client(), seconds=0.2)
    presented = begun(hurried, message)
    with pytest.raises(SignInUnavailableError, match="did not answer in time"):
        hurried.verify(presented, message, int(time.time()))


def test_a_provider_that_answers_byte_by_byte_is_not_waited_for(
    lying: LyingOidcProvider, message: bytes, verifier_for: Callable[..., OidcVerifier]
) -> None:
    lying.replies["/token"] = Reply(10_000 * b" ", seconds=0.05, drips=True)
    hurried = verifier_for(lying.client(), seconds=0.5)
    presented = begun(hurried, message)
    with pytest.raises(SignInUnavailableError, match="too slowly"):
        hurried.verify(presented, message, int(time.time()))


def test_a_redirect_is_not_followed(lying: LyingOidcProvider, verify: Verify, nonce: str) -> None:
    lying.give_tokens(lying.id_token(nonce))
    lying.replies["/elsewhere"] = lying.replies["/token"]
    lying.replies["/token"] = Reply({}, 307, location=f"{lying.issuer}/elsewhere")
    with pytest.raises(SignInUnavailableError, match="answers 307"):
        verify()
    assert ("POST", "/elsewhere") not in lying.asked


def test_a_key_that_is_no_longer_published_is_soon_not_accepted(lying: LyingOidcProvider) -> None:
    now = 0.0
    http = ProviderHttp()
    directory = ProviderDirectory(lying.issuer, http, lambda: now)
    assert directory.key(KEY_ID) is not None
    lying.publish(lying.public_jwk(ECKey.generate_key("P-256"), "another"))
    assert directory.key(KEY_ID) is not None
    now = 3_600.0
    assert directory.key(KEY_ID) is None
    http.close()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"issuer": "https://another.example"}, "another name"),
        ({"issuer": None}, "another name"),
        ({"authorization_endpoint": "http://another.example/auth"}, "no https address"),
        ({"token_endpoint": None}, "no https address"),
        ({"token_endpoint": "http://10.0.0.1/token"}, "no https address"),
        ({"token_endpoint": "https://user@op.example/token"}, "no https address"),
        ({"jwks_uri": "file:///etc/passwd"}, "no https address"),
        ({"userinfo_endpoint": 7}, "no https address"),
        ({"response_types_supported": ["id_token"]}, "does not offer code"),
        ({"id_token_signing_alg_values_supported": ["RS256"]}, "does not offer ES256"),
        ({"id_token_signing_alg_values_supported": None}, "does not offer ES256"),
        ({"token_endpoint_auth_methods_supported": None}, "does not offer private_key_jwt"),
        ({"code_challenge_methods_supported": ["plain"]}, "does not offer S256"),
    ],
)
def test_a_provider_that_describes_itself_otherwise_is_not_used(
    lying: LyingOidcProvider, verifier: OidcVerifier, message: bytes, changes: dict[str, Any], sentence: str
) -> None:
    lying.metadata(**changes)
    with pytest.raises(SignInUnavailableError, match=sentence):
        verifier.authorization(None, message)


@pytest.mark.parametrize(
    "reply", [Reply({}), Reply({"keys": 7}), Reply(b"<html>"), Reply({}, 404), Reply({"keys": []}, 500)]
)
def test_keys_that_cannot_be_read_decide_nothing(
    lying: LyingOidcProvider, verify: Verify, nonce: str, reply: Reply
) -> None:
    lying.give_tokens(lying.id_token(nonce))
    lying.replies["/jwks"] = reply
    with pytest.raises(SignInUnavailableError):
        verify()


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "EC", "crv": "P-256", "kid": KEY_ID},
        {"kty": "EC", "crv": "P-256", "kid": KEY_ID, "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "kid": KEY_ID, "x": 7, "y": None},
    ],
)
def test_a_key_that_is_none_decides_nothing(
    lying: LyingOidcProvider, verify: Verify, nonce: str, entry: dict[str, Any]
) -> None:
    lying.give_tokens(lying.id_token(nonce))
    lying.publish(entry)
    with pytest.raises(SignInUnavailableError, match="a key that is none"):
        verify()


def test_two_keys_under_one_id_decide_nothing(lying: LyingOidcProvider, verify: Verify, nonce: str) -> None:
    lying.give_tokens(lying.id_token(nonce))
    mine = lying.public_jwk(lying.key, KEY_ID)
    lying.publish(mine, lying.public_jwk(ECKey.generate_key("P-256"), KEY_ID))
    with pytest.raises(SignInUnavailableError, match="two keys under one id"):
        verify()


def test_keys_for_something_else_are_left_out(lying: LyingOidcProvider, verify: Verify, nonce: str) -> None:
    lying.give_tokens(lying.id_token(nonce))
    mine = lying.public_jwk(lying.key, KEY_ID)
    lying.publish({**mine, "use": "enc"}, {**mine, "alg": "ECDH-ES"}, {**mine, "kid": 7}, "key", mine)
    assert verify().person is not None


def test_the_providers_documents_are_asked_for_once(
    lying: LyingOidcProvider, verify: Verify, nonce: str
) -> None:
    lying.give_tokens(lying.id_token(nonce))
    verify()
    verify()
    paths = [path for _, path in lying.asked]
    assert paths == ["/.well-known/openid-configuration", "/token", "/jwks", "/token"]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "short"},
        {"state": 43 * "é"},
        {"state": 43 * "s"},
        {"state": 43 * "-"},
        {"state": None},
        {"state": [43 * "s"]},
        {"code": None},
        {"code": ""},
        {"code": "a\nb"},
        {"code": ["code"]},
        {"issuer": "https://another.example"},
        {"issuer": ["https://another.example"]},
    ],
)
def test_what_cannot_come_from_a_sign_in_is_refused_without_asking_the_provider(
    lying: LyingOidcProvider, verifier: OidcVerifier, message: bytes, changes: dict[str, Any]
) -> None:
    presented = begun(verifier, message) | changes
    lying.asked.clear()
    with pytest.raises(SignInRefusedError):
        verifier.verify(presented, message, NOW)
    assert lying.asked == []


def test_another_challenge_or_commitment_is_refused_before_the_code_is_spent(
    lying: LyingOidcProvider, verifier: OidcVerifier, message: bytes
) -> None:
    presented = begun(verifier, message)
    lying.asked.clear()
    with pytest.raises(SignInRefusedError, match="not begun here"):
        verifier.verify(presented, message + b"0", NOW)
    assert lying.asked == []


def test_a_provider_that_does_not_answer_is_left_alone_for_a_moment(lying: LyingOidcProvider) -> None:
    now = 0.0
    http = ProviderHttp(0.2)
    directory = ProviderDirectory(lying.issuer, http, lambda: now)
    lying.replies["/.well-known/openid-configuration"].seconds = 60
    for asked_at, times in ((0.0, 1), (0.9, 1), (1.0, 2)):
        now = asked_at
        with pytest.raises(SignInUnavailableError):
            directory.metadata()
        assert len(lying.asked) == times
    http.close()


def test_one_of_several_providers_must_be_named(
    lying: LyingOidcProvider, message: bytes, verifier_for: Callable[..., OidcVerifier]
) -> None:
    with LyingOidcProvider() as other:
        verifier = verifier_for(lying.client(), other.client())
        assert verifier.issuers == (lying.issuer, other.issuer)
        assert verifier.authorization(other.issuer, message).url.startswith(other.issuer)
        with pytest.raises(SignInRefusedError, match="not offered here"):
            verifier.authorization(None, message)
