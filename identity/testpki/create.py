"""Make a test PKI with a card for everybody on a roll, on all cores, going on after an interruption.

An RSA key takes most of the time, so a share of the cards is of the next generation (P-384), whose keys cost
almost nothing; which ones follows from the voter id. A card that is there is left alone, therefore the same
request again goes on where it stopped, or does nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Final

from identity.testpki.authority import Generation
from identity.testpki.card_file import CardSecrets
from identity.testpki.directory import DEFAULT_URL, TestPki
from identity.testpki.errors import CardNameTakenError, TestPkiBusyError, TestPkiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from election.person import Person

    Progress = Callable[[int, int], None]

NEXT_GENERATION_PERCENT: Final = 75
WORTH_PROCESSES: Final = 60  # cards; starting a process takes as long as making twenty
_CARDS_A_TASK: Final = 20


@dataclass(frozen=True, repr=False)
class _Order:
    """What everybody's card has in common."""

    card_secrets: CardSecrets
    next_generation: int

    def issue(self, pki: TestPki, name: str, person: Person) -> None:
        generation = generation_of(name, self.next_generation)
        with suppress(CardNameTakenError):  # a process of an interrupted run was still at work
            pki.issue_card(name, person, generation=generation, card_secrets=self.card_secrets)


def create_test_pki(
    directory: Path,
    people: Sequence[tuple[str, Person]],
    *,
    password: str | None = None,
    pin: str | None = None,
    next_generation: int = NEXT_GENERATION_PERCENT,
    url: str = DEFAULT_URL,
    jobs: int | None = None,
    on_progress: Progress | None = None,
) -> TestPki:
    """Make a test PKI, or open the one there, and give a card to everybody who has none.

    `next_generation` is the share of P-384 cards in percent, `jobs` the number of processes (all cores).

    Raises:
        TestPkiFolderTakenError: something else is in the folder.
        TestPkiBusyError: another process is doing the same.
        TestPkiError: a worker process was stopped from outside.
        CardSecretMalformedError: no card has such a password or PIN.

    """
    order = _Order(_secrets(password, pin), next_generation)
    with _alone(directory):
        known = (directory / "testpki.json").exists()
        pki = TestPki.load(directory) if known else TestPki.create(directory, url)
        _sweep(directory)
        lacking = [(name, person) for name, person in people if not pki.card_path(name).exists()]
        done = len(people) - len(lacking)
        report = _counting(on_progress, done, len(people))
        workers = min(jobs or os.cpu_count() or 1, len(lacking))
        if workers > 1 and len(lacking) >= WORTH_PROCESSES:
            _issue_in_processes(directory, lacking, order, workers, report)
        else:
            for voter in lacking:
                order.issue(pki, *voter)
                report(1)
        return pki


def generation_of(name: str, next_generation: int) -> Generation:
    """Return the generation of somebody's card, drawn from the name: the same whenever it is made."""
    drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % 100
    return Generation.NEXT if drawn < next_generation else Generation.PRESENT


def _secrets(password: str | None, pin: str | None) -> CardSecrets:
    usual = CardSecrets()
    return CardSecrets(usual.password if password is None else password, usual.pin if pin is None else pin)


def _counting(on_progress: Progress | None, done: int, total: int) -> Callable[[int], None]:
    counted = done

    def report(more: int) -> None:
        nonlocal counted
        counted += more
        if on_progress is not None:
            on_progress(counted, total)

    report(0)
    return report


def _issue_in_processes(
    directory: Path,
    lacking: Sequence[tuple[str, Person]],
    order: _Order,
    workers: int,
    report: Callable[[int], None],
) -> None:
    executor = ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_start_worker, initargs=(directory, order)
    )
    try:
        tasks = [lacking[i : i + _CARDS_A_TASK] for i in range(0, len(lacking), _CARDS_A_TASK)]
        for finished in as_completed([executor.submit(_work, task) for task in tasks]):
            report(finished.result())
    except BrokenProcessPool as failure:
        raise TestPkiError(
            "A process that made cards was stopped.", hint="The same request again goes on where it ended."
        ) from failure
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


class _Worker:
    """What a worker process was told at its start."""

    pki: TestPki
    order: _Order


def _start_worker(directory: Path, order: _Order) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when work stops
    Thread(target=_end_with_parent, daemon=True).start()
    _Worker.pki, _Worker.order = TestPki.load(directory), order


def _work(voters: Sequence[tuple[str, Person]]) -> int:
    for name, person in voters:
        _Worker.order.issue(_Worker.pki, name, person)
    return len(voters)


def _end_with_parent() -> None:
    """Leave no worker behind when the parent is killed: it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _sweep(directory: Path) -> None:
    """Remove the cards that an interruption left half written."""
    for half in (directory / "cards").glob(".*"):
        shutil.rmtree(half)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep other makers out; the lock ends with the process, however it ends."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_name(f".{directory.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TestPkiBusyError(
                f"Cards are being made in {directory}.", hint="Wait for that, or name another folder."
            ) from error
        yield
