"""Hashes of contributions to a circuit's key, as snarkjs computes them (`zkey_utils.js`)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from zk.ceremony.group import G1, G2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.formats.contribution_records import KeyContribution


def public_key_bytes(contribution: KeyContribution) -> bytes:
    """δ after ‖ P ‖ x·P ‖ x·Q ‖ transcript, as they are hashed."""
    proof = contribution.proof
    in_g1 = G1.uncompressed(contribution.delta_after + proof.g1_s + proof.g1_sx)
    return in_g1 + G2.uncompressed(proof.g2_spx) + contribution.transcript


def contribution_hash(contribution: KeyContribution) -> bytes:
    """Return what a contributor publishes."""
    return hashlib.blake2b(public_key_bytes(contribution)).digest()


def running_transcript(circuit_hash: bytes, contributions: Sequence[KeyContribution]) -> hashlib.blake2b:
    """Begin the transcript of the contribution that follows these."""
    digest = hashlib.blake2b(circuit_hash)
    for contribution in contributions:
        digest.update(public_key_bytes(contribution))
    return digest
