"""What the election file allows in each scheme."""

from __future__ import annotations

from typing import Any

import pytest

from election.errors import ElectionFileError
from election.file import MAX_DEPTH, parse_election_document
from election.scheme import TRAITS, Scheme
from tests.support.small_election import CLASSIC, document
from zk.circuits import CircuitName


def refusal(changed: dict[str, Any]) -> str:
    with pytest.raises(ElectionFileError) as caught:
        parse_election_document(changed)
    return str(caught.value)


def test_every_scheme_has_traits_and_a_circuit_that_has_keys() -> None:
    assert set(TRAITS) == set(Scheme)
    assert {traits.circuit for traits in TRAITS.values()} <= set(CircuitName)


def test_a_file_without_a_scheme_is_of_cream() -> None:
    assert parse_election_document(document()).scheme is Scheme.CREAM


def test_the_scheme_is_part_of_the_files_hash() -> None:
    cream = parse_election_document(document(depth=16))
    classic = parse_election_document(document(**CLASSIC))
    assert classic.document()["scheme"] == "cream-classic"
    assert classic.document() | {"scheme": "cream"} == cream.document()
    assert classic.file_hash() != cream.file_hash()


@pytest.mark.parametrize("depth", [4, 15, 17, MAX_DEPTH])
def test_a_classic_tree_has_sixteen_levels(depth: int) -> None:
    assert f"depth 16, not {depth}" in refusal(document(**CLASSIC | {"depth": depth}))


def test_a_classic_vote_is_a_payment() -> None:
    assert "denomination cannot be 0" in refusal(document(**CLASSIC, denomination=0))


def test_a_classic_denomination_needs_a_treasury() -> None:
    assert "treasury" in refusal(document(**CLASSIC, treasury="0x" + 40 * "0"))


@pytest.mark.parametrize("scheme", ["Cream", "cream_classic", "", 1, None, ["cream"]])
def test_a_scheme_that_is_none_is_refused_at_its_place(scheme: object) -> None:
    assert "scheme" in refusal(document(scheme=scheme))


@pytest.mark.parametrize(("asked", "given"), [(0, 16), (1, 16), (16, 16), (32, 16)])
def test_the_nearest_depth_that_is_allowed(asked: int, given: int) -> None:
    assert TRAITS[Scheme.CREAM_CLASSIC].depth_for(asked) == given
    assert TRAITS[Scheme.CREAM].depth_for(asked) == max(asked, 1)


def test_candidates_whose_coins_nobody_could_take_out_are_known() -> None:
    own = {"name": "丁", "address": "0x" + 40 * "4"}
    election = parse_election_document(document(**CLASSIC, candidates=[{"name": "甲"}, own]))
    assert election.candidates_without_account() == ["甲"]
