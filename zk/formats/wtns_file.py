"""`.wtns`, version 2: all wires of a witness. Such a file holds the voter's secrets."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from zk.field import FIELD_BYTES, SCALAR_FIELD
from zk.formats.container import FileMalformedError, element_bytes, pack_container, read_container

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_HEADER, _VALUES = 1, 2


def pack_wtns(witness: Sequence[int]) -> bytes:
    """Encode a witness."""
    header = struct.pack("<I", FIELD_BYTES) + element_bytes(SCALAR_FIELD) + struct.pack("<I", len(witness))
    values = b"".join([value.to_bytes(FIELD_BYTES, "little") for value in witness])
    return pack_container(b"wtns", 2, {_HEADER: header, _VALUES: values})


def read_wtns(path: Path) -> list[int]:
    """Read a witness; raises FileMalformedError."""
    sections = read_container(path, b"wtns", 2)
    if not {_HEADER, _VALUES} <= set(sections):
        raise FileMalformedError(path.name, "lacks a section")
    header, values = sections[_HEADER], sections[_VALUES]
    header.prime()
    witness = [values.element() for _ in range(header.u32())]
    values.require_end()
    return witness
