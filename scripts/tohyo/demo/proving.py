"""Proofs in parallel: one process a core, each with its own prover.

A worker ignores Ctrl-C, because the parent decides when work stops, and ends when the parent dies.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING

from zk.proving import StatementProver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zk.circuits import Statement, Witness
    from zk.groth16 import Proof
    from zk.keys import CircuitKeys

_prover: StatementProver | None = None


class ProverPool:
    """Proves many statements at once, in whatever order they are done."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def prove_all(self, tasks: Iterable[tuple[str, Statement, Witness]]) -> Iterator[tuple[str, Proof]]:
        """Yield `(key, proof)` as each proof is made; the key is the caller's name for the task."""
        futures = {
            self._executor.submit(_prove, statement, witness): key for key, statement, witness in tasks
        }
        for done in as_completed(futures):
            yield futures[done], done.result()


@contextmanager
def prover_pool(keys: CircuitKeys) -> Iterator[ProverPool]:
    """Open a pool; leaving it early drops the proofs not begun yet."""
    executor = ProcessPoolExecutor(
        max_workers=os.cpu_count(),
        mp_context=get_context("spawn"),
        initializer=_start_worker,
        initargs=(keys,),
    )
    try:
        yield ProverPool(executor)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _start_worker(keys: CircuitKeys) -> None:
    global _prover  # noqa: PLW0603  a worker process serves one circuit for its whole life
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    _prover = StatementProver(keys)


def _end_with_parent() -> None:
    """Leave no worker behind when the parent is killed: it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _prove(statement: Statement, witness: Witness) -> Proof:
    assert _prover is not None  # noqa: S101  the initializer ran, or the pool would be broken
    return _prover.prove(statement, witness)
