"""The election file: everything that is decided before an election, in one document that the contract keeps.

Format `tohyo-election/1`, JSON, UTF-8. Its canonical bytes (sorted names, no white space, UTC times) are
published on chain, and their hash is part of the election's identity, so nothing in it can change afterwards.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from election.address import ZERO_ADDRESS, parse_address
from election.errors import ElectionFileError, Problem, UnknownCandidateError
from election.scheme import MAX_DEPTH, TRAITS, Scheme
from election.source import JsonPath, JsonSource, decode_text, parse_json
from election.tally import require_candidate

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "tohyo-election/1"
MAX_CANDIDATES = 255
MAX_CANONICAL_BYTES = 20_000  # what one deployment transaction can carry beside the contract's code
MAX_SOURCE_BYTES = 1_000_000  # nothing near an election file is larger

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _plain_text(text: object) -> object:
    """Refuse what could make two texts look alike or a terminal misbehave."""
    if not isinstance(text, str):
        return text
    if text != text.strip():
        raise ValueError("begins or ends with white space")
    for character in text:
        if character in _BIDI_CONTROLS or unicodedata.category(character) in {"Cc", "Cs"}:
            raise ValueError(f"holds the control character U+{ord(character):04X}")
    return text


def _address(value: object) -> object:
    return parse_address(value) if isinstance(value, str) and value else value


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("is not a time in ISO 8601, such as 2018-08-20T09:00:00+09:00") from None
    if not isinstance(value, datetime):
        raise ValueError("is not a time in ISO 8601, such as 2018-08-20T09:00:00+09:00")  # noqa: TRY004  pydantic collects only ValueError
    if value.tzinfo is None:
        raise ValueError("has no time zone: add +09:00 for Japan, or Z for UTC")
    if value.microsecond or value.timestamp() < 0:
        raise ValueError("is not a whole second since 1970")
    return value


Address = Annotated[str, BeforeValidator(_address)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Line = Annotated[str, BeforeValidator(_plain_text), Field(min_length=1, max_length=200)]
_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


class Candidate(BaseModel):
    """A candidate and the account that receives the candidate's voting coins."""

    model_config = _STRICT
    name: Line
    address: Address = ""  # an election file fills it in


class Schedule(BaseModel):
    """Three moments; registration ends when voting begins."""

    model_config = _STRICT
    registration_opens: Moment
    voting_opens: Moment
    voting_closes: Moment

    @model_validator(mode="after")
    def _increase(self) -> Schedule:
        first, second, third = self.timestamps()
        if not first < second < third:
            raise ValueError("registration_opens, voting_opens and voting_closes must follow one another")
        return self

    def timestamps(self) -> tuple[int, int, int]:
        """Return the three moments in seconds since 1970."""
        moments = (self.registration_opens, self.voting_opens, self.voting_closes)
        first, second, third = (int(moment.timestamp()) for moment in moments)
        return first, second, third


class ElectionFile(BaseModel):
    """An election's rules. Frozen; equal files have equal hashes."""

    model_config = _STRICT
    format: Literal["tohyo-election/1"]
    title: Line
    description: Annotated[str, BeforeValidator(_plain_text), Field(max_length=2000)] = ""
    scheme: Annotated[Scheme, Field(strict=False)] = Scheme.CREAM
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1, max_length=MAX_CANDIDATES, strict=False)]
    schedule: Schedule
    depth: Annotated[int, Field(ge=1, le=MAX_DEPTH)]
    denomination: Annotated[int, Field(ge=0, lt=2**128)] = 0
    treasury: Address = ZERO_ADDRESS
    electorate: Annotated[int, Field(ge=1)]

    @field_validator("candidates")
    @classmethod
    def _complete(cls, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        filled = tuple(
            c if c.address else c.model_copy(update={"address": candidate_address(i, c.name)})
            for i, c in enumerate(candidates)
        )
        _require_distinct([_comparable(c.name) for c in filled], "name")
        _require_distinct([c.address for c in filled], "address")
        for index, candidate in enumerate(filled):
            number = _small_number(candidate.name)
            if number is not None and number != index and number < len(filled):
                raise ValueError(f"candidate {index} has the number of another for a name: {number}")
        if any(c.address == ZERO_ADDRESS for c in filled):
            raise ValueError("the zero address cannot be a candidate's account")
        return filled

    @model_validator(mode="after")
    def _fit_together(self) -> ElectionFile:
        if self.electorate > 2**self.depth:
            needed = max(1, (self.electorate - 1).bit_length())
            raise ValueError(
                f"a tree of depth {self.depth} has room for {2**self.depth:,} voters, "
                f"not {self.electorate:,}; depth {needed} is needed"
            )
        for refusal in TRAITS[self.scheme].refusals(self.scheme, self.depth, self.denomination):
            raise ValueError(refusal)
        if self.denomination > 0 and self.treasury == ZERO_ADDRESS:
            raise ValueError("an election with a denomination needs a treasury")
        size = len(self.canonical_bytes())
        if size > MAX_CANONICAL_BYTES:
            raise ValueError(f"the file is {size:,} bytes long; {MAX_CANONICAL_BYTES:,} fit on chain")
        return self

    def candidates_without_account(self) -> list[str]:
        """Return the names of candidates whose address follows from the name, so that nobody has its key."""
        return [c.name for i, c in enumerate(self.candidates) if c.address == candidate_address(i, c.name)]

    def choice_of(self, text: str) -> int:
        """Return the number of a candidate given by number or by exact name.

        Raises:
            UnknownCandidateError: neither a number nor a name in this election.

        """
        names = [candidate.name for candidate in self.candidates]
        if text in names:
            return names.index(text)
        number = _small_number(text)
        if number is not None:
            return require_candidate(number, len(names))
        shown = ", ".join(f"{index}: {name}" for index, name in enumerate(names))
        raise UnknownCandidateError(f"No candidate is called “{text[:100]}”.", hint=f"Candidates: {shown}")

    def document(self) -> dict[str, Any]:
        """Return the file as JSON values; an address that follows from the name is left out."""
        document: dict[str, Any] = {
            "format": self.format,
            "title": self.title,
            "scheme": self.scheme.value,
            "candidates": [_candidate_document(i, c) for i, c in enumerate(self.candidates)],
            "schedule": {
                "registration_opens": _utc(self.schedule.registration_opens),
                "voting_opens": _utc(self.schedule.voting_opens),
                "voting_closes": _utc(self.schedule.voting_closes),
            },
            "depth": self.depth,
            "denomination": self.denomination,
            "treasury": self.treasury,
            "electorate": self.electorate,
        }
        return document | ({"description": self.description} if self.description else {})

    def canonical_bytes(self) -> bytes:
        """Return the one encoding of this file: what the contract publishes and hashes."""
        text = json.dumps(self.document(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode()

    def file_hash(self) -> bytes:
        """Return keccak256(canonical bytes)."""
        return bytes(keccak(self.canonical_bytes()))

    def to_pretty_json(self) -> str:
        """Return the file for people to read and edit."""
        return json.dumps(self.document(), ensure_ascii=False, indent=2) + "\n"


def candidate_address(index: int, name: str) -> str:
    """Return the account of a candidate who named none: the last 20 bytes of keccak256(tag, index, name).

    Nobody holds a key to it, so voting coins that arrive there stay there.
    """
    digest = keccak(encode(["string", "uint256", "string"], ["tohyo.candidate.v1", index, name]))
    return str(to_checksum_address(digest[-20:]))


def load_election_file(path: Path) -> ElectionFile:
    """Read an election file.

    Raises:
        ElectionFileError: says what is wrong, with line and column.
        OSError: the file cannot be read.

    """
    with path.open("rb") as file:
        data = file.read(MAX_SOURCE_BYTES + 1)
    if len(data) > MAX_SOURCE_BYTES:
        raise ElectionFileError(
            [Problem(0, 0, f"it is longer than {MAX_SOURCE_BYTES:,} bytes")], source=str(path)
        )
    return parse_election_file(decode_text(data, ElectionFileError, str(path)), source=str(path))


def parse_election_file(text: str, source: str = "") -> ElectionFile:
    """Read an election file from text.

    Raises:
        ElectionFileError: says what is wrong, with line and column.

    """
    parsed = parse_json(text, ElectionFileError, source)
    try:
        return ElectionFile.model_validate(parsed.value)
    except ValidationError as failure:
        problems = [_located(parsed, error["loc"], _sentence(error)) for error in failure.errors()]
        raise ElectionFileError(
            problems, source=source, hint="`tohyo election new` writes a file to start from."
        ) from failure


def parse_election_document(document: dict[str, Any]) -> ElectionFile:
    """Read an election file from JSON values, as a program builds them."""
    return parse_election_file(json.dumps(document, ensure_ascii=False, indent=2))


def _located(source: JsonSource, path: JsonPath, message: str) -> Problem:
    name = ".".join(str(part) for part in path)
    return source.problem(path, f"{name}: {message}" if name else message)


def _sentence(error: Any) -> str:  # noqa: ANN401  pydantic's ErrorDetails, whose home moves between versions
    message: str = error["msg"].removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def _candidate_document(index: int, candidate: Candidate) -> dict[str, str]:
    if candidate.address in {"", candidate_address(index, candidate.name)}:
        return {"name": candidate.name}
    return {"name": candidate.name, "address": candidate.address}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _small_number(text: str) -> int | None:
    """Return the number that a text is, if it could be a candidate's."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_CANDIDATES))
    return int(text) if is_number else None


def _comparable(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _require_distinct(values: list[str], what: str) -> None:
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if value in first:
            raise ValueError(f"candidates {first[value]} and {index} have the same {what}")
        first[value] = index
