"""Two officers decide whose an ambiguous registration is."""

from __future__ import annotations

import base64
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update

from api.admission import place_of
from api.database.tables import VotingStatus, challenge_use, refusal, review_decision
from api.registry.retention import erase
from election.permit import DepositPermit
from election.receipt import Promise, Receipt, Refusal
from tests.support.election_office import HANAKO, TARO, open_office

if TYPE_CHECKING:
    from api.database.engine import Database
    from chain.election_client import ElectionClient
    from tests.support.election_office import ElectionOffice, Stage

MOVED = replace(HANAKO, address="北海道札幌市中央区北一条西二丁目")


@pytest.fixture
def review(office: ElectionOffice) -> dict[str, Any]:
    """A card that names Hanako at another address than the roll."""
    return office.register(MOVED)


@pytest.fixture
def hanako(office: ElectionOffice) -> str:
    return office.people["000001"]


def test_an_open_review_is_listed_without_a_name(office: ElectionOffice, review: dict[str, Any]) -> None:
    (item,) = office.get("reviewer-1", "/v1/office/reviews").json()["items"]
    assert item == {
        "registration_id": review["id"],
        "commitment": review["commitment"],
        "issued_at": review["issued_at"],
        "status": "in_review",
        "decisions": [],
    }


def test_the_oldest_review_comes_first_and_pages_leave_none_out(office: ElectionOffice) -> None:
    made = []
    for second in range(103):
        office.clock.now += 1
        made.append(office.register(MOVED, issued_at=office.clock() + second)["id"])
    first = office.get("reviewer-1", "/v1/office/reviews").json()
    second = office.get("reviewer-1", f"/v1/office/reviews?after={first['next']}").json()
    assert [item["registration_id"] for item in first["items"] + second["items"]] == made
    assert second["next"] is None


def test_a_review_shows_the_person_beside_those_who_come_near(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    shown = office.get("reviewer-1", f"/v1/office/reviews/{review['id']}").json()
    assert shown["person"] == MOVED.to_json()
    assert shown["candidates"] == [
        {"roll_entry": hanako, "voter_id": "000001", "person": HANAKO.to_json(), "status": "eligible"}
    ]


def test_reading_a_review_is_logged(office: ElectionOffice, review: dict[str, Any]) -> None:
    office.get("reviewer-1", f"/v1/office/reviews/{review['id']}")
    (entry,) = office.log()
    assert (entry.actor, entry.action, entry.subject) == ("reviewer-1", "review_read", review["id"])


def test_one_reviewer_decides_nothing(office: ElectionOffice, review: dict[str, Any], hanako: str) -> None:
    answer = office.decide("reviewer-1", review, "accept", hanako)
    assert answer.json()["status"] == "in_review"
    assert office.status(hanako) is VotingStatus.ELIGIBLE


def test_one_reviewer_who_decides_twice_is_one(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    for _ in range(3):
        office.clock.now += 1
        answer = office.decide("reviewer-1", review, "accept", hanako)
    assert answer.json()["status"] == "in_review"
    assert len(answer.json()["decisions"]) == 1


def test_two_reviewers_who_agree_put_the_registration_into_the_queue(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    office.decide("reviewer-1", review, "accept", hanako)
    answer = office.decide("reviewer-2", review, "accept", hanako)
    assert answer.json()["status"] == "queued"
    row = office.registration(review["id"])
    assert (row.status, row.roll_entry) == ("queued", hanako)
    assert office.status(hanako) is VotingStatus.INTERNET_REGISTERED
    assert office.actions()[-1] == "review_accepted"


def test_the_new_receipt_promises_a_deposit_and_both_receipts_hold(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    services = office.services
    office.clock.now += 100
    office.decide("reviewer-1", review, "accept", hanako)
    office.decide("reviewer-2", review, "accept", hanako)
    row = office.registration(review["id"])
    receipt = place_of(services, row).receipt
    assert (receipt.promise, receipt.roll_entry) == (Promise.DEPOSIT, hanako)
    assert receipt.deposit_by == services.election.schedule.timestamps()[1]
    assert receipt.signer(services.chain_id, services.contract) == services.account.address
    first = Receipt(
        row.id,
        services.election_id,
        int(row.commitment),
        "",
        Promise.REVIEW,
        row.issued_at,
        0,
        row.review_signature,
    )
    assert first.signer(services.chain_id, services.contract) == services.account.address
    assert row.review_signature == review["receipt_signature"]
    for opens in (receipt.token, first.token):
        standing = office.http.get(
            f"/v1/registrations/{row.id}", headers={"Authorization": f"Bearer {opens}"}
        ).json()
        assert (standing["status"], standing["receipt"]) == ("queued", receipt.to_json())


def test_in_an_election_of_permits_the_registration_gets_one(
    stage: Stage, database: Database, election: ElectionClient
) -> None:
    with open_office(stage, database, election, deposits="permit") as office:
        hanako, review = office.enrol("000001", HANAKO), office.register(MOVED)
        office.decide("reviewer-1", review, "accept", hanako)
        assert office.decide("reviewer-2", review, "accept", hanako).json()["status"] == "permitted"
        row = office.registration(review["id"])
        permit = DepositPermit(int(row.commitment), row.permit_deadline, row.permit_signature)
        assert permit.signer(election.chain_id(), election.address) == office.services.account.address
        assert place_of(office.services, row).receipt.promise is Promise.PERMIT


def test_two_reviewers_who_refuse_sign_a_refusal_that_bears_the_registrations_id(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    services = office.services
    office.decide("reviewer-1", review, "refuse")
    assert office.decide("reviewer-2", review, "refuse").json()["status"] == "refused"
    with office.database.read() as connection:
        kept = connection.execute(select(refusal)).one()
        digest = connection.execute(select(challenge_use.c.request_digest)).scalar_one()
    signed = Refusal(kept.id, services.election_id, digest, "review_refused", kept.refused_at, kept.signature)
    assert signed.signer(services.chain_id, services.contract) == services.account.address
    assert kept.id == review["id"]
    token = base64.urlsafe_b64encode(review["receipt_signature"]).rstrip(b"=").decode()
    standing = office.http.get(
        f"/v1/registrations/{review['id']}", headers={"Authorization": f"Bearer {token}"}
    )
    assert (standing.json()["status"], standing.json()["refusal"]) == ("refused", signed.to_json())
    contested = office.http.post("/v1/contests", json={"refusal": standing.json()["refusal"]})
    assert contested.status_code == 200
    assert office.status(hanako) is VotingStatus.ELIGIBLE
    assert office.actions()[-2:] == ["review_refused", "refusal_contested"]


def test_a_registration_that_was_asked_for_twice_can_be_refused(
    office: ElectionOffice, review: dict[str, Any]
) -> None:
    """The same commitment again, with a new challenge, is the same registration."""
    with office.database.begin() as connection:
        used = connection.execute(select(challenge_use)).one()._asdict()
        again = used | {"nonce": "0" * 64, "used_at": used["used_at"] + 1, "request_digest": bytes(32)}
        connection.execute(insert(challenge_use).values(again))
    office.decide("reviewer-1", review, "refuse")
    assert office.decide("reviewer-2", review, "refuse").json()["status"] == "refused"
    with office.database.read() as connection:
        kept = connection.execute(select(refusal)).one()
    assert kept.request_digest == used["request_digest"]


def test_a_review_is_not_refused_once_its_request_is_erased(
    office: ElectionOffice, review: dict[str, Any]
) -> None:
    erase(office.database, actor="operator", at=office.clock())
    office.decide("reviewer-1", review, "refuse")
    answer = office.decide("reviewer-2", review, "refuse")
    assert (answer.status_code, answer.json()["code"]) == (410, "record_erased")


def test_reviewers_who_differ_leave_the_review_open_and_everybody_sees_it(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    office.decide("reviewer-1", review, "accept", hanako)
    office.decide("reviewer-2", review, "refuse")
    answer = office.decide("reviewer-3", review, "accept", office.people["000002"])
    assert answer.json()["status"] == "in_review"
    assert [(one["officer"], one["decision"]) for one in answer.json()["decisions"]] == [
        ("reviewer-1", "accept"),
        ("reviewer-2", "refuse"),
        ("reviewer-3", "accept"),
    ]


def test_a_reviewer_may_sign_another_decision_and_the_log_keeps_both(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    office.decide("reviewer-1", review, "refuse")
    office.decide("reviewer-2", review, "accept", hanako)
    office.clock.now += 1
    assert office.decide("reviewer-1", review, "accept", hanako).json()["status"] == "queued"
    signed = [entry.details["statement"] for entry in office.log() if entry.action == "review_decided"]
    assert [(one["officer"], one["decision"]) for one in signed] == [
        ("reviewer-1", "refuse"),
        ("reviewer-2", "accept"),
        ("reviewer-1", "accept"),
    ]


def test_an_older_decision_sent_again_does_not_undo_the_later_one(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    older = office.decision("reviewer-1", review, "accept", hanako)
    target = f"/v1/office/reviews/{review['id']}/decisions"
    office.post("reviewer-1", target, older)
    office.clock.now += 1
    office.decide("reviewer-1", review, "refuse")
    answer = office.post("reviewer-1", target, older)
    assert (answer.status_code, answer.json()["code"]) == (422, "officer_statement_stale")


def test_a_decided_review_is_closed(office: ElectionOffice, review: dict[str, Any], hanako: str) -> None:
    office.decide("reviewer-1", review, "accept", hanako)
    office.decide("reviewer-2", review, "accept", hanako)
    answer = office.decide("reviewer-3", review, "refuse")
    assert (answer.status_code, answer.json()["code"]) == (409, "review_closed")


@pytest.mark.parametrize(
    "changes",
    [{"decision": "refuse", "roll_entry": None}, {"signed_at": 1_800_000_001}, {"signature": "ab" * 64}],
)
def test_a_signature_over_another_decision_is_refused(
    office: ElectionOffice, review: dict[str, Any], hanako: str, changes: dict[str, Any]
) -> None:
    body = office.decision("reviewer-1", review, "accept", hanako) | changes
    answer = office.post("reviewer-1", f"/v1/office/reviews/{review['id']}/decisions", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "officer_signature_invalid")
    assert office.log() == []


def test_a_decision_about_one_registration_does_not_hold_for_another(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    body = office.decision("reviewer-1", office.register(MOVED), "accept", hanako)
    answer = office.post("reviewer-1", f"/v1/office/reviews/{review['id']}/decisions", body)
    assert answer.json()["code"] == "officer_signature_invalid"


def test_one_reviewer_cannot_send_anothers_signature(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    target = f"/v1/office/reviews/{review['id']}/decisions"
    office.decide("reviewer-1", review, "accept", hanako)
    body = office.decision("reviewer-2", review, "accept", hanako)
    answer = office.post("reviewer-1", target, body)
    assert answer.json()["code"] == "officer_signature_invalid"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_decision_that_was_not_signed_now_is_refused(
    office: ElectionOffice, review: dict[str, Any], hanako: str, seconds: int
) -> None:
    body = office.decision("reviewer-1", review, "accept", hanako, at=office.clock() + seconds)
    answer = office.post("reviewer-1", f"/v1/office/reviews/{review['id']}/decisions", body)
    assert answer.json()["code"] == "officer_statement_stale"


def test_a_decision_written_into_the_database_counts_for_nobody(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    office.decide("reviewer-1", review, "refuse")
    with office.database.begin() as connection:
        connection.execute(update(review_decision).values(decision="accept", roll_entry=hanako))
    assert office.decide("reviewer-2", review, "accept", hanako).json()["status"] == "in_review"


def test_a_person_with_a_paper_ballot_cannot_be_accepted_and_the_review_stays_open(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    office.set_status(hanako, VotingStatus.PAPER_BALLOT_ISSUED)
    office.decide("reviewer-1", review, "accept", hanako)
    answer = office.decide("reviewer-2", review, "accept", hanako)
    assert (answer.status_code, answer.json()["code"]) == (409, "votes_by_another_channel")
    assert office.registration(review["id"]).status == "in_review"
    assert [entry.actor for entry in office.log()] == ["reviewer-1"]


def test_an_earlier_registration_that_waits_is_replaced(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    earlier = office.register(None, hanako)
    office.set_status(hanako, VotingStatus.INTERNET_REGISTERED)
    office.decide("reviewer-1", review, "accept", hanako)
    office.decide("reviewer-2", review, "accept", hanako)
    assert office.registration(earlier["id"]).status == "replaced"
    assert office.registration(review["id"]).status == "queued"


@pytest.mark.parametrize(
    ("status", "code"), [("submitted", "deposit_in_progress"), ("deposited", "already_deposited")]
)
def test_an_earlier_registration_on_its_way_to_the_chain_is_not_replaced(
    office: ElectionOffice, review: dict[str, Any], hanako: str, status: str, code: str
) -> None:
    earlier = office.register(None, hanako, status=status)
    office.set_status(hanako, VotingStatus.INTERNET_REGISTERED)
    office.decide("reviewer-1", review, "accept", hanako)
    answer = office.decide("reviewer-2", review, "accept", hanako)
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert office.registration(earlier["id"]).status == status
    assert office.registration(review["id"]).status == "in_review"


def test_an_expired_permit_that_was_not_used_is_replaced(
    office: ElectionOffice, review: dict[str, Any], hanako: str
) -> None:
    earlier = office.register(None, hanako, status="permitted", permit_deadline=1_000_000_000)
    office.set_status(hanako, VotingStatus.INTERNET_REGISTERED)
    office.decide("reviewer-1", review, "accept", hanako)
    assert office.decide("reviewer-2", review, "accept", hanako).json()["status"] == "queued"
    assert office.registration(earlier["id"]).status == "replaced"


def test_reviewers_who_decide_at_once_carry_one_decision_out_once(
    office: ElectionOffice, hanako: str
) -> None:
    office.decide("reviewer-1", office.register(TARO), "accept", hanako)  # the chain's time is known now
    reviews = [office.register(MOVED) for _ in range(4)]
    reviewers = ["reviewer-1", "reviewer-2", "reviewer-3"]
    asked = [(officer, row) for row in reviews for officer in reviewers]
    with ThreadPoolExecutor(len(asked)) as threads:
        answers = list(threads.map(lambda one: office.decide(one[0], one[1], "accept", hanako), asked))
    assert {answer.status_code for answer in answers} <= {200, 409}
    standing = [row for row in reviews if office.registration(row["id"]).status == "queued"]
    assert len(standing) == 1
    accepted = [entry for entry in office.log() if entry.action == "review_accepted"]
    assert len(accepted) == len({entry.subject for entry in accepted}) == len(reviews)


@pytest.mark.parametrize(
    "body", [{"decision": "accept"}, {"decision": "refuse", "roll_entry": "0" * 32}, {"decision": "perhaps"}]
)
def test_a_decision_that_says_nothing_clear_is_malformed(
    office: ElectionOffice, review: dict[str, Any], body: dict[str, Any]
) -> None:
    signed = {"signed_at": office.clock(), "signature": "00" * 64}
    answer = office.post("reviewer-1", f"/v1/office/reviews/{review['id']}/decisions", body | signed)
    assert answer.status_code == 422


def test_somebody_who_does_not_come_near_cannot_be_accepted(
    office: ElectionOffice, review: dict[str, Any]
) -> None:
    office.decide("reviewer-1", review, "accept", office.people["000002"])
    answer = office.decide("reviewer-2", review, "accept", office.people["000002"])
    assert (answer.status_code, answer.json()["code"]) == (404, "roll_entry_unknown")
    assert office.get("reviewer-1", f"/v1/office/reviews/{review['id']}").json()["status"] == "in_review"


def test_somebody_who_is_not_on_the_roll_cannot_be_accepted(
    office: ElectionOffice, review: dict[str, Any]
) -> None:
    answer = office.decide("reviewer-1", review, "accept", secrets.token_hex(16))
    assert (answer.status_code, answer.json()["code"]) == (404, "roll_entry_unknown")


@pytest.mark.parametrize("officer", ["reviewer-1"])
def test_a_registration_that_was_never_in_review_is_not_shown(office: ElectionOffice, officer: str) -> None:
    """Else a reviewer could read everybody's evidence."""
    row = office.register(TARO, office.people["000002"])
    for answer in (
        office.get(officer, f"/v1/office/reviews/{row['id']}"),
        office.decide(officer, row, "refuse"),
        office.get(officer, f"/v1/office/reviews/{secrets.token_hex(16)}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "review_unknown")
