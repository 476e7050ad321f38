"""Every package we ask for by name is explained in docs/dependencies.md, and nothing else is."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Page


def _names(requirements: list[str]) -> dict[str, str]:
    return dict(requirement.split("==") for requirement in requirements)


@pytest.fixture(scope="module")
def asked_for(root: Path) -> dict[str, dict[str, str]]:
    """Package → version, by the heading that must explain it."""
    python = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    npm = json.loads((root / "package.json").read_text(encoding="utf-8"))
    uv = re.search(r"^UV_VERSION := (\S+)$", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert uv
    build = [*python["build-system"]["requires"], f"uv=={uv[1]}"]
    return {
        "Python, to run": _names(python["project"]["dependencies"]),
        "Python, to develop": _names(python["dependency-groups"]["dev"]),
        "Python, to build and install": _names(build),
        "Python, for Brownie": _names(python["dependency-groups"]["brownie"]),
        "npm, to run": npm["dependencies"],
        "npm, to develop": npm["devDependencies"],
    }


@pytest.mark.parametrize(
    "heading",
    [
        "Python, to run",
        "Python, to develop",
        "Python, to build and install",
        "Python, for Brownie",
        "npm, to run",
        "npm, to develop",
    ],
)
def test_the_table_lists_exactly_what_is_asked_for(
    heading: str, docs: dict[str, Page], asked_for: dict[str, dict[str, str]]
) -> None:
    rows = docs["docs/dependencies.md"].section(heading).rows()
    assert sorted(row[0].strip("`") for row in rows) == sorted(asked_for[heading])


def test_each_package_has_a_use_and_a_reason_for_the_choice(docs: dict[str, Page]) -> None:
    page = docs["docs/dependencies.md"]
    headings = re.findall(r"^## (.+)$", page.text, re.MULTILINE)
    tables = [page.section(heading).rows() for heading in headings if heading.startswith(("Python", "npm"))]
    thin = [row[0] for rows in tables for row in rows if len(row) != 3 or min(map(len, row[1:])) < 10]
    assert thin == []
