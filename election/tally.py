"""The counting rule: one nullifier hash, one vote; the first ballot counts; only candidates can be chosen.

The contract enforces this while ballots come in. It stands here once more, apart from any chain, for those
who count again from a list of ballots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from election.errors import UnknownCandidateError

if TYPE_CHECKING:
    from collections.abc import Iterable


def require_candidate(choice: int, candidate_count: int) -> int:
    """Return the choice if it is the number of a candidate.

    Raises:
        UnknownCandidateError: it is not.

    """
    if not 0 <= choice < candidate_count:
        raise UnknownCandidateError(
            f"There is no candidate number {choice}.",
            hint=f"Candidates are numbered from 0 to {candidate_count - 1}.",
        )
    return choice


def count_ballots(ballots: Iterable[tuple[int, int]], candidate_count: int) -> list[int]:
    """Count `(nullifier hash, choice)` pairs in the order they were cast; returns votes by candidate.

    A later ballot with the same nullifier hash and a ballot for nobody are not counted.
    """
    votes = [0] * candidate_count
    seen: set[int] = set()
    for nullifier_hash, choice in ballots:
        if nullifier_hash in seen or not 0 <= choice < candidate_count:
            continue
        seen.add(nullifier_hash)
        votes[choice] += 1
    return votes
