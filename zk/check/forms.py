"""Linear forms over wires, and systems of rows over any prime field.

A form is Σ coefficient·wire mod p as a dictionary without zero coefficients; wire 0 is the constant 1. The
prime is a parameter, because the tests enumerate every solution over small fields and compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from zk.field import SCALAR_FIELD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from zk.circuit.evaluation import Terms
    from zk.circuit.r1cs import R1CS

ONE = 0

Form = dict[int, int]


class Row(NamedTuple):
    """(A·w)·(B·w) = C·w."""

    a: Form
    b: Form
    c: Form

    def wires(self) -> set[int]:
        """All wires in the row but the constant."""
        return (self.a.keys() | self.b.keys() | self.c.keys()) - {ONE}


@dataclass(frozen=True)
class System:
    """Rows over F_p, and the wires whose values are given."""

    modulus: int
    n_wires: int
    inputs: frozenset[int]
    rows: tuple[Row, ...]


def system_of(r1cs: R1CS, results: Collection[int] = ()) -> System:
    """Take a constraint system over F_r; its inputs are the private ones, and the public ones but results."""
    forms = [dict(terms) for terms in r1cs.combinations]
    rows = tuple(Row(forms[row.a], forms[row.b], forms[row.c]) for row in r1cs.constraints)
    inputs = frozenset(range(1, 1 + r1cs.n_public + r1cs.n_private_inputs)).difference(results)
    return System(SCALAR_FIELD, r1cs.n_wires, inputs, rows)


def is_constant(form: Form) -> bool:
    """Whether no wire but the constant is in it."""
    return not form or (len(form) == 1 and ONE in form)


def combine(parts: Iterable[tuple[int, Form]], modulus: int) -> Form:
    """Σ factor·form."""
    total: Form = {}
    for factor, form in parts:
        for wire, coefficient in form.items():
            total[wire] = total.get(wire, 0) + factor * coefficient
    return {wire: reduced for wire, c in total.items() if (reduced := c % modulus)}


def normalised(form: Mapping[int, int], modulus: int) -> Terms:
    """Scale so that the highest wire has coefficient 1: the same for all non-zero multiples of a form."""
    if not form:
        return ()
    scale = pow(form[max(form)], -1, modulus)
    return tuple((wire, form[wire] * scale % modulus) for wire in sorted(form))


def substituted(form: Form, values: Mapping[int, int], modulus: int) -> Form:
    """Replace wires by their values."""
    if not any(wire in values for wire in form):
        return form
    kept = {wire: c for wire, c in form.items() if wire not in values}
    constant = sum(c * values[wire] for wire, c in form.items() if wire in values)
    return combine(((1, kept), (constant, {ONE: 1})), modulus)


def symmetric(value: int, modulus: int) -> int:
    """Return the representative in (−p/2, p/2], so that −1 is small."""
    return value - modulus if value > modulus // 2 else value
