"""Proofs of knowledge: that a contributor knew the secret by which they multiplied.

    key of x      P in G1 random, x·P, and x·Q in G2, where Q hashes all that came before, P and x·P
    check         e(P, x·Q) = e(x·P, Q)
    use           e(old, x·Q) = e(new, Q): the new element is x times the old one

Without the proof a last contributor could cancel the others' secrets: choose the new element first and
publish whatever fits. Since Q is fixed only after P and x·P, x·Q needs x. Sources: Bowe, Gabizon, Miers,
eprint 2017/1050, sections 3.1 and 3.3; the encoding is that of snarkjs `keypair.js`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.ceremony.group import G1, G2, same_ratio, scale_run
from zk.formats.contribution_records import KeyProof

if TYPE_CHECKING:
    from collections.abc import Callable

    from zk.ceremony.randomness import RandomStream

    HashToG2 = Callable[[bytes, bytes], bytes]  # of P and x·P, both stored


def prove_knowledge(x: int, stream: RandomStream, hash_to_g2: HashToG2) -> KeyProof:
    """Make the key of x with its proof; P comes from the stream."""
    g1_s = stream.g1()
    g1_sx = scale_run(G1.name, g1_s, x, 1)
    return KeyProof(g1_s, g1_sx, scale_run(G2.name, hash_to_g2(g1_s, g1_sx), x, 1))


def verify_knowledge(proof: KeyProof, g2_sp: bytes) -> bool:
    """Whether the proof shows knowledge of x, over Q = g2_sp."""
    return same_ratio((proof.g1_s, proof.g1_sx), (g2_sp, proof.g2_spx))


def verify_step_g1(before: bytes, after: bytes, proof: KeyProof, g2_sp: bytes) -> bool:
    """Whether an element of G1 was multiplied by the x of the proof, and by more than 1."""
    return before != after and same_ratio((before, after), (g2_sp, proof.g2_spx))


def verify_step_g2(before: bytes, after: bytes, proof: KeyProof) -> bool:
    """Whether an element of G2 was multiplied by the x of the proof, and by more than 1."""
    return before != after and same_ratio((proof.g1_s, proof.g1_sx), (before, after))
