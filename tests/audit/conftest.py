from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.anchored_log import anchor
from tests.support.eligible_election import EligibleElection, eligible_election
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


@pytest.fixture(scope="session")
def whole_registration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EligibleElection]:
    with eligible_election(tmp_path_factory.mktemp("eligible")) as running:
        yield running


@pytest.fixture
def registrar(whole_registration: EligibleElection) -> Iterator[EligibleElection]:
    """An honest registrar's election; books are the test's own, and what it does to the chain is undone."""
    with undone(whole_registration.election.w3):
        yield whole_registration.fork()
