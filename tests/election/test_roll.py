from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from election.errors import RollError
from election.roll import load_roll, parse_roll

if TYPE_CHECKING:
    from pathlib import Path


def refusal(text: str) -> RollError:
    with pytest.raises(RollError) as caught:
        parse_roll(text)
    return caught.value


def test_a_roll_lists_voters_in_order_and_knows_who_is_on_it() -> None:
    roll = parse_roll("voter_id,name\na-1,佐藤 陽子\na-2,鈴木 誠\n")
    assert [entry.voter_id for entry in roll.entries] == ["a-1", "a-2"]
    assert roll.entries[1].name == "鈴木 誠"
    assert list(roll) == ["a-1", "a-2"]
    assert len(roll) == 2
    assert "a-1" in roll
    assert "a-3" not in roll


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(line_end: str) -> None:
    text = line_end.join(["voter_id,name", "1,A", "2,B"])
    assert [entry.name for entry in parse_roll(text + line_end).entries] == ["A", "B"]
    assert [entry.name for entry in parse_roll(text).entries] == ["A", "B"]


def test_a_byte_order_mark_and_empty_lines_are_tolerated(tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    path.write_bytes(b"\xef\xbb\xbfvoter_id,name\r\n1,A\r\n\r\n")
    assert len(load_roll(path)) == 1


def test_a_quoted_name_may_hold_commas_marks_and_nothing_is_lost() -> None:
    roll = parse_roll('voter_id,name\n1,"Smith, ""Bo"" A."\n')
    assert roll.entries[0].name == 'Smith, "Bo" A.'


def test_a_duplicate_is_named_with_both_lines() -> None:
    error = refusal("voter_id,name\n7,A\n8,B\n7,C\n")
    assert (error.line, error.column) == (4, 1)
    assert "“7” is on line 2 already" in str(error)


def test_an_identifier_in_full_width_digits_is_the_same_identifier() -> None:
    assert "line 2 already" in str(refusal("voter_id,name\n7,A\n７,B\n"))


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "header"),
        ("id,name\n1,A\n", 1, 1, "not id,name"),
        ("voter_id;name\n1;A\n", 1, 1, "not voter_id;name"),
        ("voter_id,name\n", 2, 1, "nobody is on the roll"),
        ("voter_id,name\n1,\n", 2, 3, "name is empty"),
        ("voter_id,name\n,A\n", 2, 1, "voter_id is empty"),
        ("voter_id,name\n1,　\n", 2, 3, "name is empty"),
        ("voter_id,name\n1, A\n", 2, 3, "white space"),
        ("voter_id,name\n1\n", 2, 1, "1 fields instead of 2"),
        ("voter_id,name\n1,A,x\n", 2, 1, "3 fields instead of 2"),
        ('voter_id,name\n1,"A\n2,B\n', 2, 3, "never closed"),
        ('voter_id,name\n1,A"B\n', 2, 4, "quotation mark"),
        ('voter_id,name\n1,"A"B\n', 2, 6, "quotation mark"),
        ("voter_id,name\n1," + "x" * 201, 2, 3, "longer than"),
        ("voter_id,name\n1,A\tB\n", 2, 3, "control character"),
    ],
)
def test_a_fault_is_refused_with_its_place(text: str, line: int, column: int, message: str) -> None:
    error = refusal(text)
    assert message in str(error)
    assert (error.line, error.column) == (line, column)


def test_several_faults_are_reported_at_once() -> None:
    assert [problem.line for problem in refusal("voter_id,name\n1,\n2,B\n,C\n").problems] == [2, 4]


def test_a_file_of_another_kind_is_not_complained_about_a_thousand_times() -> None:
    assert len(refusal("voter_id,name\n" + "x\n" * 1000).problems) == 20


def test_shift_jis_is_recognised_and_explained(tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    path.write_bytes("voter_id,name\n1,A\n2,佐藤\n".encode("cp932"))
    with pytest.raises(RollError, match="Shift JIS") as caught:
        load_roll(path)
    assert (caught.value.line, caught.value.column) == (3, 3)
    assert "UTF-8" in caught.value.hint


def test_utf_16_is_recognised_and_explained(tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    path.write_bytes("voter_id,name\n1,A\n".encode("utf-16"))
    with pytest.raises(RollError, match="UTF-16"):
        load_roll(path)


fields = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(
    lambda text: text == text.strip()
)


@given(st.lists(fields, min_size=1, max_size=8))
def test_what_the_standard_library_writes_is_read_the_same(names: list[str]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["voter_id", "name"])
    writer.writerows([f"id-{index}", name] for index, name in enumerate(names))
    assert [entry.name for entry in parse_roll(text.getvalue()).entries] == names
