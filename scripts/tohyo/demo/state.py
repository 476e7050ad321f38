"""What the demonstration keeps on disk, so that it can be interrupted anywhere and go on.

The chain is the only memory of deposits and ballots; this folder keeps what the chain must not know (notes)
and what cannot be read from it (the plan, where the contract is, time spent so far).
"""

from __future__ import annotations

import fcntl
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chain.deploy import Deployment
from chain.node import stop_detached
from scripts.tohyo.demo.plan import Plan
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


def start_state(directory: Path, plan: Plan) -> DemoState:
    """Make an empty folder; an earlier demonstration is stopped and set aside, not deleted."""
    if directory.exists():
        stop_detached(directory / "chain")
        directory.rename(directory.with_name(f"{directory.name}-{time.time_ns()}"))
    directory.mkdir(parents=True)
    state = DemoState(directory, plan)
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
