"""Small case splits: a wire that is unique in every case is unique (the rule `cases` of `uniqueness`).

Split is only what both assignments share: a form of known wires. They are then in the same case.

    two values     a known wire with two values: it has the one or the other
    zero or not    any known form: 0, or not 0

In a case the rows around the wire are simplified (a factor that is 0 leaves C = 0; a wire with a value
becomes a constant) and solved as in `uniqueness`, for one unknown wire each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from zk.check.forms import ONE, Form, Row, combine, is_constant, normalised, substituted

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from zk.check.ranges import Facts
    from zk.circuit.evaluation import Terms

FORMS = 8  # how many forms around a wire are tried


class Neighbourhood(Protocol):
    """What is needed of the search: rows around a wire, and what is known."""

    @property
    def known(self) -> Container[int]:
        """Wires shown unique so far."""
        ...

    def rows_around(self, wire: int, limit: int) -> list[Row]:
        """Return rows with unknown wires, nearest first."""
        ...


@dataclass
class _Case:
    """Assumptions, and what is unique under them."""

    values: dict[int, int] = field(default_factory=dict)
    zero: frozenset[Terms] = frozenset()
    nonzero: frozenset[Terms] = frozenset()


class _Goal(NamedTuple):
    """The wire that should be unique, and the rows around it."""

    wire: int
    rows: list[Row]


def has_one_solution(row: Row, wire: int, facts: Facts, nonzero: frozenset[Terms] = frozenset()) -> bool:
    """Whether a row whose other wires are known has at most one solution for the wire.

    (a·u + α)(b·u + β) = c·u + γ with known α, β, γ: linear if a or b is 0. Say b = 0, then the coefficient is
    a·β − c, and it must be a form that is never 0. `nonzero` holds further such forms, of a case.
    """
    a, b, c = (side.get(wire, 0) for side in row)
    if a and b:
        return False
    coefficient = combine(((a or b, row.b if a else row.a), (-c, {ONE: 1})), facts.modulus)
    assumed = nonzero and normalised(coefficient, facts.modulus) in nonzero
    return bool(assumed) or facts.is_nonzero(coefficient)


class CaseSplitter:
    """See the module."""

    def __init__(self, facts: Facts, neighbourhood: Neighbourhood) -> None:
        self._facts = facts
        self._modulus = facts.modulus
        self._near = neighbourhood

    def shows(self, wire: int, depth: int) -> bool:
        """Whether splitting up to `depth` forms at once shows the wire unique."""
        rows = self._near.rows_around(wire, 4 * FORMS)
        forms = self._forms(rows)
        return self._split(_Goal(wire, rows), forms, depth, _Case())

    def _forms(self, rows: list[Row]) -> list[Form]:
        """Return the known factors of the rows that are not constant."""
        forms: dict[Terms, Form] = {}
        for side in (side for row in rows for side in (row.a, row.b)):
            if not is_constant(side) and all(wire in self._near.known for wire in side):
                forms.setdefault(normalised(side, self._modulus), side)
        return list(forms.values())[:FORMS]

    def _split(self, goal: _Goal, forms: list[Form], depth: int, case: _Case) -> bool:
        """Whether some form, split, leads to the goal on both sides, perhaps after more splits."""
        return any(
            all(
                self._solve(goal, branch)
                or (depth > 1 and self._split(goal, forms[i + 1 :], depth - 1, branch))
                for branch in self._branches(form, case)
            )
            for i, form in enumerate(forms)
        )

    def _branches(self, form: Form, case: _Case) -> Iterator[_Case]:
        key = normalised(form, self._modulus)
        wires = [wire for wire in form if wire != ONE]
        found = self._facts.ranges.get(wires[0])
        if len(wires) == 1 and found is not None and found.most == 1:
            for value in (found.start, found.start + found.step):
                values = {**case.values, wires[0]: value % self._modulus}
                yield _Case(values, case.zero, case.nonzero)
            return
        values = dict(case.values)
        if len(wires) == 1:
            values[wires[0]] = -form.get(ONE, 0) * pow(form[wires[0]], -1, self._modulus) % self._modulus
        yield _Case(values, case.zero | {key}, case.nonzero)
        yield _Case(case.values, case.zero, case.nonzero | {key})

    def _solve(self, goal: _Goal, case: _Case) -> bool:
        """Whether rows with one unknown wire, one after another, lead to the goal."""
        rows = [self._under(row, case) for row in goal.rows]
        found: set[int] = set()
        progress = True
        while progress and goal.wire not in found:
            progress = False
            for row in rows:
                unknown = [w for w in row.wires() if w not in self._near.known and w not in found]
                if len(unknown) == 1 and has_one_solution(row, unknown[0], self._facts, case.nonzero):
                    found.add(unknown[0])
                    progress = True
        return goal.wire in found

    def _under(self, row: Row, case: _Case) -> Row:
        a, b, c = (substituted(side, case.values, self._modulus) for side in row)
        vanishes = any(not side or normalised(side, self._modulus) in case.zero for side in (a, b))
        return Row({}, {}, c) if vanishes else Row(a, b, c)
