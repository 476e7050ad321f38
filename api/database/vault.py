"""Encryption at rest: every record under a key of its own, which the current master key wraps.

    blob = version ‖ master key id ‖ wrapped ‖ encrypted
    wrapped   = AES-256-GCM(master key, record key)
    encrypted = AES-256-GCM(record key, data), bound to the record id

A blob put into another record does not open there. Under a new master key only `wrapped` is made anew. Keyed
hashes (`index`) and MAC keys come from a second secret of the same file, which stays:
whoever has the database alone can neither read a record nor test whose it is.

The file is JSON, for its owner only; the environment variable TOHYO_API_MASTER_KEYS may hold
its text instead. A vault notices when its file is written anew: a service goes on through a rotation.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api.errors import KeyFileError, MasterKeyMissingError, RecordErasedError, SealBrokenError
from zk.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = "tohyo-master-keys/1"
VARIABLE = "TOHYO_API_MASTER_KEYS"
_VERSION = b"\x01"
_KEY, _ID, _NONCE, _TAG = 32, 8, 12, 16
PREFIX = len(_VERSION) + _ID  # what tells under which master key a blob is
_WRAPPED = _NONCE + _KEY + _TAG
_SHORTEST = PREFIX + _WRAPPED + _NONCE + _TAG


@dataclass(frozen=True, repr=False)
class MasterKey:
    """A key that wraps record keys; blobs name it by `id`."""

    id: bytes
    key: bytes = field(repr=False)

    @staticmethod
    def generate() -> MasterKey:
        """Make a random one."""
        return MasterKey(secrets.token_bytes(_ID), secrets.token_bytes(_KEY))

    @cached_property
    def cipher(self) -> AESGCM:
        """The cipher with this key."""
        return AESGCM(self.key)


class Vault:
    """Seals and opens records; `keys[0]` is the current master key, the others only open."""

    def __init__(
        self,
        keys: tuple[MasterKey, ...],
        index_secret: bytes,
        file: Path | None = None,
        stamp: tuple[int, int] | None = None,
    ) -> None:
        self._keys, self._index_secret = keys, index_secret
        self._by_id = {key.id: key for key in keys}
        self._file, self._stamp = file, stamp
        self._derived = lru_cache(maxsize=64)(self._derive)

    def __repr__(self) -> str:
        return "Vault(…)"

    @property
    def keys(self) -> tuple[MasterKey, ...]:
        """The master keys, as the file has them now."""
        if self._file is not None and (stamp := _stamp(self._file)) != self._stamp:
            self._stamp = stamp
            self._take_over(self._file)
        return self._keys

    @property
    def prefix(self) -> bytes:
        """How every blob under the current master key begins."""
        return _prefix(self.keys[0])

    def seal(self, record_id: str, data: bytes) -> bytes:
        """Encrypt a record's data; only `open` with the same `record_id` reads it."""
        record_key, nonce = secrets.token_bytes(_KEY), secrets.token_bytes(_NONCE)
        data = AESGCM(record_key).encrypt(nonce, data, _bound(record_id))
        return self._wrap(record_key) + nonce + data

    def open(self, record_id: str, blob: bytes) -> bytes:
        """Decrypt a record.

        Raises:
            MasterKeyMissingError: it was sealed under a master key that is not here.
            SealBrokenError: it was changed, or sealed as another record.
            RecordErasedError: the retention command erased it.

        """
        record_key = self._unwrap(blob)
        rest = blob[PREFIX + _WRAPPED :]
        try:
            return AESGCM(record_key).decrypt(rest[:_NONCE], rest[_NONCE:], _bound(record_id))
        except InvalidTag:
            raise _broken() from None

    def rewrap(self, blob: bytes) -> bytes:
        """Return the same record under the current master key. Raises as `open` does."""
        return self._wrap(self._unwrap(blob)) + blob[PREFIX + _WRAPPED :]

    def index(self, purpose: str, text: str) -> bytes:
        """Return a keyed hash of a text, the same each time: HMAC-SHA-256, one key for each purpose."""
        return hmac.digest(self._derived(f"index.{purpose}"), text.encode(), "sha256")

    def mac_key(self, purpose: str) -> bytes:
        """Return a key of 32 bytes for one purpose, the same each time."""
        return self._derived(f"mac.{purpose}")

    def with_new_key(self) -> Vault:
        """Return a vault with a new current master key; the old ones still open."""
        return Vault((MasterKey.generate(), *self.keys), self._index_secret)

    def without_old_keys(self) -> Vault:
        """Return a vault with the current master key alone."""
        return Vault(self.keys[:1], self._index_secret)

    @staticmethod
    def generate() -> Vault:
        """Return a vault with new secrets."""
        return Vault((MasterKey.generate(),), secrets.token_bytes(_KEY))

    @staticmethod
    def load(key_file: Path, environment: Mapping[str, str] | None = None) -> Vault:
        """Read the keys from the environment variable if it is set, else from the file.

        Raises:
            KeyFileError: there is no file, or it is malformed, or others can read it.

        """
        given = (os.environ if environment is None else environment).get(VARIABLE)
        if given:
            return Vault(*_parse(given, f"The environment variable {VARIABLE}"))
        stamp = _stamp(key_file)  # before it is read: what is written meanwhile is noticed
        return Vault(*_parse(_read(key_file), str(key_file)), key_file, stamp)

    def save(self, key_file: Path) -> None:
        """Write the key file, whole or not at all, for its owner only."""
        document = {
            "format": FORMAT,
            "keys": [{"id": key.id.hex(), "key": _text(key.key)} for key in self.keys],
            "index_secret": _text(self._index_secret),
        }
        write_whole(key_file, json.dumps(document, indent=2) + "\n", private=True)
        folder = os.open(key_file.parent, os.O_RDONLY)
        try:  # a record under a key whose file did not outlive a power cut would be lost
            os.fsync(folder)
        finally:
            os.close(folder)

    def _take_over(self, file: Path) -> None:
        """Use the keys in a file that a rotation wrote; whatever opened before still opens.

        A file that cannot be used, or is another database's, changes nothing.
        """
        try:
            keys, index_secret = _parse(_read(file), str(file))
        except KeyFileError:
            return
        if hmac.compare_digest(index_secret, self._index_secret):
            self._by_id |= {key.id: key for key in keys}
            self._keys = keys

    def _wrap(self, record_key: bytes) -> bytes:
        nonce, key = secrets.token_bytes(_NONCE), self.keys[0]
        return _prefix(key) + nonce + key.cipher.encrypt(nonce, record_key, _prefix(key))

    def _unwrap(self, blob: bytes) -> bytes:
        if not blob:
            raise RecordErasedError(
                "The record was erased after the election.", hint="The retention command did so."
            )
        if len(blob) < _SHORTEST or not blob.startswith(_VERSION):
            raise _broken()
        prefix, wrapped = blob[:PREFIX], blob[PREFIX : PREFIX + _WRAPPED]
        key = self._key_of(prefix[len(_VERSION) :])
        if key is None:
            raise MasterKeyMissingError(
                f"A record was sealed under master key {prefix[1:].hex()}, which is not in the key file.",
                hint="Use the key file that belongs to this database, or its copy from before a rotation.",
            )
        try:
            return key.cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], prefix)
        except InvalidTag:
            raise _broken() from None

    def _key_of(self, key_id: bytes) -> MasterKey | None:
        if key_id not in self._by_id:
            _ = self.keys  # looks at the file
        return self._by_id.get(key_id)

    def _derive(self, purpose: str) -> bytes:
        info = f"tohyo.vault.v1.{purpose}".encode()
        return HKDF(SHA256(), _KEY, None, info).derive(self._index_secret)


def create_key_file(path: Path) -> Vault:
    """Make a key file with new secrets.

    Raises:
        KeyFileError: there is a file of that name already; it may be needed.

    """
    if path.exists():
        raise KeyFileError(
            f"{path} exists already.", hint="Name another file; without the old one its records are lost."
        )
    vault = Vault.generate()
    vault.save(path)
    return vault


def _prefix(key: MasterKey) -> bytes:
    return _VERSION + key.id


def _stamp(file: Path) -> tuple[int, int] | None:
    """Return what changes when a file is replaced; None while it cannot be seen."""
    try:
        seen = file.stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns


def _bound(record_id: str) -> bytes:
    return b"tohyo.vault.v1.record " + record_id.encode()


def _broken() -> SealBrokenError:
    return SealBrokenError(
        "A sealed record does not open: it was changed, or put in another's place.",
        hint="Restore the last copy of the database.",
    )


def _read(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyFileError(f"Others than its owner can use {path}.", hint=f"chmod 600 {path}")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        said = failure.strerror if isinstance(failure, OSError) else "it is no text"
        raise KeyFileError(
            f"The master keys cannot be read from {path}: {said}.",
            hint=f"`tohyo api keys new {path}` makes a file for a new database.",
        ) from failure


def _parse(text: str, source: str) -> tuple[tuple[MasterKey, ...], bytes]:
    try:
        return _from_document(json.loads(text))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):  # its text would show a key
        raise KeyFileError(
            f"{source} holds no master keys as tohyo writes them.",
            hint="`tohyo api keys new FILE` makes a file for a new database.",
        ) from None


def _from_document(document: dict[str, Any]) -> tuple[tuple[MasterKey, ...], bytes]:
    if document.keys() != {"format", "keys", "index_secret"} or document["format"] != FORMAT:
        raise ValueError
    keys = tuple(_master_key(entry) for entry in document["keys"])
    if not keys or len({key.id for key in keys}) < len(keys):
        raise ValueError
    return keys, _secret(document["index_secret"])


def _master_key(entry: dict[str, Any]) -> MasterKey:
    if entry.keys() != {"id", "key"} or len(entry["id"]) != 2 * _ID:
        raise ValueError
    return MasterKey(bytes.fromhex(entry["id"]), _secret(entry["key"]))


def _secret(text: str) -> bytes:
    secret = base64.b64decode(text, validate=True)
    if len(secret) != _KEY:
        raise ValueError
    return secret


def _text(secret: bytes) -> str:
    return base64.b64encode(secret).decode()
