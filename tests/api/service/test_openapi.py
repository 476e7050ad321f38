"""The description of the service is complete, and the service keeps to it whatever it is sent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.database.engine import open_database
from identity.officer import OfficerKey
from tests.support.registrar_service import VOTER, VOTERS, RegistrarService, open_service

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
FREELY = {"challenges": 10**9, "registrations": 10**9, "lookups": 10**9, "attempts_per_challenge": 10**9}
ERRORS = {"408", "413", "415", "422", "429", "500", "503"}


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, election_client: Any, cards: Any
) -> Iterator[RegistrarService]:
    key = OfficerKey.create().public_key_hex
    officer = {"id": "aoki", "roles": ["auditor"], "public_key": key}
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('fuzzed')}/registrar.sqlite")
    with open_service(database, election_client, cards, VOTERS, rates=FREELY, officers=[officer]) as opened:
        yield opened
    database.close()


@pytest.fixture(scope="module")
def document(service: RegistrarService) -> dict[str, Any]:
    return service.http.get("/openapi.json").json()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_operation_says_what_it_does_and_how_it_fails(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        assert len(operation["tags"]) == 1, path
        assert set(operation["responses"]) >= ERRORS, path
        for status, response in operation["responses"].items():
            assert response["description"], (path, status)
            if status >= "400" and (path, status) != ("/readyz", "503"):
                assert list(response["content"]) == ["application/problem+json"], (path, status)


def test_every_code_of_a_registration_is_described(document: dict[str, Any]) -> None:
    responses = document["paths"]["/v1/registrations"]["post"]["responses"]
    assert "`challenge_used`" in responses["409"]["description"]
    assert "`person_not_on_roll`" in responses["403"]["description"]
    assert "`field_element_out_of_range`" in responses["422"]["description"]
    assert "`request_malformed`" in responses["422"]["description"]


def test_every_member_of_a_request_for_voters_has_an_example(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("RegistrationDocument", "JpkiCredential", "OidcCredential", "OfficeCredential"):
        for member, schema in schemas[name]["properties"].items():
            is_named = "const" in schema or "oneOf" in schema or "anyOf" in schema
            assert is_named or schema.get("examples"), (name, member)
        assert schemas[name]["additionalProperties"] is False


def test_no_member_could_hold_a_note_or_a_ballot(document: dict[str, Any]) -> None:
    members = {
        member
        for schema in document["components"]["schemas"].values()
        for member in schema.get("properties", {})
    }
    assert (
        members & {"note", "nullifier", "nullifier_hash", "ballot", "choice", "witness", "relayer"} == set()
    )
    assert {"commitment", "challenge", "receipt"} <= members


def cases_of(service: RegistrarService, operation: Any) -> Any:
    """Make requests that keep to the description, and requests that do not; some with a genuine challenge."""
    kept = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    broken = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    def challenged(case: Any) -> Any:
        if isinstance(case.body, dict) and "challenge" in case.body:
            case.body["challenge"] = service.challenge()
        return case

    return st.one_of(kept, broken, kept.map(challenged))


def fuzz(service: RegistrarService, cases: int, *, derandomize: bool) -> Counter[int]:
    """Send made-up requests to every endpoint; return how many answers had which status.

    The office's doors are closed to whoever is no officer, so a few cases each show that; registrations get
    what is left.
    """
    schema = schemathesis.openapi.from_url(f"{service.address}/openapi.json")
    everything = [found.ok() for found in schema.get_all_operations()]
    everything.sort(key=lambda operation: operation.path == "/v1/registrations")
    token, statuses = service.receipt(service.register(VOTER)).token, Counter[int]()
    for number, operation in enumerate(everything):
        left = (cases - sum(statuses.values())) // (len(everything) - number) + 1
        is_office = operation.path.startswith("/v1/office/")

        @settings(
            max_examples=min(left, cases // 100) if is_office else left,
            deadline=None,
            database=None,
            derandomize=derandomize,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases_of(service, operation))
        def send(case: Any) -> None:
            answer = case.call(base_url=service.address, headers={"Authorization": f"Bearer {token}"})
            statuses[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        send()
    return statuses


def test_made_up_requests_are_answered_as_described_and_never_with_a_5xx(service: RegistrarService) -> None:
    statuses = fuzz(service, 500, derandomize=True)
    assert sum(statuses.values()) >= 500
    assert not [status for status in statuses if status >= 500]
    assert {201, 401, 403, 404, 422} <= set(statuses)


@pytest.mark.slow
def test_ten_thousand_made_up_requests_find_no_5xx(service: RegistrarService) -> None:
    statuses = fuzz(service, 10_000, derandomize=False)
    print(dict(statuses))  # noqa: T201  for whoever asks for it with -s
    assert sum(statuses.values()) >= 10_000
    assert not [status for status in statuses if status >= 500]
