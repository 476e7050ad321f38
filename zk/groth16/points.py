"""Points of BN254 as plain integers, and the checks that turn numbers from outside into group elements.

    G1: y² = x³ + 3 over F_q, cofactor 1: on the curve means in the group
    G2: y² = x³ + 3/(9 + u) over F_q² = F_q[u]/(u² + 1), cofactor > 1: the subgroup is a check of its own

An F_q² element is the pair (c0, c1) = c0 + c1·u, the order of snarkjs JSON; the EVM wants (c1, c0).

Not checked here: the subgroup of G2 (the back ends do, with their own arithmetic), and the point at
infinity is refused, since no honest proof or key contains it.
"""

from __future__ import annotations

from typing import Final

from zk.field import BASE_FIELD, is_field_element

G1Point = tuple[int, int]
Fq2 = tuple[int, int]
G2Point = tuple[Fq2, Fq2]

G1_GENERATOR: Final[G1Point] = (1, 2)
G2_GENERATOR: Final[G2Point] = (
    (
        10857046999023057135944570762232829481370756359578518086990519993285655852781,
        11559732032986387107991004021392285783925812861821192530917403151452391805634,
    ),
    (
        8495653923123431417604973247489272438418190587263600148770280649306958101930,
        4082367875863433681332203403145435568316851327593401208105741076214120093531,
    ),
)
G1_B: Final = 3
G2_B: Final[Fq2] = (
    19485874751759354771024239261021720505790618469301721065564631296452457478373,
    266929791119991161246907387137283842545076965332900288569378510910307636690,
)  # 3 / (9 + u); tests derive it


def fq2_multiply(a: Fq2, b: Fq2) -> Fq2:
    """(a0 + a1·u)(b0 + b1·u) with u² = −1."""
    return (a[0] * b[0] - a[1] * b[1]) % BASE_FIELD, (a[0] * b[1] + a[1] * b[0]) % BASE_FIELD


def g1_fault(point: G1Point) -> str:
    """Say what is wrong with (x, y) as a finite point of G1; an empty string means nothing is."""
    x, y = point
    if not (is_field_element(x, BASE_FIELD) and is_field_element(y, BASE_FIELD)):
        return "has a coordinate that is not below q"
    if x == y == 0:
        return "is the point at infinity"
    return "" if (y * y - x * x * x - G1_B) % BASE_FIELD == 0 else "is not on the curve"


def g2_fault(point: G2Point) -> str:
    """Say what is wrong with (x, y) as a finite point of the twist; the subgroup is left to the back ends."""
    x, y = point
    if not all(is_field_element(c, BASE_FIELD) for c in (*x, *y)):
        return "has a coordinate that is not below q"
    if (x, y) == ((0, 0), (0, 0)):
        return "is the point at infinity"
    square = fq2_multiply(y, y)
    cube = fq2_multiply(fq2_multiply(x, x), x)
    on_curve = all((s - c - b) % BASE_FIELD == 0 for s, c, b in zip(square, cube, G2_B, strict=True))
    return "" if on_curve else "is not on the curve"
