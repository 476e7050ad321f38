"""`.zkey` of Groth16, version 1, as `snarkjs groth16 prove` reads it.

Points are affine, coordinates in Montgomery form (x·2²⁵⁶ mod q), infinity as zeros. Matrix entries are
value·2⁵¹² mod r, which snarkjs multiplies once with a plain witness and has the product in Montgomery
form.

Keys from `zk.groth16.setup` carry an empty list of contributions, and say in a section of their own, which
other programs skip, that they are development keys. A ceremony works on the same file as bytes:
`zk.formats.key_sections`.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from zk.development import DEVELOPMENT_KEYS_WARNING
from zk.field import BASE_FIELD, FIELD_BYTES, SCALAR_FIELD, inverse
from zk.formats.container import FileMalformedError, Reader, element_bytes, pack_container, read_container
from zk.formats.section_file import SectionFile
from zk.groth16.proving_key import Coefficient, ProvingKey
from zk.groth16.types import VerifyingKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from zk.groth16.points import G1Point, G2Point


class Section(IntEnum):
    """Section numbers."""

    PROTOCOL = 1
    HEADER = 2
    IC = 3
    COEFFICIENTS = 4
    A = 5
    B1 = 6
    B2 = 7
    C = 8
    H = 9
    CONTRIBUTIONS = 10


DEVELOPMENT_SECTION = 0x6F686F74  # "toho", far from the numbers that snarkjs gives
DEVELOPMENT_MARK = DEVELOPMENT_KEYS_WARNING.encode()
GROTH16 = 1
_MONTGOMERY = 1 << 256
_INVERSE_MONTGOMERY = inverse(_MONTGOMERY, BASE_FIELD)
_COEFFICIENT_SCALE = pow(_MONTGOMERY, 2, SCALAR_FIELD)
_INVERSE_COEFFICIENT_SCALE = inverse(_COEFFICIENT_SCALE)


def pack_zkey(key: ProvingKey) -> bytes:
    """Encode a proving key."""
    return pack_container(
        b"zkey",
        1,
        {
            Section.PROTOCOL: struct.pack("<I", GROTH16),
            Section.HEADER: _pack_header(key),
            Section.IC: _pack_g1(key.verifying_key.ic),
            Section.COEFFICIENTS: pack_coefficients(key.coefficients),
            Section.A: _pack_g1(key.a_g1),
            Section.B1: _pack_g1(key.b_g1),
            Section.B2: _pack_g2(key.b_g2),
            Section.C: _pack_g1(key.c_g1),
            Section.H: _pack_g1(key.h_g1),
            Section.CONTRIBUTIONS: bytes(64) + struct.pack("<I", 0),
            DEVELOPMENT_SECTION: DEVELOPMENT_MARK,
        },
    )


def read_zkey(path: Path) -> ProvingKey:
    """Read a proving key; raises FileMalformedError. Points are not checked: the file's hash is."""
    sections = read_container(path, b"zkey", 1)
    missing = sorted(set(Section) - {Section.CONTRIBUTIONS} - set(sections))
    if missing:
        raise FileMalformedError(path.name, f"lacks sections {missing}")
    if sections[Section.PROTOCOL].u32() != GROTH16:
        raise FileMalformedError(path.name, "is no Groth16 key")
    header = _read_header(sections[Section.HEADER])
    n_wires, n_public, domain_size = header.n_wires, header.n_public, header.domain_size
    return ProvingKey(
        domain_size=domain_size,
        n_wires=n_wires,
        verifying_key=header.verifying_key(sections[Section.IC]),
        beta_g1=header.beta_g1,
        delta_g1=header.delta_g1,
        a_g1=_read_g1_list(sections[Section.A], n_wires),
        b_g1=_read_g1_list(sections[Section.B1], n_wires),
        b_g2=tuple(_read_g2(sections[Section.B2]) for _ in range(n_wires)),
        c_g1=_read_g1_list(sections[Section.C], n_wires - n_public - 1),
        h_g1=_read_g1_list(sections[Section.H], domain_size),
        coefficients=_read_coefficients(sections[Section.COEFFICIENTS]),
    )


def read_verifying_key(path: Path) -> VerifyingKey:
    """Read the verifying key alone; raises FileMalformedError. Points are not checked."""
    file = SectionFile(path, b"zkey")
    return _read_header(file.reader(Section.HEADER)).verifying_key(file.reader(Section.IC))


class _Header(NamedTuple):
    n_wires: int
    n_public: int
    domain_size: int
    alpha_g1: G1Point
    beta_g1: G1Point
    beta_g2: G2Point
    gamma_g2: G2Point
    delta_g1: G1Point
    delta_g2: G2Point

    def verifying_key(self, ic: Reader) -> VerifyingKey:
        points = tuple(_finite_g1(ic) for _ in range(self.n_public + 1))
        return VerifyingKey(self.alpha_g1, self.beta_g2, self.gamma_g2, self.delta_g2, points)


def _read_header(header: Reader) -> _Header:
    header.prime(BASE_FIELD)
    header.prime(SCALAR_FIELD)
    sizes = header.u32(), header.u32(), header.u32()
    g1 = _finite_g1(header), _finite_g1(header)
    g2 = _finite_g2(header), _finite_g2(header)
    return _Header(*sizes, *g1, *g2, _finite_g1(header), _finite_g2(header))


def _pack_header(key: ProvingKey) -> bytes:
    vk = key.verifying_key
    return b"".join(
        (
            struct.pack("<I", FIELD_BYTES),
            element_bytes(BASE_FIELD),
            struct.pack("<I", FIELD_BYTES),
            element_bytes(SCALAR_FIELD),
            struct.pack("<III", key.n_wires, key.n_public, key.domain_size),
            _pack_g1([vk.alpha_g1, key.beta_g1]),
            _pack_g2([vk.beta_g2, vk.gamma_g2]),
            _pack_g1([key.delta_g1]),
            _pack_g2([vk.delta_g2]),
        )
    )


def pack_coefficients(coefficients: Sequence[Coefficient]) -> bytes:
    """Encode the section of matrix entries."""
    scaled: dict[int, bytes] = {}
    parts = [struct.pack("<I", len(coefficients))]
    for matrix, row, wire, value in coefficients:
        if value not in scaled:
            scaled[value] = element_bytes(value * _COEFFICIENT_SCALE % SCALAR_FIELD)
        parts += [struct.pack("<III", matrix, row, wire), scaled[value]]
    return b"".join(parts)


def _read_coefficients(section: Reader) -> tuple[Coefficient, ...]:
    return tuple(
        Coefficient(
            section.u32(),
            section.u32(),
            section.u32(),
            section.element() * _INVERSE_COEFFICIENT_SCALE % SCALAR_FIELD,
        )
        for _ in range(section.u32())
    )


def _coordinate_bytes(value: int) -> bytes:
    return (value * _MONTGOMERY % BASE_FIELD).to_bytes(FIELD_BYTES, "little")


def _pack_g1(points: Sequence[G1Point | None]) -> bytes:
    return b"".join(_coordinate_bytes(c) for point in points for c in point or (0, 0))


def _pack_g2(points: Sequence[G2Point | None]) -> bytes:
    zero = ((0, 0), (0, 0))
    return b"".join(_coordinate_bytes(c) for point in points for pair in point or zero for c in pair)


def _read_coordinate(section: Reader) -> int:
    return section.element() * _INVERSE_MONTGOMERY % BASE_FIELD


def _read_g1(section: Reader) -> G1Point | None:
    point = (_read_coordinate(section), _read_coordinate(section))
    return point if any(point) else None


def _read_g2(section: Reader) -> G2Point | None:
    x = (_read_coordinate(section), _read_coordinate(section))
    y = (_read_coordinate(section), _read_coordinate(section))
    return (x, y) if any((*x, *y)) else None


def _finite_g1(section: Reader) -> G1Point:
    return _read_g1(section) or (0, 0)


def _finite_g2(section: Reader) -> G2Point:
    return _read_g2(section) or ((0, 0), (0, 0))


def _read_g1_list(section: Reader, count: int) -> tuple[G1Point | None, ...]:
    return tuple(_read_g1(section) for _ in range(count))
