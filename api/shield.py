"""The outermost layer: headers that tell browsers to be careful, and an answer whatever happens inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from api.errors import OverloadedError
from api.problems import problem_response, unforeseen

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
MAX_UNDER_WAY = 1_000  # requests; each may wait for a thread, and none would be answered in time
_TWO_YEARS = "max-age=63072000"


class Shield:
    """Sets the headers of every answer, and answers for what nobody foresaw."""

    def __init__(self, app: ASGIApp, version: str) -> None:
        self._app = app
        self._headers = _HEADERS | {"Tohyo-Version": version}
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; nothing that goes wrong gets past here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def shielded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = _TWO_YEARS
            await send(message)

        self._under_way += 1
        try:
            if self._under_way > MAX_UNDER_WAY:
                await _overloaded()(scope, receive, shielded)
            else:
                await self._app(scope, receive, shielded)
        except Exception as error:  # noqa: BLE001  the last place that can answer
            answer = unforeseen(error)
            if not started:
                await answer(scope, receive, shielded)
        finally:
            self._under_way -= 1


def _overloaded() -> Response:
    return problem_response(OverloadedError("Too many requests at once.", hint="Try again in a moment."))
