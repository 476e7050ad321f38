"""`.ptau`, version 1: powers of tau with their contributions, as snarkjs reads and writes them.

    2  [τⁱ]₁  0 ≤ i < 2·2ᵖ − 1      12  [Lᵢ(τ)]₁ of every size 1, 2, 4 … 2ᵖ, and of 2·2ᵖ
    3  [τⁱ]₂  0 ≤ i < 2ᵖ            13  [Lᵢ(τ)]₂ of every size up to 2ᵖ
    4  [α·τⁱ]₁                      14  [α·Lᵢ(τ)]₁
    5  [β·τⁱ]₁                      15  [β·Lᵢ(τ)]₁
    6  [β]₂                          7  contributions

Sections 12 to 15 are what preparing for phase 2 adds: the Lagrange polynomials of the roots of unity of
each size, one size after the other. Points are in stored form and are not checked here.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from zk.field import BASE_FIELD, FIELD_BYTES, TWO_ADICITY
from zk.formats.container import FileMalformedError, element_bytes
from zk.formats.contribution_records import (
    PowersContribution,
    pack_powers_contributions,
    read_powers_contributions,
)
from zk.formats.section_file import SectionFile, write_sections

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_G1, _G2 = 2 * FIELD_BYTES, 4 * FIELD_BYTES
_MAGIC = b"ptau"


class PowersSection(IntEnum):
    """Section numbers."""

    HEADER = 1
    TAU_G1 = 2
    TAU_G2 = 3
    ALPHA_G1 = 4
    BETA_G1 = 5
    BETA_G2 = 6
    CONTRIBUTIONS = 7
    LAGRANGE_TAU_G1 = 12
    LAGRANGE_TAU_G2 = 13
    LAGRANGE_ALPHA_G1 = 14
    LAGRANGE_BETA_G1 = 15


class Family(NamedTuple):
    """One family of points: its section, its Lagrange section, and the bytes of a point."""

    section: PowersSection
    lagrange: PowersSection
    point_bytes: int

    def length(self, power: int) -> int:
        """Return the number of powers in a file of 2^power."""
        return 2 * (1 << power) - 1 if self is TAU_G1 else 1 << power

    def largest(self, power: int) -> int:
        """Power of the largest Lagrange basis in a file of 2^power."""
        return power + 1 if self is TAU_G1 else power


TAU_G1: Final = Family(PowersSection.TAU_G1, PowersSection.LAGRANGE_TAU_G1, _G1)
TAU_G2: Final = Family(PowersSection.TAU_G2, PowersSection.LAGRANGE_TAU_G2, _G2)
ALPHA_G1: Final = Family(PowersSection.ALPHA_G1, PowersSection.LAGRANGE_ALPHA_G1, _G1)
BETA_G1: Final = Family(PowersSection.BETA_G1, PowersSection.LAGRANGE_BETA_G1, _G1)
FAMILIES: Final = (TAU_G1, TAU_G2, ALPHA_G1, BETA_G1)


class PowersFile:
    """A file of powers of tau, read piece by piece."""

    def __init__(self, path: Path) -> None:
        """Read header and contributions; raises FileMalformedError unless every section has its size."""
        self.path = path
        self._sections = SectionFile(path, _MAGIC)
        header = self._sections.reader(PowersSection.HEADER)
        header.prime(BASE_FIELD)
        self.power, self.ceremony_power = header.u32(), header.u32()
        header.require_end()
        if not 1 <= self.power <= self.ceremony_power <= TWO_ADICITY:
            raise FileMalformedError(path.name, f"claims 2^{self.power} of 2^{self.ceremony_power} powers")
        self.contributions = read_powers_contributions(self._sections.reader(PowersSection.CONTRIBUTIONS))
        self._require_sizes()

    @property
    def is_prepared(self) -> bool:
        """Whether the Lagrange sections are there."""
        return all(self._sections.has(family.lagrange) for family in FAMILIES)

    @property
    def beta_g2(self) -> bytes:
        """[β]₂."""
        return self._sections.read(PowersSection.BETA_G2)

    def powers(self, family: Family, start: int = 0, count: int | None = None) -> bytes:
        """Read powers from number `start` on; all of them without a count."""
        size = family.point_bytes
        wanted = family.length(self.power) - start if count is None else count
        return self._sections.read(family.section, start * size, wanted * size)

    def bytes_after(self, family: Family) -> bytes:
        """Read as many bytes as a point has from behind a family: see `zk.ceremony.overrun`."""
        end = self._sections.offset(family.section) + self._sections.size(family.section)
        return self._sections.read_raw(end, family.point_bytes)

    def lagrange(self, family: Family, power: int) -> bytes:
        """Read the prepared Lagrange basis of size 2^power."""
        size = family.point_bytes
        return self._sections.read(family.lagrange, ((1 << power) - 1) * size, size << power)

    def _require_sizes(self) -> None:
        expected = {family.section: family.length(self.power) * family.point_bytes for family in FAMILIES}
        expected[PowersSection.BETA_G2] = _G2
        if self.is_prepared:
            expected |= {
                family.lagrange: ((2 << family.largest(self.power)) - 1) * family.point_bytes
                for family in FAMILIES
            }
        for section, size in expected.items():
            if self._sections.size(section) != size:
                raise FileMalformedError(f"{self.path.name}, section {section}", f"has not {size} bytes")


def write_powers(
    path: Path,
    power: int,
    *,
    families: Mapping[Family, bytes],
    beta_g2: bytes,
    contributions: Sequence[PowersContribution],
    lagrange: Mapping[Family, Iterable[bytes]] | None = None,
    ceremony_power: int | None = None,
) -> None:
    """Write a file of 2^power powers; raises FileExistsAlreadyError rather than overwrite."""
    powers = struct.pack("<II", power, ceremony_power or power)
    header = struct.pack("<I", FIELD_BYTES) + element_bytes(BASE_FIELD) + powers
    sections: dict[int, bytes | Iterable[bytes]] = {PowersSection.HEADER: header}
    sections |= {family.section: families[family] for family in FAMILIES}
    sections[PowersSection.BETA_G2] = beta_g2
    sections[PowersSection.CONTRIBUTIONS] = pack_powers_contributions(contributions)
    if lagrange is not None:
        sections |= {family.lagrange: lagrange[family] for family in FAMILIES}
    write_sections(path, _MAGIC, sections)
