"""Baby Jubjub: the twisted Edwards curve whose base field is the scalar field of BN254.

    a·x² + y² = 1 + d·x²·y²        a = 168700, d = 168696, over F_r

Order 8·l with l prime. The same curve in Montgomery's form is v² = u³ + 168698·u² + u, with

    u = (1 + y)/(1 − y)    v = u/x        x = u/v    y = (u − 1)/(u + 1)

`a` is a square and `d` is none, so the addition law is complete: it has no
exceptional case on the curve. Source: ERC-2494; Bernstein, Birkner, Joye, Lange, Peters, "Twisted Edwards
curves" (eprint 2008/013), section 6 for the projective formulas. Names as in circomlib: the order-l
base point is `BASE8`.

A point from outside goes through `require_on_curve`; the arithmetic trusts its arguments. Leaves to others:
whether a point must be in the subgroup (`is_in_subgroup`), and timing, which depends on the scalar.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from gmpy2 import invert, mpz  # type: ignore[import-untyped]  # gmpy2 ships no types

from zk.errors import ZkError
from zk.field import (
    FIELD_BYTES,
    SCALAR_FIELD,
    TWO_ADICITY,
    inverse,
    is_field_element,
    require_field_element,
    root_of_unity,
)

A: Final = 168700
D: Final = 168696
COFACTOR: Final = 8
MONTGOMERY_A: Final = 2 * (A + D) // (A - D)  # and B = 4/(a − d) = 1
SUBGROUP_ORDER: Final = 2736030358979909402780800718157159386076813972158567259200215660948447373041
_SIGN_BIT: Final = 1 << 255
_MODULUS = mpz(SCALAR_FIELD)
_Projective = tuple[mpz, mpz, mpz]  # (X, Y, Z) stands for (X/Z, Y/Z)


class PointNotOnCurveError(ZkError):
    """Coordinates that no point of Baby Jubjub has."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is no point of Baby Jubjub",
            hint=f"give {name} as coordinates (x, y) with {A}·x² + y² = 1 + {D}·x²·y²",
        )
        self.name = name


class Point(NamedTuple):
    """An affine point."""

    x: int
    y: int


IDENTITY: Final = Point(0, 1)
# ERC-2494 calls this B: 8 times the point of smallest y = 5472…3905 that generates the whole curve.
BASE8: Final = Point(
    5299619240641551281634865583518297030282874472190772894086521144482721001553,
    16950150798460657717958625567821834550301663161624707787222815936182638968203,
)


def is_on_curve(point: Point) -> bool:
    """Whether both coordinates are field elements and satisfy the equation."""
    x, y = point
    if not (is_field_element(x) and is_field_element(y)):
        return False
    return (A * x * x + y * y - 1 - D * x * x * y * y) % SCALAR_FIELD == 0


def require_on_curve(point: Point, name: str) -> Point:
    """Return the point; raise FieldElementOutOfRangeError or PointNotOnCurveError, which name it."""
    require_field_element(point[0], f"{name}.x")
    require_field_element(point[1], f"{name}.y")
    if not is_on_curve(point):
        raise PointNotOnCurveError(name)
    return Point(*point)


def is_in_subgroup(point: Point) -> bool:
    """Whether the point is on the curve and l·P is the identity. Cost: one scalar multiplication."""
    return is_on_curve(point) and scale(point, SUBGROUP_ORDER) == IDENTITY


def add(left: Point, right: Point) -> Point:
    """P + Q for any two points of the curve."""
    return _affine(_add(_projective(left), _projective(right)))


def negate(point: Point) -> Point:
    """Return −P = (−x, y)."""
    return Point(-point.x % SCALAR_FIELD, point.y)


def scale(point: Point, scalar: int) -> Point:
    """scalar·P for any integer; a negative one scales −P. Cost: about 1 ms for 251 bits."""
    if scalar < 0:
        point, scalar = negate(point), -scalar
    total, base = _projective(IDENTITY), _projective(point)
    for bit in f"{scalar:b}":
        total = _add(total, total)
        if bit == "1":
            total = _add(total, base)
    return _affine(total)


def to_montgomery(point: Point) -> Point:
    """Return (u, v); raises ZeroDivisionError for the points of order 1 and 2, which have no such form."""
    u = (1 + point.y) * inverse(1 - point.y) % SCALAR_FIELD
    return Point(u, u * inverse(point.x) % SCALAR_FIELD)


def pack_point(point: Point) -> bytes:
    """Write y in 32 bytes, lowest first, with the top bit set if x > (r − 1)/2; circomlibjs `packPoint`."""
    is_large = point.x > SCALAR_FIELD // 2
    return (point.y | is_large * _SIGN_BIT).to_bytes(FIELD_BYTES, "little")


def unpack_point(packed: bytes) -> Point:
    """Read what `pack_point` wrote.

    Raises PointNotOnCurveError where no x fits, FieldElementOutOfRangeError for y ≥ r. It reads the two
    points with x = 0, which circomlibjs does not, but not by a second name (−0): two names would be two keys.
    """
    if len(packed) != FIELD_BYTES:
        raise PointNotOnCurveError("the packed point")
    number = int.from_bytes(packed, "little")
    y = require_field_element(number % _SIGN_BIT, "the packed point's y")
    root = square_root((1 - y * y) * pow(A - D * y * y, -1, SCALAR_FIELD) % SCALAR_FIELD)
    is_large = number >= _SIGN_BIT
    if root is None or (root == 0 and is_large):
        raise PointNotOnCurveError("the packed point")
    smaller = min(root, SCALAR_FIELD - root)
    return Point(SCALAR_FIELD - smaller if is_large else smaller, y)


def _projective(point: Point) -> _Projective:
    return mpz(point[0]), mpz(point[1]), mpz(1)


def _affine(point: _Projective) -> Point:
    reciprocal = invert(point[2], _MODULUS)
    return Point(int(point[0] * reciprocal % _MODULUS), int(point[1] * reciprocal % _MODULUS))


def _add(left: _Projective, right: _Projective) -> _Projective:
    """add-2008-bbjlp: complete, so it doubles too."""
    x1, y1, z1 = left
    x2, y2, z2 = right
    z = z1 * z2 % _MODULUS
    square = z * z % _MODULUS
    x = x1 * x2 % _MODULUS
    y = y1 * y2 % _MODULUS
    e = D * x * y % _MODULUS
    f, g = square - e, square + e
    cross = (x1 + y1) * (x2 + y2) - x - y
    return z * f % _MODULUS * cross % _MODULUS, z * g % _MODULUS * (y - A * x) % _MODULUS, f * g % _MODULUS


def square_root(x: int) -> int | None:
    """Return a root of x in F_r by Tonelli's and Shanks's algorithm, or None if there is none."""
    if x == 0:
        return 0
    if pow(x, (SCALAR_FIELD - 1) // 2, SCALAR_FIELD) != 1:
        return None
    odd = (SCALAR_FIELD - 1) >> TWO_ADICITY
    order, generator = TWO_ADICITY, root_of_unity(TWO_ADICITY)
    root, error = pow(x, (odd + 1) // 2, SCALAR_FIELD), pow(x, odd, SCALAR_FIELD)
    while error != 1:
        height, power = 0, error
        while power != 1:
            height, power = height + 1, power * power % SCALAR_FIELD
        factor = pow(generator, 1 << order - height - 1, SCALAR_FIELD)
        order, generator = height, factor * factor % SCALAR_FIELD
        root, error = root * factor % SCALAR_FIELD, error * generator % SCALAR_FIELD
    return root
