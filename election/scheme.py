"""The voting schemes, and what each demands of an election file.

What they do is spread over the layers, one table in each: `election.cryptography` (what is proved),
`chain.schemes` (which contracts), `voter.note` (what a note looks like).
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
class SchemeLimits:
    """Depths of the tree that a scheme allows, from least to most, and whether its votes are payments."""

    min_depth: int
    max_depth: int
    needs_denomination: bool

    def refusals(self, scheme: Scheme, depth: int, denomination: int) -> list[str]:
        """Say in sentences what the scheme does not allow."""
        found = []
        if not self.min_depth <= depth <= self.max_depth:
            allowed = " to ".join(str(d) for d in sorted({self.min_depth, self.max_depth}))
            found.append(f"the scheme {scheme} has trees of depth {allowed}, not {depth}")
        if self.needs_denomination and denomination == 0:
            found.append(f"in the scheme {scheme} a vote is a payment, so the denomination cannot be 0")
        return found


LIMITS: Final = {
    Scheme.CREAM: SchemeLimits(1, MAX_DEPTH, needs_denomination=False),
    Scheme.CREAM_CLASSIC: SchemeLimits(CLASSIC_DEPTH, CLASSIC_DEPTH, needs_denomination=True),
}
