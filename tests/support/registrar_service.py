"""A registrar's service for tests: the real application over real HTTP, a real chain, a real database, cards.

    with open_service(database, chain.client, pki, people) as service:
        answer = service.register("v000001", commitment)

One test PKI serves many services; `service_pki` makes one with a responder, whose `Behaviour` a test changes.
"""

from __future__ import annotations

import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import select

from api.app import create_app
from api.database.tables import log_entry, refusal, registration
from api.database.vault import Vault
from api.office.credentials import OfficeCredentialVerifier
from api.server import new_server
from api.services import Services
from api.settings import load_settings
from chain.connection import connect
from chain.deploy import deploy_election
from chain.development import development_account
from chain.elections import CLIENTS
from chain.node import start_node
from chain.sender import UnlockedSender
from chain.time import travel_to
from election.file import parse_election_document
from election.receipt import Receipt, Refusal
from election.roll import RollEntry
from identity.challenge import signed_message
from identity.credential import CredentialKind, CredentialVerifier, Mode
from identity.jpki.trust import TrustStore
from identity.jpki.verifier import JpkiVerifier
from identity.revocation.ocsp import OcspChecker
from identity.testpki.authority import Generation
from identity.testpki.card_file import DEFAULT_PASSWORD
from identity.testpki.directory import TestPki
from identity.testpki.responder import Behaviour, running_responder
from identity.testpki.special import SpecialCard, issue_special_card
from tests.support.deposits import Clock
from tests.support.people import people
from tests.support.registry import put_on_roll
from tests.support.small_election import OPENS, document, vote_keys
from voter.card import Card
from zk.field import SCALAR_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from web3 import Web3

    from api.database.engine import Database
    from chain.election_client import ElectionClient
    from election.person import Person

NOW = 1_800_000_000  # wall time of the service, the cards and the responder
REGISTRAR = 0
DEPTH = 10
VOTERS = people(8)
VOTER, OTHER, THIRD = (voter for voter, _ in VOTERS[:3])


def new_commitment() -> int:
    return secrets.randbelow(SCALAR_FIELD - 2) + 1


@dataclass
class ServicePki:
    """A test PKI with its responder; cards are made when they are first asked for."""

    pki: TestPki
    url: str
    behaviour: Behaviour
    _cards: dict[str, Card] = field(default_factory=dict)

    def card(self, name: str, person: Person, kind: SpecialCard = SpecialCard.NEXT_GENERATION) -> Card:
        """Return somebody's card of a kind; P-384 keys are made in no time."""
        key = name if kind is SpecialCard.NEXT_GENERATION else f"{name}-{kind}"
        if key not in self._cards:
            self._cards[key] = Card.load(issue_special_card(self.pki, key, person, kind))
        return self._cards[key]

    def renewed(self, name: str, person: Person) -> Card:
        """Return the card that replaces somebody's, with other keys; perhaps a changed person."""
        self._cards[name] = Card.load(self.pki.renew(name, person=person, generation=Generation.NEXT))
        return self._cards[name]

    def verifier(self, mode: Mode = Mode.TEST, seconds: float = 3.0) -> JpkiVerifier:
        trust = TrustStore.load([self.pki.roots_file], mode)
        return JpkiVerifier(trust, OcspChecker(f"{self.url}/ocsp", seconds))


@contextmanager
def service_pki(directory: Path) -> Iterator[ServicePki]:
    """Make a test PKI whose clock is the services', and answer for it."""
    behaviour = Behaviour()
    pki = TestPki.create(directory, clock=lambda: NOW)
    with running_responder(pki, behaviour) as url:
        yield ServicePki(pki, url, behaviour)
    pki.close()


@dataclass
class ServiceChain:
    """A chain on which each test deploys an election of its own."""

    w3: Web3
    rpc_url: str

    def deploy(self, **changes: object) -> ElectionClient:
        """Deploy an election whose registration has just opened; account 0 is its registrar."""
        schedule = document()["schedule"]
        wanted = {"depth": DEPTH, "electorate": 1000, "denomination": 0, "schedule": schedule} | changes
        election = parse_election_document(document(**wanted))
        sender = UnlockedSender(self.w3, self.w3.eth.accounts[REGISTRAR])
        keys = vote_keys(election.depth)
        deployment = deploy_election(self.w3, sender, election, keys.verifying_key, sender.address)
        return CLIENTS[election.scheme](self.w3, deployment.contract)

    def travel_to(self, timestamp: int) -> None:
        travel_to(self.w3, timestamp)


@contextmanager
def service_chain() -> Iterator[ServiceChain]:
    with start_node(timestamp=OPENS) as node:
        yield ServiceChain(connect(node.rpc_url), node.rpc_url)


@dataclass
class RegistrarService:
    """A running service, and everybody's cards."""

    services: Services
    address: str
    http: httpx.Client
    cards: ServicePki
    people: Mapping[str, Person]
    pseudonyms: Mapping[str, str]
    clock: Clock

    @property
    def database(self) -> Database:
        return self.services.database

    def challenge(self) -> str:
        answer = self.http.post("/v1/challenges")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["challenge"])

    def sign(self, card: Card, challenge: str, commitment: int) -> dict[str, Any]:
        return card.sign(signed_message(challenge, commitment), DEFAULT_PASSWORD).to_credential()

    def request(
        self,
        voter: str | Card,
        commitment: int | None = None,
        challenge: str | None = None,
        kind: SpecialCard = SpecialCard.NEXT_GENERATION,
    ) -> dict[str, Any]:
        """Return the body that a voter's device sends."""
        card = self.cards.card(voter, self.people[voter], kind) if isinstance(voter, str) else voter
        commitment = new_commitment() if commitment is None else commitment
        challenge = challenge or self.challenge()
        return {
            "challenge": challenge,
            "commitment": str(commitment),
            "credential": self.sign(card, challenge, commitment),
        }

    def send(self, body: Mapping[str, Any]) -> httpx.Response:
        return self.http.post("/v1/registrations", json=body)

    def register(self, voter: str | Card, commitment: int | None = None, **choices: Any) -> httpx.Response:
        return self.send(self.request(voter, commitment, **choices))

    def receipt(self, answer: httpx.Response) -> Receipt:
        """Return the receipt in an answer; it must be the registrar's."""
        assert answer.status_code in {201, 202}, answer.text
        receipt = Receipt.from_json(answer.json()["receipt"])
        assert receipt.signer(self.services.chain_id, self.services.contract) == self.registrar
        return receipt

    def refusal(self, answer: httpx.Response) -> Refusal:
        """Return the signed refusal in an answer; it must be the registrar's, and kept."""
        assert 400 <= answer.status_code < 500, answer.text
        signed = Refusal.from_json(answer.json()["refusal"])
        assert signed.signer(self.services.chain_id, self.services.contract) == self.registrar
        assert signed.reason == answer.json()["code"]
        assert signed.refusal_id in self.refusals()
        return signed

    def standing(self, receipt: Receipt) -> httpx.Response:
        return self.http.get(
            f"/v1/registrations/{receipt.registration_id}",
            headers={"Authorization": f"Bearer {receipt.token}"},
        )

    @property
    def registrar(self) -> str:
        """The address that the contract names."""
        return self.services.chain.config().registrar

    def registrations(self) -> list[Any]:
        """Return every row, oldest first."""
        with self.database.read() as connection:
            return list(connection.execute(select(registration).order_by(registration.c.issued_at)))

    def refusals(self) -> list[str]:
        with self.database.read() as connection:
            return list(connection.execute(select(refusal.c.id)).scalars())

    def log(self) -> list[tuple[str, str | None]]:
        query = select(log_entry.c.action, log_entry.c.subject).order_by(log_entry.c.sequence)
        with self.database.read() as connection:
            return [(row.action, row.subject) for row in connection.execute(query)]


@contextmanager
def running(app: Any, settings: Any) -> Iterator[str]:
    """Serve an application as `tohyo api serve` does, in a thread; gives the address."""
    listening, addresses = threading.Event(), []

    def announce(address: str) -> None:
        addresses.append(address)
        listening.set()

    server = new_server(app, settings, announce)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert listening.wait(30)
        yield addresses[0]
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def open_service(
    database: Database,
    client: ElectionClient,
    cards: ServicePki,
    roll: Sequence[tuple[str, Person]],
    *,
    verifiers: Mapping[CredentialKind, CredentialVerifier] | None = None,
    clock: Clock | None = None,
    vault: Vault | None = None,
    **settings: Any,
) -> Iterator[RegistrarService]:
    """Open a service with these people on its roll; keyword arguments are settings."""
    wanted = {"mode": "test", "port": 0, "confirmations": 0, "contract": client.address}
    loaded = load_settings(None, wanted | settings)
    vault, clock = vault or Vault.generate(), clock or Clock(NOW)
    officers = {officer.id: officer.public_key for officer in loaded.officers}
    services = Services(
        settings=loaded,
        database=database,
        vault=vault,
        chain=client,
        account=development_account(REGISTRAR),
        verifiers=verifiers
        or {
            CredentialKind.JPKI: cards.verifier(),
            CredentialKind.OFFICE: OfficeCredentialVerifier(database, officers),
        },
        clock=clock,
    )
    database.bind(services.chain_id, services.contract, loaded.mode)
    entries = [RollEntry(voter, who) for voter, who in roll]
    names = put_on_roll(database, entries, keys=vault) if entries else []
    app = create_app(loaded, services)
    with running(app, loaded) as address, httpx.Client(base_url=address, timeout=60) as http:
        pseudonyms = {voter: name for (voter, _), name in zip(roll, names, strict=True)}
        yield RegistrarService(services, address, http, cards, dict(roll), pseudonyms, clock)
