"""Each role beside each endpoint: who may, and who may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api.errors import SettingsError
from api.office.roles import ALLOWED, Action, Role, require_officers
from api.settings import load_settings

if TYPE_CHECKING:
    from tests.support.election_office import ElectionOffice

ONE = "0" * 32
SIGNED = {"signed_at": 1_800_000_000, "signature": "00" * 64}
OFFICERS = {
    "roll-1": Role.ROLL,
    "approver-1": Role.APPROVER,
    "counter-1": Role.COUNTER,
    "station-1": Role.POLLING_STATION,
    "reviewer-1": Role.REVIEWER,
    "auditor-1": Role.AUDITOR,
}
ENDPOINTS = {
    ("POST", "/v1/office/voters/search"): (
        {"voter_id": "000001"},
        {"roll", "counter", "reviewer", "polling_station"},
    ),
    ("POST", f"/v1/office/voters/{ONE}/transitions"): (
        {"from": "eligible", "to": "voted_in_person"},
        {"counter"},
    ),
    ("GET", "/v1/office/reviews"): (None, {"reviewer"}),
    ("GET", f"/v1/office/reviews/{ONE}"): (None, {"reviewer"}),
    ("POST", f"/v1/office/reviews/{ONE}/decisions"): ({"decision": "refuse", **SIGNED}, {"reviewer"}),
    ("GET", "/v1/office/refusals"): (None, {"reviewer", "auditor"}),
    ("POST", f"/v1/office/refusals/{ONE}/resolutions"): ({"outcome": "upheld", **SIGNED}, {"reviewer"}),
    ("POST", "/v1/office/credentials"): (
        {"credential_id": ONE, "roll_entry": ONE, "expires_at": 1_800_000_900, "reason": "no_card", **SIGNED},
        {"roll"},
    ),
    ("GET", "/v1/office/credentials"): (None, {"roll", "approver"}),
    ("GET", f"/v1/office/credentials/{ONE}"): (None, {"roll", "approver"}),
    ("POST", f"/v1/office/credentials/{ONE}/approvals"): (SIGNED, {"approver"}),
    ("GET", "/v1/office/log"): (None, {"auditor"}),
}


def test_every_role_may_what_its_work_needs_and_nothing_else(office: ElectionOffice) -> None:
    for (method, target), (body, allowed) in ENDPOINTS.items():
        for officer, role in OFFICERS.items():
            answer = office.call(officer, method, target, body)
            is_refused = answer.status_code == 403 and answer.json()["code"] == "officer_role_missing"
            assert is_refused == (role not in allowed), (method, target, role, answer.text)
            assert answer.status_code not in {401, 422, 500}, (method, target, role, answer.text)


def test_the_list_of_endpoints_above_is_complete(office: ElectionOffice) -> None:
    paths = office.http.get("/openapi.json").json()["paths"]
    found = {
        (method.upper(), target)
        for target, methods in paths.items()
        for method in methods
        if "/office/" in target
    }
    listed = {(method, target) for method, target in ENDPOINTS}
    names = ("pseudonym", "registration_id", "refusal_id", "credential_id")
    assert {(m, _filled(t, names)) for m, t in found} == listed


def _filled(target: str, names: tuple[str, ...]) -> str:
    for name in names:
        target = target.replace(f"{{{name}}}", ONE)
    return target


def test_every_action_is_some_roles_work() -> None:
    assert set(ALLOWED) == set(Action)
    assert set().union(*ALLOWED.values()) == set(Role)
    assert all(ALLOWED.values())


def test_a_polling_station_can_change_nothing(office: ElectionOffice) -> None:
    for (method, target), (body, _allowed) in ENDPOINTS.items():
        if target != "/v1/office/voters/search":
            assert office.call("station-1", method, target, body).status_code == 403
    assert office.log() == []


def test_an_officer_without_the_role_leaves_nothing_behind(office: ElectionOffice) -> None:
    pseudonym = office.people["000001"]
    target = f"/v1/office/voters/{pseudonym}/transitions"
    answer = office.post("auditor-1", target, {"from": "eligible", "to": "voted_in_person"})
    assert answer.status_code == 403
    assert "counter" in answer.json()["hint"]
    assert office.status(pseudonym) == "eligible"


@pytest.mark.parametrize("officer", ["auditor-1", "reviewer-1"])
def test_the_role_comes_before_the_body(office: ElectionOffice, officer: str) -> None:
    """Whoever may not ask learns nothing about how to ask."""
    answer = office.post(officer, "/v1/office/credentials", {"nonsense": 1})
    assert answer.status_code == 403


KEY = "ab" * 32


@pytest.mark.parametrize(
    "changes",
    [
        {"public_key": KEY + " "},
        {"public_key": KEY.upper()},
        {"public_key": "0x" + KEY},
        {"certificate_sha256": KEY.upper()},
        {"id": "jiro "},
        {"id": "jiro\n"},
        {"id": "次郎"},
    ],
)
def test_an_officer_is_written_in_one_way(changes: dict[str, str]) -> None:
    """A key written in two ways would be two officers, and one person both halves of a decision."""
    officer = {"id": "jiro", "roles": ["roll"], "public_key": KEY, **changes}
    with pytest.raises(SettingsError, match=next(iter(changes))):
        load_settings(None, {"officers": [officer]})


def test_two_officers_with_one_key_are_refused() -> None:
    officers = [{"id": name, "roles": ["roll"], "public_key": KEY} for name in ("hanako", "taro")]
    with pytest.raises(SettingsError, match="taro"):
        require_officers(load_settings(None, {"officers": officers}).officers)


@pytest.mark.parametrize("wrong", ["batches", "no permit", ""])
def test_deposits_are_made_in_one_of_two_ways(wrong: str) -> None:
    with pytest.raises(SettingsError, match="deposits"):
        load_settings(None, {"deposits": wrong})
