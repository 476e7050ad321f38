"""Arithmetic on runs of points in both groups: the one place where a ceremony touches the curve library.

A run is bytes as .ptau and .zkey keep them (`zk.ceremony.curve_bytes`). Every point that comes in is
checked: coordinates below q, on the curve, and in G2 in the subgroup of order r. So nothing that is built
on this module can be fed a point of small order.

Costs, measured on one core: checking a point 0.08 ms in G1 and 0.25 ms in G2, multiplying one 0.09 and
0.27 ms, a combination of thousands of points 0.014 and 0.031 ms a point, an addition below 0.002 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from zksnake._algebra import ec_bn254

from zk.ceremony import curve_bytes
from zk.ceremony.curve_bytes import (
    G1_BYTES,
    G2_BYTES,
    Coordinates,
    is_larger_root,
    points_of,
    require_reduced,
)
from zk.ceremony.errors import CeremonyFileError
from zk.field import FIELD_BYTES, SCALAR_FIELD
from zk.groth16.points import g1_fault, g2_fault

if TYPE_CHECKING:
    from collections.abc import Sequence

Native = Any  # zksnake ships no types

_LARGER_Y_FLAG = 0x80  # arkworks: y is the larger of the two roots
_COMBINE_FROM = 32  # from so many terms on, one combination is cheaper than single multiplications


@dataclass(frozen=True)
class Group:
    """G1 or G2, named so that a worker process can be told which."""

    name: str
    size: int  # bytes of a stored point
    unit_cost: int  # of a multiplication, in multiplications of G1

    def natives(self, run: bytes) -> list[Native]:
        """Return the curve library's points; raises CeremonyFileError for what is no point of the group."""
        if len(run) % self.size:
            raise CeremonyFileError(f"a run of points of {self.name} is cut short")
        require_reduced(run)
        to_native = _native_g1 if self.size == G1_BYTES else _native_g2
        return [to_native(point) for point in points_of(run, self.size)]

    def stored(self, points: Sequence[Native]) -> bytes:
        """Encode the curve library's points."""
        return curve_bytes.stored([self._coordinates(point) for point in points])

    def uncompressed(self, run: bytes) -> bytes:
        """Encode a run for hashing, in full."""
        return curve_bytes.uncompressed(run, self.size)

    def compressed(self, run: bytes) -> bytes:
        """Encode a run for hashing, compressed."""
        return curve_bytes.compressed(run, self.size)

    def multiples(self, points: Sequence[Native], scalars: Sequence[int]) -> list[Native]:
        """sᵢ·Pᵢ for each i."""
        batch = ec_bn254.batch_multi_scalar_g1 if self.size == G1_BYTES else ec_bn254.batch_multi_scalar_g2
        return list(batch(list(points), list(scalars))) if points else []

    def combination(self, points: Sequence[Native], scalars: Sequence[int]) -> Native:
        """Σ sᵢ·Pᵢ."""
        if not points:
            return self.infinity
        combine = ec_bn254.multiscalar_mul_g1 if self.size == G1_BYTES else ec_bn254.multiscalar_mul_g2
        return combine(list(points), list(scalars))

    @property
    def generator(self) -> Native:
        """The generator that everybody uses."""
        return ec_bn254.g1() if self.size == G1_BYTES else ec_bn254.g2()

    @property
    def infinity(self) -> Native:
        """The neutral element."""
        return self.generator * 0

    @property
    def stored_generator(self) -> bytes:
        """The generator as a run of one."""
        return self.stored([self.generator])

    def _coordinates(self, point: Native) -> Coordinates:
        width = self.size // FIELD_BYTES
        if point.is_zero():
            return (0,) * width
        return (point.x, point.y) if self.size == G1_BYTES else (*point.x, *point.y)


G1: Final = Group("G1", G1_BYTES, 1)
G2: Final = Group("G2", G2_BYTES, 3)
GROUPS: Final = {group.name: group for group in (G1, G2)}


def scale_run(name: str, run: bytes, first: int, step: int) -> bytes:
    """first·stepⁱ·Pᵢ for each point of a run."""
    group, scalars, scalar = GROUPS[name], [], first % SCALAR_FIELD
    points = group.natives(run)
    for _ in points:
        scalars.append(scalar)
        scalar = scalar * step % SCALAR_FIELD
    return group.stored(group.multiples(points, scalars))


def combine_run(name: str, run: bytes, scalars: Sequence[int]) -> bytes:
    """Σ sᵢ·Pᵢ; checks every point."""
    group = GROUPS[name]
    return group.stored([group.combination(group.natives(run), scalars)])


def combine_shifted(name: str, run: bytes, scalars: Sequence[int]) -> bytes:
    """Σ sᵢ·Pᵢ and Σ sᵢ·Pᵢ₊₁, for the check that every point is τ times the one before it."""
    group = GROUPS[name]
    points = group.natives(run)
    return group.stored([group.combination(part, scalars) for part in (points[:-1], points[1:])])


def combine_terms(name: str, run: bytes, sums: Sequence[Sequence[tuple[int, int]]]) -> bytes:
    """For each list of (i, s) the sum of s·Pᵢ, in order."""
    group = GROUPS[name]
    points = group.natives(run)
    return group.stored([_sum_of_terms(group, points, terms) for terms in sums])


def add_run(name: str, run: bytes) -> bytes:
    """Add up the points of a run."""
    group = GROUPS[name]
    return group.stored([_total(group, group.natives(run))])


def same_ratio(g1: tuple[bytes, bytes], g2: tuple[bytes, bytes]) -> bool:
    """Whether s in (P, s·P) of G1 and in (Q, s·Q) of G2 is the same: e(P, s·Q) = e(s·P, Q).

    Two pairings, 3 ms. Infinity anywhere is refused: with it every ratio would hold.
    """
    p, sp = G1.natives(b"".join(g1))
    q, sq = G2.natives(b"".join(g2))
    if any(point.is_zero() for point in (p, sp, q, sq)):
        return False
    one = ec_bn254.multi_pairing([p, -p], [q, q])
    return bool(ec_bn254.multi_pairing([p, -sp], [sq, q]) == one)


def _sum_of_terms(group: Group, points: Sequence[Native], terms: Sequence[tuple[int, int]]) -> Native:
    chosen, scalars, units = [], [], []
    for index, scalar in terms:
        if scalar == 1:
            units.append(points[index])
        elif scalar > SCALAR_FIELD >> 1:  # −s is often small, and a small scalar is cheap
            chosen.append(-points[index])
            scalars.append(SCALAR_FIELD - scalar)
        else:
            chosen.append(points[index])
            scalars.append(scalar)
    if len(chosen) >= _COMBINE_FROM:
        return _total(group, [*units, group.combination(chosen, scalars)])
    return _total(group, [*units, *group.multiples(chosen, scalars)])


def _total(group: Group, points: Sequence[Native]) -> Native:
    total = group.infinity
    for point in points:
        total += point
    return total


def _native_g1(point: Coordinates) -> Native:
    if not any(point):
        return ec_bn254.PointG1.identity()
    x, y = point
    if fault := g1_fault((x, y)):
        raise CeremonyFileError(f"a point of G1 {fault}")
    return ec_bn254.PointG1(x, y)


def _native_g2(point: Coordinates) -> Native:
    """Through the compressed form: there the library reports a point outside the subgroup."""
    if not any(point):
        return ec_bn254.g2() * 0
    x0, x1, y0, y1 = point
    if fault := g2_fault(((x0, x1), (y0, y1))):
        raise CeremonyFileError(f"a point of G2 {fault}")
    encoded = bytearray(x0.to_bytes(FIELD_BYTES, "little") + x1.to_bytes(FIELD_BYTES, "little"))
    if is_larger_root((y0, y1)):
        encoded[-1] |= _LARGER_Y_FLAG
    try:
        return ec_bn254.PointG2.from_bytes(bytes(encoded))
    except ValueError as error:
        raise CeremonyFileError("a point of G2 is outside the subgroup of order r") from error
