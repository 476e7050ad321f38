"""`.r1cs`, version 1, as circom writes it and `snarkjs r1cs info` and groth16 tools read it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from zk.circuit.r1cs import R1CS, Constraint
from zk.field import FIELD_BYTES, SCALAR_FIELD
from zk.formats.container import FileMalformedError, element_bytes, pack_container, read_container

if TYPE_CHECKING:
    from pathlib import Path

    from zk.circuit.evaluation import Terms
    from zk.formats.container import Reader

_HEADER, _CONSTRAINTS, _WIRE_TO_LABEL = 1, 2, 3
_LABEL_BYTES = 8


class R1CSFile(NamedTuple):
    """What a file holds; of the public wires, the first `n_outputs` are computed and not given."""

    r1cs: R1CS
    n_outputs: int


def read_r1cs(path: Path) -> R1CSFile:
    """Read a file of any origin; raises FileMalformedError. Constraints have their number as meaning."""
    sections = read_container(path, b"r1cs", 1)
    for needed in (_HEADER, _CONSTRAINTS, _WIRE_TO_LABEL):
        if needed not in sections:
            raise FileMalformedError(path.name, f"has no section {needed}")
    header, body = sections[_HEADER], sections[_CONSTRAINTS]
    header.prime()
    n_wires, n_outputs, n_public_inputs, n_private_inputs = (header.u32() for _ in range(4))
    header.u64()  # labels
    if len(sections[_WIRE_TO_LABEL].rest()) != n_wires * _LABEL_BYTES:  # so no file claims more than it has
        raise FileMalformedError(path.name, f"has not one label for each of {n_wires} wires")
    combinations: dict[Terms, int] = {}
    rows = []
    for number in range(header.u32()):
        sides = (_read_terms(body, n_wires) for _ in range(3))
        a, b, c = (combinations.setdefault(side, len(combinations)) for side in sides)
        rows.append(Constraint(a, b, c, f"constraint {number}", path.name))
    header.require_end()
    body.require_end()
    n_public = n_outputs + n_public_inputs
    if 1 + n_public + n_private_inputs > n_wires:
        raise FileMalformedError(path.name, "has more inputs and outputs than wires")
    return R1CSFile(R1CS(n_wires, n_public, n_private_inputs, tuple(combinations), tuple(rows)), n_outputs)


def pack_r1cs(r1cs: R1CS) -> bytes:
    """Encode a constraint system; the same circuit gives the same bytes. Labels are the wire numbers."""
    header = b"".join(
        (
            struct.pack("<I", FIELD_BYTES),
            element_bytes(SCALAR_FIELD),
            struct.pack("<IIII", r1cs.n_wires, 0, r1cs.n_public, r1cs.n_private_inputs),
            struct.pack("<QI", r1cs.n_wires, r1cs.n_constraints),
        )
    )
    encoded = [_pack_terms(terms) for terms in r1cs.combinations]
    rows = b"".join(encoded[row.a] + encoded[row.b] + encoded[row.c] for row in r1cs.constraints)
    labels = struct.pack(f"<{r1cs.n_wires}Q", *range(r1cs.n_wires))
    return pack_container(b"r1cs", 1, {_HEADER: header, _CONSTRAINTS: rows, _WIRE_TO_LABEL: labels})


def _pack_terms(terms: Terms) -> bytes:
    body = b"".join(struct.pack("<I", wire) + element_bytes(coefficient) for wire, coefficient in terms)
    return struct.pack("<I", len(terms)) + body


def _read_terms(body: Reader, n_wires: int) -> Terms:
    terms = {}
    for _ in range(body.u32()):
        wire, coefficient = body.u32(), body.element()
        if wire >= n_wires or coefficient >= SCALAR_FIELD or wire in terms:
            raise FileMalformedError(body.what, "has a wire that is not there or twice, or a number ≥ r")
        terms[wire] = coefficient
    return tuple((wire, terms[wire]) for wire in sorted(terms) if terms[wire])
