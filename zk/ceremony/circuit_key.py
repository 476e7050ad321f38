"""Phase 2 begins: a circuit's key from powers of tau, with γ = δ = 1. Everybody gets the same bytes.

With the Lagrange polynomials Lᵢ of the circuit's domain and the columns a, b, c of its constraints:

    A   [Σ aᵢⱼ·Lᵢ(τ)]₁                            B   [Σ bᵢⱼ·Lᵢ(τ)]₁ and the same in G2
    K   [Σ aᵢⱼ·β·Lᵢ + bᵢⱼ·α·Lᵢ + cᵢⱼ·Lᵢ]₁ at τ     H   Lagrange polynomials of the odd 2n-th roots at τ

K of the public wires is section IC, of the others section C, which contributions divide by δ, like H. The
circuit's hash binds all of it: every contribution starts from it.

Source: Bowe, Gabizon, Miers, eprint 2017/1050, section 6; snarkjs `zkey_new.js`. Trusts the powers: whoever
relies on the key verifies them (`zk.ceremony.powers_check`).
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zk.ceremony.curve_bytes import points_of, stored
from zk.ceremony.errors import CeremonyRequestError, PowersInvalidError
from zk.ceremony.group import G1, G2, Group, combine_terms
from zk.ceremony.lagrange import lagrange_bases
from zk.ceremony.overrun import difference_of_bytes
from zk.ceremony.workers import Task, run_all
from zk.field import BASE_FIELD, batch_inverse
from zk.formats.key_sections import KeyHeader, write_key
from zk.formats.ptau_file import ALPHA_G1, BETA_G1, FAMILIES, TAU_G1, TAU_G2, Family, PowersFile
from zk.formats.section_file import require_new
from zk.formats.zkey_file import Section, pack_coefficients
from zk.groth16.proving_key import MATRIX_A, qap_coefficients, qap_domain_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from zk.ceremony.curve_bytes import Coordinates
    from zk.ceremony.workers import Progress
    from zk.circuit.r1cs import R1CS

    Terms = list[tuple[int, int]]  # (index of a point, scalar)

_TASK_TERMS = 4096
_HASHED_AT_ONCE = 1 << 14  # points, in snarkjs
_HASHED_SECTIONS = (Section.C, Section.A, Section.B1, Section.B2)


@dataclass(frozen=True)
class InitialKey:
    """A key that nobody has contributed to."""

    header: KeyHeader
    sections: Mapping[Section, bytes]
    circuit_hash: bytes


def begin(r1cs: R1CS, powers: PowersFile, new: Path, on_progress: Progress | None = None) -> InitialKey:
    """Write the initial key of a circuit to `new`."""
    require_new(new)
    key = initial_key(r1cs, powers, on_progress)
    write_key(new, key.header, key.sections, key.circuit_hash, [])
    return key


def initial_key(r1cs: R1CS, powers: PowersFile, on_progress: Progress | None = None) -> InitialKey:
    """Compute the initial key of a circuit; raises CeremonyRequestError if the powers do not reach."""
    require_powers(r1cs, powers)
    bases = _circuit_bases(r1cs, powers, on_progress)
    power = circuit_power(r1cs)
    n_public_wires = r1cs.n_public + 1
    a, b, k = _columns(r1cs)
    tau = bases[TAU_G1, power]
    all_g1 = tau + bases[ALPHA_G1, power] + bases[BETA_G1, power]
    jobs = [(G1, tau, a), (G1, tau, b), (G2, bases[TAU_G2, power], b), (G1, all_g1, k)]
    a_g1, b_g1, b_g2, k_g1 = _combined(jobs, on_progress)
    split = n_public_wires * G1.size
    sections = {
        Section.IC: k_g1[:split],
        Section.COEFFICIENTS: pack_coefficients(qap_coefficients(r1cs)),
        Section.A: a_g1,
        Section.B1: b_g1,
        Section.B2: b_g2,
        Section.C: k_g1[split:],
        Section.H: _every_second(bases[TAU_G1, power + 1]),
    }
    header = KeyHeader(
        r1cs.n_wires,
        r1cs.n_public,
        1 << power,
        powers.powers(ALPHA_G1, 0, 1),
        powers.powers(BETA_G1, 0, 1),
        powers.beta_g2,
        G2.stored_generator,
        G1.stored_generator,
        G2.stored_generator,
    )
    return InitialKey(header, sections, _circuit_hash(header, sections, powers))


def circuit_power(r1cs: R1CS) -> int:
    """P with 2ᵖ rows in the circuit's domain."""
    return qap_domain_size(r1cs).bit_length() - 1


def bases_of(r1cs: R1CS) -> list[tuple[Family, int]]:
    """List the Lagrange bases that a circuit's key is made of."""
    power = circuit_power(r1cs)
    return [*((family, power) for family in FAMILIES), (TAU_G1, power + 1)]


def require_powers(r1cs: R1CS, powers: PowersFile) -> None:
    """Raise CeremonyRequestError for powers that nobody contributed to, or that do not reach."""
    power = circuit_power(r1cs)
    if not powers.contributions:
        raise CeremonyRequestError(
            f"nobody has contributed to {powers.path.name}, so that τ = α = β = 1",
            hint="Let people contribute first: tohyo zk ceremony powers contribute",
        )
    if power > powers.power:
        raise CeremonyRequestError(
            f"{powers.path.name} has 2^{powers.power} powers, and the circuit needs 2^{power}",
            hint=f"Take powers of tau of at least 2^{power}.",
        )


def _circuit_bases(
    r1cs: R1CS, powers: PowersFile, on_progress: Progress | None
) -> dict[tuple[Family, int], bytes]:
    """Read the bases from prepared powers, or compute them."""
    if powers.is_prepared:
        return {(family, p): powers.lagrange(family, p) for family, p in bases_of(r1cs)}
    return lagrange_bases(powers, bases_of(r1cs), on_progress)


def _columns(r1cs: R1CS) -> tuple[list[Terms], list[Terms], list[Terms]]:
    """Terms of every wire in A, in B, and in K over the bases of τ, α, β one after another."""
    a: list[Terms] = [[] for _ in range(r1cs.n_wires)]
    b: list[Terms] = [[] for _ in range(r1cs.n_wires)]
    k: list[Terms] = [[] for _ in range(r1cs.n_wires)]
    size = qap_domain_size(r1cs)
    for matrix, row, wire, value in qap_coefficients(r1cs):
        column, basis = (a, 2) if matrix == MATRIX_A else (b, 1)
        column[wire].append((row, value))
        k[wire].append((basis * size + row, value))
    for row, (_, _, terms) in enumerate(r1cs.rows()):
        for wire, value in terms:
            k[wire].append((row, value))
    return a, b, k


def _combined(jobs: Sequence[tuple[Group, bytes, list[Terms]]], on_progress: Progress | None) -> list[bytes]:
    """For each job the sums of all wires as one run."""
    tasks: list[Task[bytes]] = []
    counts = []
    for group, run, columns in jobs:
        parts = [_task(group, run, part) for part in _parts(columns)]
        tasks += parts
        counts.append(len(parts))
    results = iter(run_all(tasks, on_progress))
    return [b"".join(next(results) for _ in range(count)) for count in counts]


def _parts(columns: Sequence[Terms]) -> Iterator[list[Terms]]:
    part: list[Terms] = []
    terms = 0
    for column in columns:
        part.append(column)
        terms += 1 + len(column)
        if terms >= _TASK_TERMS:
            yield part
            part, terms = [], 0
    if part:
        yield part


def _task(group: Group, run: bytes, columns: Sequence[Terms]) -> Task[bytes]:
    """Send a worker the points that its wires need, and no others."""
    used = sorted({index for column in columns for index, _ in column})
    place = {index: i for i, index in enumerate(used)}
    points = b"".join([run[index * group.size : (index + 1) * group.size] for index in used])
    sums = [[(place[index], value) for index, value in column] for column in columns]
    cost = (len(used) + sum(map(len, columns)) // 2) * group.unit_cost
    return Task(combine_terms, (group.name, points, sums), cost)


def _every_second(run: bytes) -> bytes:
    """Points of odd index."""
    size = G1.size
    return b"".join([run[i : i + size] for i in range(size, len(run), 2 * size)])


def _circuit_hash(header: KeyHeader, sections: Mapping[Section, bytes], powers: PowersFile) -> bytes:
    digest = hashlib.blake2b(G1.uncompressed(header.alpha_g1 + header.beta_g1))
    digest.update(G2.uncompressed(header.beta_g2 + header.gamma_g2))
    digest.update(G1.uncompressed(header.delta_g1) + G2.uncompressed(header.delta_g2))
    digest.update(_counted(G1, sections[Section.IC]))
    digest.update(struct.pack(">I", header.domain_size - 1))
    digest.update(G1.uncompressed(_vanishing_multiples(powers, header.domain_size)))
    for section in _HASHED_SECTIONS:
        digest.update(_counted(G2 if section == Section.B2 else G1, sections[section]))
    return digest.digest()


def _counted(group: Group, run: bytes) -> bytes:
    return struct.pack(">I", len(run) // group.size) + group.uncompressed(run)


def _vanishing_multiples(powers: PowersFile, size: int) -> bytes:
    """[τⁱ·(τⁿ − 1)] for 0 ≤ i < n − 1, by which the hash covers H in a form without roots of unity.

    Above 2¹⁴ points snarkjs hashes one more, which the file may not have: see `zk.ceremony.overrun`.
    """
    count = size - 1 if size <= _HASHED_AT_ONCE else min(size, TAU_G1.length(powers.power) - size)
    high = points_of(powers.powers(TAU_G1, size, count), G1.size)
    low = points_of(powers.powers(TAU_G1, 0, count), G1.size)
    hashed = stored(_chord_differences(high, low))
    if size > _HASHED_AT_ONCE and count < size:
        hashed += difference_of_bytes(powers.bytes_after(TAU_G1), powers.powers(TAU_G1, count, 1))
    return hashed


def _chord_differences(
    minuends: Sequence[Coordinates], subtrahends: Sequence[Coordinates]
) -> Iterator[Coordinates]:
    """Pᵢ − Qᵢ with one inversion for all; cheaper than by the curve library, which checks every point."""
    runs = [(x1 - x2) % BASE_FIELD for (x1, _), (x2, _) in zip(minuends, subtrahends, strict=True)]
    try:
        inverses = batch_inverse(runs, BASE_FIELD)
    except ZeroDivisionError as error:
        raise PowersInvalidError("τ is a root of unity") from error
    for (x1, y1), (x2, y2), by_run in zip(minuends, subtrahends, inverses, strict=True):
        slope = (y1 + y2) * by_run % BASE_FIELD  # through (x1, y1) and (x2, −y2)
        x = (slope * slope - x1 - x2) % BASE_FIELD
        yield x, (slope * (x1 - x) - y1) % BASE_FIELD
