"""Phase 1, the powers of tau: [τⁱ], [α·τⁱ], [β·τⁱ] of which nobody knows τ, α, β.

    new          τ = α = β = 1: every point is a generator
    contribute   the i-th point becomes τⁱ (or α·τⁱ, β·τⁱ) times itself
    beacon       the same with a public value, so that the last person has no choice left

Each contribution hashes what it was given and what it made:

    response       BLAKE2b(challenge ‖ all points, compressed ‖ public keys, uncompressed)
    next challenge BLAKE2b(response ‖ all points, uncompressed)

Source: Bowe, Gabizon, Miers, eprint 2017/1050; encodings and hashes as in snarkjs `powersoftau_*.js`.
Trusts the file it is given: whoever contributes should verify it first (`zk.ceremony.powers_check`).
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from zk.ceremony.errors import CeremonyRequestError
from zk.ceremony.group import G1, G2, scale_run
from zk.ceremony.knowledge import prove_knowledge
from zk.ceremony.lagrange import group_of
from zk.ceremony.randomness import point_of_g2
from zk.ceremony.resumable_hash import ResumableBlake2b
from zk.ceremony.workers import RUN_POINTS, Task, run_all
from zk.field import SCALAR_FIELD
from zk.formats.contribution_records import FirstPoints, KeyProof, PowersContribution
from zk.formats.ptau_file import (
    ALPHA_G1,
    BETA_G1,
    FAMILIES,
    TAU_G1,
    TAU_G2,
    Family,
    PowersFile,
    write_powers,
)
from zk.formats.section_file import require_new

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from zk.ceremony.contributor import Contributor
    from zk.ceremony.workers import Progress

MAX_POWER = 28


class Secrets(NamedTuple):
    """What one contributor multiplies by. Never leaves memory."""

    tau: int
    alpha: int
    beta: int


def new_powers(path: Path, power: int) -> bytes:
    """Write powers that nobody has contributed to; returns the first challenge."""
    require_new(path)
    if not 1 <= power <= MAX_POWER:
        raise CeremonyRequestError(
            f"a power is 1 to {MAX_POWER}, not {power}",
            hint="2^power must be at least the circuit's number of constraints and public inputs.",
        )
    families = {family: _generator(family) * family.length(power) for family in FAMILIES}
    write_powers(path, power, families=families, beta_g2=G2.stored_generator, contributions=[])
    return first_challenge(power)


def contribute_powers(
    old: Path, new: Path, contributor: Contributor, on_progress: Progress | None = None
) -> bytes:
    """Write `old` with one more contribution to `new`; returns the contribution's hash (the response)."""
    require_new(new)
    source = PowersFile(old)
    if source.power != source.ceremony_power:
        raise CeremonyRequestError(
            f"{old.name} was cut down from 2^{source.ceremony_power} powers, and takes no contributions",
            hint="Contribute to the whole file.",
        )
    challenge = last_challenge(source)
    secret = Secrets(*(contributor.stream.scalar() for _ in range(3)))
    tau, alpha, beta = (
        prove_knowledge(x, contributor.stream, partial(key_base, use, challenge))
        for use, x in enumerate(secret)
    )
    families, beta_g2 = _multiplied(source, secret, on_progress)
    partial_hash = _hash_of_response(challenge, families, beta_g2)
    response = response_hash(partial_hash, (tau, alpha, beta))
    contribution = PowersContribution(
        first_points(families, beta_g2),
        (tau, alpha, beta),
        partial_hash,
        next_challenge(response, families, beta_g2),
        contributor.name,
        contributor.beacon,
    )
    write_powers(
        new,
        source.power,
        families=families,
        beta_g2=beta_g2,
        contributions=[*source.contributions, contribution],
    )
    return response


def first_points(families: Mapping[Family, bytes], beta_g2: bytes) -> FirstPoints:
    """[τ]₁, [τ]₂, [α]₁, [β]₁, [β]₂, which a contribution's record repeats."""
    return FirstPoints(
        families[TAU_G1][G1.size : 2 * G1.size],
        families[TAU_G2][G2.size : 2 * G2.size],
        families[ALPHA_G1][: G1.size],
        families[BETA_G1][: G1.size],
        beta_g2,
    )


def key_base(use: int, challenge: bytes, g1_s: bytes, g1_sx: bytes) -> bytes:
    """Q of a proof of knowledge: the hash of its use, the challenge, P and x·P, as a point of G2."""
    points = G1.uncompressed(g1_s + g1_sx)
    return point_of_g2(hashlib.blake2b(bytes([use]) + challenge + points).digest())


def first_challenge(power: int) -> bytes:
    """Challenge of the first contribution: the hash of powers of 1."""
    digest = hashlib.blake2b(hashlib.blake2b(b"").digest())
    for family in FAMILIES:
        point = group_of(family).uncompressed(_generator(family))
        for start in range(0, family.length(power), RUN_POINTS):
            digest.update(point * min(RUN_POINTS, family.length(power) - start))
    digest.update(G2.uncompressed(G2.stored_generator))
    return digest.digest()


def last_challenge(source: PowersFile) -> bytes:
    """Challenge for the next contribution."""
    if source.contributions:
        return source.contributions[-1].next_challenge
    return first_challenge(source.ceremony_power)


def response_hash(partial_hash: bytes, proofs: Sequence[KeyProof]) -> bytes:
    """Finish the hash of a contribution with its public keys. This is what a contributor publishes."""
    digest = ResumableBlake2b.from_state(partial_hash)
    digest.update(G1.uncompressed(b"".join(proof.g1_s + proof.g1_sx for proof in proofs)))
    digest.update(G2.uncompressed(b"".join(proof.g2_spx for proof in proofs)))
    return digest.digest()


def next_challenge(response: bytes, families: Mapping[Family, bytes], beta_g2: bytes) -> bytes:
    """Challenge after a contribution."""
    digest = hashlib.blake2b(response)
    for family in FAMILIES:
        for run in _runs(families[family], family):
            digest.update(group_of(family).uncompressed(run))
    digest.update(G2.uncompressed(beta_g2))
    return digest.digest()


def _hash_of_response(challenge: bytes, families: Mapping[Family, bytes], beta_g2: bytes) -> bytes:
    digest = ResumableBlake2b()
    digest.update(challenge)
    for family in FAMILIES:
        for run in _runs(families[family], family):
            digest.update(group_of(family).compressed(run))
    digest.update(G2.compressed(beta_g2))
    return digest.state()


def _multiplied(
    source: PowersFile, secret: Secrets, on_progress: Progress | None
) -> tuple[dict[Family, bytes], bytes]:
    first = {TAU_G1: 1, TAU_G2: 1, ALPHA_G1: secret.alpha, BETA_G1: secret.beta}
    tasks: list[Task[bytes]] = []
    for family in FAMILIES:
        group, length = group_of(family), family.length(source.power)
        for start in range(0, length, RUN_POINTS):
            run = source.powers(family, start, min(RUN_POINTS, length - start))
            factor = first[family] * pow(secret.tau, start, SCALAR_FIELD) % SCALAR_FIELD
            cost = len(run) // group.size * group.unit_cost
            tasks.append(Task(scale_run, (group.name, run, factor, secret.tau), cost))
    parts = iter(run_all(tasks, on_progress))
    families = {}
    for family in FAMILIES:
        count = -(-family.length(source.power) // RUN_POINTS)
        families[family] = b"".join(next(parts) for _ in range(count))
    return families, scale_run(G2.name, source.beta_g2, secret.beta, 1)


def _runs(points: bytes, family: Family) -> Iterator[bytes]:
    """Cut points into runs, so that a large file is not decoded at once."""
    step = RUN_POINTS * family.point_bytes
    return (points[start : start + step] for start in range(0, len(points), step))


def _generator(family: Family) -> bytes:
    return group_of(family).stored_generator
