"""The voter roll: who may register, as a CSV file with the header `voter_id,name`.

Only the registrar reads it. It never reaches the chain, and no ballot can be traced back to a line of it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from election.errors import Problem, RollError
from election.source import decode_text, problem_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = ("voter_id", "name")
MAX_FIELD_LENGTH = 200
MAX_PROBLEMS = 20  # a file of another kind is not worth a thousand complaints
_FIELD = re.compile(r'"(?:[^"]|"")*"|[^,"\n]*')


@dataclass(frozen=True)
class RollEntry:
    """One person who may vote."""

    voter_id: str
    name: str


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


@dataclass(frozen=True)
class _Field:
    text: str
    offset: int


def load_roll(path: Path) -> Roll:
    """Read a voter roll.

    Raises:
        RollError: says what is wrong, with line and column.
        OSError: the file cannot be read.

    """
    return parse_roll(decode_text(path.read_bytes(), RollError, str(path)), source=str(path))


def parse_roll(text: str, source: str = "") -> Roll:
    """Read a voter roll from text.

    Raises:
        RollError: says what is wrong, with line and column.

    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    rows = [row for row in _rows(text, source) if len(row) > 1 or row[0].text]
    _check_header(text, rows, source)
    problems: list[Problem] = []
    entries: list[RollEntry] = []
    first: dict[str, int] = {}
    for row in rows[1:]:
        found = list(_problems(text, row, first))
        if not found:
            entries.append(RollEntry(row[0].text, row[1].text))
        problems += found
        if len(problems) >= MAX_PROBLEMS:
            break
    if not problems and not entries:
        problems.append(problem_at(text, len(text), "nobody is on the roll"))
    if problems:
        raise RollError(
            problems, source=source, hint=f"Every line is {','.join(HEADER)}; a voter_id appears once."
        )
    return Roll(tuple(entries))


def _check_header(text: str, rows: list[list[_Field]], source: str) -> None:
    found = tuple(field.text for field in rows[0]) if rows else ()
    if found != HEADER:
        problem = problem_at(
            text, 0, f"the header must be {','.join(HEADER)}, not {','.join(found)[:100] or 'nothing'}"
        )
        raise RollError([problem], source=source, hint=f"Make the first line {','.join(HEADER)}.")


def _problems(text: str, row: list[_Field], first: dict[str, int]) -> Iterator[Problem]:
    """Say what is wrong with one line; `first` remembers where each voter_id stands."""
    if len(row) != len(HEADER):
        yield problem_at(text, row[0].offset, f"{len(row)} fields instead of {len(HEADER)}")
        return
    for field, name in zip(row, HEADER, strict=True):
        if fault := _fault(field.text):
            yield problem_at(text, field.offset, f"{name} {fault}")
    key = unicodedata.normalize("NFKC", row[0].text)
    if key in first:
        earlier = problem_at(text, first[key], "").line
        yield problem_at(text, row[0].offset, f"voter_id “{row[0].text[:100]}” is on line {earlier} already")
    elif key:
        first[key] = row[0].offset


def _fault(value: str) -> str:
    if not value.strip():
        return "is empty"
    if value != value.strip():
        return "begins or ends with white space"
    if len(value) > MAX_FIELD_LENGTH:
        return f"is longer than {MAX_FIELD_LENGTH} characters"
    if any(unicodedata.category(character) == "Cc" for character in value):
        return "holds a control character"
    return ""


def _rows(text: str, source: str) -> Iterator[list[_Field]]:
    """Split CSV (RFC 4180) into fields that know where they stand."""
    row: list[_Field] = []
    position = 0
    while True:
        row.append(_field(text, position, source))
        position = _field_end(text, position)
        if text.startswith(",", position):
            position += 1
            continue
        yield row
        row = []
        position += 1  # past the end of the line
        if position >= len(text):
            return


def _field_end(text: str, position: int) -> int:
    found = _FIELD.match(text, position)
    return found.end() if found else position


def _field(text: str, position: int, source: str) -> _Field:
    end = _field_end(text, position)
    if end < len(text) and text[end] not in ",\n":
        message = "a quotation mark that does not enclose the whole field, or is never closed"
        raise RollError(
            [problem_at(text, end, message)], source=source, hint='Write "" for a mark inside a quoted field.'
        )
    raw = text[position:end]
    return _Field(raw[1:-1].replace('""', '"') if raw.startswith('"') else raw, position)
