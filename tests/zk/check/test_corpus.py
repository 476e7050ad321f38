"""Broken circuits, each with the finding it must give, and a twin in which nothing is found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.zk.check.corpus import bits, logic, rows

if TYPE_CHECKING:
    from tests.zk.check.corpus.case import Case

CASES = [*bits.CASES, *logic.CASES, *rows.CASES]
EACH = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@EACH
def test_the_hole_is_found_and_named_with_its_line(case: Case) -> None:
    found = case.report_on_broken().holes
    matching = [hole for hole in found if hole.kind is case.expected and hole.subject.endswith(case.subject)]
    assert matching, found
    assert all(".py:" in hole.source for hole in matching)


@EACH
def test_nothing_is_found_in_its_twin(case: Case) -> None:
    report = case.report_on_twin()
    assert report.holes == ()
    assert report.n_witnesses == 1


def test_the_page_lists_every_case_with_its_finding() -> None:
    page = (Path(__file__).parents[3] / "docs/circuit-checks.md").read_text(encoding="utf-8")
    table = page.partition("| broken circuit | finding |\n|---|---|\n")[2].partition("\n\n")[0]
    written = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in table.splitlines()]
    assert written == [(case.name, case.expected.value) for case in CASES]


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 15
