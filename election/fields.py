"""Reading numbers and bytes out of small JSON documents, each with its range, each fault with its place.

Numbers are decimal strings in documents: JavaScript's numbers would round them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from election.address import parse_address

if TYPE_CHECKING:
    from election.errors import DocumentError
    from election.source import JsonSource

UINT256 = 2**256
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}")
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*", re.IGNORECASE)


class DocumentReader:
    """Reads the members of one JSON object; every method raises the document's own error."""

    def __init__(self, source: JsonSource, error: type[DocumentError], file: str = "") -> None:
        self._source, self._error, self._file = source, error, file

    def refuse(self, name: str, message: str) -> NoReturn:
        """Raise, pointing at one member of the object."""
        text = f"{name}: {message}" if name else message
        raise self._error([self._source.problem((name,) if name else (), text)], source=self._file)

    def require_members(self, names: tuple[str, ...]) -> None:
        """Require an object with exactly these members."""
        if not isinstance(self._source.value, dict):
            self.refuse("", "a JSON object is expected")
        for name in names:
            if name not in self._source.value:
                self.refuse("", f"{name} is missing")
        for name in self._source.value:
            if name not in names:
                self.refuse(name, "no such member is known")

    def member(self, name: str) -> Any:  # noqa: ANN401  whatever JSON holds
        """Return one member as it stands."""
        return self._source.value[name]

    def literal(self, name: str, expected: str) -> None:
        """Require one exact text."""
        if self.member(name) != expected:
            self.refuse(name, f"must be “{expected}”")

    def number(self, name: str, below: int = UINT256) -> int:
        """Read a decimal string; the number must be less than `below`."""
        value = self.member(name)
        if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
            self.refuse(name, "must be a decimal number in quotation marks, without sign or leading zeros")
        if int(value) >= below:
            self.refuse(name, f"is out of range: it must be less than {below}")
        return int(value)

    def address(self, name: str) -> str:
        """Read an address; mixed case must be a right checksum."""
        try:
            return parse_address(self.member(name))
        except ValueError as failure:
            self.refuse(name, str(failure))

    def data(self, name: str, length: int) -> bytes:
        """Read bytes written as 0x and hexadecimal digits."""
        value = self.member(name)
        if not isinstance(value, str) or not _HEX.fullmatch(value) or len(value) != 2 + 2 * length:
            self.refuse(name, f"must be 0x and {2 * length} hexadecimal digits")
        return bytes.fromhex(value[2:])
