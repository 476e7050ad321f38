"""The README's excerpt of the demonstration shows the votes that the demonstration counts."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

from chain.paths import EXAMPLE
from election.file import load_election_file
from election.roll import load_roll
from scripts.tohyo.demo.plan import make_plan
from scripts.tohyo.demo_command import demo

if TYPE_CHECKING:
    from conftest import Page

SEED = inspect.signature(demo).parameters["seed"].default


def test_the_excerpt_shows_the_real_result(docs: dict[str, Page]) -> None:
    plan = make_plan(
        load_election_file(EXAMPLE / "election.json"), load_roll(EXAMPLE / "roll.csv"), seed=SEED
    )
    tally = plan.expected_tally()
    rows = re.findall(r"^│ +(\d+) │ (.+?) +│ +(\d+) │", docs["README.md"].text, re.MULTILINE)
    assert len(rows) >= 3
    for number, name, votes in rows:
        assert plan.election.candidates[int(number)].name == name
        assert tally[int(number)] == int(votes)
