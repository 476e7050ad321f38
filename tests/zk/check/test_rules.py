"""Single rules at their edges, exactly: where each must speak, and where it must be silent."""

from __future__ import annotations

from itertools import product

import pytest

from zk.check.forms import ONE, Form, Row, System
from zk.check.uniqueness import Rule, find_unique

P = 13
X = 1


def boolean(wire: int) -> Row:
    return Row({wire: 1}, {wire: 1, ONE: P - 1}, {})


def below(bits: list[int], bound: int, first_free: int) -> tuple[list[Row], int]:
    """Compare as `enforce_bits_below` does: a product of the ones, and no one where the bound has a zero."""
    rows, prefix = [], {ONE: 1}
    for position in range(len(bits) - 1, -1, -1):
        bit: Form = {bits[position]: 1}
        if (bound - 1) >> position & 1:
            rows.append(Row(prefix, bit, {first_free: 1}))
            prefix, first_free = {first_free: 1}, first_free + 1
        else:
            rows.append(Row(prefix, bit, {}))
    return rows, first_free


def decomposition(bound: int) -> System:
    """Four bits of an input over F_13, compared with a bound: 0, 1 and 2 have second names 13, 14 and 15."""
    bits = [2, 3, 4, 5]
    total = {wire: 1 << i for i, wire in enumerate(bits)}
    rows, n_wires = below(bits, bound, 6)
    return System(P, n_wires, frozenset({X}), (*map(boolean, bits), Row({ONE: 1}, total, {X: 1}), *rows))


@pytest.mark.parametrize("bound", range(1, 17))
def test_digits_are_canonical_exactly_up_to_the_modulus(bound: int) -> None:
    result = find_unique(decomposition(bound))
    assert (result.unknown == ()) is (bound <= P)
    if 9 <= bound <= P:
        assert result.rules[5] is Rule.CANONICAL


@pytest.mark.parametrize("weights", list(product((1, 2, 3, 4, 6, 12), repeat=2)))
def test_digits_are_unique_only_if_the_sums_are_distinct(weights: tuple[int, int]) -> None:
    """The rule may be silent where sums are distinct, though not for powers of two, up to a factor."""
    total = dict(zip((2, 3), weights, strict=True))
    system = System(P, 4, frozenset({X}), (boolean(2), boolean(3), Row({ONE: 1}, total, {X: 1})))
    is_shown = find_unique(system).unknown == ()
    distinct = len({(a * weights[0] + b * weights[1]) % P for a in (0, 1) for b in (0, 1)}) == 4
    assert distinct or not is_shown
    assert is_shown or weights not in {(1, 2), (2, 1), (3, 6), (6, 12), (1, 4)}


def quotient(*more: Row, n_wires: int = 4) -> System:
    """q·b = a for inputs a = wire 1 and b = wire 2; q is wire 3."""
    return System(P, n_wires, frozenset({1, 2}), (Row({3: 1}, {2: 1}, {1: 1}), *more))


def test_a_quotient_is_unique_only_if_its_divisor_is_not_zero() -> None:
    assert find_unique(quotient()).unknown == (3,)
    assert find_unique(quotient(), [{2: 5}]).unknown == ()
    assert find_unique(quotient(Row({2: 1}, {4: 1}, {ONE: 1}), n_wires=5)).unknown == ()
    assert find_unique(quotient(boolean(2))).unknown == (3,)
    assert find_unique(quotient(Row({2: 1, ONE: 12}, {2: 1, ONE: 11}, {}))).unknown == ()


def test_one_row_with_two_roots_says_nothing() -> None:
    square = System(P, 3, frozenset({1}), (Row({2: 1}, {2: 1}, {1: 1}),))
    assert find_unique(square).unknown == (2,)


def test_cases_show_what_no_single_row_shows() -> None:
    """x·i = m and x·(1 − m) = 0: m is unique, i is not."""
    rows = (Row({1: 1}, {2: 1}, {3: 1}), Row({1: 1}, {ONE: 1, 3: 12}, {}))
    result = find_unique(System(P, 4, frozenset({1}), rows))
    assert result.unknown == (2,)
    assert result.rules[3] is Rule.CASES


def test_equations_are_solved_together() -> None:
    rows = (Row({ONE: 1}, {2: 1, 3: 1}, {1: 1}), Row({ONE: 1}, {2: 1, 3: 2}, {1: 4}))
    result = find_unique(System(P, 4, frozenset({1}), rows))
    assert {result.rules[wire] for wire in (2, 3)} <= {Rule.ELIMINATION, Rule.LINEAR}
    dependent = (rows[0], Row({ONE: 1}, {2: 2, 3: 2}, {1: 2}))
    assert find_unique(System(P, 4, frozenset({1}), dependent)).unknown == (2, 3)


def test_a_contradiction_does_not_keep_the_search_from_ending() -> None:
    rows = (Row({1: 1}, {2: 1}, {ONE: 1}), Row({1: 1}, {2: 1}, {}), Row({ONE: 1}, {}, {ONE: 1}))
    result = find_unique(System(P, 3, frozenset(), rows))
    assert {*result.rules, *result.unknown} == {1, 2}
