"""MiMCSponge and MiMC7 inside a circuit, equal to `zk.mimc`.

Cost: 3 constraints for a round of the sponge (x², x³, x⁵ with what the round adds), 4 for one of MiMC7 (x²,
x⁴, x⁶, x⁷). Key and round constants are linear and cost nothing; rounds on known values are computed at
compile time. The wire of a round takes the next round's key and constant along, so that an S-box input is
one wire.

    MiMCSponge   660 for each input and for each output after the first; compress 1,320
    MiMC7        364 for each input
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from zk.circuit import Linear, LinearCombination, as_linear
from zk.mimc import MIMC7_ROUNDS, SPONGE_ROUNDS, mimc7_constants, sponge_constants

if TYPE_CHECKING:
    from zk.circuit import ConstraintSystem

FEISTEL_CONSTRAINTS = 3 * SPONGE_ROUNDS
COMPRESS_CONSTRAINTS = 2 * FEISTEL_CONSTRAINTS
MIMC7_CONSTRAINTS = 4 * MIMC7_ROUNDS


def mimc_sponge_digests(
    cs: ConstraintSystem, *inputs: Linear, key: Linear = 0, outputs: int = 1
) -> list[LinearCombination]:
    """Absorb `inputs` and squeeze `outputs` numbers. Cost: (inputs + outputs − 1)·FEISTEL_CONSTRAINTS."""
    rate, capacity = as_linear(0), as_linear(0)
    for x in inputs:
        rate, capacity = _feistel(cs, rate + x, capacity, key)
    squeezed = [rate]
    for _ in range(outputs - 1):
        rate, capacity = _feistel(cs, rate, capacity, key)
        squeezed.append(rate)
    return squeezed


def mimc_compress(cs: ConstraintSystem, left: Linear, right: Linear) -> LinearCombination:
    """H₂(left, right), the tree node of classic CREAM. Cost: COMPRESS_CONSTRAINTS."""
    return mimc_sponge_digests(cs, left, right)[0]


def mimc7(cs: ConstraintSystem, x: Linear, key: Linear) -> LinearCombination:
    """Encrypt x under `key`. Cost: MIMC7_CONSTRAINTS."""
    shifts = [as_linear(key) + constant for constant in mimc7_constants()]
    state = as_linear(x) + shifts[0]
    for following in (*shifts[1:], key):
        square = cs.multiply(state, state, "x²")
        sixth = cs.multiply(cs.multiply(square, square, "x⁴"), square, "x⁶")
        state = cs.multiply_add(sixth, state, following, "x⁷")
    return state


def mimc7_multi_hash(cs: ConstraintSystem, *inputs: Linear, key: Linear = 0) -> LinearCombination:
    """Fold r ← r + x + MiMC7_r(x) from r = key. Cost: MIMC7_CONSTRAINTS for each input."""
    digest = as_linear(key)
    for x in inputs:
        digest = digest + x + mimc7(cs, x, digest)
    return digest


def _feistel(
    cs: ConstraintSystem, left: LinearCombination, right: LinearCombination, key: Linear
) -> tuple[LinearCombination, LinearCombination]:
    shifts = [as_linear(key) + constant for constant in sponge_constants()]
    x = left + shifts[0]
    for shift, following in pairwise((*shifts, as_linear(0))):
        square = cs.multiply(x, x, "x²")
        cube = cs.multiply(square, x, "x³")
        x, right = cs.multiply_add(square, cube, right + following, "x⁵"), x - shift
    return right, x  # the last round does not swap
