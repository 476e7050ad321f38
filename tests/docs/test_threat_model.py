"""Each protection that docs/threat-model.md claims is shown by tests that exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Page


def test_each_claim_names_tests_that_exist(root: Path, docs: dict[str, Page]) -> None:
    rows = docs["docs/threat-model.md"].section("What protects what").rows()
    missing = []
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row[2])
        assert named, f"nothing shows: {row[0]}"
        for file, function in named:
            path = root / "tests" / file
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            if f"def {function}(" not in text:
                missing.append(f"{file}::{function}")
    assert missing == []
