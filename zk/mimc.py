"""MiMC as circomlib has it: MiMCSponge, the tree hash of classic CREAM, and MiMC7.

    Feistel   (L, R) ← (R + (L + k + cᵢ)⁵, L), 220 rounds, without the swap after the last
    sponge    R ← R + input; (R, C) ← Feistel_k(R, C), from (0, 0); the digest is R
    MiMC7     x ← (x + k + cᵢ)⁷, 91 rounds, then + k; several inputs by Miyaguchi–Preneel

Source: Albrecht, Grassi, Rechberger, Roy, Tiessen, "MiMC" (eprint 2016/492), sections 2.1 (the cipher), 2.2
(Feistel) and 6 (hashing). Constants are a chain of Keccak-256 digests of a seed, as circomlibjs computes
them; the first is 0 and in the sponge the last one too. Inputs must be canonical field elements: `x + r`
would collide with `x`.

Leaves to others: domain separation and inputs of variable length, neither of which these instances have.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from eth_utils.crypto import keccak
from gmpy2 import mpz, powmod  # type: ignore[import-untyped]  # gmpy2 ships no types

from zk.errors import ZkError
from zk.field import SCALAR_FIELD, require_field_element

SPONGE_SEED: Final = "mimcsponge"
SPONGE_ROUNDS: Final = 220  # 2·log₅(r), as circomlib counts for a Feistel network
MIMC7_SEED: Final = "mimc"
MIMC7_ROUNDS: Final = 91  # log₇(r)
_MODULUS = mpz(SCALAR_FIELD)


class MimcInputError(ZkError):
    """MiMC was given no input, or asked for no output."""


@cache
def sponge_constants() -> tuple[int, ...]:
    """Return the 220 round constants of MiMCSponge; first and last are 0."""
    return (*_keccak_chain(SPONGE_SEED, SPONGE_ROUNDS)[:-1], 0)


@cache
def mimc7_constants() -> tuple[int, ...]:
    """Return the 91 round constants of MiMC7; the first is 0."""
    return _keccak_chain(MIMC7_SEED, MIMC7_ROUNDS)


def mimc_feistel(left: int, right: int, key: int = 0) -> tuple[int, int]:
    """Permute (left, right) under `key`: MiMC-2n/n with x⁵. Cost: about 0.1 ms."""
    _require_inputs(left, right, key)
    permuted = _feistel(mpz(left), mpz(right), key)
    return int(permuted[0]), int(permuted[1])


def mimc_sponge(*inputs: int, key: int = 0, outputs: int = 1) -> tuple[int, ...]:
    """Absorb `inputs` one by one and squeeze `outputs` numbers: circomlib's `MiMCSponge`, `multiHash`."""
    if not inputs or outputs < 1:
        raise MimcInputError("MiMCSponge takes at least one input and gives at least one output")
    _require_inputs(*inputs, key)
    rate, capacity = mpz(0), mpz(0)
    for x in inputs:
        rate, capacity = _feistel(rate + x, capacity, key)
    squeezed = [int(rate)]
    for _ in range(outputs - 1):
        rate, capacity = _feistel(rate, capacity, key)
        squeezed.append(int(rate))
    return tuple(squeezed)


def mimc_compress(left: int, right: int) -> int:
    """H₂(left, right): MiMCSponge with key 0 and one output, the tree node of classic CREAM."""
    return mimc_sponge(left, right)[0]


def mimc7(x: int, key: int) -> int:
    """Encrypt x under `key`: 91 rounds of x⁷, then + key."""
    _require_inputs(x, key)
    state = mpz(x)
    for constant in mimc7_constants():
        state = powmod(state + key + constant, 7, _MODULUS)
    return int((state + key) % _MODULUS)


def mimc7_multi_hash(*inputs: int, key: int = 0) -> int:
    """Fold r ← r + x + MiMC7_r(x) over the inputs, from r = key: circomlib's `MultiMiMC7`, `multiHash`."""
    if not inputs:
        raise MimcInputError("MiMC7 takes at least one input")
    digest = key
    for x in inputs:
        digest = (digest + x + mimc7(x, digest)) % SCALAR_FIELD
    return digest


def _feistel(left: mpz, right: mpz, key: int) -> tuple[mpz, mpz]:
    for constant in _sponge_residues():
        x = left + key + constant
        square = x * x % _MODULUS
        left, right = (square * square * x + right) % _MODULUS, left  # one long reduction beats two
    return right, left  # undoes the swap of the last round


@cache
def _sponge_residues() -> tuple[mpz, ...]:
    """Return the constants as GMP integers, which a round adds about twice as fast."""
    return tuple(map(mpz, sponge_constants()))


def _require_inputs(*inputs: int) -> None:
    for i, x in enumerate(inputs):
        require_field_element(x, f"MiMC input {i}")


def _keccak_chain(seed: str, rounds: int) -> tuple[int, ...]:
    """Return 0, then keccak256(keccak256(seed)) mod r, the Keccak-256 of that digest, and so on."""
    digest = keccak(text=seed)
    constants = [0]
    for _ in range(rounds - 1):
        digest = keccak(digest)
        constants.append(int.from_bytes(digest, "big") % SCALAR_FIELD)
    return tuple(constants)
