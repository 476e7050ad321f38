"""A real OpenID provider for the folder, a lying one for each test, and verifiers that are closed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from election.person import DateOfBirth, Person, Sex
from identity.challenge import signed_message
from identity.oidc.verifier import OidcVerifier
from tests.support.lying_oidc_provider import LyingOidcProvider
from tests.support.oidc_provider import RealProvider, signing_key, start_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from identity.oidc.provider import OidcProvider

SECRET = bytes(range(32))


@pytest.fixture
def message() -> bytes:
    return signed_message("a challenge\n", 17)


@pytest.fixture
def hanako() -> Person:
    return Person("山田花子", DateOfBirth(1990, 1, 31), Sex.FEMALE, "東京都千代田区霞が関1丁目3番1号")


@pytest.fixture(scope="session")
def real() -> Iterator[RealProvider]:
    with start_provider([signing_key("first")]) as provider:
        yield provider


@pytest.fixture
def lying() -> Iterator[LyingOidcProvider]:
    with LyingOidcProvider() as provider:
        yield provider


@pytest.fixture
def verifier_for() -> Iterator[Callable[..., OidcVerifier]]:
    """Make verifiers for some providers."""
    made = []

    def make(*providers: OidcProvider, secret: bytes = SECRET, **choices: Any) -> OidcVerifier:
        made.append(OidcVerifier(providers, secret, **choices))
        return made[-1]

    yield make
    for verifier in made:
        verifier.close()
