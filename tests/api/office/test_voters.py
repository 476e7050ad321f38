"""Looking people up, and the ledger at a counter."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from api.database.tables import VotingStatus

if TYPE_CHECKING:
    from tests.support.election_office import ElectionOffice

SEARCH = "/v1/office/voters/search"


def step(office: ElectionOffice, voter_id: str, before: str, to: str, officer: str = "counter-1"):
    target = f"/v1/office/voters/{office.people[voter_id]}/transitions"
    return office.post(officer, target, {"from": before, "to": to, "reason": "counter 3"})


def test_a_person_is_found_by_the_offices_number(office: ElectionOffice) -> None:
    found = office.post("counter-1", SEARCH, {"voter_id": "000001"})
    assert found.status_code == 200
    assert found.json() == {
        "items": [
            {
                "status": "eligible",
                "may_vote_here": True,
                "pseudonym": office.people["000001"],
                "since": office.clock(),
                "registration": None,
            }
        ],
        "more": False,
    }


def test_a_person_is_found_by_name_and_date_of_birth_however_the_name_is_written(
    office: ElectionOffice,
) -> None:
    found = office.post("roll-1", SEARCH, {"name": "高橋太郎", "date_of_birth": "1980-12-01"})
    assert [item["pseudonym"] for item in found.json()["items"]] == [office.people["000002"]]


def test_a_name_with_another_date_of_birth_finds_nobody(office: ElectionOffice) -> None:
    found = office.post("roll-1", SEARCH, {"name": "高橋太郎", "date_of_birth": "1980-12-02"})
    assert found.json() == {"items": [], "more": False}


def test_who_has_registered_is_answered_with_the_registration(office: ElectionOffice) -> None:
    pseudonym = office.people["000001"]
    row = office.register(None, pseudonym)
    office.set_status(pseudonym, VotingStatus.INTERNET_REGISTERED)
    (item,) = office.post("counter-1", SEARCH, {"voter_id": "000001"}).json()["items"]
    assert item["registration"] == {"id": row["id"], "status": "queued", "issued_at": row["issued_at"]}
    assert item["may_vote_here"] is False


def test_a_polling_station_learns_the_status_and_nothing_else(office: ElectionOffice) -> None:
    office.register(None, office.people["000001"])
    (item,) = office.post("station-1", SEARCH, {"voter_id": "000001"}).json()["items"]
    assert item == {
        "status": "eligible",
        "may_vote_here": True,
        "pseudonym": None,
        "since": None,
        "registration": None,
    }


def test_a_search_is_logged_with_pseudonyms_only(office: ElectionOffice) -> None:
    office.post("counter-1", SEARCH, {"name": "青木花子", "date_of_birth": "1990-01-31"})
    (entry,) = office.log()
    assert (entry.actor, entry.action) == ("counter-1", "voter_searched")
    assert entry.details == {"by": "name", "found": [office.people["000001"]]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "青木花子"},
        {"date_of_birth": "1990-01-31"},
        {"voter_id": "1", "name": "青木花子", "date_of_birth": "1990-01-31"},
        {"voter_id": "1", "name": "青木花子"},
        {"name": "青木花子", "date_of_birth": "1990-02-30"},
        {"name": "青木花子", "date_of_birth": "????-??-??"},
        {"voter_id": "000001", "address": "つくば市"},
        {"voter_id": 1},
    ],
)
def test_a_search_for_anything_else_is_malformed_and_is_not_repeated_in_the_answer(
    office: ElectionOffice, body: dict[str, object]
) -> None:
    answer = office.post("counter-1", SEARCH, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_malformed")
    assert "青木" not in answer.text
    assert "1990" not in answer.text
    assert office.log() == []


def test_a_counter_issues_a_paper_ballot(office: ElectionOffice) -> None:
    answer = step(office, "000001", "eligible", "paper_ballot_issued")
    assert answer.json() == {"pseudonym": office.people["000001"], "status": "paper_ballot_issued"}
    (entry,) = office.log()
    assert (entry.actor, entry.action) == ("counter-1", "status_changed")


def test_who_registered_for_the_internet_gets_no_paper_ballot(office: ElectionOffice) -> None:
    office.set_status(office.people["000001"], VotingStatus.INTERNET_REGISTERED)
    answer = office.post(
        "counter-1",
        f"/v1/office/voters/{office.people['000001']}/transitions",
        {"from": "eligible", "to": "paper_ballot_issued"},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "ledger_transition_refused")
    assert "internet_registered" in answer.json()["detail"]


def test_a_returned_postal_ballot_frees_the_other_ways(office: ElectionOffice) -> None:
    assert step(office, "000001", "eligible", "postal_ballot_issued").status_code == 200
    assert step(office, "000001", "postal_ballot_issued", "eligible").status_code == 200
    assert step(office, "000001", "eligible", "paper_ballot_issued").status_code == 200


def test_a_counter_that_saw_an_older_status_hands_out_nothing(office: ElectionOffice) -> None:
    """Else one person could leave one counter with a paper ballot and vote at the other."""
    assert step(office, "000001", "eligible", "paper_ballot_issued", "counter-1").status_code == 200
    late = step(office, "000001", "eligible", "voted_in_person", "counter-2")
    assert late.status_code == 409
    assert "paper_ballot_issued" in late.json()["detail"]
    assert office.status(office.people["000001"]) is VotingStatus.PAPER_BALLOT_ISSUED


def test_of_two_counters_in_the_same_second_one_is_refused(office: ElectionOffice) -> None:
    wanted = [("counter-1", "paper_ballot_issued"), ("counter-2", "voted_in_person")] * 4
    with ThreadPoolExecutor(len(wanted)) as threads:
        answers = list(threads.map(lambda one: step(office, "000001", "eligible", one[1], one[0]), wanted))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    won = next(answer.json()["status"] for answer in answers if answer.status_code == 200)
    assert office.status(office.people["000001"]) == won
    assert office.actions() == ["status_changed"]


def test_an_officer_cannot_register_anybody_for_the_internet(office: ElectionOffice) -> None:
    answer = step(office, "000001", "eligible", "internet_registered")
    assert (answer.status_code, answer.json()["code"]) == (422, "request_malformed")


def test_nobody_has_an_unknown_pseudonym(office: ElectionOffice) -> None:
    answer = office.post(
        "counter-1",
        f"/v1/office/voters/{'0' * 32}/transitions",
        {"from": "eligible", "to": "paper_ballot_issued"},
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "roll_entry_unknown")


@pytest.mark.parametrize("reason", ["Handed to Aoki", "青木さん", "x" * 101])
def test_a_reason_has_no_room_for_a_name(office: ElectionOffice, reason: str) -> None:
    answer = office.post(
        "counter-1",
        f"/v1/office/voters/{office.people['000001']}/transitions",
        {"from": "eligible", "to": "paper_ballot_issued", "reason": reason},
    )
    assert answer.status_code == 422
    assert reason not in answer.text
