"""Work on all cores: functions on runs of points, each in a process of its own.

The curve library computes on one core and holds Python's lock, so threads would gain nothing. A worker
ignores Ctrl-C, because the parent decides when work stops, and ends when the parent dies. What little work
there is in a test or a small circuit is done here and now: starting processes takes half a second.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from functools import partial
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    Progress = Callable[[int, int], None]

T = TypeVar("T")

WORTH_PROCESSES = 6_000  # units of work, about 0.1 ms each
RUN_POINTS = 1024  # points to a task, so that progress shows and cores end together
_POLL_SECONDS = 0.2
_FINENESS = 1000


class Task(NamedTuple, Generic[T]):
    """One call, and its cost in multiplications of G1."""

    function: Callable[..., T]
    arguments: tuple[Any, ...]
    cost: int


class _Reported:
    """Where finished work is counted: in a worker in shared memory, otherwise in the progress bar."""

    sink: Callable[[int], None] = staticmethod(lambda _cost: None)


def report_done(cost: int) -> None:
    """Tell whoever waits that a part of a long task is finished; the rest is counted at its end."""
    _Reported.sink(cost)


def run_all(tasks: Sequence[Task[T]], on_progress: Progress | None = None) -> list[T]:
    """Run every task, largest first, and return their results in the given order.

    A task that raises ends the work with its exception.
    """
    total = sum(task.cost for task in tasks)
    if total < WORTH_PROCESSES or (os.cpu_count() or 1) == 1:
        return _run_here(tasks, total, on_progress)
    context = get_context("spawn")
    counter = context.Value("q", 0)
    executor = ProcessPoolExecutor(
        min(os.cpu_count() or 1, len(tasks)), context, initializer=_start_worker, initargs=(counter,)
    )
    try:
        order = sorted(range(len(tasks)), key=lambda i: -tasks[i].cost)
        futures = {i: executor.submit(_run_counted, tasks[i]) for i in order}
        _await_all(list(futures.values()), lambda: counter.value, total, on_progress)
        return [futures[i].result() for i in range(len(tasks))]
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _run_here(tasks: Sequence[Task[T]], total: int, on_progress: Progress | None) -> list[T]:
    done = 0

    def count(cost: int) -> None:
        nonlocal done
        done += cost
        if on_progress is not None:
            on_progress(min(done, total), total)

    before, _Reported.sink = _Reported.sink, count
    try:
        return [_run_counted(task) for task in tasks]
    finally:
        _Reported.sink = before


def _run_counted(task: Task[T]) -> T:
    """Run one task and count what it has not counted itself."""
    counted, outer = 0, _Reported.sink

    def count(cost: int) -> None:
        nonlocal counted
        counted += cost
        outer(cost)

    _Reported.sink = count
    try:
        result = task.function(*task.arguments)
    finally:
        _Reported.sink = outer
    outer(task.cost - counted)
    return result


def _await_all(
    futures: list[Future[T]], done: Callable[[], int], total: int, on_progress: Progress | None
) -> None:
    pending = set(futures)
    while pending:
        finished, pending = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
        for future in finished:
            future.result()  # raises what the task raised
        if on_progress is not None:
            on_progress(min(done(), total), total)


def _start_worker(counter: Any) -> None:  # noqa: ANN401  a shared value
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    _Reported.sink = partial(_add_to, counter)


def _add_to(counter: Any, cost: int) -> None:  # noqa: ANN401  a shared value
    with counter.get_lock():
        counter.value += cost


def _end_with_parent() -> None:
    """Leave no worker behind when the parent is killed: it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def stages(on_progress: Progress | None, shares: Sequence[int]) -> list[Progress | None]:
    """Show several pieces of work as one: a progress function for each, by its share of the whole."""
    if on_progress is None:
        return [None] * len(shares)
    starts = [sum(shares[:i]) for i in range(len(shares))]
    return [_stage(on_progress, *stage, sum(shares)) for stage in zip(starts, shares, strict=True)]


def _stage(on_progress: Progress, start: int, share: int, whole: int) -> Progress:
    return lambda done, total: on_progress(
        start * _FINENESS + share * _FINENESS * done // max(total, 1), whole * _FINENESS
    )
