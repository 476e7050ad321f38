"""Key directories on disk: made whole or not at all, and never used damaged.

    <directory>/vote-<depth>/
        vote.r1cs  vote.zkey  verification_key.json   as snarkjs reads them
        manifest.json                                  origin, ceremony transcript, SHA-256 of each file

A directory is written beside its place and renamed into it, so an interrupted set-up leaves nothing that
looks like keys. The manifest protects against accidents, not against someone who can write here: that
person could replace it too. What binds an election to its key is the verifier contract.

Keys made here are development keys: one process knew their secrets. Ceremony keys come from elsewhere and are
only loaded.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zk.errors import ZkError
from zk.formats.r1cs_file import pack_r1cs
from zk.formats.zkey_file import pack_zkey
from zk.groth16.types import VerifyingKey
from zk.merkle import require_depth
from zk.vote_circuit import compile_vote_circuit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zk.circuit import Circuit
    from zk.groth16.backend import Groth16Backend

DEVELOPMENT_KEYS_WARNING = "development keys: not for a real election"
DEVELOPMENT = "development"
CEREMONY = "ceremony"
NO_TRANSCRIPT = bytes(32)

R1CS_NAME, ZKEY_NAME, VERIFYING_KEY_NAME = "vote.r1cs", "vote.zkey", "verification_key.json"
MANIFEST_NAME = "manifest.json"
_FORMAT = "tohyo-keys/1"


class KeyFileMissingError(ZkError):
    """No keys for this depth, or a file of them is gone."""

    def __init__(self, path: Path, depth: int) -> None:
        super().__init__(
            f"key file {path} is missing", hint=f"make keys with: tohyo zk setup vote --depth {depth}"
        )
        self.path = path
        self.depth = depth


class KeyFileDamagedError(ZkError):
    """A key file that is not the one the manifest describes, or a manifest that cannot be read."""

    def __init__(self, path: Path, depth: int, reason: str) -> None:
        super().__init__(
            f"key file {path} is damaged: {reason}",
            hint=f"make keys again with: tohyo zk setup vote --depth {depth}",
        )
        self.path = path
        self.depth = depth
        self.reason = reason


@dataclass(frozen=True)
class VoteKeys:
    """Keys of the vote circuit at one depth, checked against their manifest."""

    depth: int
    directory: Path
    zkey_path: Path
    r1cs_path: Path
    verifying_key: VerifyingKey
    origin: str
    transcript_hash: bytes
    sizes: Mapping[str, int]
    n_constraints: int
    r1cs_sha256: str

    @property
    def warning(self) -> str:
        """What to say wherever these keys are used; empty for ceremony keys."""
        return DEVELOPMENT_KEYS_WARNING if self.origin == DEVELOPMENT else ""

    def require_circuit(self, circuit: Circuit) -> None:
        """Raise KeyFileDamagedError if these keys were made for another version of the circuit."""
        if hashlib.sha256(pack_r1cs(circuit.r1cs)).hexdigest() != self.r1cs_sha256:
            reason = "it belongs to another version of the vote circuit"
            raise KeyFileDamagedError(self.r1cs_path, self.depth, reason)

    def describe(self) -> dict[str, Any]:
        """Facts for a person or a machine to read."""
        return {
            "circuit": "vote",
            "depth": self.depth,
            "constraints": self.n_constraints,
            "origin": self.origin,
            "warning": self.warning,
            "transcript_hash": "0x" + self.transcript_hash.hex(),
            "directory": str(self.directory),
            "bytes": dict(self.sizes),
        }


def ensure_vote_keys(
    depth: int, directory: Path, on_progress: Callable[[int, int], None] | None = None
) -> VoteKeys:
    """Load intact keys of today's circuit, or make development keys; others are moved aside, not deleted.

    Damaged ceremony keys raise KeyFileDamagedError: they cannot be made here.
    """
    place = _place(depth, directory)
    circuit = compile_vote_circuit(depth)
    try:
        keys = load_vote_keys(depth, directory)
        keys.require_circuit(circuit)
    except (KeyFileMissingError, KeyFileDamagedError):
        if _claims_ceremony(place):
            raise
    else:
        return keys
    directory.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.rename(Path(tempfile.mkdtemp(prefix=f"{place.name}.damaged-", dir=directory)) / place.name)
    work = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=directory))
    try:
        _write_development_keys(circuit, depth, work, on_progress)
        work.chmod(0o755)
        _move_into_place(work, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return load_vote_keys(depth, directory)


def load_vote_keys(depth: int, directory: Path) -> VoteKeys:
    """Load keys and check every file against the manifest.

    Raises KeyFileMissingError and KeyFileDamagedError; both say how to make keys.
    """
    place = _place(depth, directory)
    manifest = _read_manifest(place, depth)
    for name, expected in manifest["files"].items():
        _require_intact(place / name, expected["sha256"], depth)
    key_path = place / VERIFYING_KEY_NAME
    try:
        verifying_key = VerifyingKey.from_json(json.loads(key_path.read_text()))
    except (ValueError, ZkError) as error:
        raise KeyFileDamagedError(key_path, depth, str(error)) from error
    return VoteKeys(
        depth=depth,
        directory=place,
        zkey_path=place / ZKEY_NAME,
        r1cs_path=place / R1CS_NAME,
        verifying_key=verifying_key,
        origin=manifest["origin"],
        transcript_hash=bytes.fromhex(manifest["transcript_hash"].removeprefix("0x")),
        sizes={name: (place / name).stat().st_size for name in manifest["files"]},
        n_constraints=manifest["constraints"],
        r1cs_sha256=manifest["files"][R1CS_NAME]["sha256"],
    )


def native_backend() -> Groth16Backend:
    """Import the back end when it is first needed: reading keys needs none."""
    from zk.groth16.native import NativeBackend  # noqa: PLC0415  see the docstring

    return NativeBackend()


def _place(depth: int, directory: Path) -> Path:
    return directory / f"vote-{require_depth(depth)}"


def _write_development_keys(
    circuit: Circuit, depth: int, work: Path, on_progress: Callable[[int, int], None] | None
) -> None:
    key = native_backend().setup(circuit.r1cs, on_progress)
    contents = {
        R1CS_NAME: pack_r1cs(circuit.r1cs),
        ZKEY_NAME: pack_zkey(key),
        VERIFYING_KEY_NAME: json.dumps(key.verifying_key.to_json(), indent=1).encode(),
    }
    for name, content in contents.items():
        (work / name).write_bytes(content)
    manifest = {
        "format": _FORMAT,
        "circuit": "vote",
        "depth": depth,
        "constraints": circuit.n_constraints,
        "origin": DEVELOPMENT,
        "warning": DEVELOPMENT_KEYS_WARNING,
        "transcript_hash": "0x" + NO_TRANSCRIPT.hex(),
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest()} for name, content in contents.items()
        },
    }
    (work / MANIFEST_NAME).write_text(json.dumps(manifest, indent=1))


def _move_into_place(work: Path, place: Path) -> None:
    """Rename; if another process was first, its keys are as good as ours."""
    try:
        work.rename(place)
    except OSError:
        if not (place / MANIFEST_NAME).exists():
            raise


def _read_manifest(place: Path, depth: int) -> dict[str, Any]:
    path = place / MANIFEST_NAME
    if not path.is_file():
        raise KeyFileMissingError(path, depth)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        expected = (_FORMAT, "vote", depth)
        if (manifest["format"], manifest["circuit"], manifest["depth"]) != expected:
            raise KeyFileDamagedError(path, depth, f"it is not the manifest of {expected}")
        if not {R1CS_NAME, ZKEY_NAME, VERIFYING_KEY_NAME} <= set(manifest["files"]):
            raise KeyFileDamagedError(path, depth, "it does not list every key file")
        if manifest["origin"] not in (DEVELOPMENT, CEREMONY) or not isinstance(manifest["constraints"], int):
            raise KeyFileDamagedError(path, depth, "it does not say whose keys these are")
        bytes.fromhex(manifest["transcript_hash"].removeprefix("0x"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyFileDamagedError(path, depth, f"it cannot be read ({error!r})") from error
    return dict(manifest)


def _require_intact(path: Path, sha256: str, depth: int) -> None:
    if not path.is_file():
        raise KeyFileMissingError(path, depth)
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise KeyFileDamagedError(path, depth, "its SHA-256 is not the one in the manifest")


def _claims_ceremony(place: Path) -> bool:
    """Whether the manifest, damaged or not, speaks of a ceremony."""
    path = place / MANIFEST_NAME
    return path.is_file() and f'"{CEREMONY}"'.encode() in path.read_bytes()
