"""docs/glossary.md is true: each name occurs in the code, terms stand once, no forbidden synonym is used."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from chain.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Page

PYTHON_FOLDERS = ["api", "audit", "chain", "election", "identity", "relayer", "scripts", "voter", "zk"]
_SOLIDITY_NOISE = re.compile(r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def _sources(folders: list[str], suffix: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((PROJECT_ROOT / folder).rglob(f"*{suffix}"))


def _python_words(text: str) -> tuple[set[str], set[str]]:
    """Return the identifiers of a module, and the words that are whole string literals."""
    names, strings = set(), set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            names.add(token.string)
        elif token.type == tokenize.STRING and _WORD.fullmatch(token.string.strip("\"'")):
            strings.add(token.string.strip("\"'"))
    return names, strings


@pytest.fixture(scope="module")
def words() -> dict[str, set[str]]:
    """Return the identifiers of our own sources, by language."""
    found: dict[str, set[str]] = {"Python": set(), "Solidity": set(), "JSON": set()}
    for path in _sources(PYTHON_FOLDERS, ".py"):
        names, strings = _python_words(path.read_text(encoding="utf-8"))
        found["Python"] |= names
        found["JSON"] |= strings | names  # a field of a pydantic model is a JSON key too
    for path in _sources(["contracts"], ".sol"):
        found["Solidity"] |= set(_WORD.findall(_SOLIDITY_NOISE.sub(" ", path.read_text(encoding="utf-8"))))
    return found


def _identifiers(cell: str) -> list[str]:
    return [name.rpartition(".")[2] for name in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize(("language", "column"), [("Python", 3), ("Solidity", 4), ("JSON", 5)])
def test_each_name_occurs_in_the_code_of_its_language(
    language: str, column: int, docs: dict[str, Page], words: dict[str, set[str]]
) -> None:
    listed = [
        name for row in docs["docs/glossary.md"].section("Terms").rows() for name in _identifiers(row[column])
    ]
    assert len(listed) > 10
    assert [name for name in listed if name not in words[language]] == []


def test_each_term_stands_once(docs: dict[str, Page]) -> None:
    rows = docs["docs/glossary.md"].section("Terms").rows()
    for column in (0, 1):
        counted = Counter(row[column].lower() for row in rows)
        assert [term for term, times in counted.items() if times > 1] == []


def test_each_term_is_explained_in_both_languages(docs: dict[str, Page]) -> None:
    rows = docs["docs/glossary.md"].section("Terms").rows()
    assert [row[0] for row in rows if len(row) != 6 or not row[1] or len(row[2]) < 15] == []


def test_terms_stand_in_alphabetical_order(docs: dict[str, Page]) -> None:
    terms = [row[0].lower() for row in docs["docs/glossary.md"].section("Terms").rows()]
    assert terms == sorted(terms)


def _contains(identifier: str, synonym: list[str]) -> bool:
    parts = [part.lower() for part in _PARTS.findall(identifier)]
    return any(parts[i : i + len(synonym)] == synonym for i in range(len(parts)))


def test_a_synonym_is_found_whatever_its_letter_case() -> None:
    assert _contains("leafHash", ["leaf", "hash"])
    assert _contains("_LEAF_HASH_OF", ["leaf", "hash"])
    assert not _contains("serialize", ["serial"])


@pytest.mark.parametrize("language", ["Python", "Solidity"])
def test_no_forbidden_synonym_is_an_identifier(
    language: str, docs: dict[str, Page], words: dict[str, set[str]]
) -> None:
    rows = docs["docs/glossary.md"].section("Words we do not use").rows()
    forbidden = [synonym.strip() for row in rows for synonym in row[0].split(",")]
    assert len(forbidden) > 10
    used = [
        (name, synonym)
        for name in words[language]
        for synonym in forbidden
        if _contains(name, synonym.split())
    ]
    assert used == []


def test_what_we_use_instead_is_a_term(docs: dict[str, Page]) -> None:
    page = docs["docs/glossary.md"]
    terms = {row[0] for row in page.section("Terms").rows()}
    instead = {
        term.strip() for row in page.section("Words we do not use").rows() for term in row[1].split(",")
    }
    assert instead - terms == set()
