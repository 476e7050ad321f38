"""The log as auditors read it, and what no log, error or address ever says."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from api.database.tables import VotingStatus
from identity.registrar_log import LogEntry, verify_chain
from tests.support.election_office import HANAKO, TARO

if TYPE_CHECKING:
    from tests.support.election_office import ElectionOffice


def read(office: ElectionOffice, after: int = 0) -> Any:
    answer = office.get("auditor-1", f"/v1/office/log?after={after}")
    assert answer.status_code == 200
    return answer.json()


def test_an_empty_log_has_a_head(office: ElectionOffice) -> None:
    page = read(office)
    assert page["entries"] == []
    assert page["head"]["sequence"] == 0


def test_the_log_is_read_to_its_end_page_by_page_and_holds_together(office: ElectionOffice) -> None:
    for _ in range(101):
        office.post("counter-1", "/v1/office/voters/search", {"voter_id": "000001"})
    first = read(office)
    second = read(office, first["entries"][-1]["sequence"])
    assert (len(first["entries"]), len(second["entries"])) == (100, 1)
    entries = [LogEntry(**entry) for entry in first["entries"] + second["entries"]]
    assert verify_chain(entries).hex() == second["head"]["hash"]
    assert second["head"]["sequence"] == 101


@pytest.mark.parametrize("after", ["-1", "x", "1.5", str(2**53), ""])
def test_a_number_that_is_no_place_in_the_log_is_malformed(office: ElectionOffice, after: str) -> None:
    assert office.get("auditor-1", f"/v1/office/log?after={after}").status_code == 422


def test_nothing_that_is_said_about_anybody_names_them(
    office: ElectionOffice, capfd: pytest.CaptureFixture[str]
) -> None:
    """Through a day at the office: log, log lines, errors and addresses hold pseudonyms only."""
    hanako, moved = office.people["000001"], replace(HANAKO, address="北海道札幌市中央区")
    targets, errors = [], []

    def note(answer: Any) -> Any:
        targets.append(str(answer.request.url))
        if answer.status_code >= 400:
            errors.append(answer.text)
        return answer

    for _, body in (
        (1, {"name": "青木花子", "date_of_birth": "1990-01-31"}),
        (2, {"voter_id": "000002"}),
        (3, {"name": "青木花子", "date_of_birth": "1990-01-31", "address": HANAKO.address}),
        (4, {"name": ["青木花子"], "date_of_birth": "1990-01-31"}),
    ):
        note(office.post("counter-1", "/v1/office/voters/search", body))
    review = office.register(moved)
    note(office.get("reviewer-1", f"/v1/office/reviews/{review['id']}"))
    note(office.decide("reviewer-1", review, "accept", hanako))
    office.set_status(hanako, VotingStatus.PAPER_BALLOT_ISSUED)
    note(office.decide("reviewer-2", review, "accept", hanako))
    office.set_status(hanako, VotingStatus.ELIGIBLE)
    note(office.decide("reviewer-2", review, "accept", hanako))
    credential = office.credential(office.people["000002"])
    note(office.present(credential | {"secret": "WRONG"}))
    note(office.present(credential))
    note(office.present(credential))
    office.refuse(TARO)
    note(office.get("reviewer-1", "/v1/office/refusals"))
    written = capfd.readouterr()
    said = "\n".join([written.out, written.err, *targets, *errors, *map(repr, office.log())])
    assert errors
    assert "registered" in written.out + written.err
    for secret in (
        *("青木", "花子", "太郎", "髙橋", "高橋", "1990-01-31", "1980-12-01", "つくば", "札幌"),
        credential["secret"],
        credential["secret"].replace("-", ""),
        "127.0.0.1:",
    ):
        assert secret not in re.sub(r"http://127\.0\.0\.1:\d+", "", said), secret
