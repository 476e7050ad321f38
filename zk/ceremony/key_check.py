"""Whether a circuit's key is what its contributors made of the initial one.

    chain       each contribution's transcript hashes all before it; its contributor knew x; δ became x·δ,
                x ≠ 0, 1; a beacon is the one that its value gives; the key's δ is the last one, in G1 and G2
    powers      contributions and points, and of the prepared bases those that the circuit uses
    key         everything but C and H is what circuit and powers of tau give; C and H are that, divided by δ
                (by a random combination of all points)

What it does not show: that any contributor forgot x, and that two names are two people. Source: Bowe,
Gabizon, Miers, eprint 2017/1050, section 6; snarkjs `zkey_verify_frominit.js`, which accepts x = 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.ceremony.circuit_key import bases_of, initial_key, require_powers
from zk.ceremony.combinations import Sum, combine_all, random_weights
from zk.ceremony.contributor import Contributor
from zk.ceremony.errors import CircuitKeyInvalidError, ContributionInvalidError
from zk.ceremony.group import G1, G2, same_ratio, scale_run
from zk.ceremony.knowledge import verify_knowledge, verify_step_g1
from zk.ceremony.powers_check import verify_powers
from zk.ceremony.randomness import point_of_g2
from zk.ceremony.transcript_hash import public_key_bytes, running_transcript
from zk.ceremony.workers import stages
from zk.formats.key_sections import DIVIDED, KEPT, KeyFile, KeyHeader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.ceremony.circuit_key import InitialKey
    from zk.ceremony.workers import Progress
    from zk.circuit.r1cs import R1CS
    from zk.formats.contribution_records import Beacon, KeyContribution, KeyProof
    from zk.formats.ptau_file import PowersFile

_FROM_CIRCUIT = (
    "n_wires",
    "n_public",
    "domain_size",
    "alpha_g1",
    "beta_g1",
    "beta_g2",
    "gamma_g2",
)  # of the header: what no contribution changes


def verify_key(
    key: KeyFile, r1cs: R1CS, powers: PowersFile, on_progress: Progress | None = None
) -> InitialKey:
    """Check powers, contributions and key; returns the initial key, computed anew.

    Raises ContributionInvalidError, PowersInvalidError or CircuitKeyInvalidError, which say what is wrong.
    """
    first, second, third = stages(on_progress, (60, 25, 15))
    if key.is_development:
        raise CircuitKeyInvalidError("it says of itself that it is a development key")
    require_chain(key)
    require_powers(r1cs, powers)
    verify_powers(powers, first, bases=bases_of(r1cs))
    initial = initial_key(r1cs, powers, second)
    _require_same_circuit(key, initial)
    _require_divided(key, initial, third)
    return initial


def require_chain(key: KeyFile) -> None:
    """Check the contributions that a key records, and that its δ is the last one's."""
    verify_key_chain(key.circuit_hash, key.contributions)
    last = key.contributions[-1].delta_after if key.contributions else G1.stored_generator
    require_delta(key.header, last)


def require_delta(header: KeyHeader, last: bytes) -> None:
    """Check that a key's δ, in G1 and in G2, is that of the last contribution."""
    if header.delta_g1 != last:
        raise CircuitKeyInvalidError("its δ is not the one that the last contribution left")
    if not same_ratio((G1.stored_generator, last), (G2.stored_generator, header.delta_g2)):
        raise CircuitKeyInvalidError("its δ in G2 is another number than its δ in G1")


def require_built_on(key: KeyFile, previous: KeyFile) -> None:
    """Check that a key is `previous` with at least one contribution more."""
    known = previous.contributions
    if key.circuit_hash != previous.circuit_hash:
        raise CircuitKeyInvalidError(
            f"it is for another circuit, or from other powers, than {previous.path.name}"
        )
    if key.contributions[: len(known)] != known:
        raise CircuitKeyInvalidError(f"it is not built on {previous.path.name}: earlier contributions differ")
    if len(key.contributions) == len(known):
        raise CircuitKeyInvalidError(f"it adds no contribution to {previous.path.name}")


def verify_key_chain(circuit_hash: bytes, contributions: Sequence[KeyContribution]) -> None:
    """Check every contribution against those before it; raises ContributionInvalidError."""
    transcript = running_transcript(circuit_hash, [])
    delta = G1.stored_generator
    for number, contribution in enumerate(contributions, 1):
        proof, own = contribution.proof, transcript.copy()
        own.update(G1.uncompressed(proof.g1_s + proof.g1_sx))
        fault = _fault(contribution, own.digest(), delta)
        if fault:
            raise ContributionInvalidError(number, contribution.name, fault)
        transcript.update(public_key_bytes(contribution))
        delta = contribution.delta_after


def _fault(contribution: KeyContribution, transcript: bytes, delta: bytes) -> str:
    """Say what is wrong with one contribution; empty if nothing is."""
    if contribution.transcript != transcript:
        return "its transcript does not hash the contributions before it: it was made for another place"
    base = point_of_g2(transcript)
    if not verify_knowledge(contribution.proof, base):
        return "its key does not show knowledge of its secret"
    if contribution.delta_after == delta:
        return "it left δ as it was"
    if not verify_step_g1(delta, contribution.delta_after, contribution.proof, base):
        return "δ does not follow from the contribution before it"
    if contribution.beacon is not None and not _is_beacon(contribution.proof, contribution.beacon):
        return "its key is not that of its beacon"
    return ""


def _is_beacon(proof: KeyProof, beacon: Beacon) -> bool:
    """Whether the public key is the one that the beacon gives."""
    stream = Contributor.public_beacon("beacon", beacon).stream
    x, g1_s = stream.scalar(), stream.g1()
    return (g1_s, scale_run(G1.name, g1_s, x, 1)) == (proof.g1_s, proof.g1_sx)


def _require_same_circuit(key: KeyFile, initial: InitialKey) -> None:
    for name in _FROM_CIRCUIT:
        if getattr(key.header, name) != getattr(initial.header, name):
            raise CircuitKeyInvalidError(f"its {name} is not that of this circuit with these powers of tau")
    for section in KEPT:
        if key.section(section) != initial.sections[section]:
            raise CircuitKeyInvalidError(
                f"section {section} ({section.name}) is not that of this circuit with these powers of tau"
            )
    if key.circuit_hash != initial.circuit_hash:
        raise CircuitKeyInvalidError("its circuit hash is not that of this circuit with these powers of tau")


def _require_divided(key: KeyFile, initial: InitialKey, on_progress: Progress | None) -> None:
    """e(Σ ρᵢ·Pᵢ, δ) = e(Σ ρᵢ·Pᵢ⁰, 1) for C and for H. A section of nothing but infinity stays as it is."""
    sums = []
    for section in DIVIDED:
        before, after = initial.sections[section], key.section(section)
        weights = random_weights(len(before) // G1.size)
        sums += [Sum(G1, before, weights), Sum(G1, after, weights)]
    results = combine_all(sums, on_progress)
    for section, before, after in zip(DIVIDED, results[::2], results[1::2], strict=True):
        both_zero = not any(before) and not any(after)
        if not both_zero and not same_ratio((after, before), (G2.stored_generator, key.header.delta_g2)):
            raise CircuitKeyInvalidError(
                f"section {section} ({section.name}) is not that of the initial key divided by δ"
            )
