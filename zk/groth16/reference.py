"""The back end to read beside the paper: Groth16, eprint 2016/260, section 3.2, on py_ecc's curve arithmetic.

Complete, and slow: a multiplication costs 5 ms in G1 and 24 ms in G2, a verification 0.5 s, so it proves
circuits of up to a few hundred constraints and verifies anything. It shares with `native` the witness
check, the key's numbers and the range checks, and none of the group arithmetic.

Its polynomials are evaluated by the definition (no FFT): n² field operations for n rows.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from zk.field import BASE_FIELD, SCALAR_FIELD, inverse, root_of_unity
from zk.formats.zkey_file import read_zkey
from zk.groth16.errors import ProofMalformedError, VerifyingKeyMalformedError
from zk.groth16.proving_key import MATRIX_A
from zk.groth16.setup import lagrange_at, run_setup
from zk.groth16.types import (
    Proof,
    require_public_inputs,
    require_well_formed_key,
    require_well_formed_proof,
)
from zk.py_ecc_curve import FQ, FQ2, FQ12, curve, pairings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from zk.circuit.r1cs import R1CS
    from zk.groth16.backend import Claim
    from zk.groth16.points import G1Point, G2Point
    from zk.groth16.proving_key import ProvingKey
    from zk.groth16.types import VerifyingKey

_Point = Any  # py_ecc's projective points: triples of FQ or FQ2


class ReferenceMultiples:
    """Multiples of the generators by double and add."""

    def g1_multiples(self, scalars: Sequence[int]) -> list[G1Point | None]:
        """[s]₁ for each s."""
        return [_numbers_g1(curve.multiply(curve.G1, s)) if s else None for s in scalars]

    def g2_multiples(self, scalars: Sequence[int]) -> list[G2Point | None]:
        """[s]₂ for each s."""
        return [_numbers_g2(curve.multiply(curve.G2, s)) if s else None for s in scalars]


class ReferenceProver:
    """A proving key as numbers."""

    def __init__(self, key: ProvingKey, r1cs: R1CS) -> None:
        self._key = key
        self._r1cs = r1cs

    def prove(self, witness: Sequence[int]) -> Proof:
        """Prove, with r and s random.

        A = α + Σ wⱼ·Aⱼ + r·δ,  B = β + Σ wⱼ·Bⱼ + s·δ,  C = Σ wⱼ·Cⱼ + Σ hᵢ·Hᵢ + s·A + r·B₁ − r·s·δ.
        """
        self._r1cs.require_satisfied(witness)
        key, vk = self._key, self._key.verifying_key
        r, s = secrets.randbelow(SCALAR_FIELD), secrets.randbelow(SCALAR_FIELD)
        delta_g1, delta_g2 = _g1(key.delta_g1), _g2(vk.delta_g2)
        a = _sum_g1([_g1(vk.alpha_g1), _combine_g1(witness, key.a_g1), curve.multiply(delta_g1, r)])
        b1 = _sum_g1([_g1(key.beta_g1), _combine_g1(witness, key.b_g1), curve.multiply(delta_g1, s)])
        b2 = _sum_g2([_g2(vk.beta_g2), _combine_g2(witness, key.b_g2), curve.multiply(delta_g2, s)])
        c = _sum_g1(
            [
                _combine_g1(witness[key.n_public + 1 :], key.c_g1),
                _combine_g1(quotient_on_odd_points(key, witness), key.h_g1),
                curve.multiply(a, s),
                curve.multiply(b1, r),
                curve.neg(curve.multiply(delta_g1, r * s % SCALAR_FIELD)),
            ]
        )
        return Proof(_numbers_g1(a), _numbers_g2(b2), _numbers_g1(c))


class ReferenceVerifier:
    """A verifying key as points."""

    def __init__(self, key: VerifyingKey) -> None:
        require_well_formed_key(key)
        for name, point in (("beta", key.beta_g2), ("gamma", key.gamma_g2), ("delta", key.delta_g2)):
            if not _is_in_g2(point):
                raise VerifyingKeyMalformedError(f"point {name} of the verifying key is outside G2")
        self._key = key

    def verify(self, proof: Proof, inputs: Sequence[int]) -> bool:
        """e(A, B) = e(α, β)·e(IC₀ + Σ xᵢ·ICᵢ, γ)·e(C, δ), as one product: e(−A, B)·… = 1."""
        key = self._key
        require_public_inputs(key, inputs)
        require_well_formed_proof(proof)
        if not _is_in_g2(proof.b):
            raise ProofMalformedError("point B of the proof is outside G2")
        product = _miller(proof.b, curve.neg(_g1(proof.a)))
        product *= _miller(key.beta_g2, _g1(key.alpha_g1))
        product *= _miller(key.gamma_g2, _combine_g1((1, *inputs), key.ic))
        product *= _miller(key.delta_g2, _g1(proof.c))
        return bool(pairings.final_exponentiate(product) == FQ12.one())

    def verify_many(
        self, claims: Sequence[Claim], on_progress: Callable[[int, int], None] | None = None
    ) -> list[bool]:
        """Verify one after another."""
        answers: list[bool] = []
        for proof, inputs in claims:
            answers.append(self.verify(proof, inputs))
            if on_progress is not None:
                on_progress(len(answers), len(claims))
        return answers


class ReferenceBackend:
    """See the module."""

    name = "reference"

    def setup(self, r1cs: R1CS, on_progress: Callable[[int, int], None] | None = None) -> ProvingKey:
        """Make development keys."""
        return run_setup(r1cs, ReferenceMultiples(), on_progress=on_progress)

    def prover(self, zkey_path: Path, r1cs: R1CS) -> ReferenceProver:
        """Load a proving key."""
        return ReferenceProver(read_zkey(zkey_path), r1cs)

    def verifier(self, key: VerifyingKey) -> ReferenceVerifier:
        """Load a verifying key."""
        return ReferenceVerifier(key)


def quotient_on_odd_points(key: ProvingKey, witness: Sequence[int]) -> list[int]:
    """(A·B − C) at the odd 2n-th roots of unity, where the key has its H points.

    A, B, C are the polynomials of degree < n through the rows' values; on rows C = A·B, since the witness
    satisfies them.
    """
    size = key.domain_size
    a, b = [0] * size, [0] * size
    for matrix, row, wire, value in key.coefficients:
        rows = a if matrix == MATRIX_A else b
        rows[row] = (rows[row] + value * witness[wire]) % SCALAR_FIELD
    c = [x * y % SCALAR_FIELD for x, y in zip(a, b, strict=True)]
    root = root_of_unity(size.bit_length())
    values = []
    for i in range(size):
        lagrange = lagrange_at(pow(root, 2 * i + 1, SCALAR_FIELD), size)
        at = [sum(x * y for x, y in zip(rows, lagrange, strict=True)) for rows in (a, b, c)]
        values.append((at[0] * at[1] - at[2]) % SCALAR_FIELD)
    return values


def _miller(g2_point: G2Point, g1_point: _Point) -> Any:  # noqa: ANN401  py_ecc's FQ12
    """Return the pairing before its final exponentiation, which is shared by a whole product."""
    return pairings.pairing(_g2(g2_point), g1_point, final_exponentiate=False)


def _is_in_g2(point: G2Point) -> bool:
    """r·P = O."""
    return bool(curve.is_inf(curve.multiply(_g2(point), SCALAR_FIELD)))


def _combine_g1(scalars: Iterable[int], points: Iterable[G1Point | None]) -> _Point:
    pairs = zip(scalars, points, strict=True)
    return _sum_g1(curve.multiply(_g1(point), scalar) for scalar, point in pairs if scalar and point)


def _combine_g2(scalars: Iterable[int], points: Iterable[G2Point | None]) -> _Point:
    pairs = zip(scalars, points, strict=True)
    return _sum_g2(curve.multiply(_g2(point), scalar) for scalar, point in pairs if scalar and point)


def _sum_g1(points: Iterable[_Point]) -> _Point:
    total: _Point = curve.Z1
    for point in points:
        total = curve.add(total, point)
    return total


def _sum_g2(points: Iterable[_Point]) -> _Point:
    total: _Point = curve.Z2
    for point in points:
        total = curve.add(total, point)
    return total


def _g1(point: G1Point) -> _Point:
    return FQ(point[0]), FQ(point[1]), FQ(1)


def _g2(point: G2Point) -> _Point:
    return FQ2(point[0]), FQ2(point[1]), FQ2.one()


def _numbers_g1(point: _Point) -> G1Point:
    x, y, z = (int(c) for c in point)
    by_z = inverse(z, BASE_FIELD)
    return x * by_z % BASE_FIELD, y * by_z % BASE_FIELD


def _numbers_g2(point: _Point) -> G2Point:
    x, y = curve.normalize(point)
    return (int(x.coeffs[0]), int(x.coeffs[1])), (int(y.coeffs[0]), int(y.coeffs[1]))
