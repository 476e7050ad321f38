"""One JSON-RPC request with the standard library, for asking whether anything answers at an address."""

from __future__ import annotations

import http.client
import json
import urllib.request
from typing import Any


def rpc_call(url: str, method: str, *params: object, timeout: float = 2.0) -> Any:  # noqa: ANN401 - JSON
    """Return the result, or None if nothing that speaks JSON-RPC answers there."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - theirs
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310 - same
            return json.load(response).get("result")
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return None
