"""An election office for tests: officers with keys, people on the roll, registrations in review.

A real database, a real chain, the office's real endpoints; the clock is the test's.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn
from sqlalchemy import insert, select, update

from api.admission import promise
from api.app import create_app
from api.challenges import Challenges
from api.database.tables import VotingStatus, challenge_use, refusal, registration, roll_entry
from api.database.vault import Vault
from api.office.credentials import OfficeCredentialVerifier
from api.office.tokens import OfficeRequest, audience, make_token
from api.registry.log import read_log
from api.registry.roll import birth_index, seal_person, voter_id_index
from api.sealed import SealedRegistration, seal_refused_person
from api.services import Services
from api.settings import load_settings
from chain.development import development_account
from election.person import DateOfBirth, Person, Sex
from election.receipt import Refusal, sign_refusal
from identity.credential import CredentialKind
from identity.office import Signing, approval_document, issue_document, review_document
from identity.officer import OfficerKey, sign_document
from tests.support.deposits import Clock
from zk.field import SCALAR_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from api.database.engine import Database
    from chain.election_client import ElectionClient
    from identity.registrar_log import LogEntry

ROLES = {
    "roll-1": ["roll"],
    "roll-2": ["roll", "approver"],
    "approver-1": ["approver"],
    "counter-1": ["counter"],
    "counter-2": ["counter"],
    "station-1": ["polling_station"],
    "reviewer-1": ["reviewer"],
    "reviewer-2": ["reviewer"],
    "reviewer-3": ["reviewer"],
    "auditor-1": ["auditor"],
}
HANAKO = Person("青木　花子", DateOfBirth(1990, 1, 31), Sex.FEMALE, "茨城県つくば市天王台一丁目1番1号")
TARO = Person("髙橋　太郎", DateOfBirth(1980, 12, 1), Sex.MALE, "茨城県つくば市吾妻二丁目2番2号")


@dataclass
class ElectionOffice:
    """Everything that a test of the office's endpoints needs."""

    services: Services
    keys: dict[str, OfficerKey]
    http: httpx.Client
    clock: Clock
    people: dict[str, str] = field(default_factory=dict)  # voter id → pseudonym

    @property
    def database(self) -> Database:
        return self.services.database

    @property
    def audience(self) -> str:
        return audience(self.services.chain_id, self.services.contract)

    def token(self, officer: str, method: str, target: str, body: bytes = b"", **changes: Any) -> str:
        """Sign a token as the officer's own program does."""
        request = OfficeRequest(method, target, body)
        given = {"now": self.clock(), "for_whom": self.audience, "key": self.keys.get(officer)} | changes
        return make_token(officer=officer, request=request, **given)

    def call(self, officer: str, method: str, target: str, body: object = None) -> httpx.Response:
        """Ask as an officer, with a fresh token."""
        content = b"" if body is None else json.dumps(body).encode()
        return self.send(self.token(officer, method, target, content), method, target, content)

    def send(self, token: str | None, method: str, target: str, content: bytes = b"") -> httpx.Response:
        headers = {"Content-Type": "application/json"} if content else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.request(method, target, content=content or None, headers=headers)

    def get(self, officer: str, target: str) -> httpx.Response:
        return self.call(officer, "GET", target)

    def post(self, officer: str, target: str, body: object) -> httpx.Response:
        return self.call(officer, "POST", target, body)

    def signing(self, officer: str, at: int | None = None) -> Signing:
        at = self.clock() if at is None else at
        return Signing(self.services.chain_id, self.services.contract, officer, at)

    def sign(self, officer: str, document: dict[str, Any]) -> dict[str, Any]:
        """Return the members that every signed statement has."""
        return {"signed_at": document["at"], "signature": sign_document(document, self.keys[officer]).hex()}

    def enrol(self, voter_id: str, person: Person) -> str:
        """Put somebody on the roll; return the pseudonym."""
        pseudonym, vault = secrets.token_hex(16), self.services.vault
        with self.database.begin() as connection:
            connection.execute(
                insert(roll_entry).values(
                    pseudonym=pseudonym,
                    voter_id_index=voter_id_index(vault, voter_id),
                    birth_index=birth_index(vault, person.date_of_birth),
                    sealed=seal_person(vault, pseudonym, voter_id, person),
                    status=VotingStatus.ELIGIBLE,
                    changed_at=self.clock(),
                )
            )
        self.people[voter_id] = pseudonym
        return pseudonym

    def set_status(self, pseudonym: str, status: VotingStatus) -> None:
        with self.database.begin() as connection:
            connection.execute(
                update(roll_entry).where(roll_entry.c.pseudonym == pseudonym).values(status=status)
            )

    def status(self, pseudonym: str) -> VotingStatus:
        query = select(roll_entry.c.status).where(roll_entry.c.pseudonym == pseudonym)
        with self.database.read() as connection:
            return VotingStatus(connection.execute(query).scalar_one())

    def register(self, person: Person | None, pseudonym: str | None = None, **columns: Any) -> dict[str, Any]:
        """Keep a registration as the service does; in review without a pseudonym. Return its row."""
        challenge = Challenges(self.services).issue()
        commitment, one = secrets.randbelow(SCALAR_FIELD), secrets.token_hex(16)
        place = promise(
            self.services,
            self.services.election.schedule.timestamps()[0],
            registration_id=one,
            commitment=commitment,
            pseudonym=pseudonym,
        )
        kept = SealedRegistration(challenge.text, commitment, {"certificate": "AAAA"}, person)
        row = place.columns() | {"kind": "jpki", "sealed": kept.seal(self.services.vault, one)} | columns
        used = {
            "nonce": challenge.nonce,
            "request_digest": secrets.token_bytes(32),
            "used_at": self.clock(),
            "expires_at": challenge.expires,
            "registration_id": one,
        }
        with self.database.begin() as connection:
            connection.execute(insert(registration).values(row))
            connection.execute(insert(challenge_use).values(used))
        return row

    def registration(self, registration_id: str) -> Any:
        query = select(registration).where(registration.c.id == registration_id)
        with self.database.read() as connection:
            return connection.execute(query).one()

    def refuse(self, person: Person | None = None, reason: str = "certificate_expired") -> Refusal:
        """Sign and keep a refusal as the service does."""
        services = self.services
        signed = sign_refusal(
            services.account,
            services.chain_id,
            services.contract,
            refusal_id=secrets.token_hex(16),
            election_id=services.election_id,
            request_digest=secrets.token_bytes(32),
            reason=reason,
            refused_at=self.clock(),
        )
        sealed = None if person is None else seal_refused_person(services.vault, signed.refusal_id, person)
        with self.database.begin() as connection:
            connection.execute(
                insert(refusal).values(
                    id=signed.refusal_id,
                    request_digest=signed.request_digest,
                    reason=reason,
                    refused_at=signed.refused_at,
                    signature=signed.signature,
                    sealed=sealed,
                )
            )
        return signed

    def decision(
        self, officer: str, row: dict[str, Any], decision: str, pseudonym: str | None, **changes: Any
    ) -> dict[str, Any]:
        """Return a signed decision about a review."""
        document = review_document(
            self.signing(changes.pop("signed_by", officer), changes.pop("at", None)),
            registration_id=row["id"],
            commitment=row["commitment"],
            decision=decision,
            roll_entry=pseudonym,
        )
        return {"decision": decision, "roll_entry": pseudonym, **self.sign(officer, document)}

    def decide(
        self, officer: str, row: dict[str, Any], decision: str, pseudonym: str | None = None
    ) -> httpx.Response:
        body = self.decision(officer, row, decision, pseudonym)
        return self.post(officer, f"/v1/office/reviews/{row['id']}/decisions", body)

    def issue(self, officer: str, pseudonym: str, **changes: Any) -> dict[str, Any]:
        """Return the first officer's signed request for a credential."""
        stated = {
            "credential_id": secrets.token_hex(16),
            "roll_entry": pseudonym,
            "expires_at": self.clock() + 86_400,
            "reason": "guardianship",
        } | changes
        return stated | self.sign(officer, issue_document(self.signing(officer), **stated))

    def approval(self, officer: str, issued: dict[str, Any], issued_by: str = "roll-1") -> dict[str, Any]:
        """Return the second officer's signed request."""
        names = ("credential_id", "roll_entry", "expires_at", "reason")
        stated = {name: issued[name] for name in names}
        return self.sign(officer, approval_document(self.signing(officer), **stated, issued_by=issued_by))

    def approve(self, officer: str, issued: dict[str, Any], issued_by: str = "roll-1") -> httpx.Response:
        target = f"/v1/office/credentials/{issued['credential_id']}/approvals"
        return self.post(officer, target, self.approval(officer, issued, issued_by))

    def credential(self, pseudonym: str, **changes: Any) -> dict[str, str]:
        """Issue and approve one; return what the person presents."""
        issued = self.issue("roll-1", pseudonym, **changes)
        assert self.post("roll-1", "/v1/office/credentials", issued).status_code == 200
        approved = self.approve("approver-1", issued)
        assert approved.status_code == 200, approved.text
        return {"kind": "office", "id": issued["credential_id"], "secret": approved.json()["secret"]}

    def present(self, credential: dict[str, str], commitment: int | None = None) -> httpx.Response:
        """Register with a credential, as a voter's device does."""
        challenge = self.http.post("/v1/challenges").json()["challenge"]
        commitment = secrets.randbelow(SCALAR_FIELD - 2) + 1 if commitment is None else commitment
        body = {"challenge": challenge, "commitment": str(commitment), "credential": credential}
        return self.http.post("/v1/registrations", json=body)

    def log(self) -> list[LogEntry]:
        with self.database.read() as connection:
            return list(read_log(connection))

    def actions(self) -> list[str]:
        return [entry.action for entry in self.log()]


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Run an application on a free port; yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


class Stage:
    """One server for many tests: whichever application stands on it answers."""

    app: ASGIApp
    address: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@contextmanager
def set_up_stage() -> Iterator[Stage]:
    stage = Stage()
    with serve(stage) as address:
        stage.address = address
        yield stage


@contextmanager
def open_office(
    stage: Stage, database: Database, client: ElectionClient, **settings: Any
) -> Iterator[ElectionOffice]:
    """Open an office with one officer for each role, and some with two."""
    keys = {officer: OfficerKey.create() for officer in ROLES}
    officers = [
        {"id": officer, "roles": roles, "public_key": keys[officer].public_key_hex}
        for officer, roles in ROLES.items()
    ]
    public = {officer: key.public_key_hex for officer, key in keys.items()}
    clock = Clock(1_800_000_000)
    services = Services(
        settings=load_settings(None, {"mode": "test", "officers": officers, "confirmations": 0, **settings}),
        database=database,
        vault=Vault.generate(),
        chain=client,
        account=development_account(0),
        verifiers={CredentialKind.OFFICE: OfficeCredentialVerifier(database, public)},
        clock=clock,
    )
    stage.app = create_app(services.settings, services)
    with httpx.Client(base_url=stage.address, timeout=30) as http:
        yield ElectionOffice(services, keys, http, clock)
