from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.databases import (  # noqa: F401  fixtures
    database,
    database_url,
    new_database_url,
    postgresql_server,
)
from tests.support.deposits import client_of, deploy, running_chain
from tests.support.election_office import HANAKO, TARO, ElectionOffice, Stage, open_office, set_up_stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.database.engine import Database
    from chain.election_client import ElectionClient


@pytest.fixture(scope="session")
def election() -> Iterator[ElectionClient]:
    """An election whose registration is open; nothing that the office does changes the chain."""
    with running_chain() as w3:
        yield client_of(w3, deploy(w3))


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with set_up_stage() as standing:
        yield standing


@pytest.fixture
def office(stage: Stage, database: Database, election: ElectionClient) -> Iterator[ElectionOffice]:  # noqa: F811
    with open_office(stage, database, election) as opened:
        opened.enrol("000001", HANAKO)
        opened.enrol("000002", TARO)
        yield opened
