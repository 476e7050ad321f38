"""Circuit parts: `enforce_*` adds constraints, `is_*` returns a bit; each states its exact cost."""

from zk.gadgets.bits import (
    bits_of,
    canonical_bits_of,
    enforce_bits_below,
    enforce_bits_below_r,
    is_less_than,
)
from zk.gadgets.hashing import poseidon_digest
from zk.gadgets.logic import enforce_boolean, is_equal, is_zero, select
from zk.gadgets.membership import enforce_membership

__all__ = [
    "bits_of",
    "canonical_bits_of",
    "enforce_bits_below",
    "enforce_bits_below_r",
    "enforce_boolean",
    "enforce_membership",
    "is_equal",
    "is_less_than",
    "is_zero",
    "poseidon_digest",
    "select",
]
