"""What gadgets say to the checks reaches the compiled circuit and constrains nothing."""

from __future__ import annotations

import pytest

from zk.circuit import ConstraintSystem, compile_circuit
from zk.circuit.notes import NoteKind


def describe(cs: ConstraintSystem) -> None:
    x = cs.public_input("x")
    with cs.scope("part"):
        helper = cs.inverse_or_zero(x)
        cs.note_free(helper, "any value serves if x = 0")
        cs.note_nonzero(x + 1, "x is never −1")
        cs.note_bits(x, 8, "a byte is compared")


def test_notes_keep_what_was_said_with_scope_and_line() -> None:
    circuit = compile_circuit("noted", describe)
    assert [note.kind for note in circuit.notes] == [NoteKind.FREE, NoteKind.NONZERO, NoteKind.BITS]
    assert circuit.notes[1].terms == ((0, 1), (1, 1))
    assert circuit.notes[2].bits == 8
    assert all(
        note.reason.startswith("part / ") and "test_notes.py:" in note.source for note in circuit.notes
    )


def test_notes_constrain_nothing() -> None:
    circuit = compile_circuit("noted", describe)
    assert circuit.n_constraints == 0
    free = {note.terms: note.reason for note in circuit.notes if note.kind is NoteKind.FREE}
    assert free == {((2, 1),): "part / any value serves if x = 0"}


def test_only_a_single_wire_can_be_free() -> None:
    cs = ConstraintSystem()
    x = cs.private_input("x")
    for combination in (2 * x, x + 1, x - x):
        with pytest.raises(ValueError, match="one wire"):
            cs.note_free(combination, "no")


def test_only_a_public_input_can_be_a_result() -> None:
    cs = ConstraintSystem()
    y = cs.public_input("y")
    x = cs.private_input("x")
    cs.note_result(y, "x leads to it")
    for combination in (x, x + y):
        with pytest.raises(ValueError, match="a public input"):
            cs.note_result(combination, "no")
