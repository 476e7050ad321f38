"""What the demonstration keeps on disk, so that it can be interrupted anywhere and go on.

The chain is the only memory of ballots; this folder keeps what the chain must not know and what cannot be
read from it. Who keeps what:

    demo.json                     the plan, where the contract is, time spent so far
    roll.csv, officers/           the election office: who may vote, and two officers' keys
    registrar.*                   the registrar's service: settings, database, master keys, log
    testpki/                      the authorities of test cards, and everybody's card
    notes-CONTRACT.json           every voter's note
    receipts/                     every voter's receipt
    chain/                        the local chain
"""

from __future__ import annotations

import csv
import fcntl
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

from chain.deploy import Deployment
from chain.node import stop_detached
from election.roll import HEADER, Roll, load_roll
from scripts.tohyo.demo.plan import Plan, people_for
from scripts.tohyo.output import write_json
from voter.note import Note
from zk.errors import TohyoError
from zk.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class DemoRunningError(TohyoError):
    """Another process runs a demonstration in the folder."""


class NothingToResumeError(TohyoError):
    """No interrupted demonstration is in the folder."""


@dataclass
class DemoState:
    """One demonstration's folder."""

    directory: Path
    plan: Plan
    deployment: Deployment | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def chain_directory(self) -> Path:
        """Where the local chain keeps its state."""
        return self.directory / "chain"

    @property
    def pki_directory(self) -> Path:
        """Where the authorities of test cards are, and the cards."""
        return self.directory / "testpki"

    @property
    def roll_file(self) -> Path:
        """The voter roll as the election office has it."""
        return self.directory / "roll.csv"

    def roll(self) -> Roll:
        """Return the voter roll."""
        return load_roll(self.roll_file)

    def receipt_file(self, voter: str) -> Path:
        """Return where a voter keeps the receipt."""
        return self.directory / "receipts" / f"{self.plan.voters.index(voter) + 1:05d}.json"

    def save(self) -> None:
        """Write everything but the notes."""
        document: dict[str, Any] = {
            "plan": self.plan.to_json(),
            "deployment": self.deployment.to_json() if self.deployment else None,
            "seconds": self.seconds,
        }
        write_json(self.directory / "demo.json", document)

    def notes(self, chain_id: int, contract: str) -> dict[str, Note]:
        """Return every voter's note, made and kept privately the first time."""
        path = self.directory / f"notes-{contract}.json"
        if not path.exists():
            scheme = self.plan.election.scheme
            made = {voter: Note.create(chain_id, contract, scheme).to_text() for voter in self.plan.voters}
            write_whole(path, json.dumps(made), private=True)
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {voter: Note.parse(text) for voter, text in kept.items()}


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep other demonstrations out of the folder; the lock ends with the process, however it ends.

    Raises:
        DemoRunningError: one is there already.

    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_name(f"{directory.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoRunningError(
                f"A demonstration runs in {directory}.",
                hint="Wait for it, or give another folder with --dir.",
            ) from error
        yield


def start_state(directory: Path, plan: Plan, roll: Roll | None = None) -> DemoState:
    """Make a folder with the roll; an earlier demonstration is stopped and set aside, not deleted."""
    if directory.exists():
        stop_detached(directory / "chain")
        directory.rename(directory.with_name(f"{directory.name}-{time.time_ns()}"))
    directory.mkdir(parents=True)
    state = DemoState(directory, plan)
    write_whole(state.roll_file, _roll_text(people_for(plan, roll)), private=True)
    state.save()
    return state


def resume_state(directory: Path) -> DemoState:
    """Open an interrupted demonstration.

    Raises:
        NothingToResumeError: the folder holds no demonstration that can go on.

    """
    path = directory / "demo.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        deployment = Deployment.from_json(document["deployment"]) if document["deployment"] else None
        plan = Plan.from_json(document["plan"])
        return DemoState(directory, plan, deployment, document["seconds"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NothingToResumeError(
            f"No demonstration can be resumed from {directory}.", hint="Start one with `tohyo demo`."
        ) from error


def _roll_text(roll: Roll) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for entry in roll.entries:
        person = entry.person
        writer.writerow([entry.voter_id, person.name, person.date_of_birth, person.sex.value, person.address])
    return text.getvalue()
