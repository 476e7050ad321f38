"""docs/protocol.md lists the contract's functions, events and errors and the files' fields as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from election.ballot import Ballot
from election.file import ElectionFile
from election.phase import Phase

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Page

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@pytest.fixture(scope="module")
def interfaces(root: Path) -> str:
    """Return all interfaces in one text, without comments."""
    files = sorted((root / "contracts" / "interfaces").glob("*.sol"))
    return "\n".join(_COMMENT.sub("", path.read_text(encoding="utf-8")) for path in files)


def _declared(kind: str, interfaces: str) -> set[str]:
    found = re.findall(rf"\b{kind} (\w+)\((.*?)\);", interfaces, re.DOTALL)
    return {f"{name}({' '.join(parameters.split())})" for name, parameters in found}


def _listed(heading: str, docs: dict[str, Page]) -> list[str]:
    return [row[0].strip("`") for row in docs["docs/protocol.md"].section(heading).rows()]


@pytest.mark.parametrize(("kind", "heading"), [("event", "Events"), ("error", "Errors")])
def test_the_table_lists_every_declaration(
    kind: str, heading: str, interfaces: str, docs: dict[str, Page]
) -> None:
    listed = _listed(heading, docs)
    assert sorted(listed) == sorted(_declared(kind, interfaces))


def _signature(name: str, parameters: str) -> str:
    types = [parameter.split()[0] for parameter in parameters.split(",") if parameter.strip()]
    return f"{name}({','.join(types)})"


def test_the_table_lists_every_function_that_writes(interfaces: str, docs: dict[str, Page]) -> None:
    found = re.findall(r"\bfunction (\w+)\(([^)]*)\)\s*external([^;]*);", interfaces)
    writing = {_signature(name, rest) for name, rest, how in found if not re.search(r"\b(view|pure)\b", how)}
    assert writing >= {"checkpoint()", "castVote(uint256,uint256,uint256,address,uint256,Proof)"}
    assert sorted(_listed("Functions", docs)) == sorted(writing)


def test_the_table_lists_every_field_of_the_election_file(docs: dict[str, Page]) -> None:
    assert sorted(_listed("The election file", docs)) == sorted(ElectionFile.model_fields)


def test_the_table_lists_every_field_of_a_ballot(docs: dict[str, Page]) -> None:
    fields = getattr(Ballot, "model_fields", None) or Ballot.__dataclass_fields__
    assert sorted(_listed("The vote", docs)) == sorted(fields)


def test_the_table_lists_every_phase_with_its_number(docs: dict[str, Page]) -> None:
    rows = docs["docs/protocol.md"].section("Phases").rows()
    assert [(row[0].upper(), int(row[1])) for row in rows] == [(phase.name, phase.value) for phase in Phase]
