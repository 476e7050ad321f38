"""The iden3 container: four letters, a version, and numbered sections of bytes, everything little-endian.

Reading trusts nothing about sizes: a short or foreign file raises FileMalformedError, never an IndexError.
Source: snarkjs and circom documentation of the binary formats.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from zk.errors import ZkError
from zk.field import FIELD_BYTES, SCALAR_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class FileMalformedError(ZkError):
    """A file that is not what its name says, or is cut short."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"{what}: {reason}",
            hint="Check that it is the file you mean; if it is, get it again from where it was made.",
        )
        self.what = what
        self.reason = reason


def element_bytes(value: int) -> bytes:
    """32 bytes, little-endian."""
    return value.to_bytes(FIELD_BYTES, "little")


def pack_container(magic: bytes, version: int, sections: Mapping[int, bytes]) -> bytes:
    """Join sections in the given order."""
    parts = [magic, struct.pack("<II", version, len(sections))]
    for number, body in sections.items():
        parts += [struct.pack("<IQ", number, len(body)), body]
    return b"".join(parts)


def read_container(path: Path, magic: bytes, version: int) -> dict[int, Reader]:
    """Read a file into its sections; raises FileMalformedError."""
    whole = Reader(path.read_bytes(), path.name)
    if whole.take(4) != magic:
        raise FileMalformedError(path.name, f"is no .{magic.decode()} file")
    if (found := whole.u32()) != version:
        raise FileMalformedError(path.name, f"has version {found}, not {version}")
    sections: dict[int, Reader] = {}
    for _ in range(whole.u32()):
        number, size = whole.u32(), whole.u64()
        if number in sections:
            raise FileMalformedError(path.name, f"has section {number} twice")
        sections[number] = Reader(whole.take(size), f"{path.name}, section {number}")
    whole.require_end()
    return sections


class Reader:
    """Bytes with a position; refuses to read past the end."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._position = 0
        self.what = what

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        end = self._position + size
        if end > len(self._data):
            raise FileMalformedError(self.what, "is cut short")
        chunk = self._data[self._position : end]
        self._position = end
        return chunk

    def u32(self) -> int:
        """Return the next 32-bit number."""
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        """Return the next 64-bit number."""
        return int.from_bytes(self.take(8), "little")

    def element(self) -> int:
        """Return the next 32-byte number."""
        return int.from_bytes(self.take(FIELD_BYTES), "little")

    def prime(self, expected: int = SCALAR_FIELD) -> None:
        """Read a field description and refuse another field."""
        if self.u32() != FIELD_BYTES or self.element() != expected:
            raise FileMalformedError(self.what, "is over another field than that of BN254")

    def rest(self) -> bytes:
        """Return everything that was not read yet."""
        return self.take(len(self._data) - self._position)

    def at_end(self) -> bool:
        """Whether everything was read."""
        return self._position == len(self._data)

    def require_end(self) -> None:
        """Refuse trailing bytes."""
        if not self.at_end():
            raise FileMalformedError(self.what, "has bytes after its end")
