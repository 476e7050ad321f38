from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.zk.conftest import Vote, make_vote
from zk import many_files
from zk.circuit import UnsatisfiedConstraintError
from zk.files import InputFileError, inputs_document, verify_files, write_json
from zk.keys import VERIFYING_KEY_NAME
from zk.many_files import input_files, prove_many_to_files

if TYPE_CHECKING:
    from pathlib import Path

    from zk.keys import CircuitKeys
    from zk.many_files import FileOutcome


def write(path: Path, vote: Vote) -> None:
    write_json(path, inputs_document(vote.statement, vote.witness))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two votes, a false one and a file that is none, named so that their order is not that of writing."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    false = make_vote()
    write(folder / "d.json", make_vote())
    write(folder / "b.json", false._replace(statement=replace(false.statement, nullifier_hash=5)))
    (folder / "c.json").write_text("{")
    write(folder / "a.json", make_vote())
    (folder / "notes.txt").write_text("not an input")
    return folder


def verified(keys: CircuitKeys, outcome: FileOutcome) -> bool:
    return verify_files(keys.directory / VERIFYING_KEY_NAME, outcome.proof, outcome.public)


def test_a_bad_input_is_named_and_the_others_are_proved(
    keys: CircuitKeys, folder: Path, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    outcomes = prove_many_to_files(
        keys, input_files([folder]), tmp_path / "out", jobs=2, on_progress=lambda *step: seen.append(step)
    )
    a, b, c, d = outcomes
    assert [outcome.inputs.stem for outcome in outcomes] == ["a", "b", "c", "d"]
    assert isinstance(b.error, UnsatisfiedConstraintError)
    assert isinstance(c.error, InputFileError)
    assert verified(keys, a)
    assert verified(keys, d)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "d"]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


class InterruptedRun(Exception):  # noqa: N818  it stands for Ctrl-C
    pass


def test_an_interrupted_run_goes_on_where_it_stopped(keys: CircuitKeys, tmp_path: Path) -> None:
    for name in "abcd":
        write(tmp_path / f"{name}.json", make_vote())
    files, out = input_files([tmp_path]), tmp_path / "out"

    def stop_at_three(done: int, _total: int) -> None:
        if done == 3:
            raise InterruptedRun

    with pytest.raises(InterruptedRun):
        prove_many_to_files(keys, files, out, jobs=1, on_progress=stop_at_three)
    finished = {path.name: (path / "proof.json").read_bytes() for path in out.iterdir()}
    assert len(finished) == 3
    outcomes = prove_many_to_files(keys, files, out, jobs=1)
    assert {outcome.inputs.stem for outcome in outcomes if outcome.was_there} == set(finished)
    assert all(verified(keys, outcome) for outcome in outcomes)
    assert {name: (out / name / "proof.json").read_bytes() for name in finished} == finished


def test_what_does_not_match_its_input_is_proved_again(keys: CircuitKeys, tmp_path: Path) -> None:
    for name in "abcd":
        write(tmp_path / f"{name}.json", make_vote())
    files, out = input_files([tmp_path]), tmp_path / "out"
    first = prove_many_to_files(keys, files, out, jobs=1)
    write(tmp_path / "a.json", make_vote())
    (out / "b" / "proof.json").write_text((out / "c" / "proof.json").read_text())
    (out / "d" / "public.json").write_text("[")
    second = prove_many_to_files(keys, files, out, jobs=1)
    assert [outcome.was_there for outcome in second] == [False, False, True, False]
    assert all(verified(keys, outcome) for outcome in second)
    assert [outcome.proof for outcome in first] == [outcome.proof for outcome in second]
    public = json.loads(second[0].public.read_text())
    assert public[0] == json.loads(files[0].read_text())["root"]


def test_nothing_to_do_starts_no_worker(
    keys: CircuitKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json").write_text("[]")
    monkeypatch.setattr(many_files, "prover_pool", None)
    (outcome,) = prove_many_to_files(keys, [tmp_path / "a.json"], tmp_path / "out")
    assert isinstance(outcome.error, InputFileError)


def test_files_and_folders_are_given_together_and_sorted_by_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bb.json").touch()
    found = input_files([tmp_path / "bb.json", folder, folder / "a.json"])
    assert [path.name for path in found] == ["a.json", "b.json", "bb.json", "c.json", "d.json"]


def test_two_files_of_one_name_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").touch()
    with pytest.raises(InputFileError, match="same name"):
        input_files([folder, tmp_path / "a.json"])


def test_a_folder_without_inputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"holds no \.json file"):
        input_files([tmp_path])


@pytest.mark.parametrize("name", ["..json", "...json"])
def test_a_proof_has_no_place_outside_the_folder_for_proofs(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(InputFileError, match="no name"):
        input_files([tmp_path])


def refused_pool(_keys: object, jobs: int) -> None:
    raise InterruptedRun(jobs)


def test_there_are_never_more_workers_than_cores(
    keys: CircuitKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        write(tmp_path / f"{name}.json", make_vote())
    monkeypatch.setattr(many_files, "prover_pool", refused_pool)
    monkeypatch.setattr(many_files.os, "cpu_count", lambda: 2)
    for asked, given in ((1, 1), (2, 2), (1000, 2), (None, 2)):
        with pytest.raises(InterruptedRun, match=str(given)):
            prove_many_to_files(keys, input_files([tmp_path]), tmp_path / "out", jobs=asked)


def test_a_place_for_proofs_that_is_a_file_is_refused_before_the_work(
    keys: CircuitKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.json", make_vote())
    (tmp_path / "out").touch()
    monkeypatch.setattr(many_files, "prover_pool", refused_pool)
    with pytest.raises(FileExistsError):
        prove_many_to_files(keys, input_files([tmp_path / "a.json"]), tmp_path / "out")
