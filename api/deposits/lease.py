"""One depositor at a time, however many processes run.

Who holds the lease says so before every write, inside the same database transaction: a process that was
paused for longer than its lease finds it taken and writes nothing.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.database.tables import lease
from api.errors import LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from api.database.engine import Database

NAME = "depositor"


class Lease:
    """This process's claim to be the depositor. Times are seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], int], seconds: int) -> None:
        self._database, self._clock, self._seconds = database, clock, seconds
        self._holder = secrets.token_hex(16)

    def take(self) -> bool:
        """Take or renew the lease; False while another process holds it."""
        return self._is_fresh() or self._take()

    def require(self, connection: Connection) -> None:
        """Raise LeaseLostError unless this process holds the lease; nobody takes it before the commit."""
        holder = connection.execute(
            select(lease.c.holder).where(lease.c.name == NAME).with_for_update()
        ).scalar_one_or_none()
        if holder != self._holder:
            raise LeaseLostError("Another process took over the deposits.")

    def release(self) -> None:
        """Let another process begin at once."""
        with self._database.begin() as connection:
            connection.execute(delete(lease).where(lease.c.name == NAME, lease.c.holder == self._holder))

    def _is_fresh(self) -> bool:
        with self._database.read() as connection:
            found = connection.execute(select(lease).where(lease.c.name == NAME)).one_or_none()
        return (
            found is not None
            and found.holder == self._holder
            and found.expires_at - self._clock() > self._seconds // 2
        )

    def _take(self) -> bool:
        try:
            with self._database.begin() as connection:
                return self._take_in(connection)
        except IntegrityError:  # another process's first row came first
            return False

    def _take_in(self, connection: Connection) -> bool:
        now = self._clock()
        mine = {"holder": self._holder, "expires_at": now + self._seconds}
        found = connection.execute(select(lease).where(lease.c.name == NAME).with_for_update()).one_or_none()
        if found is None:
            connection.execute(insert(lease).values(name=NAME, **mine))
            return True
        if found.holder != self._holder and found.expires_at >= now:
            return False
        connection.execute(update(lease).where(lease.c.name == NAME).values(mine))
        return True
