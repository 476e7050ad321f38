"""Key directories on disk: made whole or not at all, and never used damaged.

    <directory>/<circuit>-<depth>/
        <circuit>.r1cs  <circuit>.zkey  verification_key.json   as snarkjs reads them
        <circuit>.program                                       the witness program, for a browser
        manifest.json                                           origin, transcript, SHA-256 of each file

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
from typing import TYPE_CHECKING, Any, NamedTuple

from zk.circuits import CircuitName, compile_named
from zk.development import DEVELOPMENT_KEYS_WARNING, DEVELOPMENT_TRANSCRIPT_HASH
from zk.errors import ZkError
from zk.formats.program_file import PROGRAM_SUFFIX, pack_program
from zk.formats.r1cs_file import pack_r1cs
from zk.formats.zkey_file import pack_zkey
from zk.groth16.types import VerifyingKey
from zk.merkle import require_depth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zk.circuit import Circuit
    from zk.groth16.backend import Groth16Backend

DEVELOPMENT = "development"
CEREMONY = "ceremony"

VERIFYING_KEY_NAME, MANIFEST_NAME = "verification_key.json", "manifest.json"
_FORMAT = "tohyo-keys/1"


class KeyFileMissingError(ZkError):
    """No keys for this circuit and depth, or a file of them is gone."""

    def __init__(self, path: Path, name: CircuitName, depth: int) -> None:
        super().__init__(
            f"key file {path} is missing", hint=f"make keys with: tohyo zk setup {name} --depth {depth}"
        )
        self.path = path


class KeyFileDamagedError(ZkError):
    """A key file that is not the one the manifest describes, or a manifest that cannot be read."""

    def __init__(self, path: Path, name: CircuitName, depth: int, reason: str) -> None:
        super().__init__(
            f"key file {path} is damaged: {reason}",
            hint=f"make keys again with: tohyo zk setup {name} --depth {depth}",
        )
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class CircuitKeys:
    """Keys of one circuit at one depth, checked against their manifest."""

    circuit_name: CircuitName
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

    def compile(self) -> Circuit:
        """Compile the circuit that these keys are for.

        Raises KeyFileDamagedError if they were made for another version of it.
        """
        circuit = compile_named(self.circuit_name, self.depth)
        if hashlib.sha256(pack_r1cs(circuit.r1cs)).hexdigest() != self.r1cs_sha256:
            reason = f"it belongs to another version of the {self.circuit_name} circuit"
            raise KeyFileDamagedError(self.r1cs_path, self.circuit_name, self.depth, reason)
        return circuit

    def describe(self) -> dict[str, Any]:
        """Facts for a person or a machine to read."""
        return {
            "circuit": self.circuit_name.value,
            "depth": self.depth,
            "constraints": self.n_constraints,
            "origin": self.origin,
            "warning": self.warning,
            "transcript_hash": "0x" + self.transcript_hash.hex(),
            "directory": str(self.directory),
            "bytes": dict(self.sizes),
        }


def ensure_keys(
    name: CircuitName, depth: int, directory: Path, on_progress: Callable[[int, int], None] | None = None
) -> CircuitKeys:
    """Load intact keys of today's circuit, or make development keys; others are moved aside, not deleted.

    Damaged ceremony keys raise KeyFileDamagedError: they cannot be made here.
    """
    place = _Place(name, require_depth(depth), directory)
    try:
        keys = load_keys(name, depth, directory)
        circuit = keys.compile()
    except (KeyFileMissingError, KeyFileDamagedError):
        if place.claims_ceremony():
            raise
    else:
        return keys
    place.move_aside()
    circuit = compile_named(name, depth)
    key = native_backend().setup(circuit.r1cs, on_progress)
    return install_keys(
        name, depth, directory, circuit, key.verifying_key, pack_zkey(key), origin=DEVELOPMENT
    )


def install_keys(  # noqa: PLR0917  what a key folder is about, and what it holds
    name: CircuitName,
    depth: int,
    directory: Path,
    circuit: Circuit,
    verifying_key: VerifyingKey,
    zkey: bytes,
    *,
    origin: str,
    transcript_hash: bytes = DEVELOPMENT_TRANSCRIPT_HASH,
    more: Mapping[str, bytes] | None = None,
) -> CircuitKeys:
    """Write a key folder, whole or not at all.

    Ceremony keys take the place of others, which are moved aside, not deleted; development keys do not.
    `more` are further files, by name, to keep beside the keys, such as the transcript of a ceremony.
    """
    place = _Place(name, require_depth(depth), directory)
    if origin == CEREMONY:
        place.move_aside()
    contents = {
        place.r1cs.name: pack_r1cs(circuit.r1cs),
        place.zkey.name: zkey,
        place.program.name: pack_program(circuit),
        VERIFYING_KEY_NAME: json.dumps(
            {**verifying_key.to_json(), **_origin_members(origin, transcript_hash)}, indent=1
        ).encode(),
        **(more or {}),
    }
    manifest = {
        "format": _FORMAT,
        "circuit": name.value,
        "depth": depth,
        "constraints": circuit.n_constraints,
        **_origin_members(origin, transcript_hash),
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest()} for name, content in contents.items()
        },
    }
    contents[MANIFEST_NAME] = json.dumps(manifest, indent=1).encode()
    place.fill(contents)
    return load_keys(name, depth, directory)


def load_keys(name: CircuitName, depth: int, directory: Path) -> CircuitKeys:
    """Load keys and check every file against the manifest.

    Raises KeyFileMissingError and KeyFileDamagedError; both say how to make keys.
    """
    place = _Place(name, require_depth(depth), directory)
    manifest = place.read_manifest()
    for file_name, expected in manifest["files"].items():
        place.require_intact(place.folder / file_name, expected["sha256"])
    key_path = place.folder / VERIFYING_KEY_NAME
    try:
        verifying_key = VerifyingKey.from_json(json.loads(key_path.read_text()))
    except (ValueError, ZkError) as error:
        raise place.damaged(key_path, str(error)) from error
    return CircuitKeys(
        circuit_name=name,
        depth=depth,
        directory=place.folder,
        zkey_path=place.zkey,
        r1cs_path=place.r1cs,
        verifying_key=verifying_key,
        origin=manifest["origin"],
        transcript_hash=bytes.fromhex(manifest["transcript_hash"].removeprefix("0x")),
        sizes={file_name: (place.folder / file_name).stat().st_size for file_name in manifest["files"]},
        n_constraints=manifest["constraints"],
        r1cs_sha256=manifest["files"][place.r1cs.name]["sha256"],
    )


def warning_of_document(document: object) -> str:
    """Say what to warn of in a `verification_key.json`; empty for one that names its ceremony.

    Anybody can write into the file what they like: this keeps people from mistakes, not from lies.
    """
    members = document if isinstance(document, dict) else {}
    if members.get("origin") == DEVELOPMENT:
        return DEVELOPMENT_KEYS_WARNING
    if members.get("origin") == CEREMONY and members.get("transcript_hash"):
        return ""
    return "nothing in the verifying key's file says how it was made"


def native_backend() -> Groth16Backend:
    """Import the back end when it is first needed: reading keys needs none."""
    from zk.groth16.native import NativeBackend  # noqa: PLC0415  see the docstring

    return NativeBackend()


def _origin_members(origin: str, transcript_hash: bytes) -> dict[str, str]:
    """Say in a file whose keys these are."""
    return {
        "origin": origin,
        "warning": DEVELOPMENT_KEYS_WARNING if origin == DEVELOPMENT else "",
        "transcript_hash": "0x" + transcript_hash.hex(),
    }


class _Place(NamedTuple):
    """Where the keys of one circuit at one depth lie, and what can be wrong there."""

    name: CircuitName
    depth: int
    directory: Path

    @property
    def folder(self) -> Path:
        return self.directory / f"{self.name}-{self.depth}"

    @property
    def r1cs(self) -> Path:
        return self.folder / f"{self.name}.r1cs"

    @property
    def zkey(self) -> Path:
        return self.folder / f"{self.name}.zkey"

    @property
    def program(self) -> Path:
        return self.folder / f"{self.name}{PROGRAM_SUFFIX}"

    @property
    def manifest(self) -> Path:
        return self.folder / MANIFEST_NAME

    def damaged(self, path: Path, reason: str) -> KeyFileDamagedError:
        return KeyFileDamagedError(path, self.name, self.depth, reason)

    def require_intact(self, path: Path, sha256: str) -> None:
        if not path.is_file():
            raise KeyFileMissingError(path, self.name, self.depth)
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise self.damaged(path, "its SHA-256 is not the one in the manifest")

    def read_manifest(self) -> dict[str, Any]:
        path = self.manifest
        if not path.is_file():
            raise KeyFileMissingError(path, self.name, self.depth)
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            expected = (_FORMAT, self.name.value, self.depth)
            if (manifest["format"], manifest["circuit"], manifest["depth"]) != expected:
                raise self.damaged(path, f"it is not the manifest of {expected}")
            names = {self.r1cs.name, self.zkey.name, self.program.name, VERIFYING_KEY_NAME}
            if not names <= set(manifest["files"]):
                raise self.damaged(path, "it does not list every key file")
            if manifest["origin"] not in (DEVELOPMENT, CEREMONY) or not isinstance(
                manifest["constraints"], int
            ):
                raise self.damaged(path, "it does not say whose keys these are")
            bytes.fromhex(manifest["transcript_hash"].removeprefix("0x"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self.damaged(path, f"it cannot be read ({error!r})") from error
        return dict(manifest)

    def claims_ceremony(self) -> bool:
        """Whether the manifest, damaged or not, speaks of a ceremony."""
        return self.manifest.is_file() and f'"{CEREMONY}"'.encode() in self.manifest.read_bytes()

    def fill(self, contents: Mapping[str, bytes]) -> None:
        """Write a new folder beside the place, then rename it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}-", dir=self.directory))
        try:
            for file_name, content in contents.items():
                (work / file_name).write_bytes(content)
            work.chmod(0o755)
            self._move_in(work)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def move_aside(self) -> None:
        if self.folder.exists():
            prefix = f"{self.folder.name}.replaced-"
            self.folder.rename(Path(tempfile.mkdtemp(prefix=prefix, dir=self.directory)) / self.folder.name)

    def _move_in(self, work: Path) -> None:
        """Rename; if another process was first, its keys are as good as ours."""
        try:
            work.rename(self.folder)
        except OSError:
            if not self.manifest.exists():
                raise
