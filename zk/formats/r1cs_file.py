"""`.r1cs`, version 1, as `snarkjs r1cs info` and groth16 tools read it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from zk.field import FIELD_BYTES, SCALAR_FIELD
from zk.formats.container import element_bytes, pack_container

if TYPE_CHECKING:
    from zk.circuit.evaluation import Terms
    from zk.circuit.r1cs import R1CS

_HEADER, _CONSTRAINTS, _WIRE_TO_LABEL = 1, 2, 3


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
