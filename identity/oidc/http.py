"""Asking an OpenID provider over HTTP: within a time, up to a size, without following redirects.

Whatever goes wrong on the way is SignInUnavailableError: nothing was decided about the voter. No message
repeats what was sent, since codes, tokens and assertions are secrets.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import httpx

from identity.errors import SignInUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 262_144
DEFAULT_SECONDS = 5.0


@dataclass(frozen=True, repr=False)
class Answer:
    """A status, a media type in lower case without parameters, and a body."""

    status: int
    media_type: str
    body: bytes

    def document(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises ValueError."""
        try:
            found = json.loads(self.body.decode("utf-8"))
        except RecursionError:
            raise ValueError("is nested too deeply") from None
        if not isinstance(found, dict):
            raise ValueError("is no JSON object")  # noqa: TRY004  the one error that callers expect
        return found


class ProviderHttp:
    """A client for one or more providers; `seconds` bounds every wait and the whole body."""

    def __init__(self, seconds: float = DEFAULT_SECONDS) -> None:
        self._seconds = seconds
        # an environment's proxy must not learn whom the registrar asks, nor see codes and tokens
        self._client = httpx.Client(
            timeout=seconds,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def get(self, url: str, bearer: str = "") -> Answer:
        """Fetch a document, perhaps with an access token. Raises SignInUnavailableError."""
        headers = {"Accept": "application/json, application/jwt"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        return self._ask("GET", url, headers, None)

    def post(self, url: str, form: Mapping[str, str]) -> Answer:
        """Send a form. Raises SignInUnavailableError."""
        return self._ask("POST", url, {"Accept": "application/json"}, form)

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Answer:
        deadline = time.monotonic() + self._seconds
        body = bytearray()
        try:
            with self._client.stream(method, url, headers=headers, data=form) as response:
                for (
                    chunk
                ) in response.iter_raw():  # never decompressed: a small answer could grow without bound
                    body += chunk
                    if len(body) > MAX_BYTES or time.monotonic() > deadline:
                        unavailable(url, "answers at too great a length, or too slowly")
        except httpx.TimeoutException:
            unavailable(url, "did not answer in time")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            unavailable(url, "cannot be reached")
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Answer(response.status_code, media_type, bytes(body))


def unavailable(url: str, what: str) -> NoReturn:
    """Raise SignInUnavailableError about the server behind an address."""
    raise SignInUnavailableError(
        f"The sign-in service at {httpx.URL(url).host} {what}.",
        hint="Nothing was recorded. Sign in again later, or use your card.",
    ) from None
