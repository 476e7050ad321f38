"""The registrar of the demonstration: `tohyo api serve` in test mode, as a process of its own.

It gets what an election office would give it: settings, master keys, two officers' public keys, a database.
The authorities' responder, which says whether a card was revoked, runs beside it. Both end with the
demonstration.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from api.database.engine import open_database
from api.database.vault import Vault, create_key_file
from api.office.evidence import Export
from api.registry import roll
from api.registry.change_lists import approve, pending, propose
from api.registry.changes import ChangeKind, Changes
from api.registry.signing import Signer
from api.settings import OfficerSettings
from identity.evidence import load_identity
from identity.officer import OfficerKey
from identity.testpki.directory import TestPki
from identity.testpki.responder import running_responder
from zk.errors import TohyoError, shown
from zk.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chain.election_client import ElectionClient
    from scripts.tohyo.demo.state import DemoState

    Progress = Callable[[int, int], None]

OFFICERS: Final = {"officer-a": ("roll",), "officer-b": ("approver", "auditor")}
START_SECONDS, STOP_SECONDS = 60.0, 30.0
BATCH_SIZE, BATCH_SECONDS = 40, 1


class DemoRegistrarError(TohyoError):
    """The demonstration's registrar did not start, or ended."""


class Office:
    """The election office: the roll in the registrar's database, put there by two officers."""

    def __init__(self, state: DemoState) -> None:
        self._state = state
        self.key_file = state.directory / "registrar.key"
        self.database = f"sqlite:///{(state.directory / 'registrar.sqlite').resolve()}"

    def import_roll(self, progress: Progress) -> None:
        """Let one officer propose the roll and the other approve it, unless they did."""
        first, second = self._signers()
        people, vault, now = self._state.roll(), self._vault(), int(time.time())
        database = open_database(self.database)
        try:
            with database.read() as connection:
                done, waiting = roll.size(connection), pending(connection)
            if not done:
                changes = Changes(ChangeKind.IMPORT, people.entries)
                proposal = waiting[0] if waiting else propose(database, vault, changes, first, now)
                approve(
                    database,
                    vault,
                    proposal.id,
                    second,
                    now,
                    officers=self.officers(),
                    on_progress=progress,
                )
        finally:
            database.close()
        progress(len(people), len(people))

    def export_evidence(self, client: ElectionClient, auditor_key: Path, progress: Progress) -> Path:
        """Let the officer who may order it write the evidence, once, encrypted for an auditor."""
        archive = self._state.directory / "evidence.age"
        if not archive.exists():
            database = open_database(self.database)
            export = Export(
                database,
                self._vault(),
                self.officers(),
                client.chain_id(),
                client.address,
                client.config().election_id,
            )
            try:
                public_key = load_identity(auditor_key).to_public()
                export.write(archive, [str(public_key)], self._signers()[1], int(time.time()), progress)
            finally:
                database.close()
        return archive

    def officers(self) -> list[OfficerSettings]:
        """Return the two officers as the settings name them."""
        return [
            OfficerSettings(id=name, roles=frozenset(roles), public_key=self._key(name).public_key_hex)
            for name, roles in OFFICERS.items()
        ]

    def _signers(self) -> list[Signer]:
        return [Signer.of(self.officers(), name, self._key(name)) for name in OFFICERS]

    def _key(self, name: str) -> OfficerKey:
        path = self._state.directory / "officers" / f"{name}.pem"
        if not path.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            OfficerKey.create().save(path)
        return OfficerKey.load(path)

    def _vault(self) -> Vault:
        if not self.key_file.exists():
            create_key_file(self.key_file)
        return Vault.load(self.key_file)


class RegistrarProcess:
    """The service while it runs; `url` is where voters reach it."""

    def __init__(self, state: DemoState, rpc: str, contract: str, account: int) -> None:
        self._log_file = state.directory / "registrar.log"
        self._closing = ExitStack()
        try:
            pki = TestPki.load(state.pki_directory)
            self._closing.callback(pki.close)
            responder = self._closing.enter_context(running_responder(pki))
            settings = state.directory / "registrar.toml"
            write_whole(settings, _settings(state, rpc, contract, account, f"{responder}/ocsp"))
            self._process = self._start(["api", "serve", "--config", str(settings)])
            self.url = self._address()
        except BaseException:
            self.stop()
            raise

    def require_running(self) -> None:
        """Raise DemoRegistrarError if the service ended."""
        if self._process.poll() is not None:
            raise self._failure(f"The registrar's service ended with code {self._process.returncode}.")

    def stop(self) -> None:
        """End the service and the responder; harmless if they ended."""
        self._closing.close()

    def _failure(self, message: str) -> DemoRegistrarError:
        said = self._log_file.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        return DemoRegistrarError(
            f"{message} It last said: {shown(said[:300]) or 'nothing'}",
            hint=f"{self._log_file} has the rest. Then go on with `tohyo demo --resume`.",
        )

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._log_file.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  our own program; no word comes from outside
                [sys.executable, "-m", "scripts.tohyo.demo.child", str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the demonstration, which ends it in order
            )
        self._closing.callback(_end, process)
        return process

    def _address(self) -> str:
        """Return the line in which the service says where it listens."""
        assert self._process.stdout is not None  # noqa: S101  a pipe
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if selector.select(START_SECONDS) else b""
        if not line:
            raise self._failure("The registrar's service did not start.")
        return line.decode().strip()


def _settings(state: DemoState, rpc: str, contract: str, account: int, ocsp_url: str) -> str:
    """Return the settings as TOML, whose strings, numbers and lists JSON writes too."""
    office = Office(state)
    values = {
        "database": office.database,
        "master_key_file": str(office.key_file.resolve()),
        "mode": "test",
        "rpc": rpc,
        "contract": contract,
        "registrar_dev_account": account,
        "roots": [str((state.pki_directory / "roots.pem").resolve())],
        "batch_size": BATCH_SIZE,
        "batch_seconds": BATCH_SECONDS,
        "confirmations": 0,
        "port": 0,
    }
    lines = ["# The demonstration's registrar: test cards, a local chain, nothing for a real election."]
    lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    lines += ["[revocation]", f"ocsp_url = {json.dumps(ocsp_url)}"]
    for officer in office.officers():
        lines += ["[[officers]]", f"id = {json.dumps(officer.id)}"]
        lines += [
            f"roles = {json.dumps(sorted(officer.roles))}",
            f"public_key = {json.dumps(officer.public_key)}",
        ]
    return "\n".join(lines) + "\n"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
