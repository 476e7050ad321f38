"""What is true of every satisfying assignment: linear equations, ranges of wires, forms that are never 0.

Nothing here speaks of uniqueness yet. A fact is derived from the rows alone (and from a gadget's `nonzero`
notes, which the report prints), and each rule states why it holds:

    two values   a row (k·L + c)(m·L + d) = 0 over one form L: a field has no zero divisors, so L is one of
                 −c/k and −d/m. A wire of its own is added for a form L of several wires, with its equation.
    hull         Σ cᵢ·wᵢ with each wᵢ ≡ an integer of [loᵢ, hiᵢ] is congruent to an integer of the sum of the
                 intervals. From an equation with one wire without interval follows its interval.
    product      the same for the product of two forms in a row.
    non-zero     A·B = c ≠ 0 makes A and B non-zero; a range without 0 is non-zero; non-zero factors have a
                 non-zero product.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from zk.check.forms import ONE, Form, Row, System, combine, is_constant, normalised, symmetric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zk.circuit.evaluation import Terms

EXPANSION_ROUNDS = 4  # how often a replaced wire may bring in another one

Hull = tuple[int, int]


class Range(NamedTuple):
    """The wire is congruent to start + step·t for an integer t in [0, most]."""

    start: int
    step: int
    most: int

    def hull_times(self, coefficient: int, modulus: int) -> Hull:
        """Return an interval of integers congruent to coefficient·(start + step·t), as short as it can be."""
        first = symmetric(coefficient * self.start % modulus, modulus)
        last = first + symmetric(coefficient * self.step % modulus, modulus) * self.most
        return min(first, last), max(first, last)

    def end(self, coefficient: int, modulus: int, *, low: bool) -> int:
        """Return the value with which coefficient·value is at the low, or the high, end of that interval."""
        rises = symmetric(coefficient * self.step % modulus, modulus) > 0
        return self.start if rises == low else self.start + self.step * self.most

    def allows(self, value: int, modulus: int) -> bool:
        """Whether the value can be one of them; exact for one or two values and for steps of 1."""
        if self.most <= 1:
            return (value - self.start) % modulus in {0, self.step * self.most % modulus}
        low, high = self.hull_times(1, modulus)
        return (value - low) % modulus <= high - low


_THE_ONE = Range(1, 0, 0)


class Facts:
    """Facts about every satisfying assignment of a system."""

    def __init__(self, system: System, never_zero: Iterable[Form] = ()) -> None:
        self.modulus = system.modulus
        self.system = system
        self.ranges: dict[int, Range] = {}
        self.equations: list[Form] = [form for row in system.rows if (form := self._linear(row))]
        self.n_wires = system.n_wires  # with the wires added for forms of two values
        self.definitions: list[Form] = []  # equations of the wires added for forms of two values
        self._products = [row for row in system.rows if not (is_constant(row.a) or is_constant(row.b))]
        self._of_form: dict[Terms, int] = {}
        for row in self._products:
            self._two_values(row)
        self.equations += self.definitions
        self._expansions = self._expand_definitions()
        self._spread_hulls()
        self._nonzero = {normalised(form, self.modulus) for form in never_zero}
        self._spread_nonzero()

    def is_nonzero(self, form: Form) -> bool:
        """Whether the form is known to differ from 0 in every satisfying assignment."""
        if is_constant(form):
            return bool(form)
        if self._nonzero and normalised(form, self.modulus) in self._nonzero:
            return True
        hull = self.hull_of(form)
        return hull is not None and not _holds_multiple(hull, self.modulus)

    def hull_of(self, form: Form) -> Hull | None:
        """Return an interval shorter than p that holds an integer congruent to the form, if one is known."""
        hull = self.sum_hull(form)
        if hull is None and not self._expansions.keys().isdisjoint(form):
            return self.sum_hull(self.expanded(form))
        return hull

    def expanded(self, form: Form) -> Form:
        """Replace wires without range by what the equations of added wires say they are."""
        for _ in range(EXPANSION_ROUNDS):
            parts = [(k, self._expansions[w]) for w, k in form.items() if w in self._expansions]
            if not parts:
                break
            form = combine(((1, form), *parts), self.modulus)
        return form

    def sum_hull(self, form: Form) -> Hull | None:
        """Return the sum of the intervals of the parts, so that its end is the end of each part."""
        low = high = 0
        for wire, coefficient in form.items():
            found = _THE_ONE if wire == ONE else self.ranges.get(wire)
            if found is None:
                return None
            least, most = found.hull_times(coefficient, self.modulus)
            low += least
            high += most
        return (low, high) if high - low < self.modulus else None

    def is_below(self, form: Form, limit: int) -> bool:
        """Whether the form is shown to be congruent to an integer in [0, limit), with limit ≤ p.

        By its own interval, or by an equation that says what it is in terms of wires with intervals.
        """
        if limit >= self.modulus:
            return True
        candidates = [form]
        wire = max(form, default=ONE)
        for equation in self.equations:
            if wire in equation:
                factor = -form.get(wire, 0) * pow(equation[wire], -1, self.modulus)
                candidates.append(combine(((1, form), (factor, equation)), self.modulus))
        hulls = [self.hull_of(candidate) for candidate in candidates]
        return any(hull is not None and _inside(hull, limit, self.modulus) for hull in hulls)

    def _linear(self, row: Row) -> Form | None:
        """Return k·B − C for a row with constant A = k, likewise with B; the row says that it is 0."""
        a, b = (row.a, row.b) if is_constant(row.a) else (row.b, row.a)
        if not is_constant(a):
            return None
        form = combine(((a.get(ONE, 0), b), (-1, row.c)), self.modulus)
        return None if is_constant(form) else form

    def _two_values(self, row: Row) -> None:
        """(k·L + c)(m·L + d) = n·L + e with a factor L or with n = e = 0; other quadratics are left alone."""
        parts = [self._as_multiple(side, row.a) for side in row]
        if None in parts:
            return
        (k, c), (m, d), (n, e) = (part for part in parts if part is not None)
        p = self.modulus
        if n or e:
            # km·L² + (kd + cm − n)·L + (cd − e): with constant term 0 the roots are 0 and minus the quotient
            if (c * d - e) % p or not k * m % p:
                return
            roots = [0, -(k * d + c * m - n) * pow(k * m, -1, p) % p]
        else:
            roots = [-c * pow(k, -1, p) % p, -d * pow(m, -1, p) % p]
        first, second = (symmetric(root, p) for root in sorted(roots))
        self._narrow(self._wire_of(row.a), Range(first, second - first, int(first != second)))

    def _as_multiple(self, side: Form, model: Form) -> tuple[int, int] | None:
        """Return (k, c) with side = k·L + c, where L is the model without its constant, scaled."""
        linear = {wire: value for wire, value in side.items() if wire != ONE}
        top = max(model)
        if not linear:
            return 0, side.get(ONE, 0)
        if top not in linear or len(linear) != len(model) - (ONE in model):
            return None
        scale = linear[top] * pow(model[top], -1, self.modulus) % self.modulus
        if any(linear.get(w, 0) != v * scale % self.modulus for w, v in model.items() if w != ONE):
            return None
        return linear[top], side.get(ONE, 0)

    def _wire_of(self, model: Form) -> int:
        """Return the wire that L is; L is scaled so that its highest wire has coefficient 1."""
        linear = {wire: value for wire, value in model.items() if wire != ONE}
        key = normalised(linear, self.modulus)
        if len(key) == 1:
            return key[0][0]
        if key not in self._of_form:
            self._of_form[key] = self.n_wires
            self.definitions.append({**dict(key), self.n_wires: self.modulus - 1})
            self.n_wires += 1
        return self._of_form[key]

    def _expand_definitions(self) -> dict[int, Form]:
        """For each added wire's equation, pick a wire without range; adding its form replaces that wire."""
        expansions: dict[int, Form] = {}
        for definition in self.definitions:
            loose = (w for w in definition if w != ONE and w not in self.ranges and w not in expansions)
            wire = next(loose, None)
            if wire is not None:
                scale = -pow(definition[wire], -1, self.modulus)
                expansions[wire] = combine(((scale, definition),), self.modulus)
        return expansions

    def _narrow(self, wire: int, found: Range) -> bool:
        known = self.ranges.get(wire)
        if known is not None and known.most <= found.most:
            return False
        self.ranges[wire] = found
        return True

    def _spread_hulls(self) -> None:
        """Look again at the rows of each wire that got a range."""
        users: defaultdict[int, list[int]] = defaultdict(list)
        rows = [*self._products, *(Row({}, {}, equation) for equation in self.equations)]
        for index, row in enumerate(rows):
            for wire in row.wires():
                users[wire].append(index)
        pending = list(self.ranges)
        done: set[int] = set()
        while pending:
            for index in users[pending.pop()]:
                found = None if index in done else self._derive_from(rows[index])
                if found is not None:
                    done.add(index)
                    pending.append(found)

    def _derive(self, equation: Form, extra: Hull) -> int | None:
        """Find the one wire of equation + extra = 0 that has no interval, and give it one."""
        loose = []
        for wire in equation:
            if wire != ONE and wire not in self.ranges:
                loose.append(wire)
                if len(loose) > 1:
                    return None
        if not loose:
            return None
        (wire,) = loose
        scale = -pow(equation[wire], -1, self.modulus)
        rest = {w: c * scale % self.modulus for w, c in equation.items() if w != wire}
        hull = self.hull_of(rest)
        if hull is None:
            return None
        factor = symmetric(scale % self.modulus, self.modulus)
        ends = sorted((extra[0] * factor, extra[1] * factor))
        low, high = hull[0] + ends[0], hull[1] + ends[1]
        if high - low >= self.modulus:
            return None
        return wire if self._narrow(wire, Range(low, 1, high - low)) else None

    def _derive_from(self, row: Row) -> int | None:
        left, right = self.hull_of(row.a), self.hull_of(row.b)
        if left is None or right is None:
            return None
        corners = [x * y for x in left for y in right]
        return self._derive({w: -c % self.modulus for w, c in row.c.items()}, (min(corners), max(corners)))

    def _spread_nonzero(self) -> None:
        """Repeat the product rules until they say nothing new."""
        found = True
        while found:
            found = False
            for row in self._products:
                a, b, c = (self.is_nonzero(side) for side in row)
                follows = [row.a, row.b] if c else [row.c] if a and b else []
                for side in follows:
                    if not is_constant(side) and not self.is_nonzero(side):
                        self._nonzero.add(normalised(side, self.modulus))
                        found = True


def _holds_multiple(hull: Hull, modulus: int) -> bool:
    """Whether a multiple of p lies in [low, high]."""
    return hull[1] // modulus * modulus >= hull[0]


def _inside(hull: Hull, limit: int, modulus: int) -> bool:
    """Whether every integer of [low, high] is congruent to one in [0, limit)."""
    shift = hull[0] // modulus * modulus
    return hull[1] - shift < limit
