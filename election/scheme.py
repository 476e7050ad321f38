"""The voting schemes, and what each demands of an election file.

What they do is spread over the layers, one table in each: `election.cryptography` (what is hashed and
proved), `chain.schemes` (which contracts), `voter.note` (what a note looks like).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_DEPTH: Final = 32
CLASSIC_DEPTH: Final = 16


class Scheme(StrEnum):
    """How an election is run; the names are those of the election file and the command line."""

    CREAM = "cream"
    CREAM_CLASSIC = "cream-classic"


@dataclass(frozen=True)
class SchemeTraits:
    """Name of the scheme's circuit, the depths it allows, and whether a vote pays its candidate."""

    circuit: str
    min_depth: int
    max_depth: int
    pays_candidates: bool

    def depth_for(self, depth: int) -> int:
        """Return the allowed depth that is nearest."""
        return min(max(depth, self.min_depth), self.max_depth)

    def refusals(self, scheme: Scheme, depth: int, denomination: int) -> list[str]:
        """Say in sentences what the scheme does not allow."""
        found = []
        if depth != self.depth_for(depth):
            allowed = " to ".join(str(d) for d in sorted({self.min_depth, self.max_depth}))
            found.append(f"the scheme {scheme} has trees of depth {allowed}, not {depth}")
        if self.pays_candidates and denomination == 0:
            found.append(f"in the scheme {scheme} a vote is a payment, so the denomination cannot be 0")
        return found


TRAITS: Final = {
    Scheme.CREAM: SchemeTraits("vote", 1, MAX_DEPTH, pays_candidates=False),
    Scheme.CREAM_CLASSIC: SchemeTraits("withdraw", CLASSIC_DEPTH, CLASSIC_DEPTH, pays_candidates=True),
}
