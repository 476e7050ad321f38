"""Every package we ask for by name is explained in docs/dependencies.md, and nothing else is."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Page


PYTHON_FOLDERS = ["api", "audit", "chain", "election", "identity", "relayer", "scripts", "voter", "zk"]
LOADED_BY_OTHERS = {"coincurve", "psycopg"}  # by eth-keys and by SQLAlchemy, if they are there


def _listed(docs: dict[str, Page], heading: str) -> list[str]:
    page = docs["docs/dependencies.md"]
    return (
        [row[0].strip("`") for row in page.section(heading).rows()] if f"## {heading}\n" in page.text else []
    )


def _imported(root: Path) -> set[str]:
    """Return the distributions that our sources import."""
    modules = set()
    for folder in PYTHON_FOLDERS:
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    modules |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    modules.add(node.module.partition(".")[0])
    owners = packages_distributions()
    return {name.lower().replace("_", "-") for module in modules for name in owners.get(module, [])}


def _names(requirements: list[str]) -> dict[str, str]:
    pairs = (requirement.split("==") for requirement in requirements)
    return {name.partition("[")[0]: version for name, version in pairs}


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
        "npm, to develop": npm["devDependencies"] | npm["optionalDependencies"],
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
    assert sorted(_listed(docs, heading)) == sorted(asked_for[heading])


def test_a_package_to_run_is_imported_or_loaded_by_one_that_is(root: Path, docs: dict[str, Page]) -> None:
    assert set(_listed(docs, "Python, to run")) - _imported(root) == LOADED_BY_OTHERS


def test_each_package_has_a_use_and_a_reason_for_the_choice(docs: dict[str, Page]) -> None:
    page = docs["docs/dependencies.md"]
    headings = re.findall(r"^## (.+)$", page.text, re.MULTILINE)
    tables = [page.section(heading).rows() for heading in headings if heading.startswith(("Python", "npm"))]
    thin = [row[0] for rows in tables for row in rows if len(row) != 3 or min(map(len, row[1:])) < 10]
    assert thin == []
