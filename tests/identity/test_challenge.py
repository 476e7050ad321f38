"""The text that a voter signs: readable, and exactly one text for one challenge."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.challenge import MAX_LENGTH, Challenge, signed_message
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError

CHALLENGE = Challenge("つくば市長選挙", "0x" + "aB" * 20, 31337, 1_800_000_000, 1_800_000_600, "0f" * 32)
TEXT = """tohyo voter registration / 有権者登録
Election: つくば市長選挙
Contract: 0xaBaBaBaBaBaBaBaBaBaBaBaBaBaBaBaBaBaBaBaB on chain 31337
Purpose: register one anonymous commitment / 匿名コミットメントを一つ登録する
Issued: 2027-01-15T08:00:00Z
Expires: 2027-01-15T08:10:00Z
Nonce: 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
"""
TITLES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60)
TIMES = st.integers(0, 4_000_000_000)


def test_the_text_is_for_people() -> None:
    assert CHALLENGE.text == TEXT


@given(
    title=TITLES,
    chain_id=st.integers(1, 2**60),
    issued=TIMES,
    expires=TIMES,
    nonce=st.binary(min_size=32, max_size=32),
)
def test_a_challenge_is_read_as_it_was_written(
    title: str, chain_id: int, issued: int, expires: int, nonce: bytes
) -> None:
    challenge = Challenge(title, "0x" + "ab" * 20, chain_id, issued, expires, nonce.hex())
    assert Challenge.parse(challenge.text) == challenge


BENT = {
    "nothing": "",
    "a blank before it": f" {TEXT}",
    "a line less": TEXT[: TEXT.index("Nonce")],
    "a line more": f"{TEXT}Commitment: 1\n",
    "no line end": TEXT[:-1],
    "Windows line ends": TEXT.replace("\n", "\r\n"),
    "another purpose": TEXT.replace("one anonymous", "two anonymous"),
    "a nonce in capitals": TEXT.replace("0f", "0F"),
    "a short nonce": TEXT.replace("0f0f\n", "0f\n"),
    "an address without 0x": TEXT.replace("0xaB", "aBaB"),
    "chain zero": TEXT.replace("31337", "0"),
    "a chain with a leading zero": TEXT.replace("31337", "031337"),
    "a chain in wide digits": TEXT.replace("31337", "３1337"),
    "a day that no calendar has": TEXT.replace("2027-01-15", "2027-02-30"),
    "a second that no clock shows": TEXT.replace("08:00:00", "08:00:61"),
    "a title of no letters": TEXT.replace("つくば市長選挙", ""),
    "more than anybody reads": TEXT.replace("つくば市長選挙", "つ" * MAX_LENGTH),
}


@pytest.mark.parametrize("fault", BENT)
def test_a_text_is_no_challenge_with(fault: str) -> None:
    assert BENT[fault] != TEXT
    with pytest.raises(ValueError, match=r"is not a challenge|does not match format|out of range|must be in"):
        Challenge.parse(BENT[fault])


def test_a_title_cannot_bring_lines_of_its_own() -> None:
    forged = replace(CHALLENGE, title="A\nContract: 0x" + "00" * 20 + " on chain 1")
    with pytest.raises(ValueError, match="is not a challenge"):
        Challenge.parse(forged.text)


def test_the_message_is_the_text_and_the_commitment() -> None:
    assert signed_message(TEXT, 12345) == f"{TEXT}Commitment: 12345\n".encode()


@given(st.integers(0, SCALAR_FIELD - 1), st.integers(0, SCALAR_FIELD - 1))
def test_different_commitments_are_different_messages(one: int, other: int) -> None:
    assert (signed_message(TEXT, one) == signed_message(TEXT, other)) == (one == other)


@pytest.mark.parametrize("commitment", [-1, SCALAR_FIELD, SCALAR_FIELD + 12345])
def test_a_commitment_out_of_range_is_no_message(commitment: int) -> None:
    with pytest.raises(FieldElementOutOfRangeError):
        signed_message(TEXT, commitment)
