"""Over small fields every solution can be listed: what the finder calls unique, the list must agree with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zk.check.forms import ONE, Form, Row, System
from zk.check.ranges import Facts
from zk.check.refutation import Refuter
from zk.check.uniqueness import find_unique

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = {5: 6, 7: 5, 11: 4, 13: 4}  # wires beside the constant, so that p^wires stays near 20,000

Assignment = tuple[int, ...]


@st.composite
def forms(draw: st.DrawFn, modulus: int, n_wires: int, most: int = 3) -> Form:
    wires = draw(st.lists(st.integers(0, n_wires - 1), min_size=1, max_size=most, unique=True))
    return {wire: draw(st.integers(1, modulus - 1)) for wire in wires}


@st.composite
def rows(draw: st.DrawFn, modulus: int, n_wires: int) -> Row:
    """Rows of the kinds that rules look for, and any row."""
    wire = st.integers(1, n_wires - 1)
    some = forms(modulus, n_wires)
    kind = draw(
        st.sampled_from(["bit", "bit", "two values", "linear", "digits", "product", "never zero", "any"])
    )
    if kind == "bit":
        bit = draw(wire)
        return Row({bit: 1}, {bit: 1, ONE: modulus - 1}, {})
    if kind == "two values":
        form, root = draw(some), draw(st.integers(0, modulus - 1))
        return Row(form, {**form, ONE: (form.get(ONE, 0) + root) % modulus or 1}, {})
    if kind == "digits":
        wires = draw(st.lists(wire, min_size=2, max_size=4, unique=True))
        return Row({ONE: 1}, {w: pow(2, i, modulus) for i, w in enumerate(wires)}, draw(st.just({}) | some))
    if kind == "product":
        return Row({draw(wire): 1}, draw(some), {draw(wire): 1})
    left = {ONE: 1} if kind == "linear" else draw(some)
    return Row(left, draw(some), {ONE: 1} if kind == "never zero" else draw(st.just({}) | some))


@st.composite
def patterns(draw: st.DrawFn, modulus: int) -> list[Row]:
    """Rows as gadgets write them, for wires 1 to 4, so that every rule has something to do."""
    minus_one = modulus - 1
    form = draw(forms(modulus, 3))
    bits = [Row({wire: 1}, {wire: 1, ONE: minus_one}, {}) for wire in (2, 3)]
    top = {wire: draw(st.integers(1, modulus - 1)) for wire in (1, 2, 3)}
    kind = draw(st.sampled_from(["none", "zero test", "bits", "bits with a derived one", "choice"]))
    if kind == "zero test":
        return [Row(form, {3: 1}, {4: 1}), Row(form, {ONE: 1, 4: minus_one}, {})]
    if kind == "bits":
        return [*bits, Row({ONE: 1}, {2: 1, 3: 2}, {1: 1}), Row({3: 1}, {2: 1}, {4: 1})]
    if kind == "bits with a derived one":
        return [*bits, Row(top, {**top, ONE: minus_one}, {}), Row(top, {3: 1}, {4: 1})]
    if kind == "choice":
        bit = Row({1: 1}, {1: 1, ONE: minus_one}, {})
        return [bit, Row({1: 1}, {3: 1}, {2: 1}), Row({ONE: 1, 1: minus_one}, {3: 1}, {4: 1})]
    return []


@st.composite
def systems(draw: st.DrawFn) -> System:
    modulus = draw(st.sampled_from(list(SIZES)))
    n_wires = SIZES[modulus] + 1
    inputs = frozenset(range(1, 1 + draw(st.integers(0, 2))))
    pattern = draw(patterns(modulus))
    found = draw(st.lists(rows(modulus, n_wires), min_size=0 if pattern else 1, max_size=3 if pattern else 7))
    return System(modulus, n_wires, inputs, (*pattern, *found))


def solutions(system: System) -> list[Assignment]:
    """Every satisfying assignment, wire by wire: a row is tested as soon as its last wire has a value."""
    due: list[list[Row]] = [[] for _ in range(system.n_wires)]
    for row in system.rows:
        due[max(row.wires(), default=0)].append(row)
    return list(extend(system, due, (1,))) if all(holds(row, (1,), system.modulus) for row in due[0]) else []


def extend(system: System, due: list[list[Row]], start: Assignment) -> Iterator[Assignment]:
    if len(start) == system.n_wires:
        yield start
        return
    for value in range(system.modulus):
        longer = (*start, value)
        if all(holds(row, longer, system.modulus) for row in due[len(start)]):
            yield from extend(system, due, longer)


def value_of(form: Form, assignment: Assignment) -> int:
    return sum(k * assignment[wire] for wire, k in form.items())


def holds(row: Row, assignment: Assignment, modulus: int) -> bool:
    a, b, c = (value_of(side, assignment) for side in row)
    return (a * b - c) % modulus == 0


def unique_wires(system: System, found: list[Assignment]) -> set[int]:
    seen: dict[tuple[int, Assignment], int] = {}
    several = set()
    for assignment in found:
        inputs = tuple(assignment[wire] for wire in sorted(system.inputs))
        for wire, value in enumerate(assignment):
            if seen.setdefault((wire, inputs), value) != value:
                several.add(wire)
    return set(range(system.n_wires)) - several


def require_sound(system: System) -> None:
    found = solutions(system)
    result = find_unique(system)
    claimed = set(result.rules)
    assert claimed <= unique_wires(system, found), result.rules
    assert claimed.isdisjoint(result.unknown)
    assert claimed | set(result.unknown) == set(range(1, system.n_wires))


@given(systems())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_called_unique_is_unique(system: System) -> None:
    require_sound(system)


@pytest.mark.slow
@given(systems())
@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_called_unique_is_unique_in_thousands_of_systems(system: System) -> None:
    require_sound(system)


@given(systems(), st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_forms_taken_on_trust_are_used_only_where_they_hold(system: System, data: st.DataObject) -> None:
    trusted = data.draw(forms(system.modulus, system.n_wires))
    kept = [found for found in solutions(system) if value_of(trusted, found) % system.modulus]
    assert set(find_unique(system, [trusted]).rules) <= unique_wires(system, kept)


@given(systems())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_range_and_every_form_that_is_never_zero_hold_in_every_solution(system: System) -> None:
    facts = Facts(system)
    sides = [side for row in system.rows for side in row]
    never_zero = [side for side in sides if facts.is_nonzero(side)]
    below = [(side, limit) for side in sides for limit in (2, 4) if facts.is_below(side, limit)]
    for found in solutions(system):
        for wire, known in facts.ranges.items():
            values = {(known.start + known.step * t) % system.modulus for t in range(known.most + 1)}
            assert wire >= system.n_wires or found[wire] in values
        assert all(value_of(side, found) % system.modulus for side in never_zero)
        assert all(value_of(side, found) % system.modulus < limit for side, limit in below)


@given(systems(), st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_refuted_has_no_solution(system: System, data: st.DataObject) -> None:
    refuter = Refuter(Facts(system))
    wires = data.draw(st.lists(st.integers(1, system.n_wires - 1), min_size=1, max_size=3, unique=True))
    values = {wire: data.draw(st.integers(0, system.modulus - 1)) for wire in wires}
    refuted = not all([refuter.assume(wire, value) for wire, value in values.items()])  # noqa: C419  every one
    if refuted:
        assert not any(all(found[w] == v for w, v in values.items()) for found in solutions(system))
