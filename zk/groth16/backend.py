"""What a back end offers: set-up, prover, verifier. One set of tests runs over `native` and `reference`.

A prover proves a witness that it has checked: it raises UnsatisfiedConstraintError rather than return a
proof that does not verify. A verifier raises on malformed input (inputs ≥ r, coordinates ≥ q, points
outside their groups or at infinity) and answers False for a well-formed proof that is false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from zk.circuit.r1cs import R1CS
    from zk.groth16.proving_key import ProvingKey
    from zk.groth16.types import Proof, VerifyingKey

    Claim = tuple[Proof, Sequence[int]]


class Groth16Prover(Protocol):
    """Holds one proving key, warm."""

    def prove(self, witness: Sequence[int]) -> Proof:
        """Prove knowledge of `witness` (one value per wire); raises if it breaks a constraint."""
        ...


class Groth16Verifier(Protocol):
    """Holds one verifying key."""

    def verify(self, proof: Proof, inputs: Sequence[int]) -> bool:
        """Say whether the pairing equation holds; raises on malformed input."""
        ...

    def verify_many(
        self, claims: Sequence[Claim], on_progress: Callable[[int, int], None] | None = None
    ) -> list[bool]:
        """Verify claims (proof, inputs), in order; raises on the first malformed one."""
        ...


class Groth16Backend(Protocol):
    """One implementation of the proof system."""

    name: str

    def setup(self, r1cs: R1CS, on_progress: Callable[[int, int], None] | None = None) -> ProvingKey:
        """Make development keys for a circuit."""
        ...

    def prover(self, zkey_path: Path, r1cs: R1CS) -> Groth16Prover:
        """Load a proving key."""
        ...

    def verifier(self, key: VerifyingKey) -> Groth16Verifier:
        """Load a verifying key; raises VerifyingKeyMalformedError."""
        ...
