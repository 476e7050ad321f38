"""What can be wrong with an election's documents.

ElectionError
├── DocumentError          a file or text that is not what it should be; knows where
│   ├── ElectionFileError
│   ├── RollError
│   ├── BallotError
│   ├── PermitError
│   ├── ReceiptError
│   └── RefusalError
├── UnknownCandidateError  a choice that no candidate has
├── PermitOfAnotherCommitmentError
└── WrongPhaseError        too early or too late
"""

from __future__ import annotations

from dataclasses import dataclass

from zk.errors import TohyoError


class ElectionError(TohyoError):
    """An election's rules or documents were not kept to."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a text: where (counted from 1; 0 if it is nowhere in particular), and what."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}" if self.line else self.message


class DocumentError(ElectionError):
    """A document is not what it should be; `problems` lists every place, save `unlisted` ones more."""

    what = "document"

    def __init__(
        self, problems: list[Problem], *, source: str = "", hint: str = "", unlisted: int = 0
    ) -> None:
        self.problems = tuple(problems)
        self.unlisted = unlisted
        self.source = source
        where = f" {source}" if source else ""
        lines = [str(problem) for problem in problems] + ([f"… and {unlisted:,} more"] if unlisted else [])
        text = lines[0] if len(lines) == 1 else "".join(f"\n  {line}" for line in lines)
        super().__init__(f"The {self.what}{where} cannot be used: {text}", hint=hint)

    @property
    def line(self) -> int:
        """Line of the first problem, from 1."""
        return self.problems[0].line

    @property
    def column(self) -> int:
        """Column of the first problem, in characters, from 1."""
        return self.problems[0].column


class ElectionFileError(DocumentError):
    """The election file is malformed or breaks a rule."""

    what = "election file"


class RollError(DocumentError):
    """The voter roll is malformed or names somebody twice."""

    what = "voter roll"


class BallotError(DocumentError):
    """The ballot is malformed or holds a number out of range."""

    what = "ballot"


class PermitError(DocumentError):
    """The deposit permit is malformed or holds a number out of range."""

    what = "deposit permit"


class ReceiptError(DocumentError):
    """The receipt of a registration is malformed or holds a number out of range."""

    what = "receipt"


class RefusalError(DocumentError):
    """The signed refusal is malformed or holds a number out of range."""

    what = "refusal"


class UnknownCandidateError(ElectionError):
    """The choice is no candidate of this election."""


class PermitOfAnotherCommitmentError(ElectionError):
    """The permit was given for another commitment."""


class WrongPhaseError(ElectionError):
    """The election is not in the phase that the action needs."""
