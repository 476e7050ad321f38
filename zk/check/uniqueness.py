"""Which wires do the inputs determine? Propagation of uniqueness over the rows.

A wire is *unique* if any two satisfying assignments that agree on all inputs agree on it. A prover who can
choose a wire that the circuit's author thought computed can usually prove something false, so every wire
that cannot be shown unique is named. The method is sound and not complete: "unique" is a proof, "not shown
unique" is a question.

Rules, each with the reason why two such assignments w, w' agree (known = already shown unique):

    linear       a row with one unknown wire u that is linear in u with a coefficient that is a non-zero
                 constant, or a form that is never 0 (`ranges.Facts.is_nonzero`): one solution. A known but
                 possibly zero coefficient is not enough: 0·u = 0 says nothing.
    elimination  linear equations with constant coefficients and known right-hand sides: the difference
                 w − w' solves the homogeneous system, and a reduced row with one wire makes it 0.
    digits       Σ cᵢ·uᵢ = known, where the ranges of the uᵢ keep all sums distinct mod p; see `digits`.
    canonical    the same where the sums are distinct only below p, and the rows keep them there.
    one value    the range of the wire holds one value, or its other value is refuted; see `refutation`.
    cases        a known form is 0 or it is not: what is unique in both cases is unique; see `cases`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from zk.check.cases import CaseSplitter, has_one_solution
from zk.check.digits import canonical_digits, determined_digits
from zk.check.elimination import eliminate
from zk.check.forms import ONE, Form, Row, System, combine, is_constant
from zk.check.ranges import Facts
from zk.check.refutation import Refuter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

CASE_DEPTH = 2  # how many forms are split at once
CASE_WIRES = 400  # with more unknown wires than this only single splits are tried
REPORT_EVERY = 1000  # wires


class Rule(StrEnum):
    """Why a wire is unique; see the module."""

    INPUT = "input"
    LINEAR = "linear"
    ELIMINATION = "elimination"
    DIGITS = "digits"
    CANONICAL = "canonical"
    ONE_VALUE = "one value"
    CASES = "cases"


@dataclass(frozen=True)
class Uniqueness:
    """The answer: which rule showed which wire, and which wires are left."""

    rules: Mapping[int, Rule]
    unknown: tuple[int, ...]
    facts: Facts

    def counts(self) -> dict[str, int]:
        """Return how many wires each rule showed unique."""
        found = Counter(rule.value for rule in self.rules.values())
        return {rule.value: found[rule.value] for rule in Rule if found[rule.value]}


def find_unique(
    system: System,
    never_zero: Iterable[Form] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Uniqueness:
    """Show as many wires unique as the rules can; `never_zero` forms are taken on trust."""
    facts = Facts(system, never_zero)
    search = _Search(facts, on_progress or (lambda _done, _total: None))
    search.run()
    rules = {wire: rule for wire, rule in search.known.items() if ONE < wire < system.n_wires}
    unknown = tuple(wire for wire in range(1, system.n_wires) if wire not in rules)
    return Uniqueness(rules, unknown, facts)


class _Search:
    """What is known so far, and how many unknown wires each row has."""

    def __init__(self, facts: Facts, on_progress: Callable[[int, int], None]) -> None:
        self.known: dict[int, Rule] = dict.fromkeys((ONE, *facts.system.inputs), Rule.INPUT)
        self._facts = facts
        self._on_progress = on_progress
        self._rows = [*facts.system.rows, *(Row({}, {}, equation) for equation in facts.definitions)]
        self._users: defaultdict[int, list[int]] = defaultdict(list)
        self._missing: list[int] = []
        for index, row in enumerate(self._rows):
            wires = row.wires()
            for wire in wires:
                self._users[wire].append(index)
            self._missing.append(sum(wire not in self.known for wire in wires))
        self._pending = [index for index, missing in enumerate(self._missing) if missing == 1]

    @cached_property
    def _refuter(self) -> Refuter:
        return Refuter(self._facts)

    def run(self) -> None:
        """Apply the rules, cheap ones first, until none says anything new."""
        self._learn_all(
            (wire for wire, found in self._facts.ranges.items() if not found.most), Rule.ONE_VALUE
        )
        self._drain()
        steps = (
            self._from_digits,
            self._from_elimination,
            self._from_canonical_digits,
            self._from_refutation,
            self._from_cases,
        )
        while len(self.known) < self._facts.n_wires and any(step() for step in steps):
            self._drain()
        self._on_progress(len(self.known), len(self.known))

    def rows_around(self, wire: int, limit: int) -> list[Row]:
        """Return rows with unknown wires, at most two steps from the wire."""
        first = [index for index in self._users[wire] if self._missing[index]]
        near = {w for index in first for w in self._rows[index].wires() if w not in self.known}
        second = [index for w in sorted(near) for index in self._users[w] if self._missing[index]]
        return [self._rows[index] for index in dict.fromkeys((*first, *second))][:limit]

    def _learn_all(self, wires: Iterable[int], rule: Rule) -> bool:
        return any([self._learn(wire, rule) for wire in wires])  # noqa: C419  all of them, not the first

    def _learn(self, wire: int, rule: Rule) -> bool:
        if wire in self.known:
            return False
        self.known[wire] = rule
        for index in self._users[wire]:
            self._missing[index] -= 1
            if self._missing[index] == 1:
                self._pending.append(index)
        if len(self.known) % REPORT_EVERY == 0:
            self._on_progress(len(self.known), self._facts.n_wires)
        return True

    def _drain(self) -> None:
        """Solve rows with a single unknown wire, as long as there are any."""
        while self._pending:
            row = self._rows[self._pending.pop()]
            wire = next((w for w in row.wires() if w not in self.known), None)
            if wire is not None and has_one_solution(row, wire, self._facts):
                self._learn(wire, Rule.LINEAR)

    def _equations(self) -> Iterator[Form]:
        """Yield forms over unknown wires, with constant coefficients, that are known by a row."""
        for index, missing in enumerate(self._missing):
            if missing and (form := self._equation(self._rows[index])):
                yield form

    def _equation(self, row: Row) -> Form | None:
        a, b, c = ({w: k for w, k in side.items() if w not in self.known} for side in row)
        if not a and not b:
            return c
        if a and b:
            return None
        factor, rest = (row.b, a) if a else (row.a, b)
        if is_constant(factor):
            return combine(((factor.get(ONE, 0), rest), (-1, c)), self._facts.modulus)
        return rest if not c and self._facts.is_nonzero(factor) else None

    def _from_digits(self) -> bool:
        shown = [form for form in self._equations() if determined_digits(form, self._facts)]
        return self._learn_all((wire for form in shown for wire in form), Rule.DIGITS)

    def _from_elimination(self) -> bool:
        """Eliminate wires without range first: what is left may be digits."""
        modulus, ranges = self._facts.modulus, self._facts.ranges
        first = eliminate(self._equations(), lambda wire: wire not in ranges, modulus)
        second = eliminate(first.others, lambda _wire: True, modulus)
        forms = (*first.others, *second.pivots.values())
        digits = [form for form in forms if determined_digits(form, self._facts)]
        found = self._learn_all((*first.alone, *second.alone), Rule.ELIMINATION)
        return self._learn_all((wire for form in digits for wire in form), Rule.DIGITS) or found

    def _from_canonical_digits(self) -> bool:
        shown = [form for form in self._equations() if canonical_digits(form, self._facts, self._refuter)]
        return self._learn_all((wire for form in shown for wire in form), Rule.CANONICAL)

    def _from_refutation(self) -> bool:
        """Find unknown wires with two values of which one is impossible."""
        return self._learn_all(
            [
                wire
                for wire, found in self._facts.ranges.items()
                if wire not in self.known
                and found.most == 1
                and any(self._refuter.refutes(wire, v) for v in (found.start, found.start + found.step))
            ],
            Rule.ONE_VALUE,
        )

    def _from_cases(self) -> bool:
        unknown = [wire for wire in range(1, self._facts.n_wires) if wire not in self.known]
        splitter = CaseSplitter(self._facts, self)
        depths = range(1, CASE_DEPTH + 1 if len(unknown) <= CASE_WIRES else 2)
        return any(
            self._learn_all((wire for wire in unknown if splitter.shows(wire, depth)), Rule.CASES)
            for depth in depths
        )
