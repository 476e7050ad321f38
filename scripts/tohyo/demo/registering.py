"""The steps in which voters register: cards, the roll, and everybody through the registrar's service."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from election.receipt import Promise, Receipt
from identity.testpki.card_file import DEFAULT_PASSWORD
from identity.testpki.create import create_test_pki
from identity.testpki.directory import TestPki
from scripts.tohyo.demo.registrar import DemoRegistrarError, Office
from voter.card import Card
from voter.registration import RegistrationClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from election.phase import Phase
    from scripts.tohyo.demo.steps import DemoRun

    Progress = Callable[[int, int], None]

AT_ONCE = 8  # voters who register at the same time
POLL_SECONDS = 0.1
ANCHOR_SECONDS = 120.0


def issue_cards(run: DemoRun, progress: Progress) -> None:
    """Give every voter a test card, and their authorities a folder."""
    people = [(entry.voter_id, entry.person) for entry in run.state.roll().entries]
    create_test_pki(run.state.pki_directory, people, on_progress=progress).close()


def import_roll(run: DemoRun, progress: Progress) -> None:
    """Put the roll into the registrar's database: one officer proposes, another approves."""
    Office(run.state).import_roll(progress)


def register(run: DemoRun, progress: Progress) -> None:
    """Register every voter over HTTP with the card, and wait until all are in the tree."""
    voters = run.state.plan.voters
    if {run.notes[voter].commitment for voter in voters} <= set(run.client.leaves()):
        progress(len(voters), len(voters))
        return
    with RegistrationClient(run.registrar().url, run.client) as client:
        _register_all(run, client, lambda registered: progress(registered, 2 * len(voters)))
        for deposited in _deposits(run):
            progress(len(voters) + deposited, 2 * len(voters))
        _ask_all(run, client)


def await_anchor(run: DemoRun, phase: Phase) -> None:
    """Let the registrar put the end of its log on chain, as it does in each phase."""
    deadline = time.monotonic() + ANCHOR_SECONDS
    while all(anchor.phase < phase for anchor in run.client.log_anchors()):
        run.registrar().require_running()
        if time.monotonic() > deadline:
            raise DemoRegistrarError(
                f"The registrar did not anchor its log within {ANCHOR_SECONDS:.0f} s.",
                hint="registrar.log in the demonstration's folder says why.",
            )
        time.sleep(POLL_SECONDS)


def _register_all(run: DemoRun, client: RegistrationClient, report: Callable[[int], None]) -> None:
    voters = run.state.plan.voters
    waiting = [voter for voter in voters if not run.state.receipt_file(voter).exists()]
    done = len(voters) - len(waiting)
    report(done)
    run.state.receipt_file(voters[0]).parent.mkdir(mode=0o700, exist_ok=True)
    pki = TestPki.load(run.state.pki_directory)

    def one(voter: str) -> None:
        card = Card.load(pki.card_path(voter))
        registered = client.register(run.notes[voter], card, DEFAULT_PASSWORD, run.state.receipt_file(voter))
        if registered.receipt.promise is not Promise.DEPOSIT:
            raise DemoRegistrarError(
                f"The registration of {voter} waits for officers: the roll names two people whom a card"
                " cannot tell apart.",
                hint="Give a roll without such people; the demonstration's officers decide nothing by hand.",
            )

    for _ in _at_once(one, waiting):
        done += 1
        report(done)
    pki.close()


def _deposits(run: DemoRun) -> Iterator[int]:
    """Yield how many voters' commitments are in the tree, until all are."""
    wanted, deposited = len(run.state.plan.voters), 0
    while deposited < wanted:
        run.registrar().require_running()
        found = run.client.leaf_count()
        if found == deposited:
            time.sleep(POLL_SECONDS)
        deposited = found
        yield min(deposited, wanted)


def _ask_all(run: DemoRun, client: RegistrationClient) -> None:
    """Let every voter ask with the receipt until the registrar says that the commitment is in the tree."""

    def one(voter: str) -> None:
        receipt = Receipt.load(run.state.receipt_file(voter))
        while client.status(receipt).leaf_index is None:
            run.registrar().require_running()
            time.sleep(POLL_SECONDS)

    for _ in _at_once(one, run.state.plan.voters):
        pass


def _at_once(work: Callable[[str], None], voters: Sequence[str]) -> Iterator[str]:
    """Do the work for several voters at the same time; yield each who is done."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        tasks = {pool.submit(work, voter): voter for voter in voters}
        for finished in as_completed(tasks):
            finished.result()
            yield tasks[finished]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
