from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.errors import RegistrarLogBrokenError
from identity.registrar_log import GENESIS, LogEntry, canonical_details, entry_hash, verify_chain

words = st.text(max_size=12).filter(lambda text: text.isprintable())
details = st.dictionaries(words, st.one_of(words, st.integers(-(2**53), 2**53), st.none(), st.booleans()))
entries = st.lists(
    st.builds(LogEntry, st.just(0), st.integers(0, 2**40), words, words, st.none() | words, details),
    min_size=1,
    max_size=6,
).map(lambda found: [replace(entry, sequence=number) for number, entry in enumerate(found, 1)])


def test_an_empty_log_ends_where_it_begins():
    assert verify_chain([]) == GENESIS
    assert hashlib.sha256(b"tohyo.registrar-log.v1.genesis").digest() == GENESIS


def test_a_hash_is_over_tag_head_and_sorted_json():
    """Written out, so that an auditor's program in another language can be held against it."""
    entry = LogEntry(1, 7, "aoki", "status_changed", "ab" * 16, {"to": "x", "from": "é"})
    document = (
        '{"action":"status_changed","actor":"aoki","at":7,"details":{"from":"é","to":"x"},"sequence":1,'
        '"subject":"abababababababababababababababab"}'
    )
    expected = hashlib.sha256(b"tohyo.registrar-log.v1.entry" + GENESIS + document.encode()).digest()
    assert entry_hash(GENESIS, entry) == expected


@given(entries)
def test_a_chain_can_be_followed_in_parts(log):
    middle = len(log) // 2
    head = verify_chain(log[:middle])
    assert verify_chain(log[middle:], middle, head) == verify_chain(log)


@given(entries, st.data())
def test_any_change_of_any_entry_changes_the_head(log, data):
    index = data.draw(st.integers(0, len(log) - 1))
    entry = log[index]
    changed = data.draw(
        st.sampled_from(
            [
                replace(entry, at=entry.at + 1),
                replace(entry, actor=entry.actor + "x"),
                replace(entry, action=entry.action + "x"),
                replace(entry, subject=(entry.subject or "") + "x"),
                replace(entry, details=entry.details | {"more": 1}),
            ]
        )
    )
    assert verify_chain([*log[:index], changed, *log[index + 1 :]]) != verify_chain(log)


@given(entries)
def test_an_entry_that_is_missing_or_out_of_order_is_named(log):
    with pytest.raises(RegistrarLogBrokenError, match="Entry 1 "):
        verify_chain([replace(log[0], sequence=2), *log[1:]])
    with pytest.raises(RegistrarLogBrokenError):
        verify_chain([*log, log[-1]])


@given(entries)
def test_a_log_that_lost_its_end_has_another_head(log):
    assert verify_chain(log[:-1]) != verify_chain(log)


@given(details)
def test_details_have_one_text(given_details):
    text = canonical_details(given_details)
    assert json.loads(text) == given_details
    assert canonical_details(dict(reversed(given_details.items()))) == text


@pytest.mark.parametrize("value", [1.5, float("nan"), b"bytes", 2**60, "\ud800", {1: "number"}])
def test_details_without_one_text_are_refused(value):
    with pytest.raises(ValueError):  # noqa: PT011  whatever the sentence
        canonical_details({"value": value})
