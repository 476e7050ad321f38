"""Every relative link in the documentation leads somewhere."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from conftest import Page

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _links(page: Page) -> list[str]:
    return [target for target in _LINK.findall(page.prose()) if "://" not in target]


def _anchors(page: Page) -> set[str]:
    """Headings as GitHub turns them into anchors: lower case, punctuation gone, blanks as hyphens."""
    anchors = set()
    for heading in _HEADING.findall(page.prose()):
        kept = (c for c in heading.lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
        anchors.add("".join(kept).replace(" ", "-"))
    return anchors


def test_the_documentation_links_to_its_own_pages(docs: dict[str, Page]) -> None:
    assert sum(len(_links(page)) for page in docs.values()) > 20


def test_every_relative_link_resolves(docs: dict[str, Page]) -> None:
    broken = []
    for name, page in docs.items():
        for target in _links(page):
            file, _, _ = target.partition("#")
            if file and not (page.path.parent / unquote(file)).exists():
                broken.append(f"{name}: {target}")
    assert broken == []


def test_every_anchor_names_a_heading(docs: dict[str, Page]) -> None:
    by_path = {page.path.resolve(): page for page in docs.values()}
    broken = []
    for name, page in docs.items():
        for target in _links(page):
            file, _, anchor = target.partition("#")
            aimed = by_path.get((page.path.parent / unquote(file)).resolve() if file else page.path.resolve())
            if anchor and aimed and unquote(anchor) not in _anchors(aimed):
                broken.append(f"{name}: {target}")
    assert broken == []


def test_every_page_in_docs_can_be_reached_from_the_readme(docs: dict[str, Page]) -> None:
    by_path = {page.path.resolve(): name for name, page in docs.items()}
    seen, waiting = set(), ["README.md"]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        page = docs[name]
        aimed = (
            by_path.get((page.path.parent / unquote(t.partition("#")[0])).resolve()) for t in _links(page)
        )
        waiting += [found for found in aimed if found and found not in seen]
    assert {name for name in docs if name.startswith("docs/")} - seen == set()


def test_the_index_of_decisions_lists_each_with_its_title(docs: dict[str, Page]) -> None:
    index = docs["docs/adr/README.md"].rows()
    listed = {f"docs/adr/{_LINK.findall(row[0])[0]}": row[1] for row in index}
    titles = {
        name: page.text.splitlines()[0].split(" ", 2)[2]
        for name, page in docs.items()
        if name.startswith("docs/adr/0")
    }
    assert listed == titles
