"""Whether a powers-of-tau file is what its contributors made, one after another.

    contributions   each follows from the one before; its contributor knew the secrets; none of them is 0
                    or 1; a beacon is the one that its value gives
    points          [τⁱ⁺¹] is τ times [τⁱ] in every section, by a random combination of all of them; the first
                    ones are those of the last contribution; the last challenge hashes all of them
    prepared ones   they follow from the powers

What it does not show: that any contributor forgot their secret, and that two names are two people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.ceremony.combinations import combine_neighbours
from zk.ceremony.contributor import Contributor
from zk.ceremony.errors import ContributionInvalidError, PowersInvalidError
from zk.ceremony.group import G1, G2, same_ratio, scale_run
from zk.ceremony.knowledge import verify_knowledge, verify_step_g1, verify_step_g2
from zk.ceremony.lagrange import group_of, verify_lagrange
from zk.ceremony.powers import first_challenge, first_points, key_base, next_challenge, response_hash
from zk.ceremony.workers import stages
from zk.formats.contribution_records import FirstPoints
from zk.formats.ptau_file import FAMILIES, TAU_G1, TAU_G2, Family, PowersFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zk.ceremony.workers import Progress
    from zk.formats.contribution_records import Beacon, KeyProof, PowersContribution

_USES = ("tau", "alpha", "beta")


def verify_powers(
    source: PowersFile,
    on_progress: Progress | None = None,
    *,
    bases: Sequence[tuple[Family, int]] | None = None,
) -> None:
    """Check everything; raises ContributionInvalidError or PowersInvalidError.

    Of prepared powers only `bases` are checked, if they are given: those that a circuit uses.
    """
    if not source.contributions:
        raise PowersInvalidError("nobody has contributed, so that τ = α = β = 1")
    verify_powers_chain(source.contributions, source.ceremony_power)
    if bases is None:
        bases = [(family, p) for family in FAMILIES for p in range(family.largest(source.power) + 1)]
    first, second = stages(on_progress, (25, 75 if source.is_prepared else 0))
    _verify_points(source, first)
    if source.is_prepared:
        verify_lagrange(source, bases, second)


def verify_powers_chain(contributions: Sequence[PowersContribution], ceremony_power: int) -> None:
    """Check every contribution against the one before it; needs none of the points but the first ones."""
    challenge = first_challenge(ceremony_power)
    g1, g2 = G1.stored_generator, G2.stored_generator
    before = FirstPoints(g1, g2, g1, g1, g2)
    for number, contribution in enumerate(contributions, 1):
        fault = _fault(contribution, challenge, before)
        if fault:
            raise ContributionInvalidError(number, contribution.name, fault)
        challenge = contribution.next_challenge
        before = contribution.after


def _fault(contribution: PowersContribution, challenge: bytes, before: FirstPoints) -> str:
    """Say what is wrong with one contribution; empty if nothing is."""
    proofs, after = contribution.proofs, contribution.after
    bases = [key_base(use, challenge, proof.g1_s, proof.g1_sx) for use, proof in enumerate(proofs)]
    for name, proof, base in zip(_USES, proofs, bases, strict=True):
        if not verify_knowledge(proof, base):
            return f"its key does not show knowledge of {name} for this place in the chain"
    if contribution.beacon is not None and not _is_beacon(contribution.beacon, proofs):
        return "its keys are not those of its beacon"
    steps = {
        "[τ]₁": verify_step_g1(before.tau_g1, after.tau_g1, proofs[0], bases[0]),
        "[τ]₂": verify_step_g2(before.tau_g2, after.tau_g2, proofs[0]),
        "[α]₁": verify_step_g1(before.alpha_g1, after.alpha_g1, proofs[1], bases[1]),
        "[β]₁": verify_step_g1(before.beta_g1, after.beta_g1, proofs[2], bases[2]),
        "[β]₂": verify_step_g2(before.beta_g2, after.beta_g2, proofs[2]),
    }
    broken = [point for point, holds in steps.items() if not holds]
    return f"{', '.join(broken)} does not follow from the contribution before it" if broken else ""


def _is_beacon(beacon: Beacon, proofs: Sequence[KeyProof]) -> bool:
    """Whether the public keys are those that the beacon gives."""
    stream = Contributor.public_beacon("beacon", beacon).stream
    secret = [stream.scalar() for _ in proofs]
    return all(
        (g1_s := stream.g1()) == proof.g1_s and scale_run(G1.name, g1_s, x, 1) == proof.g1_sx
        for x, proof in zip(secret, proofs, strict=True)
    )


def _verify_points(source: PowersFile, on_progress: Progress | None) -> None:
    families = {family: source.powers(family) for family in FAMILIES}
    last = source.contributions[-1]
    if first_points(families, source.beta_g2) != last.after:
        raise PowersInvalidError("its first points are not those of the last contribution")
    if (families[TAU_G1][: G1.size], families[TAU_G2][: G2.size]) != (
        G1.stored_generator,
        G2.stored_generator,
    ):
        raise PowersInvalidError("it does not begin with the generators")
    _verify_challenge(source, families)
    _verify_ratios(source, families, on_progress)


def _verify_challenge(source: PowersFile, families: Mapping[Family, bytes]) -> None:
    """Hash the points again; not those of a file that was cut down, which lacks some."""
    last = source.contributions[-1]
    response = response_hash(last.partial_hash, last.proofs)
    if source.power == source.ceremony_power and last.next_challenge != next_challenge(
        response, families, source.beta_g2
    ):
        raise PowersInvalidError("the hash of its points is not the one that the last contributor recorded")


def _verify_ratios(
    source: PowersFile, families: Mapping[Family, bytes], on_progress: Progress | None
) -> None:
    tau = source.contributions[-1].after
    sides = combine_neighbours([(group_of(family), families[family]) for family in FAMILIES], on_progress)
    for family, (left, right) in zip(FAMILIES, sides, strict=True):
        if family is TAU_G2:
            holds = same_ratio((G1.stored_generator, tau.tau_g1), (left, right))
        else:
            holds = same_ratio((left, right), (G2.stored_generator, tau.tau_g2))
        if not holds:
            raise PowersInvalidError(f"section {family.section} does not hold successive powers of one τ")
