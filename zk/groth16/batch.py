"""Many proofs with one product of pairings.

For proofs (Aᵢ, Bᵢ, Cᵢ) with inputs xᵢ and random ρᵢ of 128 bits:

    Π e(ρᵢ·Aᵢ, Bᵢ) = e((Σ ρᵢ)·α, β) · e(Σⱼ (Σᵢ ρᵢ·xᵢⱼ)·ICⱼ, γ) · e(Σ ρᵢ·Cᵢ, δ)

If one proof is false, the equation holds for at most one value of its ρᵢ: a batch lies with probability ≤
2⁻¹²⁸. The ρᵢ are drawn after the proofs are fixed, from `secrets`. Source: Ferrara, Green, Hohenberger,
Pedersen, "Practical short signature batch verification", eprint 2008/015, small exponents test. Cost: n +
3 Miller loops and one final exponentiation.

A batch that fails is halved until each false proof stands alone.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from zksnake._algebra import ec_bn254

from zk.errors import ZkError
from zk.field import BASE_FIELD, FIELD_BYTES, SCALAR_FIELD
from zk.groth16.errors import ProofMalformedError
from zk.groth16.types import require_public_inputs, require_well_formed_proof

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zk.groth16.backend import Claim
    from zk.groth16.points import Fq2, G2Point
    from zk.groth16.types import VerifyingKey

BATCH_SIZE = 256
_SCALAR_BITS = 128
_LARGER_Y_FLAG = 0x80  # arkworks: y is the larger of the two roots

_Prepared = tuple[Any, Any, Any, "Sequence[int]"]  # A, B, C as native points, and the inputs


def batch_verify(
    key: VerifyingKey, claims: Sequence[Claim], on_progress: Callable[[int, int], None] | None = None
) -> list[bool]:
    """Verify every claim, in order; raises on the first malformed one and names its position."""
    answers: list[bool] = []
    for start in range(0, len(claims), BATCH_SIZE):
        chunk = claims[start : start + BATCH_SIZE]
        prepared = [_prepare(key, claim, start + i) for i, claim in enumerate(chunk)]
        answers += _verify_by_halves(key, prepared)
        if on_progress is not None:
            on_progress(len(answers), len(claims))
    return answers


def native_g2(point: G2Point) -> Any:  # noqa: ANN401  zksnake ships no types
    """Return a point on the twist as zksnake's, or None if it is outside the subgroup.

    Through the compressed form, since that is where zksnake reports a bad point instead of aborting.
    """
    (x0, x1), y = point
    encoded = bytearray(x0.to_bytes(FIELD_BYTES, "little") + x1.to_bytes(FIELD_BYTES, "little"))
    if _is_larger_root(y):
        encoded[-1] |= _LARGER_Y_FLAG
    try:
        native = ec_bn254.PointG2.from_bytes(bytes(encoded))
    except ValueError:
        return None
    return native if tuple(native.y) == y else None


def _is_larger_root(y: Fq2) -> bool:
    """Whether y > −y, comparing c1 first."""
    c0, c1 = y
    return (c1, c0) > (-c1 % BASE_FIELD, -c0 % BASE_FIELD)


def _prepare(key: VerifyingKey, claim: Claim, position: int) -> _Prepared:
    proof, inputs = claim
    try:
        require_public_inputs(key, inputs)
        require_well_formed_proof(proof)
        b = native_g2(proof.b)
        if b is None:
            raise ProofMalformedError("point B of the proof is outside G2")
    except ZkError as error:
        error.add_note(f"at position {position} of the batch")
        raise
    return ec_bn254.PointG1(*proof.a), b, ec_bn254.PointG1(*proof.c), inputs


def _verify_by_halves(key: VerifyingKey, prepared: list[_Prepared]) -> list[bool]:
    if _holds(key, prepared):
        return [True] * len(prepared)
    if len(prepared) == 1:
        return [False]
    middle = len(prepared) // 2
    return _verify_by_halves(key, prepared[:middle]) + _verify_by_halves(key, prepared[middle:])


def _holds(key: VerifyingKey, prepared: Sequence[_Prepared]) -> bool:
    """Check the equation of the module, with everything on one side."""
    rho = [secrets.randbits(_SCALAR_BITS) | 1 << _SCALAR_BITS for _ in prepared]
    a = ec_bn254.batch_multi_scalar_g1([claim[0] for claim in prepared], rho)
    c = ec_bn254.multiscalar_mul_g1([claim[2] for claim in prepared], rho)
    columns = zip(*(claim[3] for claim in prepared), strict=True)
    weights = [sum(rho), *(sum(r * x for r, x in zip(rho, column, strict=True)) for column in columns)]
    ic = ec_bn254.multiscalar_mul_g1(
        [ec_bn254.PointG1(*point) for point in key.ic], [weight % SCALAR_FIELD for weight in weights]
    )
    alpha = ec_bn254.PointG1(*key.alpha_g1) * (sum(rho) % SCALAR_FIELD)
    right = [native_g2(key.beta_g2), native_g2(key.gamma_g2), native_g2(key.delta_g2)]
    product = ec_bn254.multi_pairing([*a, -alpha, -ic, -c], [*(claim[1] for claim in prepared), *right])
    return bool(product == _one())


def _one() -> Any:  # noqa: ANN401  zksnake ships no types
    """Return the unit of the pairing's group."""
    return ec_bn254.multi_pairing([ec_bn254.g1(), -ec_bn254.g1()], [ec_bn254.g2(), ec_bn254.g2()])
