"""Reads the tables of docs/figures.md; `python -m tests.docs.figures` writes new measurements into them.

A row ends with where its figure comes from: a file of bench/results and a path in it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "figures.md"
RESULTS = ROOT / "bench" / "results"

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SOURCE = re.compile(r"^`(\w+\.json)` `([^`]+)`$")


@dataclass(frozen=True)
class Figure:
    """One row: what, how much, perhaps a bar and whether it is reached, and the source."""

    cells: list[str]

    @property
    def value(self) -> float:
        """Return what was measured, from the committed result."""
        file, path = _SOURCE.fullmatch(self.cells[-1]).groups()  # type: ignore[union-attr]  # is_figure
        found: Any = json.loads((RESULTS / file).read_text(encoding="utf-8"))
        for part in path.split("/"):
            found = found[int(part)] if isinstance(found, list) else found[part]
        return float(found)

    @property
    def shown(self) -> str:
        """Return how the measurement must be shown: as many decimals as the row has now, and its unit."""
        now = _NUMBER.search(self.cells[1])
        decimals = len(now[0].partition(".")[2]) if now else 0
        unit = self.cells[1][now.end() :] if now else ""
        return f"{self.value:,.{decimals}f}{unit}"

    @property
    def reached(self) -> str:
        """Return yes or no, for a row with a bar."""
        bar = self.cells[2]
        limit = float(_NUMBER.search(bar)[0].replace(",", ""))  # type: ignore[index]  # every bar has a number
        return "yes" if (self.value >= limit if "≥" in bar else self.value <= limit) else "no"

    def current(self) -> list[str]:
        """Return the cells as they must be."""
        if len(self.cells) == 5:
            return [self.cells[0], self.shown, self.cells[2], self.reached, self.cells[4]]
        return [self.cells[0], self.shown, *self.cells[2:]]


def figure_of(line: str) -> Figure | None:
    """Read a line of Markdown; None if it is no row with a source."""
    cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    return Figure(cells) if line.startswith("|") and _SOURCE.fullmatch(cells[-1]) else None


def refreshed(text: str) -> str:
    """Return the page with every figure as measured."""
    lines = [(line, figure_of(line)) for line in text.splitlines()]
    return "".join((f"| {' | '.join(row.current())} |" if row else line) + "\n" for line, row in lines)


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
