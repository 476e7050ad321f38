"""Asks the registrar's service as an officer: a fresh token for each request, signatures made here.

The key never leaves this process. Which election the service is for is asked once; with `contract` it must
be the one that the officer named, so that a wrong service gets no signature that another could use.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

from api.office.tokens import OfficeRequest, audience, make_token
from election.address import parse_address
from identity.office import Signing
from identity.officer import sign_document
from zk.errors import TohyoError, shown

if TYPE_CHECKING:
    from identity.officer import OfficerKey


class ServiceUnreachableError(TohyoError):
    """The registrar's service does not answer."""


class ServiceOfAnotherElectionError(TohyoError):
    """The service is not the one of the election that was named."""


class ServiceAnsweredNoError(TohyoError):
    """The service refused; `code` is its own."""

    def __init__(self, document: dict[str, Any], status: int) -> None:
        detail = document.get("detail") or f"The service answered {status}."
        super().__init__(shown(str(detail)[:500]), hint=shown(str(document.get("hint") or "")[:500]))
        if isinstance(document.get("code"), str):
            self.__dict__["code"] = shown(document["code"][:64])  # the service's own, for this one


@dataclass
class OfficeClient:
    """One officer and the service; `http` has its address."""

    http: httpx.Client
    officer: str
    key: OfficerKey
    contract: str | None = None

    @cached_property
    def election(self) -> tuple[int, str]:
        """Chain and contract that the service is for."""
        facts = self._answer(self.http.build_request("GET", "/v1/election"))
        try:
            chain_id, contract = int(facts["chain_id"]), parse_address(facts["contract"])
        except (KeyError, ValueError, TypeError) as failure:
            raise ServiceUnreachableError(
                f"{self.http.base_url} is no registrar's service.", hint="Check --api."
            ) from failure
        if self.contract is not None and contract != parse_address(self.contract):
            raise ServiceOfAnotherElectionError(
                f"The service is for the contract {contract}.", hint="Check --api and --contract."
            )
        return chain_id, contract

    def get(self, target: str) -> dict[str, Any]:
        """Ask for a document."""
        return self._ask("GET", target, b"")

    def post(self, target: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a document and return the answer."""
        return self._ask("POST", target, json.dumps(body, ensure_ascii=False).encode())

    def signing(self) -> Signing:
        """Return who signs, now."""
        return Signing(*self.election, self.officer, int(time.time()))

    def signed(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the members that go with a signed statement."""
        return {"signed_at": document["at"], "signature": sign_document(document, self.key).hex()}

    def token(self, method: str, target: str, body: bytes) -> str:
        """Sign a token for one request."""
        request = OfficeRequest(method, target, body)
        return make_token(self.key, self.officer, audience(*self.election), request, now=int(time.time()))

    def _ask(self, method: str, target: str, body: bytes) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} if body else {}
        request = self.http.build_request(method, target, content=body or None, headers=headers)
        sent_as = request.url.raw_path.decode()  # what the service sees, whatever the base address adds
        request.headers["Authorization"] = f"Bearer {self.token(method, sent_as, body)}"
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> dict[str, Any]:
        try:
            response = self.http.send(request)
            document = response.json()
        except (httpx.HTTPError, ValueError) as failure:
            raise ServiceUnreachableError(
                f"{self.http.base_url} does not answer as a registrar's service: {type(failure).__name__}.",
                hint="Check --api and whether the service runs.",
            ) from failure
        if not response.is_success or not isinstance(document, dict):
            raise ServiceAnsweredNoError(document if isinstance(document, dict) else {}, response.status_code)
        return document
