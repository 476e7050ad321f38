"""What a gadget says about its wires beside its constraints, for the tools in `zk.check`.

    free      the wire may take several values, and nothing depends on which (explained exception)
    nonzero   the combination is never 0 in a true statement, for a reason outside the constraints
    bits      the gadget is right only if the combination is below 2^bits; somebody must constrain that
    result    the public input is what the others lead to; nothing may be inferred from it

Notes constrain nothing and cost nothing. `free` and `nonzero` are trusted by the checks and printed in
their report, so that a reader can judge each reason; `bits` and `result` are never trusted but proved.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from zk.circuit.evaluation import Terms


class NoteKind(StrEnum):
    """What a note says; see the module."""

    FREE = "free"
    NONZERO = "nonzero"
    BITS = "bits"
    RESULT = "result"


class Note(NamedTuple):
    """One remark about a combination, why it is true, and the line that makes it."""

    kind: NoteKind
    terms: Terms
    bits: int  # 0 unless kind is BITS
    reason: str
    source: str
