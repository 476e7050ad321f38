"""How much the service takes: requests a minute, and the length, time and form of a body.

Nothing here knows an address. A challenge's attempts are counted under its nonce, which says nothing about
who holds it. Counts are kept in memory, for each process.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from api.errors import (
    BodyTooLargeError,
    RateLimitedError,
    RequestMalformedError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)
from api.problems import problem_response
from identity.errors import NotExactlyOneSignatureError
from zk.errors import TohyoError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.settings import RateSettings

BODY_SECONDS = 20.0  # a body that comes more slowly holds a connection for nothing
MAX_NESTING = 8
_SWEEP_SECONDS = 10.0
_MAX_DIGITS = 20  # of a number outside quotation marks, and of a length
# A string that never ends is taken whole, and once: what begins at every quotation mark takes minutes.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{}\]]', re.DOTALL)


class MemoryCounts(Storage):
    """Counts that expire, swept now and then by whoever counts; `limits` has one that needs a thread."""

    STORAGE_SCHEME: ClassVar[list[str]] = ["tohyo-memory"]  # type: ignore[misc]  # not so declared there

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}
        self._swept_at = time.monotonic()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What a storage may raise; memory raises nothing."""
        return ()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and begin a window of `expiry` seconds if none is open."""
        now = time.monotonic()
        with self._lock:
            self._sweep(now)
            count, ends = self._counts.get(key, (0, 0.0))
            if ends <= now:
                count, ends = 0, now + expiry
            self._counts[key] = (count + amount, ends)
            return count + amount

    def get(self, key: str) -> int:
        """Return the count of the open window."""
        count, ends = self._counts.get(key, (0, 0.0))
        return count if ends > time.monotonic() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the open window ends, in seconds since 1970."""
        return time.time() + max(0.0, self._counts.get(key, (0, 0.0))[1] - time.monotonic())

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        with self._lock:
            count = len(self._counts)
            self._counts.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one count."""
        with self._lock:
            self._counts.pop(key, None)

    def _sweep(self, now: float) -> None:
        if now - self._swept_at >= _SWEEP_SECONDS:
            self._swept_at = now
            self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now}


class Rates:
    """The limits of one service; each method counts one request or raises RateLimitedError."""

    def __init__(self, settings: RateSettings) -> None:
        self._storage = MemoryCounts()
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._challenges = RateLimitItemPerMinute(settings.challenges, namespace="challenges")
        self._registrations = RateLimitItemPerMinute(settings.registrations, namespace="registrations")
        self._attempts = RateLimitItemPerMinute(settings.attempts_per_challenge, namespace="attempts")
        self._lookups = RateLimitItemPerMinute(settings.lookups, namespace="lookups")

    def challenge(self) -> None:
        """Count a request for a challenge."""
        self._count(self._challenges)

    def registration(self) -> None:
        """Count a registration, whoever's."""
        self._count(self._registrations)

    def attempt(self, nonce: str) -> None:
        """Count a registration with this challenge, once it is known to be genuine."""
        self._count(self._attempts, nonce)

    def lookup(self) -> None:
        """Count a question how far a registration has come."""
        self._count(self._lookups)

    def _count(self, limit: RateLimitItemPerMinute, *key: str) -> None:
        if not self._limiter.hit(limit, *key):
            ends = self._limiter.get_window_stats(limit, *key).reset_time
            wait = max(1, round(ends - time.time()))
            hint = f"Try again in {wait} seconds."
            raise RateLimitedError("Too many requests.", hint=hint, retry_after=wait)


class BodyGuard:
    """Reads every body before the application does: short enough, soon enough, and strict JSON."""

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float = BODY_SECONDS) -> None:
        self._app, self._max_bytes, self._seconds = app, max_bytes, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its whole body, or answer with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._read(scope, receive)
            if body is None:
                return
            _require_json(scope, body)
        except TimeoutError:
            failure: TohyoError = RequestTimeoutError(
                "The body of the request did not arrive in time.", hint="Send it again."
            )
        except TohyoError as refusal:
            failure = refusal
        else:
            await self._app(scope, _replayed(body, receive), send)
            return
        await problem_response(failure)(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the body, or None if the client went away. Raises BodyTooLargeError as soon as it can."""
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > _MAX_DIGITS or int(declared) > self._max_bytes:
            self._refuse()
        parts, length = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            if length > self._max_bytes:
                self._refuse()
            if not message.get("more_body", False):
                return b"".join(parts)

    def _refuse(self) -> NoReturn:
        raise BodyTooLargeError(
            "The body of the request is too long.", hint=f"Send at most {self._max_bytes:,} bytes."
        )


def read_json(body: bytes) -> Any:  # noqa: ANN401  whatever JSON holds
    """Read strict JSON: UTF-8, no name twice, no deep nesting, no NaN, no numbers of many digits.

    Raises:
        NotExactlyOneSignatureError: an object has two signatures.
        RequestMalformedError: anything else.

    """
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(body):  # before a parser that recurses sees it
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token[0], 0)
        if depth > MAX_NESTING:
            _refuse("The JSON is nested too deeply.")
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_distinct,
            parse_constant=_no_constant,
            parse_int=_short_integer,
        )
    except ValueError:
        raise _malformed("The body of the request is not JSON.") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found and name == "signature":
            raise NotExactlyOneSignatureError(
                "The credential has two signatures.", hint="Send one signature, made by one card."
            )
        if name in found:
            _refuse("A member of the JSON appears twice.")
        found[name] = value
    return found


def _no_constant(_name: str) -> NoReturn:
    _refuse("NaN and Infinity are not JSON.")


def _short_integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        _refuse("A number is too long; large numbers are decimal text in quotation marks.")
    return int(digits)


def _require_json(scope: Scope, body: bytes) -> None:
    if not body:
        return
    media_type = dict(scope["headers"]).get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != b"application/json":
        raise UnsupportedMediaTypeError(
            "The body of the request is not declared as JSON.", hint="Send Content-Type: application/json."
        )
    read_json(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _refuse(message: str) -> NoReturn:
    raise _malformed(message)


def _malformed(message: str) -> RequestMalformedError:
    return RequestMalformedError(message, hint="/openapi.json describes every request.")
