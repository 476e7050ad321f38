"""Phases follow timestamps alone; `advance` only announces them."""

from __future__ import annotations

import pytest

from chain import contract_errors as errors
from chain.time import travel_to
from election.phase import Phase, phase_at


def actions(booth):
    """What each phase allows, by name."""
    ballot = (0, 1, 1, "0x" + 40 * "0", 0, tuple(range(8)))
    return {
        "deposit": lambda: booth.client.deposit(77, booth.registrar),
        "permit": lambda: booth.call("deposit(uint256,uint256,bytes)", *booth.permit(78)),
        "many": lambda: booth.client.deposit_many([79], booth.registrar),
        "vote": lambda: booth.call(
            "castVote(uint256,uint256,uint256,address,uint256,"
            "(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256))",
            *ballot,
        ),
    }


@pytest.mark.parametrize("phase", [Phase.PENDING, Phase.VOTING, Phase.CLOSED])
@pytest.mark.parametrize("action", ["deposit", "permit", "many"])
def test_deposits_are_refused_outside_registration(pending, reverts, phase, action):
    booth = pending()
    if phase is not Phase.PENDING:
        travel_to(booth.w3, booth.voting if phase is Phase.VOTING else booth.closes)
    with reverts(errors.WrongPhaseError, expected=Phase.REGISTRATION, actual=phase):
        actions(booth)[action]()


@pytest.mark.parametrize("phase", [Phase.PENDING, Phase.REGISTRATION, Phase.CLOSED])
def test_votes_are_refused_outside_voting(pending, reverts, phase):
    booth = pending()
    if phase is not Phase.PENDING:
        travel_to(booth.w3, booth.opens if phase is Phase.REGISTRATION else booth.closes)
    with reverts(errors.WrongPhaseError, expected=Phase.VOTING, actual=phase):
        actions(booth)["vote"]()


def test_a_valid_ballot_is_refused_once_voting_has_closed(voting, reverts):
    booth = voting()
    ballot = booth.ballot()
    travel_to(booth.w3, booth.closes)
    with reverts(errors.WrongPhaseError, expected=Phase.VOTING, actual=Phase.CLOSED):
        booth.cast(ballot)


def test_each_phase_begins_in_the_second_its_time_names(pending):
    booth = pending()
    for start in (booth.opens, booth.voting, booth.closes):
        for moment in (start - 1, start):
            travel_to(booth.w3, moment)
            assert booth.client.phase() == phase_at(booth.election.schedule, moment)


def test_advance_announces_each_phase_once(pending, reverts):
    booth = pending()
    with reverts(errors.PhaseAlreadyAnnouncedError, phase=Phase.PENDING, next_phase_at=booth.opens):
        booth.client.advance(booth.sender)
    following = (booth.voting, booth.closes, 0)
    for start, after, phase in zip(
        (booth.opens, booth.voting, booth.closes), following, list(Phase)[1:], strict=True
    ):
        travel_to(booth.w3, start)
        booth.client.advance(booth.sender)
        with reverts(errors.PhaseAlreadyAnnouncedError, phase=phase, next_phase_at=after):
            booth.client.advance(booth.sender)
    announced = [event.phase for event in booth.client.events(names={"PhaseAdvanced"})]
    assert announced == [Phase.REGISTRATION, Phase.VOTING, Phase.CLOSED]


def test_a_phase_nobody_announced_is_skipped_over(pending):
    booth = pending()
    travel_to(booth.w3, booth.closes)
    booth.client.advance(booth.sender)
    assert [event.phase for event in booth.client.events(names={"PhaseAdvanced"})] == [Phase.CLOSED]


def test_advance_checkpoints_once_registration_has_ended(registering):
    booth = registering()
    booth.client.deposit_many([1, 2, 3], booth.registrar)
    booth.client.advance(booth.sender)
    assert booth.client.latest_root() == 0
    travel_to(booth.w3, booth.voting)
    booth.client.advance(booth.sender)
    booth.tree.extend([1, 2, 3])
    assert booth.client.latest_root() == booth.tree.root


def test_votes_do_not_wait_for_an_announcement(registering):
    booth = registering()
    booth.tree.append(booth.voters[0].commitment)
    booth.client.deposit(booth.voters[0].commitment, booth.registrar)
    travel_to(booth.w3, booth.voting)
    booth.client.checkpoint(booth.sender)
    booth.cast(booth.ballot())
    assert booth.client.tally() == (1, 0, 0)
