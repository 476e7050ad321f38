from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from zk.circuits import CircuitName
from zk.development import DEVELOPMENT_KEYS_WARNING, DEVELOPMENT_TRANSCRIPT_HASH
from zk.formats.zkey_file import read_zkey
from zk.keys import (
    CEREMONY,
    MANIFEST_NAME,
    VERIFYING_KEY_NAME,
    CircuitKeys,
    KeyFileDamagedError,
    KeyFileMissingError,
    ensure_keys,
    install_keys,
    load_keys,
)
from zk.merkle import TreeDepthError
from zk.proving import StatementProver
from zk.vote_circuit import vote_constraints

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

R1CS_NAME, ZKEY_NAME = "vote.r1cs", "vote.zkey"
FILES = [R1CS_NAME, ZKEY_NAME, "vote.program", VERIFYING_KEY_NAME, MANIFEST_NAME]


@pytest.fixture
def copy(keys: CircuitKeys, tmp_path: Path) -> Path:
    """A directory with a copy of the keys, to be damaged."""
    shutil.copytree(keys.directory, tmp_path / keys.directory.name)
    return tmp_path


def edit_manifest(copy: Path, depth: int, edit: Callable[[dict[str, object]], object]) -> None:
    path = copy / f"vote-{depth}" / MANIFEST_NAME
    manifest = json.loads(path.read_text())
    edit(manifest)
    path.write_text(json.dumps(manifest))


def test_keys_made_here_say_that_they_are_for_development(keys: CircuitKeys) -> None:
    assert keys.origin == "development"
    assert keys.transcript_hash == DEVELOPMENT_TRANSCRIPT_HASH
    assert keys.warning == DEVELOPMENT_KEYS_WARNING == "development keys: not for a real election"
    facts = keys.describe()
    assert facts["warning"] == DEVELOPMENT_KEYS_WARNING
    assert facts["constraints"] == vote_constraints(keys.depth) == keys.n_constraints
    assert facts["bytes"][ZKEY_NAME] == keys.zkey_path.stat().st_size
    assert DEVELOPMENT_KEYS_WARNING in (keys.directory / MANIFEST_NAME).read_text()


def test_intact_keys_are_reused(keys: CircuitKeys, copy: Path) -> None:
    before = (copy / keys.directory.name / ZKEY_NAME).stat().st_mtime_ns
    again = ensure_keys(CircuitName.VOTE, keys.depth, copy)
    assert again.verifying_key == keys.verifying_key
    assert again.zkey_path.stat().st_mtime_ns == before


def test_making_keys_reports_progress_and_leaves_nothing_else(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    ensure_keys(
        CircuitName.VOTE, 1, tmp_path / "new", on_progress=lambda done, total: seen.append((done, total))
    )
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["vote-1"]


def test_missing_keys_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(KeyFileMissingError) as caught:
        load_keys(CircuitName.VOTE, 7, tmp_path)
    assert "tohyo zk setup vote --depth 7" in caught.value.hint


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(keys: CircuitKeys, copy: Path, name: str) -> None:
    (copy / keys.directory.name / name).unlink()
    with pytest.raises(KeyFileMissingError, match=name):
        load_keys(CircuitName.VOTE, keys.depth, copy)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_is_named(keys: CircuitKeys, copy: Path, name: str) -> None:
    path = copy / keys.directory.name / name
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(KeyFileDamagedError, match=name) as caught:
        load_keys(CircuitName.VOTE, keys.depth, copy)
    assert f"tohyo zk setup vote --depth {keys.depth}" in caught.value.hint


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m.update(format="tohyo-keys/2"),
        lambda m: m.update(depth=4),
        lambda m: m.update(origin="somebody"),
        lambda m: m.update(transcript_hash="0xzz"),
        lambda m: m.update(transcript_hash=7),
        lambda m: m["files"].pop(ZKEY_NAME),
        lambda m: m.pop("files"),
        lambda m: m.pop("constraints"),
    ],
)
def test_a_manifest_that_does_not_say_everything_is_damaged(
    keys: CircuitKeys, copy: Path, edit: Callable[[dict[str, object]], object]
) -> None:
    edit_manifest(copy, keys.depth, edit)
    with pytest.raises(KeyFileDamagedError):
        load_keys(CircuitName.VOTE, keys.depth, copy)


def test_damaged_development_keys_are_moved_aside_and_made_again(keys: CircuitKeys, copy: Path) -> None:
    damaged = copy / keys.directory.name / ZKEY_NAME
    damaged.write_bytes(b"not a key")
    remade = ensure_keys(CircuitName.VOTE, keys.depth, copy)
    assert remade.verifying_key != keys.verifying_key
    aside = list(copy.glob(f"vote-{keys.depth}.replaced-*/vote-{keys.depth}/{ZKEY_NAME}"))
    assert [path.read_bytes() for path in aside] == [b"not a key"]


def test_damaged_ceremony_keys_are_never_replaced(keys: CircuitKeys, copy: Path) -> None:
    edit_manifest(copy, keys.depth, lambda m: m.update(origin="ceremony", transcript_hash="0x" + "ab" * 32))
    loaded = load_keys(CircuitName.VOTE, keys.depth, copy)
    assert (loaded.origin, loaded.transcript_hash, loaded.warning) == ("ceremony", b"\xab" * 32, "")
    (copy / keys.directory.name / ZKEY_NAME).write_bytes(b"not a key")
    with pytest.raises(KeyFileDamagedError):
        ensure_keys(CircuitName.VOTE, keys.depth, copy)
    assert (copy / keys.directory.name / ZKEY_NAME).read_bytes() == b"not a key"


def test_an_interrupted_set_up_leaves_no_keys(tmp_path: Path) -> None:
    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_keys(CircuitName.VOTE, 1, tmp_path, on_progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_keys_of_another_circuit_are_refused_by_the_prover(keys: CircuitKeys, copy: Path) -> None:
    path = copy / keys.directory.name / R1CS_NAME
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")

    def accept_file(manifest: dict[str, object]) -> None:
        import hashlib  # noqa: PLC0415  only here

        files = manifest["files"]
        assert isinstance(files, dict)
        files[R1CS_NAME]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()

    edit_manifest(copy, keys.depth, accept_file)
    with pytest.raises(KeyFileDamagedError, match="another version of the vote circuit"):
        StatementProver(load_keys(CircuitName.VOTE, keys.depth, copy))
    made_again = ensure_keys(CircuitName.VOTE, keys.depth, copy)
    assert made_again.r1cs_path.read_bytes() == keys.r1cs_path.read_bytes()


@pytest.mark.parametrize("depth", [0, 33])
def test_depths_without_a_tree_have_no_keys(tmp_path: Path, depth: int) -> None:
    with pytest.raises(TreeDepthError):
        ensure_keys(CircuitName.VOTE, depth, tmp_path)


def test_ceremony_keys_take_the_place_of_development_keys(keys: CircuitKeys, copy: Path) -> None:
    circuit, key = keys.compile(), read_zkey(keys.zkey_path)
    installed = install_keys(
        CircuitName.VOTE,
        keys.depth,
        copy,
        circuit,
        key.verifying_key,
        keys.zkey_path.read_bytes(),
        origin=CEREMONY,
        transcript_hash=bytes(range(32)),
        more={"transcript.json": b"{}"},
    )
    assert (installed.origin, installed.warning) == (CEREMONY, "")
    assert installed.transcript_hash == bytes(range(32))
    assert (installed.directory / "transcript.json").read_bytes() == b"{}"
    aside = list(copy.glob(f"vote-{keys.depth}.replaced-*/vote-{keys.depth}/{ZKEY_NAME}"))
    assert [path.read_bytes() for path in aside] == [keys.zkey_path.read_bytes()]
    assert ensure_keys(CircuitName.VOTE, keys.depth, copy) == installed
