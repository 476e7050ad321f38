"""Proofs in parallel: worker processes, each with its own prover on one core.

One proof on two cores (`zk.groth16.split_key`) is quicker; many proofs are quicker each on a core of its own,
where nothing waits for anything. A worker costs about half a second to start and 100 MB.

A worker ignores Ctrl-C, because the parent decides when work stops, and ends when the parent dies.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING

from zk.errors import ZkError
from zk.proving import StatementProver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zk.circuits import Statement, Witness
    from zk.groth16 import Proof
    from zk.keys import CircuitKeys

_prover: StatementProver | None = None


class ProverLostError(ZkError):
    """A worker died: killed, or out of memory."""

    def __init__(self) -> None:
        super().__init__(
            "a process that makes proofs was killed",
            hint="start again with fewer --jobs if memory is short; finished proofs are kept",
        )


class ProverPool:
    """Proves many statements at once, in whatever order they are done."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def prove_all(self, tasks: Iterable[tuple[str, Statement, Witness]]) -> Iterator[tuple[str, Proof]]:
        """Yield `(key, proof)` as each proof is made; raises the first refusal."""
        for key, outcome in self.outcomes(tasks):
            if isinstance(outcome, ZkError):
                raise outcome
            yield key, outcome

    def outcomes(
        self, tasks: Iterable[tuple[str, Statement, Witness]]
    ) -> Iterator[tuple[str, Proof | ZkError]]:
        """Yield `(key, proof or why there is none)`; the key is the caller's name for the task.

        Raises ProverLostError if a worker dies.
        """
        try:
            futures = {
                self._executor.submit(_prove, statement, witness): key for key, statement, witness in tasks
            }
            for done in as_completed(futures):
                yield futures[done], done.result()
        except BrokenProcessPool as error:
            raise ProverLostError from error


@contextmanager
def prover_pool(keys: CircuitKeys, jobs: int | None = None) -> Iterator[ProverPool]:
    """Open a pool of `jobs` workers, or one for each core; leaving it early drops the proofs not begun yet.

    Raises KeyFileDamagedError for keys of another version of the circuit, here rather than in a worker.
    """
    keys.compile()
    executor = ProcessPoolExecutor(
        max_workers=jobs or os.cpu_count(),
        mp_context=get_context("spawn"),
        initializer=_start_worker,
        initargs=(keys,),
    )
    try:
        yield ProverPool(executor)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _start_worker(keys: CircuitKeys) -> None:
    from zk.groth16.native import NativeBackend  # noqa: PLC0415  the parent only starts workers

    global _prover  # noqa: PLW0603  a worker process serves one circuit for its whole life
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    _prover = StatementProver(keys, NativeBackend(cores=1))


def _end_with_parent() -> None:
    """Leave no worker behind when the parent is killed: it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _prove(statement: Statement, witness: Witness) -> Proof | ZkError:
    assert _prover is not None  # noqa: S101  the initializer ran, or the pool would be broken
    try:
        return _prover.prove(statement, witness)
    except ZkError as refusal:
        return refusal
