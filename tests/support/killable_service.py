"""`tohyo api serve` as it is run, to be killed and started again; its voters hold cards and are patient."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from api.database.engine import open_database
from api.database.vault import create_key_file
from chain.connection import connect
from chain.deploy import deploy_election
from chain.elections import open_election
from chain.node import start_node
from chain.sender import UnlockedSender
from election.file import parse_election_document
from election.receipt import Receipt
from election.roll import RollEntry
from identity.testpki.card_file import DEFAULT_PASSWORD
from identity.testpki.create import create_test_pki
from identity.testpki.responder import running_responder
from tests.support.deposits import rpc
from tests.support.people import people
from tests.support.registry import put_on_roll
from tests.support.small_election import OPENS, document, vote_keys
from voter.card import Card
from voter.errors import RegistrarUnreachableError
from voter.note import Note
from voter.registration import RegistrationClient

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from api.database.engine import Database
    from chain.election_client import ElectionClient
    from identity.testpki.directory import TestPki

PATIENCE_SECONDS = 300.0
AT_ONCE = 8


@dataclass
class KillableService:
    """The service's settings, and the process while there is one."""

    directory: Path
    settings: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "scripts.tohyo.demo.child", str(os.getpid())]
        with (self.directory / "service.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "api", "serve", "--config", str(self.settings)],
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_it_listens(self) -> None:
        assert self.process
        assert self.process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(PATIENCE_SECONDS)
        line = self.process.stdout.readline()
        assert line, (self.directory / "service.log").read_text()[-2000:]

    def kill(self) -> None:
        assert self.process
        assert self.process.stdout
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


@dataclass
class Trial:
    """An election whose registrar is killed again and again."""

    service: KillableService
    client: ElectionClient
    database: Database
    pki: TestPki
    voters: list[str]
    directory: Path
    notes: dict[str, Note] = field(default_factory=dict)
    trouble: list[BaseException] = field(default_factory=list)

    def receipt_file(self, voter: str) -> Path:
        return self.directory / "receipts" / f"{voter}.json"

    def receipts(self) -> list[Receipt]:
        return [Receipt.load(self.receipt_file(voter)) for voter in self.voters]

    def run(self, kills: int, chance: random.Random) -> None:
        """Let everybody register while the service is killed at random moments, then let it finish."""
        share = -(-len(self.voters) // (kills + 1))
        with (
            RegistrationClient(self.service.url, self.client, wait=lambda _state: 0.2) as client,
            ThreadPoolExecutor(AT_ONCE) as pool,
        ):
            for number in range(kills + 1):
                self.service.start()
                if number == kills or number % 5 != 4:  # every fifth one is killed while it starts
                    self.service.wait_until_it_listens()
                for voter in self.voters[number * share : (number + 1) * share]:
                    pool.submit(self._register, client, voter)
                if number < kills:
                    time.sleep(chance.uniform(0, 3))
                    self.service.kill()
        assert not self.trouble, self.trouble[0]

    def _register(self, client: RegistrationClient, voter: str) -> None:
        """Try until there is an answer, as a person would; always the same note."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        card = Card.load(self.pki.card_path(voter))
        while time.monotonic() < deadline:
            try:
                client.register(self.notes[voter], card, DEFAULT_PASSWORD, self.receipt_file(voter))
            except RegistrarUnreachableError:
                continue
            except BaseException as trouble:  # noqa: BLE001  the test looks at it
                self.trouble.append(trouble)
            return
        self.trouble.append(TimeoutError(voter))


@contextmanager
def trial(directory: Path, database_url: str, voters: int) -> Iterator[Trial]:
    """Prepare an election with a block a second, cards, a roll, and a service that is not started yet."""
    roll = people(voters)
    pki = create_test_pki(directory / "pki", roll, next_generation=100)
    with start_node(timestamp=OPENS) as node, running_responder(pki) as responder:
        client = _deploy(node.rpc_url)
        database, vault = open_database(database_url), create_key_file(directory / "registrar.key")
        put_on_roll(database, [RollEntry(voter, who) for voter, who in roll], keys=vault)
        service = KillableService(directory, directory / "registrar.toml", _free_port())
        settings = {
            "database": database_url,
            "master_key_file": str(directory / "registrar.key"),
            "mode": "test",
            "rpc": node.rpc_url,
            "contract": client.address,
            "registrar_dev_account": 0,
            "roots": [str(pki.roots_file)],
            "port": service.port,
            "batch_size": 20,
            "batch_seconds": 0,
            "confirmations": 2,
            "lease_seconds": 1,
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        lines += ["[revocation]", f"ocsp_url = {json.dumps(responder + '/ocsp')}"]
        service.settings.write_text("\n".join(lines) + "\n")
        rpc(client.w3, "evm_setIntervalMining", 1)
        prepared = Trial(service, client, database, pki, [voter for voter, _ in roll], directory)
        make = lambda: Note.create(client.chain_id(), client.address, client.scheme)  # noqa: E731
        prepared.notes = {voter: make() for voter in prepared.voters}
        (directory / "receipts").mkdir()
        try:
            yield prepared
        finally:
            if service.process is not None and service.process.poll() is None:
                service.kill()
            database.close()
    pki.close()


def _deploy(rpc_url: str) -> Any:
    w3 = connect(rpc_url)
    election = parse_election_document(document(depth=10, electorate=1000, denomination=10**9))
    account = w3.eth.accounts[0]
    keys = vote_keys()
    deployment = deploy_election(w3, UnlockedSender(w3, account), election, keys.verifying_key, account)
    return open_election(w3, deployment.contract)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
