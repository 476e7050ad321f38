"""docs/figures.md quotes the committed measurements, and says truly whether each bar was reached."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Page

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SOURCE = re.compile(r"^`(\w+\.json)` `([^`]+)`$")


def _number(text: str) -> tuple[float, int]:
    """Return the first number in a cell, and how many decimals it shows."""
    found = _NUMBER.search(text)
    assert found, text
    digits = found[0].replace(",", "")
    return float(digits), len(digits.partition(".")[2])


def _measured(root: Path, source: str) -> float:
    found = _SOURCE.match(source)
    assert found, f"not a file and a path in it: {source}"
    value: Any = json.loads((root / "bench" / "results" / found[1]).read_text(encoding="utf-8"))
    for part in found[2].split("/"):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return float(value)


def _is_reached(value: float, bar: str) -> bool:
    limit, _ = _number(bar)
    return value >= limit if "≥" in bar else value <= limit


@pytest.mark.parametrize("heading", ["Bars", "More measurements"])
def test_each_figure_equals_its_committed_result(heading: str, root: Path, docs: dict[str, Page]) -> None:
    rows = docs["docs/figures.md"].section(heading).rows()
    assert rows
    for row in rows:
        shown, decimals = _number(row[1])
        assert round(_measured(root, row[-1]), decimals) == shown, row[0]


def test_each_bar_is_reached_or_said_not_to_be(root: Path, docs: dict[str, Page]) -> None:
    for row in docs["docs/figures.md"].section("Bars").rows():
        assert row[3] == ("yes" if _is_reached(_measured(root, row[-1]), row[2]) else "no"), row[0]


def test_each_committed_result_is_quoted(root: Path, docs: dict[str, Page]) -> None:
    committed = {path.name for path in (root / "bench" / "results").glob("*.json")}
    assert committed == set(re.findall(r"`(\w+\.json)`", docs["docs/figures.md"].text))
