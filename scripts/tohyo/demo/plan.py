"""Who votes in the demonstration, and for whom.

The plan is all that the demonstration decides in advance; it names voters by their numbers on the roll, and
`people_for` says who they are. A seed fixes the voters' choices, so that two runs have the same result; it
never touches a note, which always comes from the operating system's randomness.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from election.file import Candidate, ElectionFile, candidate_address, parse_election_file
from election.roll import Roll, RollEntry
from election.scheme import TRAITS, Scheme
from identity.testpki.people import made_up_people

if TYPE_CHECKING:
    from collections.abc import Sequence


DENOMINATION = 10**15  # wei that a voter of the demonstration deposits where a vote is a payment
TREASURY = candidate_address(0, "treasury of the demonstration")


@dataclass(frozen=True)
class Plan:
    """The election, its voters, and the seed of their choices."""

    election: ElectionFile
    voters: tuple[str, ...]
    seed: int

    def choice(self, voter: str) -> int:
        """Return a voter's candidate: the smaller of two draws, so that some are more popular."""
        count = len(self.election.candidates)
        draws = (self._draw(voter, turn) % count for turn in ("first", "second"))
        return min(draws)

    def expected_tally(self) -> list[int]:
        """Count the choices without any chain: what the chain's count must equal."""
        counted = Counter(self.choice(voter) for voter in self.voters)
        return [counted[index] for index in range(len(self.election.candidates))]

    def to_json(self) -> dict[str, Any]:
        """Return a document that `from_json` reads."""
        return {
            "election": json.loads(self.election.canonical_bytes()),
            "voters": list(self.voters),
            "seed": self.seed,
        }

    @staticmethod
    def from_json(document: dict[str, Any]) -> Plan:
        """Read what `to_json` wrote."""
        election = parse_election_file(json.dumps(document["election"]))
        return Plan(election, tuple(document["voters"]), document["seed"])

    def _draw(self, voter: str, turn: str) -> int:
        text = f"{self.seed}\n{turn}\n{voter}".encode()
        return int.from_bytes(hashlib.sha256(text).digest())


def make_plan(
    base: ElectionFile,
    roll: Roll | None,
    *,
    voters: int | None = None,
    candidates: int | None = None,
    scheme: Scheme | None = None,
    depth: int | None = None,
    seed: int = 0,
) -> Plan:
    """Cut or stretch an election to the wished size.

    Voters beyond the roll (all of the file's electorate, without one) and candidates beyond the file get
    made-up names. The tree grows with the electorate unless `depth` says otherwise. A scheme whose votes are
    payments gets a denomination and a treasury if the file has none.
    """
    chosen = base.scheme if scheme is None else scheme
    listed = [] if roll is None else [entry.voter_id for entry in roll.entries]
    ids = _stretch(listed, voters or len(listed) or base.electorate, "extra-voter-{:05d}")
    names = _stretch([c.name for c in base.candidates], candidates, "Proposal {}")
    changed: dict[str, Any] = {
        "candidates": base.candidates
        if len(names) == len(base.candidates)
        else [Candidate(name=n) for n in names],
        "electorate": len(ids),
        "scheme": chosen,
        "depth": depth or TRAITS[chosen].depth_for(max(base.depth, (len(ids) - 1).bit_length())),
    }
    if TRAITS[chosen].pays_candidates and base.denomination == 0:
        changed |= {"denomination": DENOMINATION, "treasury": TREASURY}
    election = parse_election_file(base.model_copy(update=changed).canonical_bytes().decode())
    return Plan(election, tuple(ids), seed)


def people_for(plan: Plan, roll: Roll | None) -> Roll:
    """Return the roll of the plan's voters: as many of `roll` as there are, and made-up people.

    A made-up person shares no date of birth with anybody on `roll`, so that no card could be either's.
    """
    known = {} if roll is None else {entry.voter_id: entry.person for entry in roll.entries}
    births = {person.date_of_birth for person in known.values()}
    missing = sum(voter not in known for voter in plan.voters)
    drawn = (person for _, person in made_up_people(2 * missing + len(births)))
    strangers = (person for person in drawn if person.date_of_birth not in births)
    return Roll(tuple(RollEntry(v, known[v] if v in known else next(strangers)) for v in plan.voters))


def _stretch(items: Sequence[str], count: int | None, pattern: str) -> list[str]:
    wanted = len(items) if count is None else count
    extra = [pattern.format(number) for number in range(len(items) + 1, wanted + 1)]
    return [*items[:wanted], *extra]
