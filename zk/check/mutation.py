"""Change wires of a true witness, alone and in pairs: some row must break.

Complements `uniqueness`, which reasons about all witnesses and starts from the inputs: here the private
inputs change too, on real witnesses. What is found is a second witness for the same public inputs, one or two
wires away, which needs a reason. A public input is changed alone only, since with another wire it is another
statement, and it need only be seen by some row: the row of its square does not tell x from −x, yet it ties
the proof to x, which the proof system does not do for an input in no row.

Alone. With w ↦ w + δ a row's residual A·B − C is α·δ² + β·δ, α = a·b, β = a·B + b·A − c for the wire's
coefficients a, b, c. So a row breaks for every δ ≠ 0 (it *holds* the wire), for none, or for all but
δ = −β/α, and the answer for all δ is exact.

In pairs. Rows without v do not see v's change. So a row that holds u must contain v, or the pair breaks it;
if no row holds u but two want different δ, v is in one of them. Other pairs need no test. For the rest: where
a row sees only one of the two changes and allows one δ, that is the change; else some are tried. The other
change is solved for in a row that sees both, and all rows of the two are tested. This is exact where one
change is fixed or the shared rows are linear (their solutions are closed under scaling); else it is a test.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from zk.babyjubjub import square_root
from zk.check.forms import ONE
from zk.field import SCALAR_FIELD

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from zk.circuit import R1CS

TRIES = 3  # values for a change that no row fixes
REPORT_EVERY = 1000  # wires


class Mutation(NamedTuple):
    """Wires that can change together without breaking a row, and to what."""

    wires: tuple[int, ...]
    values: tuple[int, ...]


class _View(NamedTuple):
    """A row as one wire's change sees it: coefficients in A, B and C."""

    a: int
    b: int
    c: int


class MutationTest:
    """All single changes and all pairs that could matter, for one witness."""

    def __init__(self, r1cs: R1CS, witness: Sequence[int]) -> None:
        r1cs.require_satisfied(witness)
        self._witness = witness
        self._n_public = r1cs.n_public
        forms = [dict(terms) for terms in r1cs.combinations]
        values = [sum(k * witness[w] for w, k in form.items()) % SCALAR_FIELD for form in forms]
        self._rows = [(forms[row.a], forms[row.b], forms[row.c]) for row in r1cs.constraints]
        self._values = [(values[row.a], values[row.b]) for row in r1cs.constraints]
        self._seen_by: defaultdict[int, set[int]] = defaultdict(set)  # wire → rows that contain it
        self._holding: defaultdict[int, set[int]] = defaultdict(set)  # wire → rows that break if it changes
        self._allowing: defaultdict[int, dict[int, int]] = defaultdict(dict)  # wire → row → the one change
        for index, row in enumerate(self._rows):
            for wire in row[0].keys() | row[1].keys() | row[2].keys():
                if wire != ONE:
                    self._classify(index, wire)

    def alone(self) -> Iterator[Mutation]:
        """Yield single wires that can change; public inputs only if they can change to anything."""
        for wire in range(1, len(self._witness)):
            change = self._own_change(wire)
            if change is not None and (wire > self._n_public or not self._allowing[wire]):
                yield Mutation((wire,), (self._moved(wire, change),))

    def pairs(
        self, skipped: Collection[int] = (), on_progress: Callable[[int, int], None] | None = None
    ) -> Iterator[Mutation]:
        """Yield pairs of wires that can change together; wires that can change alone are `skipped`."""
        done: set[tuple[int, int]] = set()
        for u in range(1 + self._n_public, len(self._witness)):
            for v in self._partners(u):
                pair = (min(u, v), max(u, v))
                if v == u or v <= self._n_public or pair in done or u in skipped or v in skipped:
                    continue
                done.add(pair)
                if self._holding[u] <= self._seen_by[v] and self._holding[v] <= self._seen_by[u]:
                    yield from self._together(u, v)
            if on_progress is not None and u % REPORT_EVERY == 0:
                on_progress(u, len(self._witness))

    def _classify(self, index: int, wire: int) -> None:
        """Sort a row by which changes δ ≠ 0 of the wire alone it allows."""
        self._seen_by[wire].add(index)
        view, (a_value, b_value) = self._view(index, wire), self._values[index]
        square = view.a * view.b % SCALAR_FIELD
        linear = (view.a * b_value + view.b * a_value - view.c) % SCALAR_FIELD
        if not square and not linear:
            return
        change = -linear * pow(square, -1, SCALAR_FIELD) % SCALAR_FIELD if square else 0
        if change:
            self._allowing[wire][index] = change
        else:
            self._holding[wire].add(index)

    def _view(self, index: int, wire: int) -> _View:
        a, b, c = self._rows[index]
        return _View(a.get(wire, 0), b.get(wire, 0), c.get(wire, 0))

    def _moved(self, wire: int, change: int) -> int:
        return (self._witness[wire] + change) % SCALAR_FIELD

    def _own_change(self, wire: int) -> int | None:
        """Return a change that all rows of the wire allow, if there is one."""
        if self._holding[wire]:
            return None
        changes = set(self._allowing[wire].values())
        return None if len(changes) > 1 else next(iter(changes), 1)

    def _partners(self, wire: int) -> set[int]:
        """Return the wires one of which must change, too, if this one does."""
        if self._holding[wire]:
            row = min(self._holding[wire], key=lambda index: sum(map(len, self._rows[index])))
            return self._wires_of(row)
        allowing = self._allowing[wire]
        first = next(iter(allowing), None)
        second = next(
            (row for row, change in allowing.items() if first is not None and change != allowing[first]), None
        )
        return set() if first is None or second is None else self._wires_of(first) | self._wires_of(second)

    def _wires_of(self, index: int) -> set[int]:
        a, b, c = self._rows[index]
        return (a.keys() | b.keys() | c.keys()) - {ONE}

    def _together(self, u: int, v: int) -> Iterator[Mutation]:
        """Look for changes of both that no row of either notices."""
        fixed_u, fixed_v = self._fixed(u, v), self._fixed(v, u)
        if 0 in (fixed_u, fixed_v):
            return
        if fixed_u is None and fixed_v is not None:
            u, v, fixed_u, fixed_v = v, u, fixed_v, fixed_u
        shared = sorted(self._seen_by[u] & self._seen_by[v])
        tries = (
            [fixed_u]
            if fixed_u is not None
            else [1 + secrets.randbelow(SCALAR_FIELD - 1) for _ in range(TRIES)]
        )
        for change in tries:
            for answer in [fixed_v] if fixed_v is not None else self._answers(shared, u, v, change):
                if answer and all(self._residual(row, u, v, change, answer) == 0 for row in shared):
                    yield Mutation((u, v), (self._moved(u, change), self._moved(v, answer)))
                    return

    def _fixed(self, wire: int, other: int) -> int | None:
        """Return the only change that the rows without the other wire allow; 0 for none, None for any."""
        changes = {change for row, change in self._allowing[wire].items() if row not in self._seen_by[other]}
        return None if not changes else changes.pop() if len(changes) == 1 else 0

    def _residual(self, index: int, u: int, v: int, change: int, answer: int) -> int:
        (a, b), x, y = self._values[index], self._view(index, u), self._view(index, v)
        moved = (a + x.a * change + y.a * answer) * (b + x.b * change + y.b * answer)
        return (moved - a * b - x.c * change - y.c * answer) % SCALAR_FIELD

    def _answers(self, shared: list[int], u: int, v: int, change: int) -> list[int]:
        """Solve the first shared row that depends on the answer for it."""
        for index in shared:
            y = self._view(index, v)
            square = y.a * y.b % SCALAR_FIELD
            constant = self._residual(index, u, v, change, 0)
            linear = (self._residual(index, u, v, change, 1) - constant - square) % SCALAR_FIELD
            if square or linear:
                return quadratic_roots(square, linear, constant)
            if constant:
                return []
        return [1]


def quadratic_roots(square: int, linear: int, constant: int) -> list[int]:
    """Solve square·x² + linear·x + constant = 0 in F_r, where not both square and linear are 0."""
    if not square:
        return [-constant * pow(linear, -1, SCALAR_FIELD) % SCALAR_FIELD]
    root = square_root((linear * linear - 4 * square * constant) % SCALAR_FIELD)
    if root is None:
        return []
    half = pow(2 * square, -1, SCALAR_FIELD)
    return list(dict.fromkeys((sign * root - linear) * half % SCALAR_FIELD for sign in (1, -1)))
