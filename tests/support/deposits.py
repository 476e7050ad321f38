"""Registrations that wait to be deposited, on a real chain, in a real database; the clock is the test's."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests.exceptions
from sqlalchemy import insert, select, update

from api.database.tables import (
    RegistrationStatus,
    VotingStatus,
    batch_transaction,
    deposit_batch,
    registration,
    roll_entry,
)
from api.database.vault import Vault
from api.depositor import Depositor
from api.registry.log import read_log, verify_log
from api.services import Services
from api.settings import load_settings
from chain.connection import connect
from chain.deploy import deploy_election
from chain.development import development_account
from chain.elections import CLIENTS
from chain.node import start_node
from chain.sender import UnlockedSender
from election.file import parse_election_document
from election.permit import sign_permit
from election.receipt import Promise, Receipt, sign_receipt
from election.scheme import Scheme
from tests.support.small_election import OPENS, classic_keys, document, vote_keys
from zk.field import SCALAR_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from web3 import Web3

    from api.database.engine import Database
    from chain.deploy import Deployment
    from chain.election_client import ElectionClient

REGISTRAR, STRANGER = 0, 5
DEPTH = 10
BATCH_SECONDS = 60


class Crash(Exception):  # noqa: N818  what the test does to the depositor, not an error of its own
    """The process ends here."""


def crash_at(place: str) -> Any:
    """Return what to pass as `between` to end the depositor at a place."""

    def between(where: str) -> None:
        if where == place:
            raise Crash

    return between


@dataclass
class Clock:
    """Wall time as the test wants it."""

    now: int = 1_700_000_000

    def __call__(self) -> int:
        return self.now


def rpc(w3: Web3, method: str, *params: object) -> Any:
    """Ask the node for something that web3 has no name for."""
    return w3.manager.request_blocking(method, list(params))  # type: ignore[arg-type]


def deploy(w3: Web3, **changes: object) -> Deployment:
    """Deploy an election whose registration has just opened, with account 0 as its registrar."""
    election = parse_election_document(document(depth=DEPTH, electorate=1000) | changes)
    keys = classic_keys() if election.scheme is Scheme.CREAM_CLASSIC else vote_keys()
    sender = UnlockedSender(w3, w3.eth.accounts[REGISTRAR])
    return deploy_election(w3, sender, election, keys.verifying_key, sender.address)


def client_of(w3: Web3, deployment: Deployment, scheme: Scheme = Scheme.CREAM) -> ElectionClient:
    return CLIENTS[scheme](w3, deployment.contract)


@contextmanager
def running_chain() -> Iterator[Web3]:
    with start_node(timestamp=OPENS) as node:
        yield connect(node.rpc_url)


class SettledDepositor(Depositor):
    """A round that ends when the chain has made the block that the round's transaction is for.

    Anvil makes it a moment after it has answered, and a busy machine makes moments long.
    """

    def step(self) -> bool:
        try:
            return super().step()
        finally:
            with suppress(requests.exceptions.ConnectionError):  # the node that a test stopped makes none
                wait_for_block(self._services.chain.w3)


def wait_for_block(w3: Web3) -> None:
    """Wait while the chain is about to include what it was given; what it cannot include it keeps."""
    if rpc(w3, "anvil_getAutomine") is not True:
        return
    until = time.monotonic() + 1
    while int(rpc(w3, "txpool_status")["pending"], 16) and time.monotonic() < until:
        time.sleep(0.01)


@dataclass
class Office:
    """One election's registrar with a database: registers people, runs depositors, looks at the result."""

    w3: Web3
    client: ElectionClient
    database: Database
    clock: Clock = field(default_factory=Clock)
    settings: dict[str, Any] = field(default_factory=dict)

    def services(self) -> Services:
        wanted = {"confirmations": 0, "batch_seconds": BATCH_SECONDS, "mode": "test", **self.settings}
        return Services(
            settings=load_settings(None, wanted),
            database=self.database,
            vault=Vault.generate(),
            chain=self.client,
            account=development_account(REGISTRAR),
            verifiers={},
            clock=self.clock,
        )

    def depositor(self, between: Any = lambda _place: None) -> Depositor:
        return SettledDepositor(self.services(), between)

    def register(
        self, count: int, status: RegistrationStatus = RegistrationStatus.QUEUED, **values: Any
    ) -> dict[str, int]:
        """Put people on the roll and a registration of each into the queue; return id → commitment."""
        made = {secrets.token_hex(16): secrets.randbelow(SCALAR_FIELD) for _ in range(count)}
        with self.database.begin() as connection:
            for one, commitment in made.items():
                pseudonym = secrets.token_hex(16)
                connection.execute(
                    insert(roll_entry).values(
                        pseudonym=pseudonym,
                        voter_id_index=secrets.token_bytes(32),
                        birth_index=secrets.token_bytes(32),
                        sealed=b"sealed",
                        status=VotingStatus.INTERNET_REGISTERED,
                        changed_at=self.clock(),
                    )
                )
                row = {
                    "id": one,
                    "roll_entry": pseudonym,
                    "kind": "jpki",
                    "commitment": str(commitment),
                    "status": status,
                    "issued_at": self.clock(),
                    "deposit_by": self.clock() + 3600,
                    "sealed": b"sealed",
                } | values
                signed = {"receipt_signature": self._receipt(row).signature}
                connection.execute(insert(registration).values(signed | row))
        return made

    def _receipt(self, row: dict[str, Any]) -> Receipt:
        return sign_receipt(
            development_account(REGISTRAR),
            self.client.chain_id(),
            self.client.address,
            registration_id=row["id"],
            election_id=self.client.config().election_id,
            commitment=int(row["commitment"]),
            roll_entry=row["roll_entry"],
            promise=Promise.DEPOSIT,
            issued_at=row["issued_at"],
            deposit_by=row["deposit_by"],
        )

    def patience(self) -> None:
        """Let the queue's oldest wait long enough, and every lease end."""
        self.clock.now += BATCH_SECONDS + 60

    def statuses(self) -> Counter[str]:
        with self.database.read() as connection:
            return Counter(connection.execute(select(registration.c.status)).scalars())

    def leaves(self) -> dict[int, int | None]:
        """Return commitment → leaf index as the database has it."""
        wanted = select(registration.c.commitment, registration.c.leaf_index)
        with self.database.read() as connection:
            return {int(row.commitment): row.leaf_index for row in connection.execute(wanted)}

    def batches(self) -> list[tuple[str, int]]:
        """Return state and nonce of every batch."""
        wanted = select(deposit_batch.c.state, deposit_batch.c.nonce).order_by(deposit_batch.c.nonce)
        with self.database.read() as connection:
            return [(row.state, row.nonce) for row in connection.execute(wanted)]

    def kept(self) -> list[str]:
        """Return the hashes of every transaction that was kept, oldest first."""
        wanted = select(batch_transaction.c.hash).order_by(batch_transaction.c.created_at)
        with self.database.read() as connection:
            return list(connection.execute(wanted).scalars())

    def log(self) -> list[tuple[str, str | None]]:
        """Return action and subject of every entry of the log, whose chain must hold."""
        with self.database.read() as connection:
            verify_log(connection)
            return [(entry.action, entry.subject) for entry in read_log(connection)]

    def actions(self) -> Counter[str]:
        return Counter(action for action, _ in self.log())

    def change_person(self, registration_id: str, **values: Any) -> None:
        """Change the roll entry behind a registration."""
        person = select(registration.c.roll_entry).where(registration.c.id == registration_id)
        with self.database.begin() as connection:
            connection.execute(
                update(roll_entry).where(roll_entry.c.pseudonym == person.scalar_subquery()).values(values)
            )

    def deposit_with_permit(self, commitment: int) -> None:
        """Deposit as a voter who holds a permit does, from an account of their own."""
        permit = sign_permit(
            development_account(REGISTRAR), self.client.chain_id(), self.client.address, commitment, 2**40
        )
        self.client.deposit_with_permit(permit, UnlockedSender(self.w3, self.w3.eth.accounts[STRANGER]))

    def require_all_deposited_once(self, made: dict[str, int]) -> None:
        """Check chain and database against each other and against what was registered."""
        on_chain = self.client.leaves()
        assert Counter(on_chain) == Counter(made.values())
        assert self.leaves() == {commitment: index for index, commitment in enumerate(on_chain)}
        assert set(self.statuses()) == {"deposited"}
