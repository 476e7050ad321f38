"""The back end for everything a user waits for: arkworks, through two maintained wheels.

groth16py proves from `.zkey` and `.wtns` and verifies single proofs; zksnake gives raw group operations
for the set-up and for batches. Neither is trusted with checks that matter: the witness is checked against
the constraints before proving, and points and inputs before verifying, here.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import groth16py
from zksnake._algebra import ec_bn254

from zk.field import FIELD_BYTES
from zk.formats.wtns_file import pack_wtns
from zk.groth16.batch import batch_verify, native_g2
from zk.groth16.errors import ProofMalformedError, VerifyingKeyMalformedError
from zk.groth16.private_file import private_file
from zk.groth16.setup import run_setup
from zk.groth16.split_key import split_zkey
from zk.groth16.types import (
    EVM_PROOF_WORDS,
    Proof,
    require_public_inputs,
    require_well_formed_key,
    require_well_formed_proof,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from zk.circuit.r1cs import R1CS
    from zk.groth16.backend import Claim
    from zk.groth16.points import G1Point, G2Point
    from zk.groth16.proving_key import ProvingKey
    from zk.groth16.types import VerifyingKey


class NativeMultiples:
    """Multiples of the generators by zksnake, about 0.1 ms each and in parallel."""

    def g1_multiples(self, scalars: Sequence[int]) -> list[G1Point | None]:
        """[s]₁ for each s."""
        points = ec_bn254.batch_multi_scalar_g1([ec_bn254.g1()] * len(scalars), list(scalars))
        return [None if point.is_zero() else (point.x, point.y) for point in points]

    def g2_multiples(self, scalars: Sequence[int]) -> list[G2Point | None]:
        """[s]₂ for each s."""
        points = ec_bn254.batch_multi_scalar_g2([ec_bn254.g2()] * len(scalars), list(scalars))
        return [
            None if point.is_zero() else ((point.x[0], point.x[1]), (point.y[0], point.y[1]))
            for point in points
        ]


class NativeProver:
    """A proving key inside groth16py: whole, or as halves that prove at the same time (`split_key`)."""

    def __init__(self, zkey_path: Path, r1cs: R1CS, cores: int = 2) -> None:
        parts = (zkey_path.read_bytes(),) if cores == 1 else split_zkey(zkey_path)
        self._parts = [_import_key(part) for part in parts]
        self._r1cs = r1cs

    def prove(self, witness: Sequence[int]) -> Proof:
        """Prove; the witness passes through a file that has no name on disk.

        The constraints are checked while the proof is made; a false witness raises and its proof is dropped.
        """
        self._r1cs.require_shape(witness)
        with private_file(pack_wtns(witness)) as path, ThreadPoolExecutor(len(self._parts)) as cores:
            made = [cores.submit(groth16py.prove_wtns, part, path) for part in self._parts]
            self._r1cs.require_satisfied(witness)
            first, *others = [proof_from_bytes(part.result()) for part in made]
        for bare in others:
            first = _added(first, bare)
        return first


class NativeVerifier:
    """A verifying key inside groth16py, and the same key for batches."""

    def __init__(self, key: VerifyingKey) -> None:
        require_well_formed_key(key)
        for name, point in (("beta", key.beta_g2), ("gamma", key.gamma_g2), ("delta", key.delta_g2)):
            if native_g2(point) is None:
                raise VerifyingKeyMalformedError(f"point {name} of the verifying key is outside G2")
        self._key = key
        self._verifier = groth16py.Verifier(groth16py.VerifyingKey.from_snarkjs(json.dumps(key.to_json())))

    def verify(self, proof: Proof, inputs: Sequence[int]) -> bool:
        """e(A, B) = e(α, β)·e(Σ xᵢ·ICᵢ, γ)·e(C, δ); about 2 ms."""
        self._require_well_formed(proof, inputs)
        return bool(self._verifier.verify(proof_to_bytes(proof), list(inputs)))

    def verify_many(
        self, claims: Sequence[Claim], on_progress: Callable[[int, int], None] | None = None
    ) -> list[bool]:
        """Verify in batches by a random linear combination; see `zk.groth16.batch`."""
        return batch_verify(self._key, claims, on_progress)

    def _require_well_formed(self, proof: Proof, inputs: Sequence[int]) -> None:
        require_public_inputs(self._key, inputs)
        require_well_formed_proof(proof)
        if native_g2(proof.b) is None:
            raise ProofMalformedError("point B of the proof is outside G2")


class NativeBackend:
    """See the module. `cores`: 2 for the quickest proof, 1 where several are made at the same time."""

    name = "native"

    def __init__(self, cores: int = 2) -> None:
        self._cores = cores

    def setup(self, r1cs: R1CS, on_progress: Callable[[int, int], None] | None = None) -> ProvingKey:
        """Make development keys."""
        return run_setup(r1cs, NativeMultiples(), on_progress=on_progress)

    def prover(self, zkey_path: Path, r1cs: R1CS) -> NativeProver:
        """Load a proving key."""
        return NativeProver(zkey_path, r1cs, self._cores)

    def verifier(self, key: VerifyingKey) -> NativeVerifier:
        """Load a verifying key."""
        return NativeVerifier(key)


def _import_key(zkey: bytes) -> groth16py.ProvingKey:
    with private_file(zkey) as path:
        return groth16py.import_zkey(path)[0]


def _added(masked: Proof, bare: Proof) -> Proof:
    """Add two partial proofs; A and B of `bare` are the point at infinity."""
    if bare.c == (0, 0):
        return masked
    c = ec_bn254.PointG1(*masked.c) + ec_bn254.PointG1(*bare.c)
    return Proof(masked.a, masked.b, (c.x, c.y))


def proof_to_bytes(proof: Proof) -> bytes:
    """Eight words of 32 bytes, big-endian, in EVM order."""
    return b"".join(word.to_bytes(FIELD_BYTES, "big") for word in proof.to_evm())


def proof_from_bytes(blob: bytes) -> Proof:
    """Inverse of `proof_to_bytes`; raises ProofMalformedError for another length."""
    if len(blob) != EVM_PROOF_WORDS * FIELD_BYTES:
        raise ProofMalformedError(f"a proof is {EVM_PROOF_WORDS * FIELD_BYTES} bytes, not {len(blob)}")
    words = [int.from_bytes(blob[i : i + FIELD_BYTES], "big") for i in range(0, len(blob), FIELD_BYTES)]
    return Proof.from_evm(words)
