"""Assume values for some wires and look for a contradiction, by propagating constants through the rows.

Only values that the rows force are propagated, so a contradiction is a proof that no satisfying assignment
has the assumed values; no contradiction means nothing.

    A, B known         the row is linear; likewise with A known, since A·B − C has constant coefficients then
    one wire left      it has the one value that solves the row
    intervals left     if no multiple of p lies in the interval of the row: contradiction; if only its end
                       does, every wire stands at the end of its interval
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from zk.check.forms import ONE, Form, combine

if TYPE_CHECKING:
    from zk.check.ranges import Facts


class Refuter:
    """Rows by wire, and a trail of assumed and forced values that can be taken back."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._modulus = facts.modulus
        self._users: defaultdict[int, list[tuple[Form, Form, Form]]] = defaultdict(list)
        for row in facts.system.rows:
            for wire in row.wires():
                self._users[wire].append(row)
        for equation in facts.definitions:
            for wire in equation:
                self._users[wire].append(({}, {}, equation))
        self.values: dict[int, int] = {}
        self._trail: list[int] = []

    def assume(self, wire: int, value: int) -> bool:
        """Add wire = value and what follows; False if that is a contradiction (the trail stays)."""
        pending: list[int] = []
        if not self._set(wire, value, pending):
            return False
        while pending:
            for a, b, c in self._users[pending.pop()]:
                if not self._propagate(a, b, c, pending):
                    return False
        return True

    def refutes(self, wire: int, value: int) -> bool:
        """Whether wire = value contradicts what is assumed so far; nothing stays assumed."""
        mark = len(self._trail)
        contradiction = not self.assume(wire, value)
        self.forget(mark)
        return contradiction

    def forget(self, mark: int = 0) -> None:
        """Take back everything after the first `mark` values."""
        while len(self._trail) > mark:
            del self.values[self._trail.pop()]

    def _set(self, wire: int, value: int, pending: list[int]) -> bool:
        value %= self._modulus
        if wire in self.values:
            return self.values[wire] == value
        known = self._facts.ranges.get(wire)
        if known is not None and not known.allows(value, self._modulus):
            return False
        self.values[wire] = value
        self._trail.append(wire)
        pending.append(wire)
        return True

    def _value(self, form: Form) -> int | None:
        total = 0
        for wire, coefficient in form.items():
            if wire == ONE:
                total += coefficient
            elif wire in self.values:
                total += coefficient * self.values[wire]
            else:
                return None
        return total % self._modulus

    def _propagate(self, a: Form, b: Form, c: Form, pending: list[int]) -> bool:
        left = self._value(a)
        factor, other = (left, b) if left is not None else (self._value(b), a)
        if factor is None:
            return True
        return self._propagate_linear(combine(((factor, other), (-1, c)), self._modulus), pending)

    def _propagate_linear(self, form: Form, pending: list[int]) -> bool:
        """Use form = 0, as it stands and with wires replaced by what they are sums of."""
        expanded = self._facts.expanded(form)
        return self._use(form, pending) and (expanded is form or self._use(expanded, pending))

    def _use(self, form: Form, pending: list[int]) -> bool:
        rest, constant = self._split(form)
        if not rest:
            return constant == 0
        if len(rest) == 1:
            ((wire, coefficient),) = rest.items()
            return self._set(wire, -constant * pow(coefficient, -1, self._modulus), pending)
        hull = self._facts.sum_hull({**rest, ONE: constant})
        if hull is None:
            return True
        first = -(-hull[0] // self._modulus) * self._modulus  # the lowest multiple of p from the low end on
        if first > hull[1]:
            return False
        if first not in hull:
            return True
        low = first == hull[0]
        ends = [(w, self._facts.ranges[w].end(k, self._modulus, low=low)) for w, k in rest.items()]
        return all(self._set(wire, value, pending) for wire, value in ends)

    def _split(self, form: Form) -> tuple[Form, int]:
        """Return the part without values, and the value of the other part."""
        rest = {w: k for w, k in form.items() if w != ONE and w not in self.values}
        constant = sum(k * (1 if w == ONE else self.values[w]) for w, k in form.items() if w not in rest)
        return rest, constant % self._modulus
