"""Registering with a sign-in instead of a card: a real OpenID provider, the real service, one browser."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from election.person import Person
from election.receipt import Promise
from identity.credential import CredentialKind
from identity.oidc.verifier import OidcVerifier
from tests.support.deposits import Clock
from tests.support.oidc_provider import ACCOUNTS, sign_in, signing_key, start_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.oidc_provider import RealProvider
    from tests.support.registrar_service import RegistrarService


def described(account: str) -> Person:
    claims = ACCOUNTS[account]
    return Person.from_json(
        {
            "name": claims["name"],
            "date_of_birth": claims["birthdate"],
            "sex": claims["gender"],
            "address": claims["address"]["formatted"],
            "name_substitutions": "",
            "address_substitutions": "",
        }
    )


@pytest.fixture(scope="module")
def provider() -> Iterator[RealProvider]:
    with start_provider([signing_key("first")]) as running:
        yield running


@pytest.fixture
def service(sqlite_service: Callable[..., Any], provider: RealProvider) -> Iterator[RegistrarService]:
    verifier = OidcVerifier([provider.client()], bytes(32))
    clock = Clock(int(time.time()))
    with sqlite_service(
        None, [("hanako", described("hanako"))], verifiers={CredentialKind.OIDC: verifier}, clock=clock
    ) as opened:
        yield opened
    verifier.close()


def signed_in(service: RegistrarService, commitment: int, account: str = "hanako") -> dict[str, Any]:
    """Return the request of a voter who signed in for a commitment."""
    asked = {"challenge": service.challenge(), "commitment": str(commitment)}
    begun = service.http.post("/v1/oidc/authorizations", json=asked)
    assert begun.status_code == 201, begun.text
    back = sign_in(begun.json()["url"], account)
    assert back["state"] == begun.json()["state"]
    return asked | {"credential": {"kind": "oidc", "state": back["state"], "code": back["code"]}}


def test_whoever_signs_in_is_registered_like_whoever_has_a_card(service: RegistrarService) -> None:
    body = signed_in(service, 111)
    answer = service.send(body)
    receipt = service.receipt(answer)
    assert (receipt.promise, receipt.roll_entry) == (Promise.DEPOSIT, service.pseudonyms["hanako"])
    assert service.send(body).content == answer.content


def test_a_sign_in_serves_for_its_commitment_only(service: RegistrarService) -> None:
    body = signed_in(service, 111) | {"commitment": "222"}
    assert service.refusal(service.send(body)).reason == "sign_in_refused"
    assert service.registrations() == []


def test_somebody_who_is_not_on_the_roll_is_refused(service: RegistrarService) -> None:
    assert service.refusal(service.send(signed_in(service, 111, "taro"))).reason == "person_not_on_roll"


def test_a_provider_that_is_not_offered_and_a_forged_challenge_begin_nothing(
    service: RegistrarService,
) -> None:
    facts = service.http.get("/v1/election").json()
    asked = {"challenge": service.challenge(), "commitment": "5", "issuer": "https://evil.example"}
    assert facts["credentials"] == ["oidc"]
    assert len(facts["sign_in_issuers"]) == 1
    assert service.http.post("/v1/oidc/authorizations", json=asked).json()["code"] == "sign_in_refused"
    forged = {"challenge": asked["challenge"][:-3] + "00\n", "commitment": "5"}
    assert service.http.post("/v1/oidc/authorizations", json=forged).json()["code"] == "challenge_unknown"
