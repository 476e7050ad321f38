"""Text that remembers where things stand, so that an error can point at a line and a column.

Reads bytes into text (UTF-8, byte order mark tolerated; Shift JIS where it is asked for, else explained; what
was read in the wrong encoding before is recognised) and JSON into values plus the position of each. Knows
nothing about elections.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from election.errors import DocumentError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonPath = tuple[str | int, ...]

MAX_JSON_NESTING = 32
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{}\]]', re.DOTALL)
_BLANK = re.compile(r"[ \t\r\n]*")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def problem_at(text: str, offset: int, message: str) -> Problem:
    """Name the line and column of a character, both from 1."""
    line_start = text.rfind("\n", 0, offset) + 1
    return Problem(text.count("\n", 0, offset) + 1, offset - line_start + 1, message)


def decode_text(data: bytes, error: type[DocumentError], source: str = "") -> str:
    """Decode UTF-8, with or without a byte order mark."""
    if data.startswith(_UTF16_MARKS):
        problem = Problem(1, 1, "the text is UTF-16, not UTF-8")
        raise error([problem], source=source, hint="Save the file as UTF-8 (in Excel: “CSV UTF-8”).")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        good = data[: failure.start].decode("utf-8-sig", errors="replace")
        name = "Shift JIS (CP932)" if _is_shift_jis(data) else "unknown"
        problem = problem_at(good, len(good), f"the text is not UTF-8 (its encoding looks like: {name})")
        hint = "Save the file as UTF-8 (in Excel: “CSV UTF-8”). UTF-8 で保存し直してください。"
        raise error([problem], source=source, hint=hint) from failure


def decode_japanese(data: bytes, error: type[DocumentError], source: str = "") -> str:
    """Decode UTF-8, with or without a byte order mark, or else Shift JIS as Windows writes it (CP932)."""
    marked = data.startswith((*_UTF16_MARKS, b"\xef\xbb\xbf"))
    if marked or _is_utf8(data) or not _is_shift_jis(data):
        return decode_text(data, error, source)
    return data.decode("cp932")


def mojibake(text: str) -> str:
    """Say how a Japanese text was read in the wrong encoding before it came here; empty if it was not.

    A text was misread if its bytes in the encoding that it was read in are good text in the other one, or if
    it holds signs that such a misreading leaves behind and that Japanese does not use.
    """
    if text.isascii():
        return ""
    if "\N{REPLACEMENT CHARACTER}" in text:
        return "holds a character that could not be read (\N{REPLACEMENT CHARACTER})"
    if _MISREAD_UTF8.search(text) or _reads_well(text, "cp932", "utf-8"):
        return "is garbled: UTF-8 that was read as Shift JIS"
    if any(_reads_well(text, latin, "utf-8") for latin in _LATIN) or _UTF8_IN_LATIN.search(text):
        return "is garbled: UTF-8 that was read as a Western encoding"
    if any(_reads_well(text, latin, "cp932") for latin in _LATIN) or _SHIFT_JIS_IN_LATIN.search(text):
        return "is garbled: Shift JIS that was read as a Western encoding"
    return ""


def _reads_well(text: str, misread_as: str, written_in: str) -> bool:
    """Whether undoing a misreading gives Japanese, at least half of it common signs, and no new letters."""
    try:
        undone = text.encode(misread_as).decode(written_in)
        undone.encode("cp932")
    except UnicodeError:
        return False
    signs = [sign for sign in undone if not sign.isascii()]
    has_new_letters = _ASCII_LETTER.search(undone) is not None and _ascii(text) != _ascii(undone)
    return not has_new_letters and len(signs) <= 2 * sum(sign in _COMMON for sign in signs) > 0


def _ascii(text: str) -> str:
    return "".join(filter(str.isascii, text))


def _common() -> frozenset[str]:
    """Return kana and the kanji of JIS level 1, which most names are made of."""
    rows = ((lead, trail) for lead in range(0x88, 0x99) for trail in range(0x40, 0xFD))
    found = (bytes(pair).decode("cp932", errors="ignore") for pair in rows)
    kana = map(chr, range(0x3041, 0x30FF))
    return frozenset(kana) | {sign for sign in found if "\u4e00" <= sign <= "\u9fff"}


_LATIN = ("latin-1", "cp1252")
_ASCII_LETTER = re.compile("[A-Za-z]")
_COMMON = _common()
# the first two bytes of every kana, or half a character left over between others (but for ｶ, ｹ: 三ｹ日町)
_MISREAD_UTF8 = re.compile("[縺繧繝]|[一-鿿][｡-ｵｷｸｺ-ｿ][一-鿿]")
_UTF8_IN_LATIN = re.compile("[ãäåæçèéï][\x80-\xbf‚„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸƒ]")
_SHIFT_JIS_IN_LATIN = re.compile("[‚ƒ]")  # the first byte of every kana


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_shift_jis(data: bytes) -> bool:
    try:
        data.decode("cp932")
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True)
class JsonSource:
    """A JSON text, the value it holds, and where each part of that value begins."""

    text: str
    value: Any
    offsets: dict[JsonPath, int]

    def problem(self, path: JsonPath, message: str) -> Problem:
        """Point at the part of the text nearest to `path`; what is missing is reported at its container."""
        while path not in self.offsets:
            path = path[:-1]
        return problem_at(self.text, self.offsets[path], message)


def parse_json(text: str, error: type[DocumentError], source: str = "") -> JsonSource:
    """Parse strict JSON: no duplicate names, no NaN, no deep nesting."""

    def refuse(offset: int, message: str) -> NoReturn:
        raise error([problem_at(text, offset, message)], source=source)

    too_deep = _too_deep(text)
    if too_deep is not None:
        refuse(too_deep, "nested too deeply")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as failure:
        refuse(failure.pos, f"not JSON: {failure.msg}")
    except ValueError as failure:  # a number of thousands of digits, NaN
        refuse(0, f"not JSON that is accepted here: {failure}")
    offsets: dict[JsonPath, int] = {}
    for path, offset in _walk(text, 0, ()):
        if path in offsets:
            refuse(offset, f"“{path[-1]}” appears twice")
        offsets[path] = offset
    return JsonSource(text, value, offsets)


def _too_deep(text: str) -> int | None:
    """Return where the text is nested too deeply, before a parser that recurses sees it.

    Where a library has raised Python's recursion limit, the parser may overflow the stack and take the
    process with it.
    """
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > MAX_JSON_NESTING:
            return token.start()
    return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _walk(text: str, start: int, path: JsonPath) -> Iterator[tuple[JsonPath, int]]:
    """Yield each value's path and offset; `text` is known to be JSON.

    A container is decoded once for each level above it to find its end; files
    here are small and nesting is limited.
    """
    start = _blank(text, start)
    yield path, start
    if text[start] not in "{[":
        return
    is_object, index = text[start] == "{", 0
    position = _blank(text, start + 1)
    while text[position] not in "}]":
        name: str | int = index
        if is_object:
            name, position = _decoder.raw_decode(text, position)
            position = _blank(text, position) + 1  # past the colon
        position = _blank(text, position)
        yield from _walk(text, position, (*path, name))
        position = _blank(text, _decoder.raw_decode(text, position)[1])
        if text[position] == ",":
            position = _blank(text, position + 1)
        index += 1


_decoder = json.JSONDecoder()


def _blank(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return found.end() if found else position
