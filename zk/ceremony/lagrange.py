"""From powers of tau to Lagrange polynomials at tau, without knowing tau: preparing for phase 2.

For ω of order n = 2ᵖ the Lagrange polynomials are Lᵢ = (1/n)·Σⱼ ω^(−ij)·xʲ, so [Lᵢ(τ)] for all i is the
inverse discrete Fourier transform of [1], [τ] … [τⁿ⁻¹], taken in the group. snarkjs keeps it for every
size 2⁰ … 2ᵖ, and for 2ᵖ⁺¹ in G1.

A multiplication by a root costs 200 times as much as an addition, so they are what is saved. Decimation
in frequency takes p·n/2 of them, n − 1 of which are by 1 and cost nothing. The factor 1/n, applied at the
end, would take n more. Here it rides along: at each layer only the block that began at 0 still lacks it,
and the differences of that block are multiplied by a root anyway. That leaves p + 1 multiplications for it.

    p·n/2 − n + 1 + p + 1 multiplications and p·n additions for one basis of n = 2ᵖ points

Source: Gentleman and Sande, "Fast Fourier transforms: for fun and profit", 1966; the bases are those of
snarkjs `powersoftau_preparephase2.js`.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from zksnake._algebra import polynomial_bn254

from zk.ceremony.combinations import Sum, combine_all, random_weights
from zk.ceremony.errors import PowersInvalidError
from zk.ceremony.group import G1, G2, GROUPS, Group, Native
from zk.ceremony.workers import Task, report_done, run_all
from zk.field import SCALAR_FIELD, inverse, root_of_unity
from zk.formats.ptau_file import FAMILIES, Family, PowersFile, write_powers
from zk.formats.section_file import require_new

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from zk.ceremony.workers import Progress


def prepare(old: Path, new: Path, on_progress: Progress | None = None) -> None:
    """Write `old` with its Lagrange sections to `new`."""
    require_new(new)
    source = PowersFile(old)
    wanted = [(family, p) for family in FAMILIES for p in range(family.largest(source.power) + 1)]
    bases = lagrange_bases(source, wanted, on_progress)
    write_powers(
        new,
        source.power,
        families={family: source.powers(family) for family in FAMILIES},
        beta_g2=source.beta_g2,
        contributions=source.contributions,
        lagrange={
            family: [bases[family, p] for p in range(family.largest(source.power) + 1)] for family in FAMILIES
        },
        ceremony_power=source.ceremony_power,
    )


def lagrange_bases(
    source: PowersFile, wanted: Iterable[tuple[Family, int]], on_progress: Progress | None = None
) -> dict[tuple[Family, int], bytes]:
    """Compute Lagrange bases from powers; of each family the largest one alone, since it costs half."""
    sizes: dict[Family, list[int]] = {}
    for family, p in wanted:
        sizes.setdefault(family, []).append(p)
    jobs: list[tuple[Family, list[int]]] = []
    for family, powers in sizes.items():
        ordered = sorted(powers)
        jobs += [(family, part) for part in (ordered[-1:], ordered[:-1]) if part]
    tasks = [_basis_task(source, family, powers) for family, powers in jobs]
    results = run_all(tasks, on_progress)
    return {
        (family, p): basis
        for (family, powers), bases in zip(jobs, results, strict=True)
        for p, basis in zip(powers, bases, strict=True)
    }


def transform_cost(p: int) -> int:
    """Multiplications for a basis of 2ᵖ points."""
    return p * (1 << p) // 2 - (1 << p) + p + 2


def interpolate_runs(name: str, run: bytes, powers: Sequence[int]) -> list[bytes]:
    """Lagrange bases of the sizes 2ᵖ from one run of powers; a missing last point counts as infinity."""
    group = GROUPS[name]
    points = group.natives(run)
    report_done(len(points) * group.unit_cost)
    if len(points) == (1 << powers[-1]) - 1:
        points.append(group.infinity)
    return [group.stored(interpolate(group, points[: 1 << p], p)) for p in powers]


def interpolate(group: Group, points: Sequence[Native], p: int) -> list[Native]:
    """Inverse Fourier transform of 2ᵖ points, decimation in frequency; see the module."""
    size = 1 << p
    root, scale = inverse(root_of_unity(p)), inverse(size)
    values, half, step = list(points), size // 2, 1
    roots = _powers_of(root, half)
    while half:
        layer_roots = roots[::step]
        first_roots = [x * scale % SCALAR_FIELD for x in layer_roots]
        differences, scalars, places = [], [], []
        for block in range(0, size, 2 * half):
            scalars += layer_roots if block else first_roots
            for k in range(block, block + half):
                x, y = values[k], values[k + half]
                values[k] = x + y
                differences.append(x - y)
                places.append(k + half)
        for place, product in zip(places, group.multiples(differences, scalars), strict=True):
            values[place] = product
        report_done((len(scalars) - scalars.count(1)) * group.unit_cost)
        half, step = half // 2, step * 2
    values[0] *= scale
    return [values[_reversed_bits(i, p)] for i in range(size)]


def verify_lagrange(
    source: PowersFile, wanted: Sequence[tuple[Family, int]], on_progress: Progress | None = None
) -> None:
    """Hold prepared bases against the powers; raises PowersInvalidError.

    With random ρᵢ of 128 bits for each basis and their transform ρ̂: Σ ρᵢ·[τⁱ] = Σ ρ̂ⱼ·[Lⱼ(τ)], summed over the
    bases of a family. A false basis passes with probability 2⁻¹²⁸. The power that the file lacks for the
    largest basis counts as infinity and has a weight like the others. Without one, ωʲ·X could be added to
    every [Lⱼ(τ)] unseen; for an X of the forger's choice the keys made from that prove false statements.
    """
    families = list(dict.fromkeys(family for family, _ in wanted))
    sums = [side for family in families for side in _two_sides(source, family, wanted)]
    results = combine_all(sums, on_progress)
    for family, power_side, lagrange_side in zip(families, results[::2], results[1::2], strict=True):
        if power_side != lagrange_side:
            raise PowersInvalidError(f"section {family.lagrange} does not follow from the powers")


def _two_sides(source: PowersFile, family: Family, wanted: Iterable[tuple[Family, int]]) -> tuple[Sum, Sum]:
    powers = [p for other, p in wanted if other is family]
    count = min(1 << max(powers), family.length(source.power))
    on_powers, on_bases, bases = [0] * count, [], []
    for p in powers:
        weights = random_weights(1 << p)
        on_powers = [x + y for x, y in zip_longest(on_powers, weights[:count], fillvalue=0)]
        on_bases += polynomial_bn254.fft(weights, 1 << p)
        bases.append(source.lagrange(family, p))
    group = group_of(family)
    return Sum(group, source.powers(family, 0, count), on_powers), Sum(group, b"".join(bases), on_bases)


def group_of(family: Family) -> Group:
    """Return the group that a family's points are in."""
    return G2 if family.point_bytes == G2.size else G1


def _basis_task(source: PowersFile, family: Family, powers: list[int]) -> Task[list[bytes]]:
    group, largest = group_of(family), powers[-1]
    count = min(1 << largest, family.length(source.power))
    cost = (count + sum(transform_cost(p) for p in powers)) * group.unit_cost
    return Task(interpolate_runs, (group.name, source.powers(family, 0, count), powers), cost)


def _powers_of(root: int, count: int) -> list[int]:
    powers = [1]
    for _ in range(count - 1):
        powers.append(powers[-1] * root % SCALAR_FIELD)
    return powers[:count]


def _reversed_bits(i: int, width: int) -> int:
    return int(f"{i:0{width}b}"[::-1], 2) if width else 0
