"""Circuits of other origin: a `.r1cs` file as circom writes it, with the names of its `.sym` file.

Such a circuit has no program and no notes, except that circom's outputs are results; so its report knows no
exceptions, and a witness has to be given.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zk.circuit import Circuit
from zk.circuit.notes import Note, NoteKind
from zk.formats.container import FileMalformedError
from zk.formats.r1cs_file import read_r1cs

if TYPE_CHECKING:
    from pathlib import Path

_LINE = re.compile(r"[^,]*,(-?[0-9]{1,10}),[^,]*,(.*)")  # label, wire, component, name


def read_foreign(path: Path) -> Circuit:
    """Read constraints and, if a `.sym` file is beside them, names; raises FileMalformedError."""
    r1cs, n_outputs = read_r1cs(path)
    symbols = path.with_suffix(".sym")
    names = _wire_names(symbols) if symbols.exists() else {}
    sources = dict.fromkeys(range(r1cs.n_wires), path.name)
    outputs = range(1, 1 + n_outputs)
    notes = tuple(Note(NoteKind.RESULT, ((wire, 1),), 0, "an output", path.name) for wire in outputs)
    return Circuit(path.stem, r1cs, (), (), (), names, sources, notes)


def _wire_names(path: Path) -> dict[int, str]:
    """Name each wire after the first label that stands for it; −1 marks labels that were optimised away."""
    names: dict[int, str] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = _LINE.fullmatch(line)
        if fields is None or not fields[2].isprintable():
            raise FileMalformedError(path.name, "has a line that is not label,wire,component,name")
        if not fields[1].startswith("-"):
            names.setdefault(int(fields[1]), fields[2])
    return names
