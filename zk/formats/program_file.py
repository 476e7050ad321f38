"""The witness program as JSON, for a prover outside Python; `witness_program.mjs` runs it.

    {"format": "tohyo-witness-program/1", "wires": n, "inputs": [names, public first],
     "combinations": [[[wire, "0x…"], …], …], "steps": [["product", wire, left, right], …]}

Steps are those of `zk.circuit.program`. The file holds no secret, and nobody has to trust it: a wrong
program gives a witness that the constraints refuse.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zk.circuit import Circuit

FORMAT = "tohyo-witness-program/1"


def pack_program(circuit: Circuit) -> bytes:
    """Encode the program of a circuit; the same circuit gives the same bytes."""
    document = {
        "format": FORMAT,
        "wires": circuit.r1cs.n_wires,
        "inputs": [*circuit.public_names, *circuit.private_names],
        "combinations": [
            [[wire, hex(coefficient)] for wire, coefficient in terms] for terms in circuit.r1cs.combinations
        ],
        "steps": [list(step) for step in circuit.steps],
    }
    return json.dumps(document, separators=(",", ":")).encode()
