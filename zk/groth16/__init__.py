"""Groth16 over BN254.

Source: Groth, "On the Size of Pairing-based Non-interactive Arguments", eprint 2016/260, section 3.2.

This page is what the rest of the program uses. The back ends are imported where they are wanted
(`zk.groth16.native`, `zk.groth16.reference`), so that a deployment script reads keys without their libraries.
"""

from zk.groth16.errors import ProofMalformedError, PublicInputCountError, VerifyingKeyMalformedError
from zk.groth16.points import G1Point, G2Point
from zk.groth16.types import EvmProof, Proof, VerifyingKey

__all__ = [
    "EvmProof",
    "G1Point",
    "G2Point",
    "Proof",
    "ProofMalformedError",
    "PublicInputCountError",
    "VerifyingKey",
    "VerifyingKeyMalformedError",
]
