"""A ceremony's end, with a small circuit under the name of the vote circuit."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.support.small_ceremony import Ceremony, person, small_circuit, small_witness, transcript_of
from zk.ceremony.errors import CeremonyIncompleteError, CeremonyRequestError, CircuitKeyInvalidError
from zk.ceremony.finish import TRANSCRIPT_NAME, VERIFIER_NAME, Ending, finish
from zk.ceremony.key_contribution import contribute_key
from zk.ceremony.transcript import parse_transcript
from zk.circuits import CircuitName
from zk.development import DEVELOPMENT_KEYS_WARNING
from zk.formats.key_sections import KeyFile
from zk.groth16.native import NativeBackend
from zk.groth16.reference import ReferenceBackend
from zk.keys import (
    CEREMONY,
    DEVELOPMENT,
    VERIFYING_KEY_NAME,
    load_keys,
    warning_of_document,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zk.ceremony.finish.compile_named", lambda *_: small_circuit())


def ending(ceremony: Ceremony, keys: Path, zkey: Path | None = None, **options: bool) -> Ending:
    return Ending(CircuitName.VOTE, 1, ceremony.prepared, zkey or ceremony.keys[-1], keys, 2, **options)


@pytest.fixture
def one_person(ceremony: Ceremony, tmp_path: Path) -> Path:
    contribute_key(ceremony.keys[1], tmp_path / "2.zkey", person("Ann"))
    return tmp_path / "2.zkey"


def test_its_keys_are_ceremony_keys_with_transcript_and_verifier(ceremony: Ceremony, tmp_path: Path) -> None:
    keys, transcript = finish(ending(ceremony, tmp_path))
    assert transcript == transcript_of(ceremony, "vote")
    assert load_keys(CircuitName.VOTE, 1, tmp_path) == keys
    assert (keys.origin, keys.warning) == (CEREMONY, "")
    assert keys.transcript_hash == transcript.hash()
    assert parse_transcript((keys.directory / TRANSCRIPT_NAME).read_bytes()) == transcript
    assert keys.transcript_hash.hex() in (keys.directory / VERIFIER_NAME).read_text()
    assert transcript.zkey_sha256 == sha256(keys.zkey_path.read_bytes()).digest()
    document = json.loads((keys.directory / VERIFYING_KEY_NAME).read_text())
    assert document["transcript_hash"] == "0x" + transcript.hash().hex()
    assert warning_of_document(document) == ""


def test_one_person_alone_makes_no_keys(ceremony: Ceremony, tmp_path: Path, one_person: Path) -> None:
    with pytest.raises(CeremonyIncompleteError, match="2 different people") as refused:
        finish(ending(ceremony, tmp_path / "keys", one_person))
    assert "--development-keys" in refused.value.hint
    assert not (tmp_path / "keys").exists()


def test_one_person_alone_can_have_development_keys_that_say_so(
    ceremony: Ceremony, tmp_path: Path, one_person: Path
) -> None:
    keys, _ = finish(ending(ceremony, tmp_path / "keys", one_person, allow_development=True))
    assert (keys.origin, keys.warning) == (DEVELOPMENT, DEVELOPMENT_KEYS_WARNING)
    assert not any(keys.transcript_hash)
    assert KeyFile(keys.zkey_path).is_development
    document = json.loads((keys.directory / VERIFYING_KEY_NAME).read_text())
    assert warning_of_document(document) == DEVELOPMENT_KEYS_WARNING
    witness = small_witness(ceremony.circuit)
    proof = NativeBackend().prover(keys.zkey_path, ceremony.circuit.r1cs).prove(witness)
    assert NativeBackend().verifier(keys.verifying_key).verify(proof, witness[1:5])
    with pytest.raises(CeremonyRequestError, match="there are keys"):
        finish(ending(ceremony, tmp_path / "keys", one_person, allow_development=True))


def test_a_tampered_key_is_not_finished(ceremony: Ceremony, tmp_path: Path, damaged) -> None:  # type: ignore[no-untyped-def]
    zkey = damaged(ceremony.keys[-1], 5, 0, KeyFile(ceremony.keys[-1]).section(6)[:64])  # type: ignore[arg-type]
    with pytest.raises(CircuitKeyInvalidError):
        finish(ending(ceremony, tmp_path / "keys", zkey))
    assert not (tmp_path / "keys").exists()


def test_proofs_made_with_its_keys_hold_and_keys_that_were_there_are_kept(
    ceremony: Ceremony, tmp_path: Path
) -> None:
    (tmp_path / "vote-1").mkdir()
    keys, _ = finish(ending(ceremony, tmp_path))
    assert len(list(tmp_path.glob("vote-1.replaced-*"))) == 1
    witness = small_witness(ceremony.circuit)
    proof = NativeBackend().prover(keys.zkey_path, ceremony.circuit.r1cs).prove(witness)
    for backend in (NativeBackend(), ReferenceBackend()):
        verifier = backend.verifier(keys.verifying_key)
        assert verifier.verify(proof, witness[1:5])
        assert not verifier.verify(proof, [witness[1] ^ 1, *witness[2:5]])


def test_a_verifying_key_of_unknown_origin_is_warned_of() -> None:
    for document in ({}, [], {"origin": "ceremony"}, {"origin": "ceremony", "transcript_hash": ""}):
        assert "nothing" in warning_of_document(document)
