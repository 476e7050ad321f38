from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from election.errors import RollError
from election.person import Sex
from election.roll import MAX_FIELD_LENGTH, RollEntry, load_roll, load_voter_ids, parse_roll

HEADER = "voter_id,name,date_of_birth,sex,address"
EXAMPLE = Path(__file__).parents[2] / "examples/tsukuba-2018/roll.csv"
REST = "1990-01-31,male,茨城県つくば市吾妻1丁目1番地1"


def line(voter_id: str, name: str = "佐藤 陽子", rest: str = REST) -> str:
    return f"{voter_id},{name},{rest}"


def roll_of(*lines: str) -> str:
    return "\n".join([HEADER, *lines]) + "\n"


def refusal(text: str) -> RollError:
    with pytest.raises(RollError) as caught:
        parse_roll(text)
    return caught.value


def test_a_roll_lists_voters_in_order_and_knows_who_is_on_it() -> None:
    roll = parse_roll(roll_of(line("a-1", "佐藤 陽子"), line("a-2", "鈴木 誠")))
    assert [entry.voter_id for entry in roll.entries] == ["a-1", "a-2"]
    assert roll.entries[1].name == "鈴木 誠"
    assert list(roll) == ["a-1", "a-2"]
    assert len(roll) == 2
    assert "a-1" in roll
    assert "a-3" not in roll


def test_an_entry_holds_the_whole_person_and_its_line() -> None:
    entry = parse_roll(roll_of("", "7,佐藤 陽子,1990-01-??,女,つくば市吾妻１－２")).entries[0]
    assert (str(entry.person.date_of_birth), entry.person.sex) == ("1990-01-??", Sex.FEMALE)
    assert entry.person.address == "つくば市吾妻１－２"
    assert entry.line == 3


def test_an_entry_never_prints_the_person() -> None:
    entry = parse_roll(roll_of(line("a-1"))).entries[0]
    assert "佐藤" not in repr(entry)
    assert "a-1" not in repr(entry)


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("male", Sex.MALE),
        ("男", Sex.MALE),
        ("female", Sex.FEMALE),
        ("女", Sex.FEMALE),
        ("unknown", Sex.UNKNOWN),
        ("不明", Sex.UNKNOWN),
    ],
)
def test_sex_is_read_in_both_languages(text: str, sex: Sex) -> None:
    assert parse_roll(roll_of(line("1", rest=f"1990-01-31,{text},A"))).entries[0].person.sex is sex


@pytest.mark.parametrize("date", ["1990-01-31", "1990-01-??", "1990-??-??", "????-??-??"])
def test_a_date_of_birth_may_be_unknown_in_part(date: str) -> None:
    entry = parse_roll(roll_of(line("1", rest=f"{date},male,A"))).entries[0]
    assert str(entry.person.date_of_birth) == date


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(line_end: str) -> None:
    text = line_end.join([HEADER, line("1", "A"), line("2", "B")])
    assert [entry.name for entry in parse_roll(text + line_end).entries] == ["A", "B"]
    assert [entry.name for entry in parse_roll(text).entries] == ["A", "B"]


def test_a_byte_order_mark_and_empty_lines_are_tolerated(tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\r\n{line('1')}\r\n\r\n".encode())
    assert len(load_roll(path)) == 1


def test_a_quoted_name_may_hold_commas_and_marks_and_nothing_is_lost() -> None:
    roll = parse_roll(roll_of(line("1", '"Smith, ""Bo"" A."')))
    assert roll.entries[0].name == 'Smith, "Bo" A.'


def test_a_duplicate_is_named_with_both_lines_and_without_the_number() -> None:
    error = refusal(roll_of(line("7000"), line("8000"), line("7000")))
    assert (error.line, error.column) == (4, 1)
    assert "voter_id is on line 2 already" in str(error)
    assert "7000" not in str(error)


def test_an_identifier_in_full_width_digits_is_the_same_identifier() -> None:
    assert "line 2 already" in str(refusal(roll_of(line("7"), line("７"))))


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", (1, 1), "header"),
        ("voter_id,name\n1,A\n", (1, 1), "not voter_id,name"),
        (HEADER.replace(",", ";") + "\n1;A\n", (1, 1), "not voter_id;name"),
        (f"{HEADER}\n", (2, 1), "nobody is on the roll"),
        (roll_of(f"1,,{REST}"), (2, 3), "name is empty"),
        (roll_of(f",A,{REST}"), (2, 1), "voter_id is empty"),
        (roll_of(f"1,　,{REST}"), (2, 3), "name is empty"),
        (roll_of(f"1, A,{REST}"), (2, 3), "white space"),
        (roll_of("1"), (2, 1), "1 fields instead of 5"),
        (roll_of(f"1,A,{REST},x"), (2, 1), "6 fields instead of 5"),
        (roll_of(f'1,"A,{REST}'), (2, 3), "never closed"),
        (roll_of(f'1,A"B,{REST}'), (2, 4), "quotation mark"),
        (roll_of(f'1,"A"B,{REST}'), (2, 6), "quotation mark"),
        (roll_of(f"1,{'x' * (MAX_FIELD_LENGTH + 1)},{REST}"), (2, 3), "longer than"),
        (roll_of(f"1,A\tB,{REST}"), (2, 3), "control character"),
        (roll_of(f"1,A\u200bB,{REST}"), (2, 3), "cannot be seen"),
        (roll_of(f"1,A\U000e0fffB,{REST}"), (2, 3), "does not exist"),
        (roll_of(f"1,佐?,{REST}"), (2, 3), "a character was lost"),
        (roll_of("1,A,1990/01/31,male,B"), (2, 5), "is not a date such as"),
        (roll_of("1,A,1990-02-30,male,B"), (2, 5), "is no date"),
        (roll_of("1,A,????-01-31,male,B"), (2, 5), "unknown"),
        (roll_of("1,A,1090-01-31,male,B"), (2, 5), "before 1850"),
        (roll_of("1,A,1990-01-31,m,B"), (2, 16), "none of male, female, unknown, 男, 女, 不明"),
        (roll_of("1,A,1990-01-31,male,"), (2, 21), "address is empty"),
    ],
)
def test_a_fault_is_refused_with_its_place(text: str, place: tuple[int, int], message: str) -> None:
    error = refusal(text)
    assert message in str(error)
    assert (error.line, error.column) == place


def test_every_fault_is_reported_at_once_in_the_order_of_the_file() -> None:
    text = roll_of(f"1,,{REST}", line("2"), f",C,{REST}", '3,"D,x', "4,E,1990-13-01,x,")
    assert [(problem.line, problem.column) for problem in refusal(text).problems] == [
        (2, 3),
        (4, 1),
        (5, 3),
        (6, 5),
        (6, 16),
        (6, 18),
    ]


def test_a_file_of_another_kind_is_not_complained_about_a_thousand_times() -> None:
    error = refusal(roll_of(*("x" for _ in range(1500))))
    assert len(error.problems) == 20
    assert error.unlisted == 1480
    assert "1,480 more" in str(error)


def test_shift_jis_is_read_as_windows_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    path.write_bytes(roll_of(line("1", "髙橋 﨑子"), line("2", "佐藤 表")).encode("cp932"))
    assert [entry.name for entry in load_roll(path).entries] == ["髙橋 﨑子", "佐藤 表"]


def test_the_example_is_the_same_in_both_encodings(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    (tmp_path / "sjis.csv").write_bytes(text.encode("cp932"))
    assert load_roll(tmp_path / "sjis.csv") == load_roll(EXAMPLE)


@pytest.mark.parametrize(
    ("written", "misread"),
    [
        ("utf-8", "cp932"),
        ("utf-8", "latin-1"),
        ("utf-8", "cp1252"),
        ("cp932", "latin-1"),
        ("cp932", "cp1252"),
        ("cp932", "utf-8"),
    ],
)
@pytest.mark.parametrize("leftovers", ["replace", "ignore"])
def test_a_roll_that_was_read_in_the_wrong_encoding_is_refused(
    tmp_path: Path, written: str, misread: str, leftovers: str
) -> None:
    """Saved again as UTF-8 after the misreading, whatever became of what could not be read."""
    good = EXAMPLE.read_text(encoding="utf-8")
    garbled = good.encode(written).decode(misread, leftovers)
    path = tmp_path / "roll.csv"
    path.write_text(garbled, encoding="utf-8")
    with pytest.raises(RollError) as caught:
        load_roll(path)
    assert len(caught.value.problems) == 20
    assert caught.value.unlisted > 50


@pytest.mark.parametrize(
    ("garbled", "message"),
    [
        ("菴占陸 髯ｽ蟄�", "could not be read"),
        ("菴占陸 髯ｽ蟄", "UTF-8 that was read as Shift JIS"),
        ("縺輔￥繧", "UTF-8 that was read as Shift JIS"),
        ("éˆ´æœ¨ æµ©", "UTF-8 that was read as a Western encoding"),
        ("ƒTƒNƒ‰ ‰Ô", "Shift JIS that was read as a Western encoding"),
    ],
)
def test_one_garbled_name_is_refused_by_line_and_column(garbled: str, message: str) -> None:
    error = refusal(roll_of(line("1"), line("22", garbled)))
    assert (error.line, error.column) == (3, 4)
    assert message in str(error)
    assert garbled not in str(error)


@pytest.mark.parametrize(
    "name",
    [
        "邉山 翔",
        "髙𠮷 﨑子",
        "José Régis da Conceição",
        "Çelik Müller-Zoë",
        "Nguyễn Văn Đức",
        "Μαρία Ιωάννου",
        "三ｹ日 花",
        "Ōta Jūn",
        "김 민준",
        "葛󠄀城 葵",  # with a variation selector
        "吉\ue000 誠",  # an office's own character (外字)
        "吉〓 誠",
    ],
)
def test_an_unusual_name_is_no_garbled_one(name: str) -> None:
    assert parse_roll(roll_of(line("1", name))).entries[0].name == name


def test_bytes_that_are_neither_encoding_are_refused_by_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    path.write_bytes(roll_of(line("1")).encode() + b"2,\xe4\xbd\xff" + f",{REST}\n".encode())
    with pytest.raises(RollError) as caught:
        load_roll(path)
    assert (caught.value.line, caught.value.column) == (3, 3)


def test_a_file_half_of_each_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    path.write_bytes(roll_of(line("1")).encode() + (line("2", "佐藤 陽子") + "\n").encode("cp932"))
    with pytest.raises(RollError) as caught:
        load_roll(path)
    assert caught.value.line == 3


def test_utf_16_is_recognised_and_explained(tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    path.write_bytes(roll_of(line("1")).encode("utf-16"))
    with pytest.raises(RollError, match="UTF-16"):
        load_roll(path)


def test_a_list_of_numbers_has_one_column(tmp_path: Path) -> None:
    path = tmp_path / "leavers.csv"
    path.write_text("voter_id\n7\n8\n", encoding="utf-8")
    assert load_voter_ids(path) == ("7", "8")
    path.write_text("voter_id\n7\n8,x\n７\n", encoding="utf-8")
    with pytest.raises(RollError) as caught:
        load_voter_ids(path)
    assert [problem.line for problem in caught.value.problems] == [3, 4]


def test_two_files_that_say_the_same_give_equal_entries() -> None:
    one, two = parse_roll(roll_of(line("1"))), parse_roll(roll_of("", line("1")))
    assert one == two
    assert isinstance(one.entries[0], RollEntry)


fields = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Cf", "Co", "Cn", "Zl", "Zp"], max_codepoint=0x7E),
    min_size=1,
    max_size=12,
).filter(lambda text: text == text.strip() and "?" not in text)


@given(st.lists(fields, min_size=1, max_size=8))
def test_what_the_standard_library_writes_is_read_the_same(names: list[str]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER.split(","))
    writer.writerows([f"id-{index}", name, *REST.split(",")] for index, name in enumerate(names))
    assert [entry.name for entry in parse_roll(text.getvalue()).entries] == names
