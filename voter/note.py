"""The note: the one line of text that lets a voter vote, once, in one election.

    tohyo-note-1-<chain id>-<contract>-<nullifier>-<secret>-<checksum>
    tohyo-classic-note-1-…                      the same for the scheme `cream-classic`, with shorter numbers

Hexadecimal but for the chain id. Whoever holds it can cast the vote; whoever loses it cannot vote, and
nobody can make it again. It never leaves the voter's machine: what is shown to others is the commitment,
and later the nullifier hash. No representation, message or comparison here gives away the secrets.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from eth_utils.address import is_hex_address, to_checksum_address
from eth_utils.crypto import keccak

from election.cryptography import CRYPTOGRAPHY
from election.scheme import Scheme
from voter.errors import NoteDamagedError, NoteOfAnotherElectionError, NoteOfAnotherSchemeError

if TYPE_CHECKING:
    from pathlib import Path

_FORMS: Final = {  # prefix, and hexadecimal digits of nullifier and secret
    Scheme.CREAM: ("tohyo-note-1", 64),
    Scheme.CREAM_CLASSIC: ("tohyo-classic-note-1", 62),
}
_CHECKSUM_DIGITS = 8  # one mistyped note in four thousand million goes unseen
_LINES: Final = {
    scheme: re.compile(
        rf"{prefix}-(?P<chain_id>0|[1-9][0-9]{{0,77}})-0x(?P<contract>[0-9a-f]{{40}})"
        rf"-(?P<nullifier>[0-9a-f]{{{digits}}})-(?P<secret>[0-9a-f]{{{digits}}})-(?P<checksum>[0-9a-f]{{8}})"
    )
    for scheme, (prefix, digits) in _FORMS.items()
}
_MAX_FILE_BYTES = 4096


@dataclass(frozen=True)
class Note:
    """A voter's secrets for one election; `repr` shows only which election."""

    chain_id: int
    contract: str
    nullifier: int = field(repr=False)
    secret: int = field(repr=False)
    scheme: Scheme = Scheme.CREAM

    def __post_init__(self) -> None:
        """Refuse what no circuit accepts, without saying the value."""
        bound = CRYPTOGRAPHY[self.scheme].note_numbers
        if not 0 <= self.nullifier < bound or not 0 <= self.secret < bound:
            raise NoteDamagedError(
                "A number in the note is out of range.", hint="Make a note with `tohyo voter note`."
            )
        if not is_hex_address(self.contract):
            raise NoteDamagedError("The note's contract is not an address.")
        object.__setattr__(self, "contract", str(to_checksum_address(self.contract)))

    @staticmethod
    def create(chain_id: int, contract: str, scheme: Scheme = Scheme.CREAM) -> Note:
        """Draw a new note for one election from the operating system's randomness."""
        bound = CRYPTOGRAPHY[scheme].note_numbers
        return Note(chain_id, contract, secrets.randbelow(bound), secrets.randbelow(bound), scheme)

    @property
    def commitment(self) -> int:
        """What the voter deposits; it tells nothing about the note."""
        return CRYPTOGRAPHY[self.scheme].commitment_of(self.nullifier, self.secret)

    def nullifier_hash(self, election_id: int) -> int:
        """Return what marks this note as used in an election; it cannot be connected with the commitment."""
        return CRYPTOGRAPHY[self.scheme].nullifier_hash_of(self.nullifier, election_id)

    def require_election(self, chain_id: int, contract: str, scheme: Scheme) -> Note:
        """Return the note if it was made for this election.

        Raises:
            NoteOfAnotherElectionError: it was made for another chain or contract.
            NoteOfAnotherSchemeError: it was made for another voting scheme.

        """
        if (self.chain_id, self.contract.lower()) != (chain_id, contract.lower()):
            raise NoteOfAnotherElectionError(
                f"The note was made for contract {self.contract} on chain {self.chain_id}, "
                f"not for {contract} on chain {chain_id}.",
                hint="Check --contract and --rpc, or take the note that was made for this election.",
            )
        if self.scheme is not scheme:
            raise NoteOfAnotherSchemeError(
                f"The note was made for the scheme {self.scheme}, but this election runs {scheme}.",
                hint="Make a note for this election with `tohyo voter note`, and deposit that one.",
            )
        return self

    def to_text(self) -> str:
        """Return the note as one line. Show it to nobody."""
        prefix, digits = _FORMS[self.scheme]
        numbers = f"{self.nullifier:0{digits}x}-{self.secret:0{digits}x}"
        body = f"{prefix}-{self.chain_id}-{self.contract.lower()}-{numbers}"
        return f"{body}-{_checksum(body)}"

    @staticmethod
    def parse(text: str) -> Note:
        """Read a note; white space and letter case do not matter.

        Raises:
            NoteDamagedError: the text is no note, or a character was lost or mistyped.

        """
        line = "".join(text.split()).lower()
        scheme, found = _match(line)
        if _checksum(line[: -_CHECKSUM_DIGITS - 1]) != found["checksum"]:
            raise NoteDamagedError(
                "The note is damaged: its checksum does not fit.",
                hint="A character was lost or mistyped. Take the copy that you kept.",
            )
        return Note(
            int(found["chain_id"]),
            "0x" + found["contract"],
            int(found["nullifier"], 16),
            int(found["secret"], 16),
            scheme,
        )

    @staticmethod
    def load(path: Path) -> Note:
        """Read a note from a file.

        Raises:
            NoteDamagedError: the file holds no whole note.
            OSError: the file cannot be read.

        """
        with path.open("rb") as file:
            return Note.parse(file.read(_MAX_FILE_BYTES).decode("utf-8", errors="replace").lstrip("\ufeff"))

    def save(self, path: Path) -> None:
        """Write the note to a new file that only its owner can read.

        Raises:
            FileExistsError: something is there already, perhaps the only copy of another note.

        """
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self.to_text() + "\n")
            file.flush()
            os.fsync(file.fileno())


def _match(line: str) -> tuple[Scheme, re.Match[str]]:
    for scheme, form in _LINES.items():
        found = form.fullmatch(line)
        if found is not None:
            return scheme, found
    prefixes = " or ".join(f"{prefix}-" for prefix, _ in _FORMS.values())
    raise NoteDamagedError(
        "This is not a whole note.",
        hint=f"A note is one line that begins with {prefixes}. Perhaps its end was not copied.",
    )


def _checksum(body: str) -> str:
    return str(keccak(text=body).hex())[:_CHECKSUM_DIGITS]
