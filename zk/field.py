"""The two prime fields of BN254 and the one door that every field element passes.

`r` (SCALAR_FIELD) is the order of G1 and G2: circuits, hashes and public inputs live modulo r.
`q` (BASE_FIELD) holds the coordinates of curve points.

Trusts nothing: a value from outside goes through `require_field_element` before it is used, because `x` and
`x + r` are the same element and two numbers for one nullifier would be two votes. Arithmetic stays where
it is used, as plain integers with `% SCALAR_FIELD`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from zk.errors import ZkError

if TYPE_CHECKING:
    from collections.abc import Sequence

SCALAR_FIELD: Final = 21888242871839275222246405745257275088548364400416034343698204186575808495617
BASE_FIELD: Final = 21888242871839275222246405745257275088696311157297823662689037894645226208583
FIELD_BYTES: Final = 32
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,77}|0x[0-9a-fA-F]{1,64}")
TWO_ADICITY: Final = 28  # 2²⁸ divides r − 1
MULTIPLICATIVE_GENERATOR: Final = 5  # of F_r*, the one that snarkjs and arkworks use


class FieldElementOutOfRangeError(ZkError):
    """A number that is no canonical field element: negative, or not below the modulus.

    The message names it without its value, which may be a secret.
    """

    def __init__(self, name: str, modulus: int = SCALAR_FIELD) -> None:
        letter = "q" if modulus == BASE_FIELD else "r"
        super().__init__(
            f"{name} is not an integer in [0, {letter})",
            hint=f"give {name} as a number below {letter} = {modulus}",
        )
        self.name = name
        self.modulus = modulus


def is_field_element(x: object, modulus: int = SCALAR_FIELD) -> bool:
    """Whether x is an integer in [0, modulus)."""
    return isinstance(x, int) and not isinstance(x, bool) and 0 <= x < modulus


def require_field_element(x: int, name: str, modulus: int = SCALAR_FIELD) -> int:
    """Return x; raise FieldElementOutOfRangeError, which names it, unless x is in [0, modulus)."""
    if not is_field_element(x, modulus):
        raise FieldElementOutOfRangeError(name, modulus)
    return x


def parse_field_element(text: str, name: str) -> int:
    """Read a decimal or 0x number below r from text; raises FieldElementOutOfRangeError for anything else."""
    cleaned = text.strip()
    if not _NUMBER.fullmatch(cleaned):
        raise FieldElementOutOfRangeError(name)
    return require_field_element(int(cleaned, 0), name)


def inverse(x: int, modulus: int = SCALAR_FIELD) -> int:
    """x⁻¹ mod modulus; raises ZeroDivisionError for 0."""
    if x % modulus == 0:
        raise ZeroDivisionError("0 has no inverse")
    return pow(x, -1, modulus)


def batch_inverse(values: Sequence[int], modulus: int = SCALAR_FIELD) -> list[int]:
    """Invert every value with one inversion (Montgomery's trick); raises ZeroDivisionError on 0."""
    prefixes = [1]
    for value in values:
        prefixes.append(prefixes[-1] * value % modulus)
    running = inverse(prefixes[-1], modulus)
    inverses = [0] * len(values)
    for i in range(len(values) - 1, -1, -1):
        inverses[i] = running * prefixes[i] % modulus
        running = running * values[i] % modulus
    return inverses


def root_of_unity(power: int) -> int:
    """ω of order 2^power in F_r: g^((r − 1)/2^power), 0 ≤ power ≤ 28.

    The same choice of g as snarkjs and arkworks; a proving key made with another g does not work there.
    """
    if not 0 <= power <= TWO_ADICITY:
        raise ValueError(f"F_r has no root of unity of order 2^{power}")
    return pow(MULTIPLICATIVE_GENERATOR, (SCALAR_FIELD - 1) >> power, SCALAR_FIELD)
