"""Large iden3 containers (`.ptau`, `.zkey`) read piece by piece, and written whole or not at all.

`zk.formats.container` reads a file into memory; a public powers-of-tau file can be larger than that.
Reading trusts nothing about sizes. A file is written beside its place and renamed into it, so an
interruption leaves nothing that looks like a result, and an existing file is never overwritten.
"""

from __future__ import annotations

import os
import secrets
import struct
from contextlib import contextmanager
from errno import EACCES
from typing import TYPE_CHECKING

from zk.formats.container import FileMalformedError, Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_HEADER = struct.Struct("<4sII")
_SECTION = struct.Struct("<IQ")
MAX_SECTIONS = 1000


class FileExistsAlreadyError(FileMalformedError):
    """An output path that is taken."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), "exists already, and is not overwritten")
        self.hint = "Give another name: every step of a ceremony writes a new file."


class SectionFile:
    """A container on disk; reads only what it is asked for."""

    def __init__(self, path: Path, magic: bytes, version: int = 1) -> None:
        """Read the table of sections; raises FileMalformedError."""
        self.path = path
        self.extents = _extents(path, magic, version)

    def has(self, section: int) -> bool:
        """Whether there is such a section."""
        return section in self.extents

    def size(self, section: int) -> int:
        """Bytes of a section; raises FileMalformedError if it is missing."""
        return self._extent(section)[1]

    def read(self, section: int, start: int = 0, size: int | None = None) -> bytes:
        """Read a section or a part of it; raises FileMalformedError if it is too short."""
        offset, length = self._extent(section)
        wanted = length - start if size is None else size
        if start < 0 or wanted < 0 or start + wanted > length:
            raise FileMalformedError(f"{self.path.name}, section {section}", "is cut short")
        return self.read_raw(offset + start, wanted)

    def reader(self, section: int) -> Reader:
        """Read a section number by number."""
        return Reader(self.read(section), f"{self.path.name}, section {section}")

    def offset(self, section: int) -> int:
        """Place of a section's first byte in the file."""
        return self._extent(section)[0]

    def read_raw(self, offset: int, size: int) -> bytes:
        """Read bytes wherever they lie; past the end of the file there are fewer."""
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def _extent(self, section: int) -> tuple[int, int]:
        if section not in self.extents:
            raise FileMalformedError(self.path.name, f"lacks section {section}")
        return self.extents[section]


def _extents(path: Path, magic: bytes, version: int) -> dict[int, tuple[int, int]]:
    extents: dict[int, tuple[int, int]] = {}
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size or head[:4] != magic:
            raise FileMalformedError(path.name, f"is no .{magic.decode()} file")
        _, found, count = _HEADER.unpack(head)
        if found != version:
            raise FileMalformedError(path.name, f"has version {found}, not {version}")
        if count > MAX_SECTIONS:
            raise FileMalformedError(path.name, f"claims to have {count} sections")
        for _ in range(count):
            table = file.read(_SECTION.size)
            if len(table) < _SECTION.size:
                raise FileMalformedError(path.name, "is cut short")
            number, size = _SECTION.unpack(table)
            if number in extents:
                raise FileMalformedError(path.name, f"has section {number} twice")
            extents[number] = (file.tell(), size)
            if file.tell() + size > end:
                raise FileMalformedError(f"{path.name}, section {number}", "is cut short")
            file.seek(size, os.SEEK_CUR)
        if file.tell() != end:
            raise FileMalformedError(path.name, "has bytes after its end")
    return extents


def write_sections(
    path: Path, magic: bytes, sections: Mapping[int, bytes | Iterable[bytes]], version: int = 1
) -> None:
    """Write a container in the given order; raises FileExistsAlreadyError rather than overwrite."""
    require_new(path)
    with _beside(path) as work:
        with work.open("xb") as file:
            file.write(_HEADER.pack(magic, version, len(sections)))
            for number, body in sections.items():
                start = file.tell()
                file.write(_SECTION.pack(number, 0))
                for part in [body] if isinstance(body, bytes) else body:
                    file.write(part)
                end = file.tell()
                file.seek(start)
                file.write(_SECTION.pack(number, end - start - _SECTION.size))
                file.seek(end)
            file.flush()
            os.fsync(file.fileno())
        _move_in(work, path)


def require_new(path: Path) -> None:
    """Raise FileExistsAlreadyError if a step would overwrite something, or that there is no folder for it."""
    if path.exists() or path.is_symlink():
        raise FileExistsAlreadyError(path)
    if not path.parent.is_dir():
        error = FileMalformedError(str(path.parent), "is no folder")
        error.hint = "Make the folder first, or give a file in another one."
        raise error
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(EACCES, os.strerror(EACCES), str(path.parent))


def _move_in(work: Path, path: Path) -> None:
    """Give the finished file its name, unless somebody else took it meanwhile."""
    try:
        os.link(work, path)
    except FileExistsError as error:
        raise FileExistsAlreadyError(path) from error
    except OSError:  # a file system without links
        require_new(path)
        work.rename(path)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    work = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        yield work
    finally:
        work.unlink(missing_ok=True)
