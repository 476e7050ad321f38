"""Reads the project's Markdown the way the tests in this folder need it: tables, code blocks, links."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from chain.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from pathlib import Path

_SEPARATOR = re.compile(r"^\|[\s:|-]+\|$")
_FENCE = re.compile(r"^```.*?^```\s*?$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path
    text: str

    def section(self, heading: str) -> Page:
        """Return what stands under a heading, up to the next one of the same rank or above."""
        found = re.search(rf"^(#+) {re.escape(heading)}$", self.text, re.MULTILINE)
        assert found, f"{self.path.name} has no heading {heading!r}"
        rest = self.text[found.end() :]
        following = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
        return Page(self.path, rest[: following.start()] if following else rest)

    def rows(self) -> list[list[str]]:
        """Return the cells of the first table, without its heading row."""
        lines = self.text.splitlines()
        start = next((n for n, line in enumerate(lines) if _SEPARATOR.match(line)), None)
        assert start is not None, f"{self.path.name} has no table here"
        rows = []
        for line in lines[start + 1 :]:
            if not line.startswith("|"):
                break
            rows.append([cell.strip() for cell in line.strip().strip("|").split(" | ")])
        return rows

    def code_lines(self) -> list[str]:
        """Return the lines inside fenced code blocks."""
        return [line for block in _FENCE.findall(self.text) for line in block.splitlines()[1:-1]]

    def prose(self) -> str:
        """Return the text outside fenced code blocks."""
        return _FENCE.sub("", self.text)


def read_page(path: Path) -> Page:
    return Page(path, path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def root() -> Path:
    return PROJECT_ROOT


@pytest.fixture(scope="session")
def docs(root: Path) -> dict[str, Page]:
    """Return every Markdown file in the tree that git would keep, by its path from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return {name: read_page(root / name) for name in listed if (root / name).is_file()}
