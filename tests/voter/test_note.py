from __future__ import annotations

import pickle
import stat
import traceback
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from election.scheme import Scheme
from voter.errors import NoteDamagedError, NoteOfAnotherElectionError, NoteOfAnotherSchemeError
from voter.note import Note
from zk.field import SCALAR_FIELD
from zk.statement import commitment_of, nullifier_hash_of
from zk.withdraw_statement import classic_commitment, classic_nullifier_hash

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
elements = st.integers(0, SCALAR_FIELD - 1)


@pytest.fixture
def note() -> Note:
    return Note.create(31337, CONTRACT)


@given(chain_id=st.integers(0, 2**64), nullifier=elements, secret=elements)
def test_a_note_survives_as_one_line_of_text(chain_id: int, nullifier: int, secret: int) -> None:
    note = Note(chain_id, CONTRACT, nullifier, secret)
    assert Note.parse(note.to_text()) == note
    assert len(note.to_text().splitlines()) == 1


def test_notes_are_drawn_anew_each_time() -> None:
    notes = [Note.create(1, CONTRACT) for _ in range(50)]
    assert len({number for note in notes for number in (note.nullifier, note.secret)}) == 100


def test_commitment_and_nullifier_hash_follow_the_protocol(note: Note) -> None:
    assert note.commitment == commitment_of(note.nullifier, note.secret)
    assert note.nullifier_hash(5) == nullifier_hash_of(note.nullifier, 5)


def test_white_space_and_letter_case_from_copying_do_not_matter(note: Note) -> None:
    text = note.to_text()
    assert Note.parse(f"\n {text[:80]}\r\n  {text[80:].upper()}\t\n") == note


@given(data=st.data())
def test_any_mistyped_character_is_noticed(data: st.DataObject) -> None:
    text = Note.create(31337, CONTRACT).to_text()
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([c for c in "0123456789abcdef-xghit" if c != text[place]]))
    with pytest.raises(NoteDamagedError):
        Note.parse(text[:place] + other + text[place + 1 :])


@given(data=st.data())
def test_any_lost_or_exchanged_character_is_noticed(data: st.DataObject) -> None:
    text = Note.create(31337, CONTRACT).to_text()
    place = data.draw(st.integers(0, len(text) - 2))
    with pytest.raises(NoteDamagedError):
        Note.parse(text[:place] + text[place + 1 :])
    if text[place] != text[place + 1]:
        with pytest.raises(NoteDamagedError):
            Note.parse(text[:place] + text[place + 1] + text[place] + text[place + 2 :])


@pytest.mark.parametrize(
    "text", ["", "tohyo-note-1-", "hello", "tohyo-note-2-1-0x00", "\x00" * 300, "投票" * 100]
)
def test_text_that_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(NoteDamagedError) as caught:
        Note.parse(text)
    assert caught.value.hint


@pytest.mark.parametrize("value", [-1, SCALAR_FIELD, SCALAR_FIELD + 1])
def test_a_number_out_of_range_is_refused_without_being_shown(value: int) -> None:
    for arguments in ((value, 1), (1, value)):
        with pytest.raises(NoteDamagedError) as caught:
            Note(1, CONTRACT, *arguments)
        assert str(value) not in f"{caught.value}{caught.value.hint}"


def test_a_well_formed_text_with_x_plus_r_is_refused() -> None:
    small = Note(1, CONTRACT, 5, 6)
    body = small.to_text().rsplit("-", 1)[0].replace(f"{5:064x}", f"{5 + SCALAR_FIELD:064x}")
    from voter.note import _checksum  # noqa: PLC0415  the forger knows how checksums are made

    with pytest.raises(NoteDamagedError):
        Note.parse(f"{body}-{_checksum(body)}")


def test_a_note_says_when_it_belongs_to_another_election(note: Note) -> None:
    assert note.require_election(31337, CONTRACT.lower(), Scheme.CREAM) is note
    for chain_id, contract in ((1, CONTRACT), (31337, "0x" + 40 * "1")):
        with pytest.raises(NoteOfAnotherElectionError) as caught:
            note.require_election(chain_id, contract, Scheme.CREAM)
        assert CONTRACT in str(caught.value)


def test_a_note_is_written_for_its_owner_only_and_read_back(note: Note, tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    note.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Note.load(path) == note


def test_a_file_that_is_there_is_never_overwritten(note: Note, tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    note.save(path)
    with pytest.raises(FileExistsError):
        Note.create(31337, CONTRACT).save(path)
    assert Note.load(path) == note


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_note_saved_by_an_editor_is_read(note: Note, tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(mark + note.to_text().encode() + b"\r\n")
    assert Note.load(path) == note


def test_a_huge_or_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(bytes(range(256)) * 10_000)
    with pytest.raises(NoteDamagedError):
        Note.load(path)


def secrets_of(note: Note) -> list[str]:
    """Every way a secret could be written."""
    numbers = (note.nullifier, note.secret)
    return [text for n in numbers for text in (str(n), f"{n:x}", f"{n:064x}", f"{n:X}")]


def test_nothing_that_is_printed_shows_a_secret(note: Note) -> None:
    shown = [repr(note), str(note), f"{note}", repr([note]), repr({"note": note})]
    damaged = note.to_text()[:-1] + ("0" if note.to_text()[-1] != "0" else "1")
    for fail in (
        lambda: Note.parse(damaged),
        lambda: Note.parse(note.to_text()[:-1]),
        lambda: note.require_election(1, CONTRACT, Scheme.CREAM),
        lambda: Note(1, "nowhere", note.nullifier, note.secret),
    ):
        with pytest.raises((NoteDamagedError, NoteOfAnotherElectionError)) as caught:
            fail()
        error = caught.value
        shown += [str(error), repr(error), error.hint, *traceback.format_exception(error)]
    text = "\n".join(shown)
    assert not [secret for secret in secrets_of(note) if secret in text]
    assert note.to_text() not in text


def test_a_note_can_be_sent_to_a_process_that_proves(note: Note) -> None:
    assert pickle.loads(pickle.dumps(note)) == note  # noqa: S301  our own bytes


classic_numbers = st.integers(0, 2**248 - 1)


@given(chain_id=st.integers(0, 2**64), nullifier=classic_numbers, secret=classic_numbers)
def test_a_classic_note_survives_as_one_line_of_its_own_form(
    chain_id: int, nullifier: int, secret: int
) -> None:
    note = Note(chain_id, CONTRACT, nullifier, secret, Scheme.CREAM_CLASSIC)
    assert note.to_text().startswith("tohyo-classic-note-1-")
    assert Note.parse(note.to_text()) == note
    assert Note.parse(note.to_text()).scheme is Scheme.CREAM_CLASSIC


def test_a_classic_note_has_numbers_of_248_bits_and_the_hashes_of_2020() -> None:
    notes = [Note.create(1, CONTRACT, Scheme.CREAM_CLASSIC) for _ in range(50)]
    assert max(number for note in notes for number in (note.nullifier, note.secret)) < 2**248
    note = notes[0]
    assert note.commitment == classic_commitment(note.nullifier, note.secret)
    assert note.nullifier_hash(1) == note.nullifier_hash(2) == classic_nullifier_hash(note.nullifier)


@pytest.mark.parametrize("value", [-1, 2**248, SCALAR_FIELD - 1])
def test_a_classic_number_of_more_bits_is_refused_without_being_shown(value: int) -> None:
    for arguments in ((value, 1), (1, value)):
        with pytest.raises(NoteDamagedError) as caught:
            Note(1, CONTRACT, *arguments, Scheme.CREAM_CLASSIC)
        assert str(value) not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize("scheme", list(Scheme))
def test_a_note_cannot_be_passed_off_as_one_of_the_other_scheme(scheme: Scheme) -> None:
    text = Note.create(31337, CONTRACT, scheme).to_text()
    other = {"tohyo-note-1": "tohyo-classic-note-1", "tohyo-classic-note-1": "tohyo-note-1"}
    prefix = text[: text.index("-31337")]
    with pytest.raises(NoteDamagedError):
        Note.parse(text.replace(prefix, other[prefix], 1))


@pytest.mark.parametrize("scheme", list(Scheme))
def test_a_note_says_when_it_is_of_another_scheme(scheme: Scheme) -> None:
    note = Note.create(31337, CONTRACT, scheme)
    (other,) = set(Scheme) - {scheme}
    assert note.require_election(31337, CONTRACT, scheme) is note
    with pytest.raises(NoteOfAnotherSchemeError, match=f"scheme {scheme}.*runs {other}") as caught:
        note.require_election(31337, CONTRACT, other)
    assert "tohyo voter note" in caught.value.hint
