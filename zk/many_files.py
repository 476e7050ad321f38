"""Many proofs on files: what `tohyo zk prove` does with several input files.

Each input file `<name>.json` gives `<out>/<name>/proof.json` and `public.json`. A proof that is there already
and shows the statement of its file is kept, so an interrupted run goes on where it stopped; a bad input
keeps no other from being proved. As `zk.files`, this repeats no secret.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zk.errors import ZkError
from zk.files import (
    PROOF_NAME,
    PUBLIC_NAME,
    InputFileError,
    public_document,
    read_inputs,
    read_json,
    write_proof,
)
from zk.groth16.types import Proof
from zk.prover_pool import prover_pool
from zk.proving import StatementVerifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from zk.circuits import Statement, Witness
    from zk.keys import CircuitKeys


@dataclass(frozen=True)
class FileOutcome:
    """What became of one input file."""

    inputs: Path
    proof: Path
    public: Path
    was_there: bool = False
    error: ZkError | None = None


def input_files(given: Sequence[Path]) -> list[Path]:
    """Return the files, and the `.json` files of the folders, sorted by name.

    Raises InputFileError for a folder without any, for two files of one name, whose proofs would have one
    place, and for `..json` and `...json`, whose proofs would have theirs outside the folder for proofs.
    """
    found: dict[str, Path] = {}
    for place in given:
        files = sorted(place.glob("*.json")) if place.is_dir() else [place]
        if not files:
            raise InputFileError(place, "holds no .json file")
        for file in files:
            if not file.stem.strip("."):
                raise InputFileError(file, "has no name that a folder for its proof could have")
            if found.setdefault(file.stem, file) != file:
                raise InputFileError(file, f"has the same name as {found[file.stem]}")
    return [found[name] for name in sorted(found)]


def prove_many_to_files(
    keys: CircuitKeys,
    inputs: Sequence[Path],
    out_directory: Path,
    jobs: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[FileOutcome]:
    """Prove what each input file says, on `jobs` cores or all; return an outcome for each, in their order.

    Never on more than there are, since every worker needs memory. Raises ProverLostError if a worker dies;
    what was finished stays.
    """
    work = _Work(keys, inputs, out_directory, on_progress)
    if tasks := list(work.tasks()):
        out_directory.mkdir(parents=True, exist_ok=True)  # if it cannot be, before the work
        cores = os.cpu_count() or 1
        with prover_pool(keys, min(jobs or cores, cores, len(tasks))) as pool:
            for name, made in pool.outcomes(tasks):
                work.finish(name, made)
    return [work.outcomes[path.stem] for path in inputs]


class _Work:
    """Which files there are, and what became of them so far."""

    def __init__(
        self,
        keys: CircuitKeys,
        inputs: Sequence[Path],
        out_directory: Path,
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        self._keys = keys
        self._on_progress = on_progress
        self._statements: dict[str, Statement] = {}
        self._places: dict[str, FileOutcome] = {}
        for path in inputs:
            folder = out_directory / path.stem
            self._places[path.stem] = FileOutcome(path, folder / PROOF_NAME, folder / PUBLIC_NAME)
        self.outcomes: dict[str, FileOutcome] = {}

    def tasks(self) -> Iterator[tuple[str, Statement, Witness]]:
        """Yield what is left to prove."""
        verifier = StatementVerifier(self._keys.verifying_key)
        for name, place in self._places.items():
            try:
                statement, witness = read_inputs(self._keys.circuit_name, place.inputs)
            except ZkError as error:
                self._report(name, replace(place, error=error))
                continue
            self._statements[name] = statement
            if _is_proved(verifier, statement, place):
                self._report(name, replace(place, was_there=True))
            else:
                yield name, statement, witness

    def finish(self, name: str, made: Proof | ZkError) -> None:
        """Write a proof, or remember why there is none."""
        place = self._places[name]
        if isinstance(made, ZkError):
            self._report(name, replace(place, error=made))
        else:
            write_proof(place.proof.parent, made, self._statements[name])
            self._report(name, place)

    def _report(self, name: str, outcome: FileOutcome) -> None:
        self.outcomes[name] = outcome
        if self._on_progress is not None:
            self._on_progress(len(self.outcomes), len(self._places))


def _is_proved(verifier: StatementVerifier, statement: Statement, place: FileOutcome) -> bool:
    """Whether the proof in its place shows the statement; a damaged one does not."""
    try:
        if read_json(place.public) != public_document(statement):
            return False
        return verifier.verify(Proof.from_json(read_json(place.proof)), statement)
    except ZkError:
        return False
