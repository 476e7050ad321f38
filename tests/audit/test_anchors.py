"""What the public sees of the registrar's log: that it only grows, and that the roll is large enough."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.anchors import NEVER_ANCHORED
from audit.replay import audit_election
from audit.report import AnchoredLog
from tests.support.anchored_log import anchor, head_of
from tests.support.small_election import VOTERS, SmallElection, open_election

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.report import AuditReport


@pytest.fixture
def election() -> Iterator[SmallElection]:
    with open_election() as running:
        yield running


def audited(election: SmallElection) -> AuditReport:
    return audit_election(election.w3, election.deployment.contract)


def of_the_log(report: AuditReport) -> list[str]:
    assert {finding.check for finding in report.findings} <= {"registrar log"}
    return [finding.message for finding in report.findings]


def warnings_of_the_log(report: AuditReport) -> list[str]:
    return [warning for warning in report.warnings if "anchor" in warning]


def test_the_newest_anchor_is_reported_beside_the_deposits(finished: SmallElection) -> None:
    report = audited(finished)
    assert report.registrar_log == AnchoredLog(3, 11, head_of(11), VOTERS)
    document = json.loads(json.dumps(report.to_json()))
    assert document["registrar_log"] == {
        "anchors": 3, "entries": 11, "head": "0x" + head_of(11).hex(), "roll_size": VOTERS,
    }  # fmt: skip
    assert (document["deposits"], document["electorate"]) == (VOTERS, VOTERS + 1)
    assert not warnings_of_the_log(report)


def test_an_election_without_anchors_is_consistent_but_told_apart(election: SmallElection) -> None:
    election.register(2)
    report = audited(election)
    assert report.verdict == "consistent"
    assert warnings_of_the_log(report) == [NEVER_ANCHORED]
    assert report.to_json()["registrar_log"] is None
    assert "registrar log" not in {check.name for check in report.checks}


def test_a_phase_without_an_anchor_is_a_warning(election: SmallElection) -> None:
    anchor(election, 3)
    election.open_voting()
    report = audited(election)
    assert report.verdict == "consistent"
    (warning,) = warnings_of_the_log(report)
    assert warning.endswith("in these phases: voting")
    anchor(election, 3)
    assert not warnings_of_the_log(audited(election))
    election.close()
    (warning,) = warnings_of_the_log(audited(election))
    assert warning.endswith("in these phases: closed")


def test_another_head_for_the_same_number_of_entries_is_found(election: SmallElection) -> None:
    anchor(election, 3)
    anchor(election, 3, head=head_of(4))
    (message,) = of_the_log(audited(election))
    assert "the same head" in message


def test_a_roll_larger_than_the_electorate_is_found(election: SmallElection) -> None:
    anchor(election, 3, roll_size=VOTERS + 2)
    (message,) = of_the_log(audited(election))
    assert f"at most {VOTERS + 1} people on the roll" in message


def test_more_deposits_than_people_on_the_roll_are_found_at_the_next_anchor(election: SmallElection) -> None:
    anchor(election, 3, roll_size=2)
    election.register(3)
    report = audited(election)
    assert report.verdict == "consistent"
    (warning,) = warnings_of_the_log(report)
    assert "3 deposits, but at most 2 people" in warning
    election.open_voting()
    anchor(election, 4, roll_size=2)
    (message,) = of_the_log(audited(election))
    assert "at most 2 deposits" in message


def test_people_added_to_the_roll_may_deposit_before_the_next_anchor(election: SmallElection) -> None:
    anchor(election, 3, roll_size=2)
    election.register(3)
    election.open_voting()
    anchor(election, 4, roll_size=3)
    report = audited(election)
    assert report.verdict == "consistent"
    assert not warnings_of_the_log(report)


def test_somebody_removed_after_the_deposit_is_no_fault(election: SmallElection) -> None:
    anchor(election, 3, roll_size=3)
    election.register(3)
    election.open_voting()
    anchor(election, 4, roll_size=2)
    assert audited(election).verdict == "consistent"
