"""Proving and verifying statements (a vote, a withdrawal) with the keys of `zk.keys`.

`StatementProver` checks the witness before it proves, and says in words what is wrong with it.
`StatementVerifier` says whether a proof shows a statement; whether that statement counts (root known,
nullifier unspent, phase) is for the contract and the audit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.circuit import InvalidWitnessError
from zk.circuits import named_inputs
from zk.keys import native_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zk.circuits import Statement, Witness
    from zk.groth16.backend import Groth16Backend
    from zk.groth16.types import Proof, VerifyingKey
    from zk.keys import CircuitKeys


class StatementProver:
    """Proves the statements of one circuit at one depth.

    Making one costs as much as a proof or two, so keep it. It pickles as its keys, so a pool of processes
    can be given one.
    """

    def __init__(self, keys: CircuitKeys, backend: Groth16Backend | None = None) -> None:
        self._keys = keys
        self._backend = backend
        self.circuit = keys.compile()
        self._prover = (backend or native_backend()).prover(keys.zkey_path, self.circuit.r1cs)

    def __reduce__(self) -> tuple[type[StatementProver], tuple[CircuitKeys, Groth16Backend | None]]:
        return StatementProver, (self._keys, self._backend)

    def prove(self, statement: Statement, witness: Witness) -> Proof:
        """Prove that `witness` makes `statement` true.

        Raises InvalidWitnessError if the path does not fit the depth, and UnsatisfiedConstraintError,
        which names the constraint, if the statement is false.
        """
        return self._prover.prove(self.witness_of(statement, witness))

    def witness_of(self, statement: Statement, witness: Witness) -> list[int]:
        """Compute every wire of the circuit; secret, as `witness` is."""
        depth = self._keys.depth
        if len(witness.path_elements) != depth:
            raise InvalidWitnessError(
                f"the path has {len(witness.path_elements)} elements, these keys are for depth {depth}"
            )
        if not 0 <= witness.leaf_index < 1 << depth:
            raise InvalidWitnessError(f"the leaf index is not in [0, 2^{depth})")
        return self.circuit.witness(named_inputs(self._keys.circuit_name, statement, witness))


class StatementVerifier:
    """Verifies proofs under one verifying key."""

    def __init__(self, verifying_key: VerifyingKey, backend: Groth16Backend | None = None) -> None:
        self._verifier = (backend or native_backend()).verifier(verifying_key)

    def verify(self, proof: Proof, statement: Statement) -> bool:
        """Say whether the proof shows the statement; raises ProofMalformedError if it is no proof at all."""
        return self._verifier.verify(proof, statement.public_inputs())

    def verify_many(
        self,
        claims: Sequence[tuple[Proof, Statement]],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[bool]:
        """Verify many at once, in order; a false one is found by halving and costs a few more pairings.

        Raises ProofMalformedError on the first proof that is none at all, with its position as a note.
        """
        return self._verifier.verify_many(
            [(proof, statement.public_inputs()) for proof, statement in claims], on_progress
        )
