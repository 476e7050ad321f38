"""docs/zk.md is a lesson that runs, and its tables list what is there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from zk import gadgets

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Page

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_block_runs_in_order(docs: dict[str, Page]) -> None:
    page = docs["docs/zk.md"]
    blocks = BLOCK.findall(page.text)
    assert len(blocks) == page.text.count("```python") >= 10
    session: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "docs/zk.md", "exec"), session)  # noqa: S102  our own page
    assert session["mine"].n_constraints == session["theirs"].n_constraints


def test_vote_is_built_in_ten_steps(docs: dict[str, Page]) -> None:
    steps = re.findall(r"^### (\d+)\. ", docs["docs/zk.md"].text, re.MULTILINE)
    assert steps == [str(number) for number in range(1, 11)]


def test_every_gadget_has_a_row(docs: dict[str, Page]) -> None:
    listed = [row[0].strip("`") for row in docs["docs/zk.md"].section("Gadgets").rows()]
    assert sorted(listed) == sorted(name for name in gadgets.__all__ if name[0].islower())


def test_counts_next_to_circomlib_are_as_measured(root: Path, docs: dict[str, Page]) -> None:
    measured = json.loads((root / "bench" / "results" / "constraints.json").read_text())["gadgets"]
    rows = docs["docs/zk.md"].section("Next to circomlib").rows()
    shown = {row[0].replace("`", ""): [int(cell.replace(",", "")) for cell in row[2:]] for row in rows}
    counts = ("ours", "circomlib_o2", "circomlib_o1")
    assert shown == {name: [result[count] for count in counts] for name, result in measured.items()}
