"""Broken circuits, each with the finding it must give, and a twin in which nothing is found."""

from __future__ import annotations

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


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 15
