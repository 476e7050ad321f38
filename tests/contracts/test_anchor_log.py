"""The registrar anchors its log: in any phase, with the number of entries never going down."""

from __future__ import annotations

import pytest

from chain import contract_errors as errors
from chain.compiler import contract
from chain.sender import UnlockedSender
from chain.time import travel_to
from election.phase import Phase
from tests.support.small_election import CLASSIC, CLOSES, open_election

HEAD = bytes(range(1, 33))
ROLL = 119
MOST = 2**64 - 1


def anchored(booth) -> list[tuple[object, ...]]:
    return [
        (anchor.phase, anchor.head, anchor.entries, anchor.roll_size) for anchor in booth.client.log_anchors()
    ]


def test_an_anchor_is_an_event_with_everything_in_it(pending):
    booth = pending()
    result = booth.client.anchor_log(HEAD, 7, ROLL, booth.registrar)
    (anchor,) = booth.client.log_anchors()
    assert anchored(booth) == [(Phase.PENDING, HEAD, 7, ROLL)]
    assert (anchor.transaction_hash, anchor.block_number) == (result.hash, result.block_number)
    assert result.operation == "anchorLog"


def test_the_phase_is_the_clocks_whatever_was_announced(pending):
    booth = pending()
    for entries, start in enumerate((None, booth.opens, booth.voting, booth.closes)):
        if start is not None:
            travel_to(booth.w3, start)
        booth.client.anchor_log(HEAD, entries, ROLL, booth.registrar)
    assert [phase for phase, *_ in anchored(booth)] == list(Phase)


def test_the_phase_of_an_anchor_can_be_searched_for(pending):
    entry = next(e for e in contract("Cream").abi if e.get("name") == "RegistrarLogAnchored")
    assert [argument["name"] for argument in entry["inputs"] if argument["indexed"]] == ["phase"]


def test_nobody_but_the_registrar_anchors(pending, reverts):
    booth = pending()
    for account in booth.w3.eth.accounts[1:4]:
        with reverts(errors.NotRegistrarError, account=account):
            booth.client.anchor_log(HEAD, 1, ROLL, UnlockedSender(booth.w3, account))
    assert anchored(booth) == []


def test_the_number_of_entries_never_goes_down(pending, reverts):
    booth = pending()
    booth.client.anchor_log(HEAD, 10, ROLL, booth.registrar)
    for fewer in (9, 0):
        with reverts(errors.LogEntriesDecreasedError, previous=10, given=fewer):
            booth.client.anchor_log(HEAD, fewer, ROLL, booth.registrar)
    travel_to(booth.w3, booth.opens)
    with reverts(errors.LogEntriesDecreasedError, previous=10, given=9):
        booth.client.anchor_log(HEAD, 9, ROLL, booth.registrar)
    assert len(anchored(booth)) == 1


def test_a_phase_without_news_is_anchored_with_the_same_number(pending):
    booth = pending()
    for _ in range(2):
        booth.client.anchor_log(HEAD, 10, ROLL, booth.registrar)
    assert [entries for _, _, entries, _ in anchored(booth)] == [10, 10]


def test_the_roll_may_become_smaller(pending):
    booth = pending()
    for entries, size in ((10, ROLL), (11, ROLL - 1)):
        booth.client.anchor_log(HEAD, entries, size, booth.registrar)
    assert [size for *_, size in anchored(booth)] == [ROLL, ROLL - 1]


def test_the_largest_numbers_fit(pending, reverts):
    booth = pending()
    booth.client.anchor_log(bytes(32), MOST, MOST, booth.registrar)
    assert anchored(booth) == [(Phase.PENDING, bytes(32), MOST, MOST)]
    with reverts(errors.LogEntriesDecreasedError, previous=MOST, given=MOST - 1):
        booth.client.anchor_log(bytes(32), MOST - 1, ROLL, booth.registrar)


def test_numbers_beyond_64_bits_are_refused(pending):
    """As raw calldata: a client's own encoder would not send them."""
    booth = pending()
    good = booth.cream.encode_abi("anchorLog(bytes32,uint64,uint64)", [HEAD, 1, 2])
    for word in (1, 2):
        end = 10 + 64 * (word + 1)
        data = good[: end - 64] + f"{2**64:064x}" + good[end:]
        with pytest.raises(errors.UnknownRevertError):
            booth.registrar.send({"to": booth.client.address, "data": data})
    assert anchored(booth) == []


def test_an_anchor_takes_no_money(pending):
    booth = pending()
    data = booth.cream.encode_abi("anchorLog(bytes32,uint64,uint64)", [HEAD, 1, 2])
    with pytest.raises(errors.UnknownRevertError):
        booth.registrar.send({"to": booth.client.address, "data": data, "value": 1})


def test_an_anchor_and_an_announcement_leave_each_other_alone(pending, reverts):
    """They share a storage slot."""
    booth = pending()
    booth.client.anchor_log(HEAD, MOST, ROLL, booth.registrar)
    travel_to(booth.w3, booth.voting)
    booth.client.advance(booth.sender)
    booth.client.anchor_log(HEAD, MOST, ROLL, booth.registrar)
    with reverts(errors.PhaseAlreadyAnnouncedError, phase=Phase.VOTING, next_phase_at=booth.closes):
        booth.client.advance(booth.sender)
    with reverts(errors.LogEntriesDecreasedError, previous=MOST, given=1):
        booth.client.anchor_log(HEAD, 1, ROLL, booth.registrar)


def test_a_classic_election_has_anchors_too():
    with open_election(**CLASSIC) as election:
        election.client.anchor_log(HEAD, 3, ROLL, election.sender(0))
        travel_to(election.w3, CLOSES)
        election.client.anchor_log(HEAD, 4, ROLL, election.sender(0))
        assert [anchor.phase for anchor in election.client.log_anchors()] == [
            Phase.REGISTRATION,
            Phase.CLOSED,
        ]
