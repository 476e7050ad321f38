"""One HTTP exchange with an authority: bounded in time and size, and every failure a sentence."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from identity.errors import RevocationUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRY_AGAIN = "Nothing was decided. Try again later."


def new_client(timeout: float) -> httpx.Client:
    """Return a pool of connections that threads may share; redirects are not followed."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=32)
    # an environment's proxy must not learn whose certificates are asked about
    return httpx.Client(
        timeout=timeout, limits=limits, headers={"Accept-Encoding": "identity"}, trust_env=False
    )


def fetch(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    seconds: float,
    max_bytes: int,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return the body of an answer with status 200.

    `seconds` bounds every wait and the whole body, so that an answer that trickles in does not hold a thread
    for ever. (Headers that trickle in are bounded by their size only.)

    Raises:
        RevocationUnavailableError: nobody answered in time, or not with that.

    """
    try:
        with client.stream(method, url, content=content, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise _unavailable(url, f"answered with HTTP status {response.status_code}")
            return _body(response, url, time.monotonic() + seconds, max_bytes)
    except httpx.TimeoutException as failure:
        raise _unavailable(url, "did not answer in time") from failure
    except httpx.ConnectError as failure:
        raise _unavailable(url, "cannot be reached") from failure
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        raise _unavailable(url, "broke off the answer, or speaks no HTTP") from failure


def _body(response: httpx.Response, url: str, deadline: float, max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_raw():  # never decompressed: a small answer could grow without bound
        body += chunk
        if len(body) > max_bytes:
            raise _unavailable(url, f"sent more than {max_bytes} bytes")
        if time.monotonic() > deadline:
            raise _unavailable(url, "did not answer in time")
    return bytes(body)


def _unavailable(url: str, what: str) -> RevocationUnavailableError:
    return RevocationUnavailableError(f"The authority's server {url} {what}.", hint=_TRY_AGAIN)
