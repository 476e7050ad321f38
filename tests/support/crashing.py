"""Programs that are killed in the middle of their work, to be run as `python -m tests.support.crashing …`.

They print a line when they are in the middle, and then wait to be killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from api.database.engine import open_database
from api.database.rotation import rotate
from api.database.vault import Vault
from api.registry.change_lists import approve
from api.registry.signing import Signer
from api.settings import OfficerSettings
from identity.officer import OfficerKey
from tests.support.registry import AT

if TYPE_CHECKING:
    from collections.abc import Iterator


def kill_in_the_middle(*arguments: str) -> None:
    """Start a program of this file, wait until it is in the middle, and kill it."""
    with in_the_middle(*arguments):
        pass


@contextmanager
def in_the_middle(*arguments: str) -> Iterator[None]:
    """Do something while a program of this file is in the middle; then kill it."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.support.crashing", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == b"in the middle\n"
            yield
        finally:
            program.send_signal(signal.SIGKILL)


def _wait_after(records: int):
    def report(done: int, _total: int) -> None:
        if done >= records:
            sys.stdout.write("in the middle\n")
            sys.stdout.flush()
            time.sleep(600)

    return report


def _approve(url: str, key_file: str, officers_file: str, officer_key: str, list_id: str) -> None:
    import json  # noqa: PLC0415

    officers = [OfficerSettings(**each) for each in json.loads(Path(officers_file).read_text())]
    signer = Signer.of(officers, "baba", OfficerKey.load(Path(officer_key)))
    vault = Vault.load(Path(key_file))
    database = open_database(url)
    approve(database, vault, list_id, signer, AT, officers=officers, on_progress=_wait_after(1000))


def _rotate(url: str, key_file: str) -> None:
    rotate(open_database(url), Path(key_file), at=AT, environment=os.environ, on_progress=_wait_after(500))


if __name__ == "__main__":
    {"approve": _approve, "rotate": _rotate}[sys.argv[1]](*sys.argv[2:])
