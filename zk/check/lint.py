"""Rows and inputs that say nothing: what no author means to write.

    always true    the two sides of the row are equal whatever the wires are
    never true     no assignment satisfies the row, or it together with earlier linear rows
    duplicate      equal to an earlier row, up to exchanged and scaled sides
    implied        a linear row that follows from earlier linear rows

An idle row costs proving time, and usually it was meant to say something else. An input in no row is
free if it is private; if it is public, nothing but the proof system binds the proof to it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from zk.check.forms import ONE, Form, Row, combine, is_constant, normalised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zk.check.forms import System

LINEAR_ROWS = 20_000  # with more of them elimination might fill up, and only equal rows are looked for


class RowFault(StrEnum):
    """What is wrong with a row; see the module."""

    ALWAYS_TRUE = "always true"
    NEVER_TRUE = "never true"
    DUPLICATE = "duplicate"
    IMPLIED = "implied"


class IdleRow(NamedTuple):
    """A row that says nothing new; `earlier` is the row it repeats."""

    row: int
    fault: RowFault
    earlier: int | None = None


def unused_inputs(system: System) -> list[int]:
    """Return the inputs that stand in no row."""
    used: set[int] = set()
    for row in system.rows:
        used |= row.wires()
    return sorted(system.inputs - used)


def idle_rows(system: System) -> Iterator[IdleRow]:
    """Yield the rows that say nothing, or nothing new, or what cannot be."""
    p = system.modulus
    first: dict[object, int] = {}
    echelon: dict[int, Form] = {}
    forms = [_linear(row, p) for row in system.rows]
    eliminating = sum(form is not None for form in forms) <= LINEAR_ROWS
    for index, (row, form) in enumerate(zip(system.rows, forms, strict=True)):
        if form is not None and is_constant(form):
            yield IdleRow(index, RowFault.NEVER_TRUE if form else RowFault.ALWAYS_TRUE)
            continue
        key = _product_key(row, p) if form is None else normalised(form, p)
        earlier = first.setdefault(key, index)
        if earlier != index:
            yield IdleRow(index, RowFault.DUPLICATE, earlier)
        elif form is not None and eliminating:
            rest = _reduced(form, echelon, p)
            if is_constant(rest):
                yield IdleRow(index, RowFault.NEVER_TRUE if rest else RowFault.IMPLIED)


def _linear(row: Row, modulus: int) -> Form | None:
    """Return the form that the row sets to 0, if one of its factors is a constant."""
    a, b = (row.a, row.b) if is_constant(row.a) else (row.b, row.a)
    return combine(((a.get(ONE, 0), b), (-1, row.c)), modulus) if is_constant(a) else None


def _product_key(row: Row, modulus: int) -> tuple[object, ...]:
    """Scale A and B so that their highest wires have coefficient 1, C by the product; put A, B in order."""
    scale = pow(row.a[max(row.a)] * row.b[max(row.b)], -1, modulus)
    factors = sorted((normalised(row.a, modulus), normalised(row.b, modulus)))
    return (*factors, tuple(sorted(combine(((scale, row.c),), modulus).items())))


def _reduced(form: Form, echelon: dict[int, Form], modulus: int) -> Form:
    """Take away multiples of earlier forms, highest wire first; keep what is left as one more of them."""
    while not is_constant(form):
        pivot = max(form)
        if pivot not in echelon:
            echelon[pivot] = combine(((pow(form[pivot], -1, modulus), form),), modulus)
            return form
        form = combine(((1, form), (-form[pivot], echelon[pivot])), modulus)
    return form
