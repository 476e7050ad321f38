"""The end of a ceremony: a last check of everything, the transcript, and a key folder that elections use.

    <keys>/<circuit>-<depth>/
        <circuit>.r1cs  <circuit>.zkey  verification_key.json  manifest.json     as `zk.keys` loads them
        transcript.json                                                          its hash goes on chain
        Groth16Verifier.sol                                                      with key and hash

A ceremony in which fewer than two people contributed to a phase protects nobody from the one who did. Its
keys can be had only as development keys, and say so in their files.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zk.ceremony.errors import CeremonyIncompleteError, CeremonyRequestError
from zk.ceremony.key_check import verify_key
from zk.ceremony.transcript import Transcript, require_people, verify_transcript
from zk.circuits import compile_named
from zk.development import DEVELOPMENT_TRANSCRIPT_HASH
from zk.formats.key_sections import KeyFile, marked_as_development
from zk.formats.ptau_file import PowersFile
from zk.formats.r1cs_file import pack_r1cs
from zk.formats.zkey_file import read_verifying_key
from zk.keys import CEREMONY, DEVELOPMENT, install_keys
from zk.solidity import render_verifier

if TYPE_CHECKING:
    from pathlib import Path

    from zk.ceremony.workers import Progress
    from zk.circuits import CircuitName
from zk.keys import CircuitKeys

TRANSCRIPT_NAME, VERIFIER_NAME = "transcript.json", "Groth16Verifier.sol"


@dataclass(frozen=True)
class Ending:
    """What a ceremony comes to: for which circuit, from which files, into which folder."""

    circuit: CircuitName
    depth: int
    powers: Path
    zkey: Path
    keys: Path
    folded_input: int
    allow_development: bool = False


def finish(ending: Ending, on_progress: Progress | None = None) -> tuple[CircuitKeys, Transcript]:
    """Verify everything and install the keys.

    Raises CeremonyIncompleteError if too few people contributed, unless development keys are asked for.
    """
    circuit = compile_named(ending.circuit, ending.depth)
    key = KeyFile(ending.zkey)
    powers = PowersFile(ending.powers)
    zkey = ending.zkey.read_bytes()
    transcript = Transcript(
        circuit=ending.circuit.value,
        depth=ending.depth,
        constraints=circuit.n_constraints,
        circuit_hash=key.circuit_hash,
        ceremony_power=powers.ceremony_power,
        r1cs_sha256=hashlib.sha256(pack_r1cs(circuit.r1cs)).digest(),
        powers_sha256=_sha256_of_file(ending.powers),
        zkey_sha256=hashlib.sha256(zkey).digest(),
        verifying_key=read_verifying_key(ending.zkey),
        powers=powers.contributions,
        contributions=key.contributions,
    )
    is_development = not _has_enough_people(transcript, ending)
    if is_development:
        _require_no_keys(ending)
    verify_key(key, circuit.r1cs, powers, on_progress)
    if not is_development:
        verify_transcript(transcript)
    transcript_hash = DEVELOPMENT_TRANSCRIPT_HASH if is_development else transcript.hash()
    source = render_verifier(
        transcript.verifying_key, folded_input=ending.folded_input, transcript_hash=transcript_hash
    )
    keys = install_keys(
        ending.circuit,
        ending.depth,
        ending.keys,
        circuit,
        transcript.verifying_key,
        marked_as_development(zkey) if is_development else zkey,
        origin=DEVELOPMENT if is_development else CEREMONY,
        transcript_hash=transcript_hash,
        more={TRANSCRIPT_NAME: transcript.canonical_bytes(), VERIFIER_NAME: source.encode()},
    )
    return keys, transcript


def _has_enough_people(transcript: Transcript, ending: Ending) -> bool:
    try:
        require_people(transcript)
    except CeremonyIncompleteError as error:
        if ending.allow_development:
            return False
        error.hint += " --development-keys makes keys all the same, marked as development keys."
        raise
    return True


def _require_no_keys(ending: Ending) -> None:
    """Development keys take nobody's place."""
    folder = ending.keys / f"{ending.circuit}-{ending.depth}"
    if folder.exists():
        raise CeremonyRequestError(
            f"there are keys in {folder}", hint="Give another folder, or move those keys away first."
        )


def _sha256_of_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
