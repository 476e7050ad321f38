from tests.support.databases import (  # noqa: F401  fixtures
    database,
    database_url,
    new_database_url,
    postgresql_server,
)
