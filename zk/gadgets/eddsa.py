"""EdDSA-Poseidon verification inside a circuit, equal to `zk.eddsa.verify_signature`.

    S·B₈ = R + h·(8·A)    h = Poseidon(R, A, M), S < l, A and R on the curve, 8·A ≠ 0

Cost: SIGNATURE_CONSTRAINTS. circomlib's `EdDSAPoseidonVerifier` has the same equation and refuses the same
keys of small order, but leaves to its caller that A and R are on the curve.

h enters with the bits of its one representative below r; with those of h + r another challenge would do.
R needs no check of its order: it is a difference of two points of the subgroup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.babyjubjub import BASE8, COFACTOR, SUBGROUP_ORDER
from zk.gadgets.babyjubjub import (
    EDWARDS_ADD_CONSTRAINTS,
    EDWARDS_DOUBLE_CONSTRAINTS,
    ON_CURVE_CONSTRAINTS,
    WirePoint,
    edwards_add,
    edwards_double,
    enforce_on_curve,
)
from zk.gadgets.bits import (
    BELOW_R_CONSTRAINTS,
    FIELD_BITS,
    below_constraints,
    bits_of,
    canonical_bits_of,
    enforce_bits_below,
)
from zk.gadgets.hashing import poseidon_digest
from zk.gadgets.scaling import scale_constraints, scale_fixed, scale_fixed_constraints, scale_point

if TYPE_CHECKING:
    from zk.circuit import ConstraintSystem, Linear

SCALAR_BITS = SUBGROUP_ORDER.bit_length()
DOUBLINGS = COFACTOR.bit_length() - 1
CHALLENGE_CONSTRAINTS = 321  # Poseidon of five inputs
SIGNATURE_CONSTRAINTS = (
    2 * ON_CURVE_CONSTRAINTS
    + DOUBLINGS * EDWARDS_DOUBLE_CONSTRAINTS
    + 1
    + SCALAR_BITS
    + below_constraints(SCALAR_BITS, SUBGROUP_ORDER)
    + scale_fixed_constraints(SCALAR_BITS)
    + CHALLENGE_CONSTRAINTS
    + FIELD_BITS
    + BELOW_R_CONSTRAINTS
    + scale_constraints(FIELD_BITS)
    + EDWARDS_ADD_CONSTRAINTS
    + 2
)


def enforce_signature(
    cs: ConstraintSystem, public_key: WirePoint, message: Linear, r8: WirePoint, s: Linear
) -> None:
    """Constrain (r8, s) to be a signature of `message` by `public_key`. Cost: SIGNATURE_CONSTRAINTS."""
    with cs.scope("public key"):
        enforce_on_curve(cs, public_key)
        multiple = _times_eight(cs, public_key)
    with cs.scope("R"):
        enforce_on_curve(cs, r8)
    with cs.scope("S"):
        s_bits = bits_of(cs, s, SCALAR_BITS)
        enforce_bits_below(cs, s_bits, SUBGROUP_ORDER)  # S + l would be a second signature
        left = scale_fixed(cs, s_bits, BASE8)
    with cs.scope("challenge"):
        challenge = poseidon_digest(cs, *r8, *public_key, message)
        product = scale_point(cs, canonical_bits_of(cs, challenge), multiple)
    right = edwards_add(cs, r8, product)
    cs.enforce_equal(left.x, right.x, "S·B₈ and R + h·8A have the same x")
    cs.enforce_equal(left.y, right.y, "S·B₈ and R + h·8A have the same y")


def _times_eight(cs: ConstraintSystem, point: WirePoint) -> WirePoint:
    """8·P, in the subgroup and constrained not to be the identity, its only point with x = 0."""
    for _ in range(DOUBLINGS):
        point = edwards_double(cs, point)
    inverse = cs.inverse_or_zero(point.x, "1/x of 8·A")
    cs.enforce_product(point.x, inverse, 1, "the public key has no small order")
    return point
