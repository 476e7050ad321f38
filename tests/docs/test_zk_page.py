"""docs/zk.md is a lesson that runs: its blocks of Python work, in order, as written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
