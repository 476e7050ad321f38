from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.database.engine import open_database
from tests.support.databases import (  # noqa: F401  fixtures
    database,
    database_url,
    new_database_url,
    postgresql_server,
)
from tests.support.registrar_service import (
    VOTERS,
    RegistrarService,
    ServiceChain,
    ServicePki,
    open_service,
    service_chain,
    service_pki,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from api.database.engine import Database


@pytest.fixture(scope="session")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServicePki]:
    with service_pki(tmp_path_factory.mktemp("pki") / "pki") as made:
        yield made


@pytest.fixture(scope="session")
def service_node() -> Iterator[ServiceChain]:
    with service_chain() as chain:
        yield chain


@pytest.fixture(scope="session")
def election_client(service_node: ServiceChain) -> Any:
    """One election for every test that leaves the chain alone."""
    return service_node.deploy()


@pytest.fixture
def service(database: Database, election_client: Any, cards: ServicePki) -> Iterator[RegistrarService]:  # noqa: F811
    """A service with eight people on its roll, on SQLite and on PostgreSQL."""
    with open_service(database, election_client, cards, VOTERS) as opened:
        yield opened


@pytest.fixture
def sqlite_service(
    new_database_url: Callable[[str], str],  # noqa: F811
    election_client: Any,
    cards: ServicePki,
) -> Iterator[Callable[..., Any]]:
    """Open services on SQLite with settings of the test's own."""
    opened = []

    def make(client: Any = None, people: Any = VOTERS, **settings: Any) -> Any:
        opened.append(open_database(new_database_url("sqlite")))
        return open_service(opened[-1], client or election_client, cards, people, **settings)

    yield make
    for one in opened:
        one.close()
