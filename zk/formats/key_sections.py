"""A `.zkey` as sections of bytes, for a ceremony, which changes some and must keep the others as they are.

`zk.formats.zkey_file` reads the same file as numbers, for a prover. Points are in stored form and are not
checked here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zk.field import BASE_FIELD, FIELD_BYTES, SCALAR_FIELD
from zk.formats.container import FileMalformedError, Reader, element_bytes
from zk.formats.contribution_records import (
    KeyContribution,
    pack_key_contributions,
    read_key_contributions,
)
from zk.formats.section_file import SectionFile, write_sections
from zk.formats.zkey_file import DEVELOPMENT_MARK, DEVELOPMENT_SECTION, GROTH16, Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_MAGIC = b"zkey"
_G1, _G2 = 2 * FIELD_BYTES, 4 * FIELD_BYTES
_COUNT = 8  # place of the number of sections
_COEFFICIENT = 12 + FIELD_BYTES
KEPT = (Section.IC, Section.COEFFICIENTS, Section.A, Section.B1, Section.B2)  # by every contribution
DIVIDED = (Section.C, Section.H)  # by δ, at every contribution


@dataclass(frozen=True)
class KeyHeader:
    """Sizes, and the points that stand for the secrets."""

    n_wires: int
    n_public: int
    domain_size: int
    alpha_g1: bytes
    beta_g1: bytes
    beta_g2: bytes
    gamma_g2: bytes
    delta_g1: bytes
    delta_g2: bytes

    def pack(self) -> bytes:
        """Encode section 2."""
        primes = [struct.pack("<I", FIELD_BYTES) + element_bytes(p) for p in (BASE_FIELD, SCALAR_FIELD)]
        sizes = struct.pack("<III", self.n_wires, self.n_public, self.domain_size)
        points = [self.alpha_g1, self.beta_g1, self.beta_g2, self.gamma_g2, self.delta_g1, self.delta_g2]
        return b"".join([*primes, sizes, *points])

    @classmethod
    def read(cls, reader: Reader) -> KeyHeader:
        """Decode section 2; raises FileMalformedError."""
        reader.prime(BASE_FIELD)
        reader.prime(SCALAR_FIELD)
        sizes = reader.u32(), reader.u32(), reader.u32()
        points = [reader.take(size) for size in (_G1, _G1, _G2, _G2, _G1, _G2)]
        reader.require_end()
        return cls(*sizes, *points)

    def section_sizes(self) -> dict[Section, int]:
        """Bytes of every section of points."""
        return {
            Section.IC: (self.n_public + 1) * _G1,
            Section.A: self.n_wires * _G1,
            Section.B1: self.n_wires * _G1,
            Section.B2: self.n_wires * _G2,
            Section.C: (self.n_wires - self.n_public - 1) * _G1,
            Section.H: self.domain_size * _G1,
        }


class KeyFile:
    """A Groth16 key on disk with its contributions, read piece by piece."""

    def __init__(self, path: Path) -> None:
        """Read header and contributions; raises FileMalformedError unless every section has its size."""
        self.path = path
        self._sections = SectionFile(path, _MAGIC)
        if self._sections.reader(Section.PROTOCOL).u32() != GROTH16:
            raise FileMalformedError(path.name, "is no Groth16 key")
        self.header = KeyHeader.read(self._sections.reader(Section.HEADER))
        self.circuit_hash, self.contributions = read_key_contributions(
            self._sections.reader(Section.CONTRIBUTIONS)
        )
        self._require_sizes()

    @property
    def is_development(self) -> bool:
        """Whether the file says that it comes from a single-party set-up."""
        return self._sections.has(DEVELOPMENT_SECTION)

    def section(self, number: Section) -> bytes:
        """Read a section."""
        return self._sections.read(number)

    def _require_sizes(self) -> None:
        for section, size in self.header.section_sizes().items():
            if self._sections.size(section) != size:
                raise FileMalformedError(f"{self.path.name}, section {section}", f"has not {size} bytes")
        size = self._sections.size(Section.COEFFICIENTS)
        count = int.from_bytes(self._sections.read(Section.COEFFICIENTS, 0, min(4, size)), "little")
        if size != 4 + count * _COEFFICIENT:
            raise FileMalformedError(f"{self.path.name}, section {Section.COEFFICIENTS}", "has a wrong size")


def marked_as_development(zkey: bytes) -> bytes:
    """Add to a key's bytes the section that says that they are no keys for an election."""
    head = zkey[:_COUNT] + struct.pack("<I", int.from_bytes(zkey[_COUNT : _COUNT + 4], "little") + 1)
    mark = struct.pack("<IQ", DEVELOPMENT_SECTION, len(DEVELOPMENT_MARK)) + DEVELOPMENT_MARK
    return head + zkey[_COUNT + 4 :] + mark


def write_key(
    path: Path,
    header: KeyHeader,
    sections: Mapping[Section, bytes],
    circuit_hash: bytes,
    contributions: Sequence[KeyContribution],
) -> None:
    """Write a key; raises FileExistsAlreadyError rather than overwrite."""
    ordered: dict[int, bytes | Iterable[bytes]] = {
        Section.PROTOCOL: struct.pack("<I", GROTH16),
        Section.HEADER: header.pack(),
        **{section: sections[section] for section in sorted({*KEPT, *DIVIDED})},
        Section.CONTRIBUTIONS: pack_key_contributions(circuit_hash, contributions),
    }
    write_sections(path, _MAGIC, ordered)
