"""What an operator watches. Counts by outcome and times: nothing that tells one person from another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import func, select

from api.database.tables import RegistrationStatus, registration

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.database.engine import Database

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
REGISTRATIONS = Counter(
    "tohyo_registration_requests", "Requests to register, by outcome's code.", ["outcome"]
)
REQUESTS = Counter("tohyo_http_requests", "Answered requests.", ["route", "status"])
SECONDS = Histogram(
    "tohyo_http_request_seconds",
    "Time from a request's headers to the end of its answer.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
OPEN = Gauge("tohyo_registrations_open", "Registrations that wait for something.", ["status"])
_OPEN_STATUSES = (
    RegistrationStatus.QUEUED,
    RegistrationStatus.SUBMITTED,
    RegistrationStatus.PERMITTED,
    RegistrationStatus.IN_REVIEW,
)


class Measured:
    """Counts and times every request under its route's template, never under its address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), "none"

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            REQUESTS.labels(route, status).inc()
            SECONDS.labels(route).observe(time.perf_counter() - started)


def exposition(database: Database) -> bytes:
    """Return every metric as Prometheus reads it. Raises DatabaseUnavailableError."""
    table = registration.c
    query = select(table.status, func.count()).where(table.status.in_(_OPEN_STATUSES)).group_by(table.status)
    with database.read() as connection:
        found = {row[0]: row[1] for row in connection.execute(query)}
    for status in _OPEN_STATUSES:
        OPEN.labels(status.value).set(found.get(status.value, 0))
    return generate_latest(REGISTRY)
