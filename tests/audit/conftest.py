from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.anchored_log import anchor
from tests.support.small_election import VOTERS, SmallElection, open_election, undone

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def whole_election() -> Iterator[SmallElection]:
    with open_election() as running:
        anchor(running, entries=6)
        running.register(VOTERS)
        running.open_voting()
        anchor(running, entries=11)
        running.vote()
        running.close()
        anchor(running, entries=11)
        yield running


@pytest.fixture
def finished(whole_election: SmallElection) -> Iterator[SmallElection]:
    """A finished election; what a test does to its chain is taken back."""
    with undone(whole_election.w3):
        yield whole_election
