"""Settings of a provider that could not be used safely are refused, and the client's key stays secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from identity.credential import Mode
from identity.errors import SignInSettingsError
from identity.oidc.binding import nonce_of, pkce_challenge, pkce_verifier
from identity.oidc.provider import OidcProvider, is_safe_url
from identity.oidc.verifier import OidcVerifier

if TYPE_CHECKING:
    from pathlib import Path

ISSUER, BACK = "https://op.example", "https://vote.example/back"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "client.pem"
    path.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    return path


def test_a_key_file_is_read_and_its_public_half_can_be_registered(key_file: Path) -> None:
    provider = OidcProvider.load(ISSUER, "registrar", key_file, BACK)
    (entry,) = provider.client_jwks()["keys"]
    assert set(entry) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert entry["kid"] == provider.private_key.thumbprint() == provider.assertion_key_id


def test_a_registered_key_id_is_kept(key_file: Path) -> None:
    provider = OidcProvider.load(ISSUER, "registrar", key_file, BACK, key_id="mine")
    assert provider.client_jwks()["keys"][0]["kid"] == "mine"


def test_the_key_is_not_printed(key_file: Path) -> None:
    provider = OidcProvider.load(ISSUER, "registrar", key_file, BACK)
    assert "ECKey" not in repr(provider)
    assert "private_key" not in repr(provider)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key",
        RSAKey.generate_key(2048).as_pem(private=True),
        ECKey.generate_key("P-384").as_pem(private=True),
        ECKey.generate_key("P-256").as_pem(private=False),
    ],
)
def test_another_key_than_a_private_p256_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "client.pem"
    path.write_bytes(content)
    with pytest.raises(SignInSettingsError, match="private P-256 key"):
        OidcProvider.load(ISSUER, "registrar", path, BACK)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://op.example"},
        {"issuer": "https://op.example?tenant=1"},
        {"issuer": "https://op.example#part"},
        {"issuer": "op.example"},
        {"issuer": ""},
        {"scopes": "name address"},
    ],
)
def test_settings_that_could_not_be_used_safely_are_refused(key_file: Path, changes: dict[str, Any]) -> None:
    settings = {"issuer": ISSUER, "client_id": "registrar", "private_key": key_file, "redirect_uri": BACK}
    with pytest.raises(SignInSettingsError):
        OidcProvider.load(**settings | changes)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://op.example/a?b=c", True),
        ("http://127.0.0.1:8080", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:80/x", True),
        ("http://localhost:3000", True),
        ("http://localhost.example", False),
        ("http://127.0.0.1.example", False),
        ("http://10.0.0.1", False),
        ("ftp://op.example", False),
        ("https://", False),
        ("https://user:word@op.example", False),
        ("https://op.example#x", False),
        ("https://op.example:port", False),
        ("https://[::1", False),
        ("https://ｏｐ.example", False),
        ("https://op.example/\n", False),
    ],
)
def test_only_https_is_safe_except_on_this_machine(url: str, safe: bool) -> None:  # noqa: FBT001
    assert is_safe_url(url) is safe


@pytest.mark.parametrize(
    ("issuer", "mode", "sentence"),
    [
        ("http://127.0.0.1:3000", Mode.PRODUCTION, "provider for tests"),
        ("https://sb-auth-and-sign.go.jp/api/realms/main", Mode.PRODUCTION, "provider for tests"),
        ("https://auth-and-sign.go.jp/api/realms/main", Mode.TEST, "signs in real people"),
    ],
)
def test_a_provider_of_the_other_mode_is_refused(
    key_file: Path, issuer: str, mode: Mode, sentence: str
) -> None:
    provider = OidcProvider.load(issuer, "registrar", key_file, BACK)
    with pytest.raises(SignInSettingsError, match=sentence):
        OidcVerifier([provider], bytes(32), mode=mode)


@pytest.mark.parametrize(
    ("issuer", "mode"),
    [
        ("http://127.0.0.1:3000", Mode.TEST),
        ("https://sb-auth-and-sign.go.jp/api/realms/main", Mode.TEST),
        ("https://auth-and-sign.go.jp/api/realms/main", Mode.PRODUCTION),
        ("https://op.example", Mode.PRODUCTION),
        ("https://op.example", Mode.TEST),
    ],
)
def test_a_provider_of_the_same_mode_is_accepted(key_file: Path, issuer: str, mode: Mode) -> None:
    provider = OidcProvider.load(issuer, "registrar", key_file, BACK)
    verifier = OidcVerifier([provider], bytes(32), mode=mode)
    assert verifier.issuers == (issuer,)
    verifier.close()


def test_two_clients_of_one_provider_are_refused(key_file: Path) -> None:
    clients = [OidcProvider.load(ISSUER, client_id, key_file, BACK) for client_id in ("one", "two")]
    with pytest.raises(SignInSettingsError, match="configured twice"):
        OidcVerifier(clients, bytes(32))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        OidcVerifier((), b"short")


def test_the_challenge_of_rfc_7636_comes_out() -> None:
    """Appendix B of the RFC."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert pkce_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_pkce_verifier_depends_on_everything() -> None:
    usual = (bytes(32), "https://op.example", "state", "nonce")
    others = [(b"x" * 32, *usual[1:]), *((*usual[:n], "other", *usual[n + 1 :]) for n in (1, 2, 3))]
    moved = (bytes(32), "https://op.examples", "tate", "nonce")
    assert len({pkce_verifier(*parts) for parts in (usual, moved, *others)}) == 6


def test_the_nonce_is_pinned() -> None:
    """Another value would make every kept sign-in void."""
    assert nonce_of(b"message") == "EoG-gyJeW9GVKcgHR3d3D3vwGEalHOGlGOJqixJ3Q6U"
