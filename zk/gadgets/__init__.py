"""Circuit parts: `enforce_*` adds constraints, `is_*` returns a bit; each states its exact cost."""

from zk.gadgets.babyjubjub import WirePoint, edwards_add, edwards_double, enforce_on_curve, select_point
from zk.gadgets.bits import (
    bits_of,
    canonical_bits_of,
    enforce_bits_below,
    enforce_bits_below_r,
    is_less_than,
)
from zk.gadgets.eddsa import enforce_signature
from zk.gadgets.hashing import poseidon_digest
from zk.gadgets.logic import enforce_boolean, is_equal, is_zero, select
from zk.gadgets.membership import enforce_membership
from zk.gadgets.mimc import mimc7_multi_hash, mimc_compress, mimc_sponge_digests
from zk.gadgets.pedersen import pedersen_hash
from zk.gadgets.scaling import scale_fixed, scale_point

__all__ = [
    "WirePoint",
    "bits_of",
    "canonical_bits_of",
    "edwards_add",
    "edwards_double",
    "enforce_bits_below",
    "enforce_bits_below_r",
    "enforce_boolean",
    "enforce_membership",
    "enforce_on_curve",
    "enforce_signature",
    "is_equal",
    "is_less_than",
    "is_zero",
    "mimc7_multi_hash",
    "mimc_compress",
    "mimc_sponge_digests",
    "pedersen_hash",
    "poseidon_digest",
    "scale_fixed",
    "scale_point",
    "select",
    "select_point",
]
