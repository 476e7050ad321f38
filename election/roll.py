"""The voter roll: who may register, as a CSV file.

    voter_id,name,date_of_birth,sex,address
    tsukuba-0001,佐藤 陽子,1971-04-02,female,茨城県つくば市…

`voter_id` is the office's own number for a person. A date has ?? where month or day are unknown, ???? for an
unknown year. Sex is male, female or unknown (男, 女, 不明). The file is UTF-8 or Shift JIS.

Only the registrar reads it. It never reaches the chain, and no ballot can be traced back to a line of it.
Not checked here: that two numbers stand for the same person, which needs rules for names.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from election.errors import Problem, RollError
from election.person import DateOfBirth, Person, Sex
from election.source import decode_japanese, mojibake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEADER = ("voter_id", "name", "date_of_birth", "sex", "address")
ID_HEADER = ("voter_id",)
MAX_FIELD_LENGTH = 200
MAX_PROBLEMS = 20  # a file of another kind is not worth a thousand complaints
EARLIEST_YEAR = 1850
_SEXES = {sex.value: sex for sex in Sex} | {"男": Sex.MALE, "女": Sex.FEMALE, "不明": Sex.UNKNOWN}
_FIELD = re.compile(r'"((?:[^"]|"")*)"|[^,"\n]*')


@dataclass(frozen=True, repr=False)
class RollEntry:
    """One person who may vote; `line` is where the file names them, 0 if there is no file."""

    voter_id: str
    person: Person
    line: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """The person's name."""
        return self.person.name


@dataclass(frozen=True)
class Roll:
    """Everybody who may vote, in the file's order."""

    entries: tuple[RollEntry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[str]:
        return (entry.voter_id for entry in self.entries)

    def __contains__(self, voter_id: object) -> bool:
        return voter_id in self._ids

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(entry.voter_id for entry in self.entries)


def load_roll(path: Path) -> Roll:
    """Read a voter roll.

    Raises:
        RollError: says what is wrong, with line and column.
        OSError: the file cannot be read.

    """
    return parse_roll(decode_japanese(path.read_bytes(), RollError, str(path)), source=str(path))


def parse_roll(text: str, source: str = "") -> Roll:
    """Read a voter roll from text.

    Raises:
        RollError: says what is wrong, with line and column.

    """
    rows = _Table(text, source, HEADER).rows()
    return Roll(tuple(_entry(row) for row in rows))


def load_voter_ids(path: Path) -> tuple[str, ...]:
    """Read a CSV file with the one column `voter_id`. Raises as `load_roll` does."""
    text = decode_japanese(path.read_bytes(), RollError, str(path))
    return tuple(row[0].text for row in _Table(text, str(path), ID_HEADER).rows())


def voter_id_key(voter_id: str) -> str:
    """Return what two spellings of one number have in common: full width and half width are the same."""
    return unicodedata.normalize("NFKC", voter_id)


def problems_error(problems: list[Problem], source: str = "", hint: str = "") -> RollError:
    """Make the error that lists the first problems and says how many more there are."""
    unlisted = max(0, len(problems) - MAX_PROBLEMS)
    return RollError(problems[:MAX_PROBLEMS], source=source, hint=hint, unlisted=unlisted)


@dataclass(frozen=True, repr=False)
class _Field:
    text: str
    line: int
    column: int

    def problem(self, message: str) -> Problem:
        return Problem(self.line, self.column, message)


class _Table:
    """CSV (RFC 4180) with a fixed header; gathers every problem before it complains."""

    def __init__(self, text: str, source: str, header: tuple[str, ...]) -> None:
        self._text = text.replace("\r\n", "\n").replace("\r", "\n")
        self._source, self._header = source, header
        self._problems: list[Problem] = []

    def rows(self) -> list[list[_Field]]:
        """Return the rows below the header. Raises RollError."""
        rows = [row for row in self._split() if len(row) > 1 or row[0].text]
        self._require_header(rows)
        first: dict[str, int] = {}
        for row in rows[1:]:
            self._problems += _row_problems(row, self._header, first)
        if not self._problems and len(rows) == 1:
            self._problems.append(Problem(self._text.count("\n") + 1, 1, "nobody is on the roll"))
        if self._problems:
            hint = f"Every line is {','.join(self._header)}; a voter_id appears once. Nothing was kept."
            raise problems_error(sorted(self._problems, key=_place), self._source, hint)
        return rows[1:]

    def _require_header(self, rows: list[list[_Field]]) -> None:
        found = ",".join(field.text for field in rows[0]) if rows else ""
        wanted = ",".join(self._header)
        if found != wanted:
            problem = Problem(1, 1, f"the header must be {wanted}, not {found[:100] or 'nothing'}")
            raise RollError([problem], source=self._source, hint=f"Make the first line {wanted}.")

    def _split(self) -> Iterator[list[_Field]]:
        """Split into fields that know where they stand; a line with a stray mark is a problem, no row."""
        text, position, line, line_start = self._text, 0, 1, 0
        row: list[_Field] = []
        while True:
            found = _FIELD.match(text, position)
            end = found.end() if found else position
            quoted = found[1] if found else None
            value = text[position:end] if quoted is None else quoted.replace('""', '"')
            row.append(_Field(value, line, position - line_start + 1))
            if quoted is not None and "\n" in quoted:
                line, line_start = line + quoted.count("\n"), text.rfind("\n", 0, end) + 1
            if text.startswith(",", end):
                position = end + 1
                continue
            if end < len(text) and text[end] != "\n":
                message = "a quotation mark that does not enclose the whole field, or is never closed"
                self._problems.append(Problem(line, end - line_start + 1, f'{message}; write "" for a mark'))
                end = text.find("\n", end) if "\n" in text[end:] else len(text)
            else:
                yield row
            row, position, line, line_start = [], end + 1, line + 1, end + 1
            if position >= len(text):
                return


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column


def _entry(row: list[_Field]) -> RollEntry:
    voter_id, name, born, sex, address = (field.text for field in row)
    return RollEntry(voter_id, Person(name, DateOfBirth.parse(born), _SEXES[sex], address), line=row[0].line)


def _row_problems(row: list[_Field], header: tuple[str, ...], first: dict[str, int]) -> Iterator[Problem]:
    """Say what is wrong with one line; `first` remembers the line of each voter_id."""
    if len(row) != len(header):
        yield row[0].problem(f"{len(row)} fields instead of {len(header)}")
        return
    for cell, name in zip(row, header, strict=True):
        if fault := _fault(cell.text) or _FAULTS[name](cell.text):
            yield cell.problem(f"{name} {fault}")
    key = voter_id_key(row[0].text)
    if key in first:
        yield row[0].problem(f"voter_id is on line {first[key]} already")
    elif key:
        first[key] = row[0].line


def _fault(value: str) -> str:
    if not value.strip():
        return "is empty"
    if value != value.strip():
        return "begins or ends with white space"
    if len(value) > MAX_FIELD_LENGTH:
        return f"is longer than {MAX_FIELD_LENGTH} characters"
    return "" if value.replace("\u3000", " ").isprintable() else _unprintable(value)


def _unprintable(value: str) -> str:
    """Say which sign nobody could see; an office's own signs (外字) and other kinds of space pass."""
    categories = {unicodedata.category(character) for character in value}
    if "Cc" in categories:
        return "holds a control character"
    if categories & {"Cf", "Zl", "Zp", "Cs"}:
        return "holds a character that cannot be seen"
    return "holds a character that does not exist" if "Cn" in categories else ""


def _written_fault(value: str) -> str:
    if "?" in value or "？" in value:
        return "holds a question mark, which stands where a character was lost"
    return mojibake(value)


def _date_fault(value: str) -> str:
    try:
        date = DateOfBirth.parse(value)
    except ValueError as failure:
        return str(failure) if str(failure).startswith("is ") else f"is no date: {failure}"
    return f"is before {EARLIEST_YEAR}" if date.year is not None and date.year < EARLIEST_YEAR else ""


def _sex_fault(value: str) -> str:
    return "" if value in _SEXES else f"is none of {', '.join(_SEXES)}"


_FAULTS: dict[str, Callable[[str], str]] = {
    "voter_id": mojibake,
    "name": _written_fault,
    "date_of_birth": _date_fault,
    "sex": _sex_fault,
    "address": _written_fault,
}
