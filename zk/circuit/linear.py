"""Linear combinations of wires: what a circuit computes for free.

A combination is Σ coefficient·wire over F_r, with wire 0 the constant 1. Sums, differences and multiples are
folded at once, so linear layers (a Poseidon matrix, a Merkle selection) cost no constraint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zk.field import SCALAR_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ONE_WIRE = 0


class LinearCombination:
    """Σ terms[wire]·wire; treat as immutable. Zero coefficients are not kept."""

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[int, int]) -> None:
        self.terms = terms

    @classmethod
    def constant(cls, value: int) -> LinearCombination:
        """Make the constant `value`."""
        reduced = value % SCALAR_FIELD
        return cls({ONE_WIRE: reduced} if reduced else {})

    @property
    def constant_value(self) -> int | None:
        """The value if no wire but the constant is in it, else None."""
        if not self.terms:
            return 0
        return self.terms.get(ONE_WIRE) if len(self.terms) == 1 else None

    def __add__(self, other: Linear) -> LinearCombination:
        return weighted_sum(((1, self), (1, other)))

    __radd__ = __add__

    def __sub__(self, other: Linear) -> LinearCombination:
        return weighted_sum(((1, self), (-1, other)))

    def __rsub__(self, other: Linear) -> LinearCombination:
        return weighted_sum(((1, other), (-1, self)))

    def __neg__(self) -> LinearCombination:
        return self * -1

    def __mul__(self, factor: int) -> LinearCombination:
        return weighted_sum(((factor, self),))

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return " + ".join(f"{c}·w{w}" if w else str(c) for w, c in sorted(self.terms.items())) or "0"


Linear = LinearCombination | int


def as_linear(value: Linear) -> LinearCombination:
    """Return a combination unchanged, and a number as a constant."""
    return value if isinstance(value, LinearCombination) else LinearCombination.constant(value)


def weighted_sum(parts: Iterable[tuple[int, Linear]]) -> LinearCombination:
    """Fold Σ factor·part into one combination, in one pass."""
    total: dict[int, int] = {}
    for factor, part in parts:
        for wire, coefficient in as_linear(part).terms.items():
            total[wire] = total.get(wire, 0) + factor * coefficient
    return LinearCombination({w: reduced for w, c in total.items() if (reduced := c % SCALAR_FIELD)})
