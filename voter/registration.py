"""Registers a note's commitment with the registrar's service; the note itself stays here.

What the service says is believed as far as the chain confirms it: the contract names the registrar, and only
that key's signature makes a receipt or a refusal. Whatever is signed is on disk before it is looked at, so
that a voter never stands there without it. A request is sent again, the same bytes, while the service is not
sure; it answers the same request once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from election.errors import DocumentError
from election.permit import DepositPermit
from election.receipt import Promise, Receipt, Refusal
from identity.challenge import Challenge, signed_message
from voter.errors import (
    ChallengeNotGenuineError,
    ReceiptFileTakenError,
    ReceiptNotGenuineError,
    RegistrarAnswerError,
    RegistrarNotEncryptedError,
    RegistrarOfAnotherElectionError,
    RegistrarUnreachableError,
    RegistrationWasRefusedError,
)
from zk.errors import shown
from zk.field import FieldElementOutOfRangeError
from zk.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from chain.election_client import ElectionClient
    from voter.card import Card
    from voter.note import Note

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 60.0
TRIES, LONGEST_WAIT = 6, 20.0
MAX_ANSWER_BYTES = 1_000_000
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LATER = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT})

Credential = dict[str, Any]


class _LaterError(Exception):
    """The service wants the request again."""

    def __init__(self, reason: str, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass(frozen=True)
class RegistrarFacts:
    """What a registrar's service says of itself; contract and registrar are those on chain."""

    title: str
    mode: str
    deposits: str
    credentials: tuple[str, ...]
    sign_in_issuers: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Registered:
    """A receipt that the registrar signed, and a permit if voters deposit themselves."""

    receipt: Receipt
    permit: DepositPermit | None


@dataclass(frozen=True)
class Standing:
    """How far a registration has come; `tree_leaves` and `root` once the service has read the chain."""

    status: str
    leaf_index: int | None
    tree_leaves: int | None
    root: int | None
    root_known: bool | None
    permit: DepositPermit | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the standing as JSON values."""
        return {
            "status": self.status,
            "leaf_index": self.leaf_index,
            "tree_leaves": self.tree_leaves,
            "root": None if self.root is None else str(self.root),
            "root_known_on_chain": self.root_known,
        }


class RegistrationClient:
    """Talks with one registrar's service about one election; threads may share it."""

    def __init__(
        self, url: str, client: ElectionClient, *, wait: Callable[[RetryCallState], float] | None = None
    ) -> None:
        self._chain = client
        self._http = httpx.Client(
            base_url=_require_private(url),
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            headers={"User-Agent": "tohyo", "Accept": "application/json"},
            limits=httpx.Limits(max_connections=32),
        )
        self._wait = wait or _wait
        self._checked: RegistrarFacts | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def facts(self) -> RegistrarFacts:
        """Return what the service says of itself, once it was compared with the chain; asked once.

        Raises:
            RegistrarOfAnotherElectionError: it registers for another contract, or with another key.

        """
        if self._checked is None:
            document = self._ask("GET", "/v1/election")
            config = self._chain.config()
            here = (self._chain.chain_id(), self._chain.address, str(config.election_id), config.registrar)
            there = tuple(document.get(name) for name in ("chain_id", "contract", "election_id", "registrar"))
            if there != here:
                raise RegistrarOfAnotherElectionError(
                    "The service registers for another election, or is not this election's registrar.",
                    hint="Check the address of the service against what the election office published.",
                )
            self._checked = _facts(document)
        return self._checked

    def register(self, note: Note, card: Card, password: str, receipt_file: Path) -> Registered:
        """Register with a card; raises as `register_with`, and what the card raises (`voter.card`)."""
        return self.register_with(note, card_credential(card, password), receipt_file)

    def register_with(
        self, note: Note, make_credential: Callable[[str, int], Credential], receipt_file: Path
    ) -> Registered:
        """Register with whatever proves who one is; the receipt is in `receipt_file` when this returns.

        `make_credential` is given the challenge's text and the commitment. A refusal is kept beside the
        receipt's file (`refusal_file`).

        Raises:
            ReceiptFileTakenError: the file holds the receipt of another registration.
            ChallengeNotGenuineError: the service wants something else signed than a challenge.
            RegistrationWasRefusedError: the registrar refused; the refusal is kept.
            ReceiptNotGenuineError: what came back was not signed by the registrar, or for something else.
            RegistrarUnreachableError, RegistrarAnswerError, RegistrarOfAnotherElectionError.

        """
        note.require_election(self._chain.chain_id(), self._chain.address, self._chain.scheme)
        commitment = note.commitment
        _require_room(receipt_file, commitment)
        self.facts()
        challenge = self.challenge()
        request = {
            "challenge": challenge,
            "commitment": str(commitment),
            "credential": make_credential(challenge, commitment),
        }
        document = self._ask("POST", "/v1/registrations", request, refusal_file=refusal_file(receipt_file))
        try:
            receipt = Receipt.from_json(document.get("receipt"))
            self._keep(receipt, receipt_file, commitment)
            permit = document.get("permit")
            registered = Registered(receipt, DepositPermit.from_json(permit) if permit else None)
        except (DocumentError, FieldElementOutOfRangeError) as failure:
            raise _nonsense("The registrar's receipt cannot be read.") from failure
        self._require_permit(registered)
        return registered

    def _keep(self, receipt: Receipt, path: Path, commitment: int) -> None:
        """Write a receipt before it is looked at; only a genuine one takes the place of another."""
        taken = path.exists()
        where = path.with_name(f"{path.stem}-not-genuine.json") if taken else path
        write_whole(where, _text(receipt.to_json()), private=True)
        self.require_genuine(receipt, commitment)
        if taken:
            where.replace(path)

    def _require_permit(self, registered: Registered) -> None:
        """Raise ReceiptNotGenuineError unless a promised permit is there, and the contract would take it."""
        receipt, permit = registered.receipt, registered.permit
        if receipt.promise is not Promise.PERMIT:
            return
        config, here = self._chain.config(), (self._chain.chain_id(), self._chain.address)
        genuine = permit is not None and permit.signer(*here) == config.registrar
        if permit is None or not genuine or permit.commitment != receipt.commitment:
            raise ReceiptNotGenuineError(
                "The receipt promises a permit, and there is none that the contract would take.",
                hint="Keep the receipt, and show it to the election office.",
            )

    def challenge(self) -> str:
        """Take a challenge that is for this election and nothing else. Raises ChallengeNotGenuineError."""
        text = self._ask("POST", "/v1/challenges", {}).get("challenge")
        try:
            challenge = Challenge.parse(str(text))
        except ValueError:
            raise _not_a_challenge() from None
        if (challenge.chain_id, challenge.contract) != (self._chain.chain_id(), self._chain.address):
            raise _not_a_challenge()
        return challenge.text

    def begin_sign_in(self, challenge: str, commitment: int, issuer: str) -> tuple[str, str]:
        """Return the address for the voter's browser, and the state that must come back."""
        request = {"challenge": challenge, "commitment": str(commitment), "issuer": issuer}
        document = self._ask("POST", "/v1/oidc/authorizations", request)
        url, state = document.get("url"), document.get("state")
        if not isinstance(url, str) or not isinstance(state, str):
            raise _nonsense("The registrar's answer names no address to sign in at.")
        return url, state

    def status(self, receipt: Receipt) -> Standing:
        """Return how far a registration has come. Raises as the other requests do."""
        document = self._ask(
            "GET",
            f"/v1/registrations/{receipt.registration_id}",
            headers={"Authorization": f"Bearer {receipt.token}"},
        )
        try:
            tree = document.get("tree") or {}
            permit = document.get("permit")
            return Standing(
                str(document["status"]),
                document["leaf_index"],
                tree.get("leaf_count"),
                int(tree["root"]) if tree else None,
                tree.get("known_on_chain"),
                DepositPermit.from_json(permit) if permit else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError, DocumentError) as failure:
            raise _nonsense("The registrar's answer makes no sense.") from failure

    def contest(self, refusal: Refusal) -> str:
        """Tell the office that a refusal is not accepted; return its answer, empty until there is one."""
        document = self._ask("POST", "/v1/contests", {"refusal": refusal.to_json()})
        return str(document.get("outcome") or "")

    def require_genuine(self, receipt: Receipt, commitment: int) -> None:
        """Raise ReceiptNotGenuineError unless the election's registrar signed it for the commitment."""
        config = self._chain.config()
        signer = receipt.signer(self._chain.chain_id(), self._chain.address)
        if signer != config.registrar or receipt.election_id != config.election_id:
            raise ReceiptNotGenuineError(
                "The election's registrar did not sign this receipt.",
                hint="Keep it, and show it to the election office: somebody pretends to be the registrar.",
            )
        if receipt.commitment != commitment:
            raise ReceiptNotGenuineError(
                "The receipt is for another commitment than your note's.",
                hint="Keep it, and show it to the election office.",
            )
        if receipt.promise is Promise.DEPOSIT and receipt.deposit_by > config.voting_opens:
            raise ReceiptNotGenuineError(
                "The receipt promises a deposit when voting has begun, which is too late.",
                hint="Keep it, and show it to the election office.",
            )

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        refusal_file: Path | None = None,
    ) -> dict[str, Any]:
        """Send a request until the service answers it, always the same bytes."""
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        given = {**(headers or {}), **({"Content-Type": "application/json"} if content is not None else {})}
        request = self._http.build_request(method, path, content=content, headers=given)
        patient = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=self._wait,
            retry=retry_if_exception_type(_LaterError),
            reraise=True,
        )
        try:
            response = patient(self._send, request)
        except _LaterError as failure:
            raise RegistrarUnreachableError(
                f"The registrar's service did not answer after {TRIES} tries: {failure}",
                hint="Nothing is lost. Try again later with the same note; a registration counts once.",
            ) from None
        return self._answer(response, refusal_file)

    def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            response = self._http.send(request)
        except httpx.TransportError as failure:
            raise _LaterError(type(failure).__name__) from None  # its text may hold the address
        if response.status_code in _LATER:
            raise _LaterError(str(HTTPStatus(response.status_code).phrase), _retry_after(response))
        return response

    def _answer(self, response: httpx.Response, refusal_path: Path | None) -> dict[str, Any]:
        document = _document(response)
        if response.is_success:
            return document
        if refusal_path is not None and "refusal" in document:
            self._refused(document, refusal_path)
        detail = shown(str(document.get("detail", ""))[:500])
        raise RegistrarAnswerError(
            f"The registrar's service answered {response.status_code}"
            f" ({shown(str(document.get('code', 'no code'))[:64])}). {detail}".rstrip(),
            hint=shown(str(document.get("hint", ""))[:500]),
        )

    def _refused(self, document: Mapping[str, Any], path: Path) -> None:
        """Keep the signed refusal first, then look at it, and raise it."""
        try:
            refusal = Refusal.from_json(document["refusal"])
        except DocumentError as failure:
            raise _nonsense("The registrar's refusal cannot be read.") from failure
        write_whole(path, _text(refusal.to_json()), private=True)
        signer = refusal.signer(self._chain.chain_id(), self._chain.address)
        config = self._chain.config()
        if signer != config.registrar or refusal.election_id != config.election_id:
            raise ReceiptNotGenuineError(
                f"The election's registrar did not sign the refusal that is kept in {path}.",
                hint="Show it to the election office: somebody pretends to be the registrar.",
            )
        raise RegistrationWasRefusedError(
            f"The registrar refused ({refusal.reason}): {shown(str(document.get('detail', ''))[:500])}",
            hint=f"{shown(str(document.get('hint', ''))[:500])} The signed refusal is in {path}; `tohyo voter"
            " contest` says that you disagree. 署名つきの拒否通知で異議を申し立てることができます。",
        )


def card_credential(card: Card, password: str) -> Callable[[str, int], Credential]:
    """Return what signs a challenge and a commitment with a card."""

    def make(challenge: str, commitment: int) -> Credential:
        return dict(card.sign(signed_message(challenge, commitment), password).to_credential())

    return make


def refusal_file(receipt_file: Path) -> Path:
    """Return where a refusal is kept, beside the file that the receipt would have been in."""
    return receipt_file.with_name(f"{receipt_file.stem}-refusal.json")


def _require_private(url: str) -> str:
    """Refuse to send a certificate, which names its owner, in the clear over a network."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise RegistrarNotEncryptedError(
        "The registrar's address must begin with https://.",
        hint="Your card's certificate holds your name and address; http:// is for this machine only.",
    )


def _require_room(path: Path, commitment: int) -> None:
    if not path.exists():
        return
    try:
        taken = Receipt.load(path).commitment != commitment
    except DocumentError:
        taken = True
    if taken:
        raise ReceiptFileTakenError(
            f"{path} holds something else than a receipt for this note.",
            hint="Keep that file and name another one with --receipt.",
        )


def _facts(document: Mapping[str, Any]) -> RegistrarFacts:
    try:
        return RegistrarFacts(
            str(document["title"]),
            str(document["mode"]),
            str(document["deposits"]),
            tuple(map(str, document["credentials"])),
            tuple(map(str, document["sign_in_issuers"])),
            tuple(map(str, document["warnings"])),
        )
    except (KeyError, TypeError) as failure:
        raise _nonsense("The registrar's description of itself makes no sense.") from failure


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        document = json.loads(response.content) if len(response.content) <= MAX_ANSWER_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _nonsense(f"The service answered {response.status_code} and something that is no JSON object.")
    return document


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), LONGEST_WAIT) if text.isascii() and text.isdigit() else 0.0


def _wait(state: RetryCallState) -> float:
    """Wait as the service asked, or longer each time."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.seconds if isinstance(error, _LaterError) else 0.0
    return max(asked, wait_random_exponential(multiplier=0.2, max=LONGEST_WAIT)(state))


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _nonsense(message: str) -> RegistrarAnswerError:
    return RegistrarAnswerError(message, hint="Is this the address of the registrar's service?")


def _not_a_challenge() -> ChallengeNotGenuineError:
    return ChallengeNotGenuineError(
        "The service wants something signed that is no challenge for this election. Nothing was signed.",
        hint="Check the address of the service against what the election office published.",
    )
