"""Gauss–Jordan elimination over sparse linear forms, each of them known (or zero)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from zk.check.forms import combine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zk.check.forms import Form


class Eliminated(NamedTuple):
    """Pivot wires with their rows (coefficient 1 at the pivot, 0 at all others), and rows without a pivot."""

    pivots: dict[int, Form]
    others: list[Form]

    @property
    def alone(self) -> list[int]:
        """Return the pivots whose row holds no other wire."""
        return [wire for wire, form in self.pivots.items() if len(form) == 1]


def eliminate(equations: Iterable[Form], may_pivot: Callable[[int], bool], modulus: int) -> Eliminated:
    """Eliminate wires that may be pivots, one equation after another."""
    pivots: dict[int, Form] = {}
    users: defaultdict[int, set[int]] = defaultdict(set)  # wire → pivots whose row holds it
    others = []
    for equation in equations:
        form = combine(
            ((1, equation), *((-k, pivots[w]) for w, k in equation.items() if w in pivots)), modulus
        )
        pivot = next((wire for wire in form if may_pivot(wire)), None)
        if pivot is None:
            others.append(form)
            continue
        form = combine(((pow(form[pivot], -1, modulus), form),), modulus)
        for other in tuple(users[pivot]):
            pivots[other] = combine(((1, pivots[other]), (-pivots[other][pivot], form)), modulus)
            for wire in form:
                (users[wire].add if wire in pivots[other] else users[wire].discard)(other)
        pivots[pivot] = form
        for wire in form:
            users[wire].add(pivot)
    return Eliminated(pivots, [form for form in others if form])
