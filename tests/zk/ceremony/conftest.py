"""One ceremony for all tests of this folder, and ways to damage its files."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.small_ceremony import Ceremony, hold_ceremony
from zk.ceremony.group import G1
from zk.field import SCALAR_FIELD, root_of_unity
from zk.formats.ptau_file import TAU_G1, PowersFile
from zk.formats.section_file import SectionFile

if TYPE_CHECKING:
    from collections.abc import Callable

SNARKJS = Path(__file__).parents[3] / "node_modules/.bin/snarkjs"


@pytest.fixture(scope="session")
def ceremony(tmp_path_factory: pytest.TempPathFactory) -> Ceremony:
    return hold_ceremony(tmp_path_factory.mktemp("ceremony"))


@pytest.fixture
def damaged(tmp_path: Path) -> Callable[..., Path]:
    """Copy a file with other bytes at one place of one section."""

    def damage(path: Path, section: int, offset: int, replacement: bytes) -> Path:
        magic = path.read_bytes()[:4]
        start, size = SectionFile(path, magic).extents[section]
        place = start + (offset if offset >= 0 else size + offset)
        copy = tmp_path / f"damaged-{path.name}"
        shutil.copy(path, copy)
        with copy.open("r+b") as file:
            file.seek(place)
            if file.read(len(replacement)) == replacement:  # keys are random: it may be there
                replacement = bytes([replacement[0] ^ 1]) + replacement[1:]
            file.seek(place)
            file.write(replacement)
        return copy

    return damage


@pytest.fixture
def with_section(tmp_path: Path) -> Callable[..., Path]:
    """Copy a file with another body for one section; None leaves the section out."""

    def rewrite(path: Path, section: int, body: bytes | None) -> Path:
        magic = path.read_bytes()[:4]
        source = SectionFile(path, magic)
        bodies = {number: source.read(number) for number in source.extents} | {section: body}
        kept = {number: body for number, body in bodies.items() if body is not None}
        copy = tmp_path / f"rewritten-{path.name}"
        parts = [struct.pack("<4sII", magic, 1, len(kept))]
        parts += [struct.pack("<IQ", number, len(body)) + body for number, body in kept.items()]
        copy.write_bytes(b"".join(parts))
        return copy

    return rewrite


@pytest.fixture(scope="session")
def snarkjs() -> Callable[..., str]:
    """Run the published snarkjs and return what it said; a failure of its own raises."""

    def run(*arguments: str | Path) -> str:
        command = [str(SNARKJS), *map(str, arguments)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        return ran.stdout + ran.stderr

    return run


@pytest.fixture
def shifted_basis(ceremony: Ceremony, damaged: Callable[..., Path]) -> Path:
    """Prepared powers with ωʲ·X added to [Lⱼ(τ)] of the largest basis: X stands where a power is lacking."""
    power = PowersFile(ceremony.prepared).power + 1
    honest = G1.natives(PowersFile(ceremony.prepared).lagrange(TAU_G1, power))
    omega, chosen = root_of_unity(power), G1.generator * 1234567
    multiples = G1.multiples(
        [chosen] * len(honest), [pow(omega, j, SCALAR_FIELD) for j in range(len(honest))]
    )
    shifted = G1.stored([point + more for point, more in zip(honest, multiples, strict=True)])
    return damaged(ceremony.prepared, TAU_G1.lagrange, -len(shifted), shifted)
