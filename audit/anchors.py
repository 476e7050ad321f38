"""The registrar's log as the public sees it: hashes, numbers of entries and sizes of the roll, on chain.

What the log says is the registrar's secret, so nothing here opens it. The anchors alone show that it only
grew and that there are no more deposits than people on the roll; `audit.eligibility` has the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from election.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.report import Rules
    from chain.events import RegistrarLogAnchored

CHECK = "registrar log"
NEVER_ANCHORED = (
    "the registrar never anchored its log: the chain says nothing about the size of the roll, nor about what "
    "was done to it"
)


def missing_phases(anchors: Iterable[RegistrarLogAnchored], phase: Phase) -> list[str]:
    """Warn of phases so far in which the log could be rewritten, since nothing was put on chain."""
    anchored = {anchor.phase for anchor in anchors}
    missing = [reached.name.lower() for reached in Phase if 0 < reached <= phase and reached not in anchored]
    return [f"the registrar's log was not anchored in these phases: {', '.join(missing)}"] if missing else []


class AnchorBook:
    """The anchors so far, in chain order, each held against the earlier ones."""

    def __init__(self, electorate: int) -> None:
        self._electorate = electorate
        self.anchors: list[RegistrarLogAnchored] = []

    def take(self, anchor: RegistrarLogAnchored, phase: Phase, deposits: int, rules: Rules) -> None:
        """Check one anchor, which stands in `phase` after so many deposits."""
        rules.equal("the phase of the anchor", expected=int(phase), found=anchor.phase)
        rules.that(
            f"at most {self._electorate} people on the roll, the election file's electorate",
            holds=anchor.roll_size <= self._electorate,
            found=anchor.roll_size,
        )
        if self.anchors:
            self._follows(anchor, self.anchors[-1], rules)
        self.anchors.append(anchor)
        rules.that(
            f"at most {self.largest_roll} deposits, one for each person on the roll",
            holds=deposits <= self.largest_roll,
            found=deposits,
        )

    @property
    def largest_roll(self) -> int:
        """The largest roll that was anchored; who is removed later may have a deposit already."""
        return max((anchor.roll_size for anchor in self.anchors), default=0)

    def warnings(self, phase: Phase, deposits: int) -> list[str]:
        """Say what is missing, which is no fault of an election without the identity service."""
        if not self.anchors:
            return [NEVER_ANCHORED]
        told = missing_phases(self.anchors, phase)
        if deposits > self.largest_roll and max(anchor.phase for anchor in self.anchors) < Phase.VOTING:
            told.append(
                f"there are {deposits} deposits, but at most {self.largest_roll} people were on the roll "
                "when it was anchored: the anchor of the voting phase must show that people were added since"
            )
        return told

    @staticmethod
    def _follows(anchor: RegistrarLogAnchored, earlier: RegistrarLogAnchored, rules: Rules) -> None:
        grew = anchor.entries > earlier.entries
        rules.that(
            f"at least {earlier.entries} entries, as before",
            holds=anchor.entries >= earlier.entries,
            found=anchor.entries,
        )
        rules.that(
            "the same head for the same number of entries",
            holds=grew or anchor.entries < earlier.entries or anchor.head == earlier.head,
            found=f"0x{anchor.head.hex()} after 0x{earlier.head.hex()}",
        )
