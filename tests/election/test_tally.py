from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from election.errors import UnknownCandidateError
from election.tally import count_ballots, require_candidate


def test_the_first_ballot_of_a_nullifier_hash_counts() -> None:
    assert count_ballots([(1, 0), (2, 1), (1, 1)], 2) == [1, 1]


def test_a_ballot_for_nobody_counts_for_nobody_and_leaves_the_nullifier_free() -> None:
    assert count_ballots([(1, 2), (2, -1), (1, 0)], 2) == [1, 0]


@given(st.dictionaries(st.integers(0, 2**254), st.integers(0, 4)))
def test_distinct_ballots_are_simply_counted(ballots: dict[int, int]) -> None:
    counted = Counter(ballots.values())
    assert count_ballots(ballots.items(), 5) == [counted[choice] for choice in range(5)]


@pytest.mark.parametrize("choice", [-1, 3, 2**256])
def test_a_choice_that_no_candidate_has_is_refused(choice: int) -> None:
    with pytest.raises(UnknownCandidateError):
        require_candidate(choice, 3)
