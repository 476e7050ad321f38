"""A node that answers with something else than the chain holds, and remembers what it was asked."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from web3 import HTTPProvider, Web3

Lie = Callable[[str, Any, Any], Any]  # method, parameters, true result → told result


def truth(_method: str, _parameters: object, result: object) -> object:
    return result


class LyingProvider(HTTPProvider):
    """Passes requests on, and results through `lie`."""

    def __init__(self, url: str, lie: Lie = truth) -> None:
        super().__init__(url)
        self.lie = lie
        self.asked: list[tuple[str, Any]] = []

    def make_request(self, method: Any, params: Any) -> Any:
        self.asked.append((method, copy.deepcopy(params)))
        return self._told(method, params, super().make_request(method, params))

    def make_batch_request(self, batch_requests: Any) -> Any:
        self.asked += copy.deepcopy(batch_requests)
        responses: Any = super().make_batch_request(batch_requests)
        pairs = zip(batch_requests, responses, strict=True)
        return [self._told(method, params, response) for (method, params), response in pairs]

    def _told(self, method: str, params: Any, response: Any) -> Any:
        if "result" not in response:
            return response
        return {**response, "result": self.lie(method, params, copy.deepcopy(response["result"]))}


def lying_w3(url: str, lie: Lie = truth) -> Web3:
    return Web3(LyingProvider(url, lie))
