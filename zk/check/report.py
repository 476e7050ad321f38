"""Check a circuit: every tool of this package, and what they found as a list of holes.

A *hole* is something that a reader must look at: a wire that the inputs were not shown to determine, a change
that no row notices, an input or a row that says nothing, a range that a gadget relies on and nobody
constrains, an exception that no longer explains anything. A circuit without holes is not thereby right: what
the checks cannot see is whether the constraints say what was meant. See docs/circuit-checks.md.

Exceptions are notes that gadgets make next to their constraints (`zk.circuit.notes`); the report lists them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from zk.check.forms import system_of
from zk.check.lint import RowFault, idle_rows, unused_inputs
from zk.check.mutation import MutationTest
from zk.check.uniqueness import find_unique
from zk.circuit.notes import NoteKind
from zk.field import SCALAR_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zk.check.forms import System
    from zk.check.mutation import Mutation
    from zk.check.uniqueness import Uniqueness
    from zk.circuit import Circuit
    from zk.circuit.notes import Note

Progress = Callable[[str, int, int], None]  # (what, done, total)


class HoleKind(StrEnum):
    """What sort of hole."""

    NOT_UNIQUE = "not unique"
    CHANGES_ALONE = "changes alone"
    CHANGES_IN_PAIR = "changes in pair"
    UNUSED_INPUT = "unused input"
    UNBOUND_PUBLIC_INPUT = "unbound public input"
    ALWAYS_TRUE = "constraint always true"
    NEVER_TRUE = "constraint never true"
    DUPLICATE = "duplicate constraint"
    IMPLIED = "implied constraint"
    RANGE_NOT_SHOWN = "range not shown"
    FALSE_NOTE = "false note"
    STALE_NOTE = "stale note"


_OF_FAULT = {
    RowFault.ALWAYS_TRUE: HoleKind.ALWAYS_TRUE,
    RowFault.NEVER_TRUE: HoleKind.NEVER_TRUE,
    RowFault.DUPLICATE: HoleKind.DUPLICATE,
    RowFault.IMPLIED: HoleKind.IMPLIED,
}


class Hole(NamedTuple):
    """One thing to look at: what it is, which wire or constraint, and the line that made that."""

    kind: HoleKind
    subject: str
    source: str
    explanation: str


@dataclass(frozen=True)
class CheckReport:
    """What a check found."""

    circuit: str
    n_constraints: int
    n_wires: int
    n_witnesses: int
    unique_by_rule: Mapping[str, int]
    exceptions: tuple[Note, ...]
    holes: tuple[Hole, ...]

    def describe(self) -> dict[str, Any]:
        """Return the report as plain data."""
        exceptions = Counter((note.kind.value, _last(note.reason), note.source) for note in self.exceptions)
        return {
            "circuit": self.circuit,
            "constraints": self.n_constraints,
            "wires": self.n_wires,
            "witnesses": self.n_witnesses,
            "unique_by_rule": dict(self.unique_by_rule),
            "exceptions": [
                {"kind": kind, "reason": reason, "source": source, "times": times}
                for (kind, reason, source), times in exceptions.items()
            ],
            "holes": [{**hole._asdict(), "kind": hole.kind.value} for hole in self.holes],
        }


def check_circuit(
    circuit: Circuit,
    witnesses: Sequence[Sequence[int]] = (),
    on_progress: Progress | None = None,
) -> CheckReport:
    """Run every check; mutation needs true witnesses, which should be random and several."""
    return _Check(circuit, on_progress or (lambda _what, _done, _total: None)).run(witnesses)


class _Check:
    """One circuit, its notes by kind, and how its wires and rows are called."""

    def __init__(self, circuit: Circuit, on_progress: Progress) -> None:
        self._circuit = circuit
        self._on_progress = on_progress
        results = [note.terms[0][0] for note in circuit.notes if note.kind is NoteKind.RESULT]
        self._system: System = system_of(circuit.r1cs, results)
        self._never_zero = [note for note in circuit.notes if note.kind is NoteKind.NONZERO]
        self._free = {note.terms[0][0]: note for note in circuit.notes if note.kind is NoteKind.FREE}

    def run(self, witnesses: Sequence[Sequence[int]]) -> CheckReport:
        """Run everything once, mutation once for each witness."""
        unique = find_unique(
            self._system,
            [dict(note.terms) for note in self._never_zero],
            lambda done, total: self._on_progress("unique wires", done, total),
        )
        holes = [*self._lint(), *self._not_unique(unique), *self._ranges(unique), *self._stale(unique)]
        for number, witness in enumerate(witnesses, start=1):
            holes += self._false_notes(witness)
            holes += self._mutations(witness, f"mutation, witness {number}")
        r1cs = self._circuit.r1cs
        return CheckReport(
            self._circuit.name,
            r1cs.n_constraints,
            r1cs.n_wires,
            len(witnesses),
            unique.counts(),
            (*self._never_zero, *self._free.values()),
            tuple(dict.fromkeys(holes)),
        )

    def _wire(self, wire: int) -> str:
        return self._circuit.wire_names.get(wire) or f"wire {wire}"

    def _wire_hole(self, kind: HoleKind, wire: int, explanation: str) -> Hole:
        return Hole(kind, self._wire(wire), self._circuit.wire_sources.get(wire, ""), explanation)

    def _lint(self) -> Iterator[Hole]:
        for wire in unused_inputs(self._system):
            if wire <= self._circuit.r1cs.n_public:
                kind, why = HoleKind.UNBOUND_PUBLIC_INPUT, "no constraint contains it; bind it by its square"
            else:
                kind, why = HoleKind.UNUSED_INPUT, "no constraint contains it"
            yield self._wire_hole(kind, wire, why)
        constraints = self._circuit.r1cs.constraints
        for found in idle_rows(self._system):
            row = constraints[found.row]
            repeats = "" if found.earlier is None else f"; the first is {constraints[found.earlier].source}"
            why = f"constraint {found.row} is {found.fault.value}{repeats}"
            yield Hole(_OF_FAULT[found.fault], row.meaning, row.source, why)

    def _not_unique(self, unique: Uniqueness) -> Iterator[Hole]:
        for wire in unique.unknown:
            if wire not in self._free:
                why = "the inputs were not shown to determine it"
                yield self._wire_hole(HoleKind.NOT_UNIQUE, wire, why)

    def _stale(self, unique: Uniqueness) -> Iterator[Hole]:
        for wire, note in self._free.items():
            if wire in unique.rules:
                why = f"noted as free, but unique by the rule {unique.rules[wire].value!r}: {note.reason}"
                yield Hole(HoleKind.STALE_NOTE, self._wire(wire), note.source, why)

    def _ranges(self, unique: Uniqueness) -> Iterator[Hole]:
        for note in self._circuit.notes:
            if note.kind is NoteKind.BITS and not unique.facts.is_below(dict(note.terms), 1 << note.bits):
                why = f"no constraint was found that keeps it below 2^{note.bits}"
                yield Hole(HoleKind.RANGE_NOT_SHOWN, note.reason, note.source, why)

    def _false_notes(self, witness: Sequence[int]) -> Iterator[Hole]:
        """Refute, by an example, notes that are taken on trust."""
        for note in self._never_zero:
            if sum(k * witness[wire] for wire, k in note.terms) % SCALAR_FIELD == 0:
                yield Hole(HoleKind.FALSE_NOTE, note.reason, note.source, "it is 0 in a true witness")

    def _mutations(self, witness: Sequence[int], label: str) -> Iterator[Hole]:
        test = MutationTest(self._circuit.r1cs, witness)
        alone = list(test.alone())
        for found in alone:
            if found.wires[0] not in self._free:
                yield self._mutation_hole(HoleKind.CHANGES_ALONE, found)
        skipped = {found.wires[0] for found in alone}
        for found in test.pairs(skipped, lambda done, total: self._on_progress(label, done, total)):
            yield self._mutation_hole(HoleKind.CHANGES_IN_PAIR, found)

    def _mutation_hole(self, kind: HoleKind, found: Mutation) -> Hole:
        subject = " and ".join(map(self._wire, found.wires))
        sources = dict.fromkeys(self._circuit.wire_sources.get(wire, "") for wire in found.wires)
        return Hole(kind, subject, ", ".join(sources), "another value satisfies every constraint")


def _last(reason: str) -> str:
    """Drop the scopes, so that the notes of one line count as one exception."""
    return reason.rsplit(" / ", maxsplit=1)[-1]
