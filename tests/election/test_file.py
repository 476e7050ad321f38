from __future__ import annotations

import copy
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.paths import PROJECT_ROOT
from election.errors import ElectionFileError, UnknownCandidateError
from election.file import (
    MAX_CANDIDATES,
    ElectionFile,
    candidate_address,
    load_election_file,
    parse_election_document,
    parse_election_file,
)
from election.roll import load_roll

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MISTYPED = "0xFb6916095ca1df60bB79Ce92cE3Ea74c37c5d359"  # the checksum wants another case
EXAMPLE = PROJECT_ROOT / "examples" / "tsukuba-2018"


@pytest.fixture
def document() -> dict[str, Any]:
    return {
        "format": "tohyo-election/1",
        "title": "村長選挙",
        "scheme": "cream",
        "candidates": [{"name": "青山"}, {"name": "Berg"}],
        "schedule": {
            "registration_opens": "2027-04-01T09:00:00+09:00",
            "voting_opens": "2027-04-08T09:00:00+09:00",
            "voting_closes": "2027-04-15T09:00:00+09:00",
        },
        "depth": 4,
        "denomination": 0,
        "treasury": "0x" + 40 * "0",
        "electorate": 16,
    }


def refusal(document: dict[str, Any]) -> ElectionFileError:
    with pytest.raises(ElectionFileError) as caught:
        parse_election_document(document)
    return caught.value


def test_the_example_is_a_model_of_tsukuba_2018() -> None:
    election = load_election_file(EXAMPLE / "election.json")
    assert len(election.candidates) == 13
    assert election.electorate == 119 == len(load_roll(EXAMPLE / "roll.csv"))
    assert election.schedule.registration_opens.year == 2018


def test_canonical_bytes_parse_to_an_equal_file(document: dict[str, Any]) -> None:
    election = parse_election_document(document)
    again = parse_election_file(election.canonical_bytes().decode())
    assert again == election
    assert again.canonical_bytes() == election.canonical_bytes()
    assert again.file_hash() == election.file_hash()


def test_canonical_bytes_are_sorted_dense_utf8_in_utc(document: dict[str, Any]) -> None:
    data = parse_election_document(document).canonical_bytes()
    assert data.startswith('{"candidates":[{"name":"青山"},{"name":"Berg"}],"denomination":0,'.encode())
    assert b'"voting_opens":"2027-04-08T00:00:00Z"' in data


def test_the_hash_does_not_depend_on_how_the_same_file_is_written(document: dict[str, Any]) -> None:
    reordered = dict(reversed(document.items()))
    reordered["schedule"] = {name: as_utc(moment) for name, moment in document["schedule"].items()}
    plain, other = parse_election_document(document), parse_election_document(reordered)
    assert plain.file_hash() == other.file_hash()


def as_utc(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).isoformat()


@pytest.mark.parametrize(
    ("name", "value"),
    [("title", "別の選挙"), ("depth", 5), ("electorate", 15), ("denomination", 1), ("description", "x")],
)
def test_the_hash_changes_with_every_rule(document: dict[str, Any], name: str, value: object) -> None:
    treasury = {"treasury": "0x" + 40 * "1"}
    before = parse_election_document(document | treasury).file_hash()
    assert parse_election_document(document | treasury | {name: value}).file_hash() != before


def test_a_pretty_file_parses_to_an_equal_file(document: dict[str, Any]) -> None:
    election = parse_election_document(document)
    assert parse_election_file(election.to_pretty_json()) == election


def test_an_address_that_follows_from_the_name_may_be_written_or_left_out(document: dict[str, Any]) -> None:
    left_out = parse_election_document(document)
    document["candidates"][1]["address"] = candidate_address(1, "Berg")
    assert parse_election_document(document) == left_out
    assert left_out.candidates[1].address == candidate_address(1, "Berg")


def test_an_address_of_ones_own_is_kept_with_its_checksum(document: dict[str, Any]) -> None:
    document["candidates"][0]["address"] = "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"
    election = parse_election_document(document)
    assert election.candidates[0].address == "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    assert parse_election_file(election.canonical_bytes().decode()) == election


def test_a_copy_with_other_candidates_gets_addresses_too(document: dict[str, Any]) -> None:
    election = parse_election_document(document)
    swapped = election.model_copy(update={"candidates": tuple(reversed(election.candidates))})
    again = parse_election_file(swapped.canonical_bytes().decode())
    assert [c.address for c in again.candidates] == [c.address for c in reversed(election.candidates)]


def test_an_election_file_cannot_be_changed(document: dict[str, Any]) -> None:
    election = parse_election_document(document)
    with pytest.raises(ValueError, match="frozen"):
        election.title = "other"  # type: ignore[misc]


def rename(*names: str) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.update(candidates=[{"name": name} for name in names])


def give_accounts(*accounts: str) -> Callable[[dict[str, Any]], None]:
    candidates = [{"name": f"{index}", "address": account} for index, account in enumerate(accounts)]
    return lambda document: document.update(candidates=candidates)


def schedule(**moments: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["schedule"].update(moments)


def set_title(value: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.update(title=value)


BROKEN: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("another format", lambda d: d.update(format="tohyo-election/2"), "format"),
    ("another scheme", lambda d: d.update(scheme="lottery"), "scheme"),
    ("no title", lambda d: d.pop("title"), "title: field required"),
    ("an empty title", set_title(""), "title"),
    ("a long title", set_title("x" * 201), "title"),
    ("a title with a line break", set_title("a\nb"), "control character"),
    ("a title that writes backwards", set_title("a\u202eb"), "control character"),
    ("a title with half a character", set_title("a\ud800b"), "control character"),
    ("a title that is a number", set_title(7), "title"),
    ("no candidates", rename(), "candidates"),
    ("too many candidates", rename(*map(str, range(256))), "candidates"),
    ("two candidates of one name", rename("A", "B", "A"), "same name"),
    ("two names that look alike", rename("Berg", "ｂｅｒｇ"), "same name"),
    ("a name that is another's number", rename("1", "A"), "number of another"),
    ("two candidates with one account", give_accounts("0x" + 40 * "3", "0x" + 40 * "3"), "same address"),
    ("a candidate at the zero address", give_accounts("0x" + 40 * "0"), "zero address"),
    ("an address with a typing error", give_accounts(MISTYPED), "checksum"),
    ("a short address", give_accounts("0x12"), "candidates.0.address"),
    ("an unknown member", lambda d: d.update(owner="me"), "owner"),
    ("depth 0", lambda d: d.update(depth=0), "depth"),
    ("depth 33", lambda d: d.update(depth=33), "depth"),
    ("a depth in quotation marks", lambda d: d.update(depth="4"), "depth"),
    ("an electorate of nobody", lambda d: d.update(electorate=0), "electorate"),
    ("an electorate that is true", lambda d: d.update(electorate=True), "electorate"),
    ("a negative denomination", lambda d: d.update(denomination=-1), "denomination"),
    ("a fractional denomination", lambda d: d.update(denomination=0.5), "denomination"),
    ("a denomination without treasury", lambda d: d.update(denomination=1), "treasury"),
    ("a time without zone", schedule(voting_opens="2027-04-08T09:00:00"), "time zone"),
    ("a time that is none", schedule(voting_opens="tomorrow"), "ISO 8601"),
    ("a time that is a number", schedule(voting_opens=1_800_000_000), "ISO 8601"),
    ("half a second", schedule(voting_opens="2027-04-08T09:00:00.5Z"), "whole second"),
    ("a time before 1970", schedule(registration_opens="1969-04-08T09:00:00Z"), "whole second"),
    ("a schedule in disorder", schedule(voting_closes="2027-04-08T09:00:00+09:00"), "follow one another"),
]  # fmt: skip


@pytest.mark.parametrize(("_what", "breaking", "message"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_rule_is_refused(
    document: dict[str, Any], _what: str, breaking: Callable[[dict[str, Any]], object], message: str
) -> None:
    breaking(document)
    error = refusal(document)
    assert message in str(error)
    assert error.line > 0
    assert error.column > 0


def test_an_electorate_too_large_for_the_tree_is_told_the_depth_it_needs(document: dict[str, Any]) -> None:
    document["electorate"] = 17
    assert "depth 5 is needed" in str(refusal(document))


def test_255_candidates_with_japanese_names_fit(document: dict[str, Any]) -> None:
    document["candidates"] = [{"name": f"候補者番号 {i:03}"} for i in range(MAX_CANDIDATES)]
    election = parse_election_document(document)
    assert len({c.address for c in election.candidates}) == MAX_CANDIDATES


def test_a_file_that_does_not_fit_on_chain_is_refused(document: dict[str, Any]) -> None:
    document["candidates"] = [{"name": f"{i:03}" + "長" * 40} for i in range(MAX_CANDIDATES)]
    assert "fit on chain" in str(refusal(document))


def test_the_error_points_at_the_value(document: dict[str, Any]) -> None:
    lines = json.dumps(document | {"depth": 99}, indent=2, ensure_ascii=False).splitlines()
    error = refusal(document | {"depth": 99})
    assert lines[error.line - 1][error.column - 1 :].startswith("99")


def test_every_problem_is_reported_with_its_own_place(document: dict[str, Any]) -> None:
    broken = copy.deepcopy(document) | {"depth": 0, "electorate": "many"}
    broken["schedule"]["voting_closes"] = "soon"
    error = refusal(broken)
    assert len(error.problems) == 3
    assert len({problem.line for problem in error.problems}) == 3


def test_a_text_full_of_brackets_is_not_nested() -> None:
    with pytest.raises(ElectionFileError, match="valid dictionary"):
        parse_election_file(json.dumps(["[" * 100, '"{[']))


def test_deep_nesting_cannot_overflow_the_stack_where_a_library_raised_the_limit() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)  # as py_ecc does when it is imported
    try:
        with pytest.raises(ElectionFileError, match="nested too deeply"):
            parse_election_file("[" * 900_000)
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "not JSON"),
        ("[1,\n 2,]", 2, 4, "not JSON"),
        ('{"title": "a",\n  "title": "b"}', 2, 12, "appears twice"),
        ("NaN", 1, 1, "NaN"),
        ("9" * 5000, 1, 1, "not JSON"),
        ("[" * 100_000, 1, 33, "nested too deeply"),
        ("[" * 40 + "]" * 40, 1, 33, "nested too deeply"),
        ("[]", 1, 1, "valid dictionary"),
    ],
)
def test_text_that_is_no_election_file_is_refused(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(ElectionFileError) as caught:
        parse_election_file(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert message in str(caught.value)


def test_a_byte_order_mark_is_tolerated(document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "election.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(document).encode())
    assert load_election_file(path) == parse_election_document(document)


def test_shift_jis_is_recognised_and_explained(document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "election.json"
    path.write_bytes(json.dumps(document, ensure_ascii=False, indent=1).encode("shift_jis"))
    with pytest.raises(ElectionFileError, match="Shift JIS") as caught:
        load_election_file(path)
    assert (caught.value.line, caught.value.column) == (3, 12)
    assert "UTF-8" in caught.value.hint


def test_a_file_of_another_kind_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "film.json"
    path.write_bytes(bytes(1_000_001))
    with pytest.raises(ElectionFileError, match="longer than"):
        load_election_file(path)


def test_a_name_may_be_a_number_that_nobody_else_has(document: dict[str, Any]) -> None:
    rename("0", "2018", "2")(document)
    election = parse_election_document(document)
    assert [election.choice_of(text) for text in ("0", "2018", "1", "2")] == [0, 1, 1, 2]


@pytest.mark.parametrize(("text", "index"), [("Berg", 1), ("0", 0), ("1", 1), ("青山", 0)])
def test_a_choice_is_a_number_or_an_exact_name(document: dict[str, Any], text: str, index: int) -> None:
    assert parse_election_document(document).choice_of(text) == index


@pytest.mark.parametrize("text", ["2", "-1", "berg", "", "9" * 5000, "²"])
def test_any_other_choice_is_refused(document: dict[str, Any], text: str) -> None:
    with pytest.raises(UnknownCandidateError):
        parse_election_document(document).choice_of(text)


names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf"]), min_size=1, max_size=20).filter(
    lambda name: name == name.strip()
)


@given(
    title=names,
    electorate=st.integers(1, 2**20),
    start=st.integers(0, 2**32),
    gaps=st.tuples(*[st.integers(1, 2**24)] * 2),
)
def test_any_election_survives_its_canonical_form(
    title: str, electorate: int, start: int, gaps: tuple[int, int]
) -> None:
    moments = (start, start + gaps[0], start + sum(gaps))
    first, second, third = (datetime.fromtimestamp(moment, UTC) for moment in moments)
    election = ElectionFile.model_validate(
        {
            "format": "tohyo-election/1",
            "title": title,
            "candidates": [{"name": title}],
            "schedule": {"registration_opens": first, "voting_opens": second, "voting_closes": third},
            "depth": 20,
            "electorate": electorate,
        }
    )
    assert parse_election_file(election.canonical_bytes().decode()) == election
    assert election.schedule.timestamps() == moments
