"""docs/figures.md quotes the committed measurements, and says truly whether each bar was reached."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.figures import Figure, figure_of, refreshed

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Page


def _figures(page: Page) -> list[Figure]:
    return [row for row in map(figure_of, page.text.splitlines()) if row]


@pytest.mark.parametrize("heading", ["Bars", "More measurements"])
def test_each_row_is_as_measured(heading: str, docs: dict[str, Page]) -> None:
    rows = _figures(docs["docs/figures.md"].section(heading))
    assert rows
    stale = [row.cells for row in rows if row.cells != row.current()]
    assert stale == [], "run `python -m tests.docs.figures` after a bench"


def test_every_row_of_the_bars_has_a_source(docs: dict[str, Page]) -> None:
    section = docs["docs/figures.md"].section("Bars")
    assert len(section.rows()) == len(_figures(section))


def test_each_committed_result_is_quoted(root: Path, docs: dict[str, Page]) -> None:
    committed = {path.name for path in (root / "bench" / "results").glob("*.json")}
    assert committed == set(re.findall(r"`(\w+\.json)`", docs["docs/figures.md"].text))


def test_a_wrong_figure_and_a_missed_bar_are_put_right() -> None:
    source = "`gas_cream.json` `bars/castVote`"
    stale = f"| vote | 1.0 gas | ≤ 269,999 gas | yes | {source} |\n| other | 12 gas | {source} |\nprose\n"
    current = stale.replace("1.0 gas", "270,000.0 gas").replace("12 gas", "270,000 gas").replace("yes", "no")
    assert refreshed(stale) == current
