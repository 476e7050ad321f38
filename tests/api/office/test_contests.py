"""Refusals that voters contest, and the office's answers."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from election.receipt import sign_refusal
from identity.office import resolution_document
from tests.support.election_office import HANAKO

if TYPE_CHECKING:
    import httpx

    from election.receipt import Refusal
    from tests.support.election_office import ElectionOffice


def contest(office: ElectionOffice, document: Any) -> httpx.Response:
    return office.http.post("/v1/contests", json={"refusal": document})


def resolve(office: ElectionOffice, officer: str, refusal: Refusal, outcome: str) -> httpx.Response:
    document = resolution_document(office.signing(officer), refusal_id=refusal.refusal_id, outcome=outcome)
    body = {"outcome": outcome, **office.sign(officer, document)}
    return office.post(officer, f"/v1/office/refusals/{refusal.refusal_id}/resolutions", body)


def test_a_refused_voter_contests_with_the_signed_refusal_alone(office: ElectionOffice) -> None:
    refusal = office.refuse()
    answer = contest(office, refusal.to_json())
    assert answer.status_code == 200
    assert answer.json() == {
        "refusal_id": refusal.refusal_id,
        "contested_at": office.clock(),
        "outcome": None,
    }
    (entry,) = office.log()
    assert (entry.actor, entry.action, entry.subject) == ("service", "refusal_contested", refusal.refusal_id)


def test_a_contest_is_recorded_once(office: ElectionOffice) -> None:
    document, first = office.refuse().to_json(), office.clock()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: contest(office, document).json(), range(8)))
    office.clock.now += 60
    answers.append(contest(office, document).json())
    assert {answer["contested_at"] for answer in answers} == {first}
    assert office.actions() == ["refusal_contested"]


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "certificate_revoked"},
        {"refused_at": "1800000001"},
        {"request_digest": "0x" + "00" * 32},
        {"refusal_id": "0" * 32},
        {"election_id": "1"},
        {"signature": "0x" + "1b" * 65},
        {"signature": "0x" + "00" * 65},
        {"signature": f"0x{5:064x}{1:064x}1b"},  # no point of the curve
        {"signature": f"0x{2**256 - 1:064x}{1:064x}1b"},
    ],
)
def test_a_refusal_that_the_registrar_did_not_sign_is_not_recorded(
    office: ElectionOffice, change: dict[str, str]
) -> None:
    answer = contest(office, office.refuse().to_json() | change)
    assert (answer.status_code, answer.json()["code"]) == (404, "refusal_unknown")
    assert office.log() == []


def test_a_genuine_signature_over_a_refusal_that_is_not_kept_is_not_recorded(office: ElectionOffice) -> None:
    services = office.services
    signed = sign_refusal(
        services.account,
        services.chain_id,
        services.contract,
        refusal_id=secrets.token_hex(16),
        election_id=services.election_id,
        request_digest=secrets.token_bytes(32),
        reason="certificate_expired",
        refused_at=1,
    )
    assert contest(office, signed.to_json()).json()["code"] == "refusal_unknown"


@pytest.mark.parametrize("more", [{"why": "because"}, {"name": "青木"}])
def test_a_contest_has_no_room_for_anything_else(office: ElectionOffice, more: dict[str, str]) -> None:
    document = office.refuse().to_json()
    for body in ({"refusal": document | more}, {"refusal": document, **more}, {}, {"refusal": "x"}):
        answer = office.http.post("/v1/contests", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "request_malformed")
        assert "青木" not in answer.text


def test_contested_refusals_are_listed_first_until_they_are_answered(office: ElectionOffice) -> None:
    refusals = []
    for _ in range(3):
        office.clock.now += 1
        refusals.append(office.refuse())
    contest(office, refusals[0].to_json())

    def listed() -> list[str]:
        items = office.get("reviewer-1", "/v1/office/refusals").json()["items"]
        return [item["id"] for item in items]

    newest_first = [one.refusal_id for one in reversed(refusals)]
    assert listed() == [refusals[0].refusal_id, *newest_first[:2]]
    resolve(office, "reviewer-1", refusals[0], "upheld")
    assert listed() == newest_first


def test_reviewers_see_who_was_refused_and_auditors_do_not(office: ElectionOffice) -> None:
    office.refuse(HANAKO)
    (for_reviewer,) = office.get("reviewer-1", "/v1/office/refusals").json()["items"]
    assert for_reviewer["person"]["name"] == HANAKO.name
    answer = office.get("auditor-1", "/v1/office/refusals")
    assert answer.json()["items"] == [for_reviewer | {"person": None}]
    assert "青木" not in answer.text


def test_a_reviewers_signed_answer_is_told_to_whoever_contests(office: ElectionOffice) -> None:
    refusal = office.refuse()
    contest(office, refusal.to_json())
    answer = resolve(office, "reviewer-1", refusal, "withdrawn")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "withdrawn")
    assert contest(office, refusal.to_json()).json()["outcome"] == "withdrawn"
    assert office.actions() == ["refusal_contested", "refusal_resolved"]


def test_an_answer_stands(office: ElectionOffice) -> None:
    refusal = office.refuse()
    contest(office, refusal.to_json())
    resolve(office, "reviewer-1", refusal, "upheld")
    assert resolve(office, "reviewer-1", refusal, "upheld").status_code == 200
    for officer, outcome in (("reviewer-1", "withdrawn"), ("reviewer-2", "upheld")):
        answer = resolve(office, officer, refusal, outcome)
        assert (answer.status_code, answer.json()["code"]) == (409, "refusal_resolved")
    assert office.actions() == ["refusal_contested", "refusal_resolved"]


def test_what_nobody_contested_is_not_answered(office: ElectionOffice) -> None:
    answer = resolve(office, "reviewer-1", office.refuse(), "upheld")
    assert (answer.status_code, answer.json()["code"]) == (404, "refusal_unknown")


def test_an_answer_that_the_officer_did_not_sign_is_refused(office: ElectionOffice) -> None:
    refusal, other = office.refuse(), office.refuse()
    contest(office, refusal.to_json())
    document = resolution_document(
        office.signing("reviewer-1"), refusal_id=other.refusal_id, outcome="upheld"
    )
    body = {"outcome": "upheld", **office.sign("reviewer-1", document)}
    answer = office.post("reviewer-1", f"/v1/office/refusals/{refusal.refusal_id}/resolutions", body)
    assert answer.json()["code"] == "officer_signature_invalid"
