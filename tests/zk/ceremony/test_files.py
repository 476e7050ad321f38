"""Containers on disk, and the records of contributions inside them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zk.formats.container import FileMalformedError, Reader
from zk.formats.contribution_records import (
    Beacon,
    FirstPoints,
    KeyContribution,
    KeyProof,
    PowersContribution,
    pack_key_contributions,
    pack_powers_contributions,
    read_key_contributions,
    read_powers_contributions,
)
from zk.formats.section_file import FileExistsAlreadyError, SectionFile, write_sections

if TYPE_CHECKING:
    from pathlib import Path

G1, G2 = st.binary(min_size=64, max_size=64), st.binary(min_size=128, max_size=128)
PROOFS = st.builds(KeyProof, G1, G1, G2)
NAMES = st.text(st.characters(codec="utf-8"), max_size=60)
BEACONS = st.none() | st.builds(Beacon, st.binary(min_size=1, max_size=255), st.integers(0, 255))
KEY = st.builds(KeyContribution, G1, PROOFS, st.binary(min_size=64, max_size=64), NAMES, BEACONS)
POWERS = st.builds(
    PowersContribution,
    st.builds(FirstPoints, G1, G2, G1, G1, G2),
    st.tuples(PROOFS, PROOFS, PROOFS),
    st.binary(min_size=216, max_size=216),
    st.binary(min_size=64, max_size=64),
    NAMES,
    BEACONS,
)


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=64, max_size=64), st.lists(KEY, max_size=2))
def test_contributions_to_a_key_survive_their_encoding(
    circuit_hash: bytes, contributions: list[KeyContribution]
) -> None:
    body = pack_key_contributions(circuit_hash, contributions)
    assert read_key_contributions(Reader(body, "key")) == (circuit_hash, tuple(contributions))
    for bad in (body[:-1], body + b"\0"):
        with pytest.raises(FileMalformedError):
            read_key_contributions(Reader(bad, "key"))


@settings(max_examples=20, deadline=None)
@given(st.lists(POWERS, max_size=2))
def test_contributions_to_powers_survive_their_encoding(contributions: list[PowersContribution]) -> None:
    body = pack_powers_contributions(contributions)
    assert read_powers_contributions(Reader(body, "powers")) == tuple(contributions)


@pytest.mark.parametrize(
    ("kind", "parameters", "reason"),
    [
        (0, b"\x02\x0a", "neither|half"),
        (0, b"\x03\x01\x01", "neither"),
        (1, b"", "neither"),
        (1, b"\x03\x01\x01", "half"),
        (2, b"", "neither"),
        (0, b"\x01\x01A\x01\x01A", "parameter 1"),
        (1, b"\x03\x01\x01\x02\x0a", "parameter 2"),
        (0, b"\x04\x00", "parameter 4"),
        (0, b"\x00", "parameter 0"),
        (0, b"\x01\x02\xff\xff", "UTF-8"),
        (0, b"\x01\x05A", "cut short"),
    ],
)
def test_records_that_snarkjs_would_not_write_are_refused(kind: int, parameters: bytes, reason: str) -> None:
    head = bytes(64) + struct.pack("<I", 1) + bytes(64 * 3 + 128 + 64)
    body = head + struct.pack("<II", kind, len(parameters)) + parameters
    with pytest.raises(FileMalformedError, match=reason):
        read_key_contributions(Reader(body, "key"))


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.integers(0, 2**32 - 1), st.binary(max_size=40), max_size=5))
def test_sections_survive_their_file(
    tmp_path_factory: pytest.TempPathFactory, sections: dict[int, bytes]
) -> None:
    path = tmp_path_factory.mktemp("sections") / "file.test"
    write_sections(path, b"test", dict(sections))
    file = SectionFile(path, b"test")
    assert {number: file.read(number) for number in file.extents} == sections
    assert list(path.parent.iterdir()) == [path]
    content = path.read_bytes()
    for bad in (content[:-1], content + b"\0"):
        path.write_bytes(bad)
        with pytest.raises(FileMalformedError):
            SectionFile(path, b"test")


def test_a_section_is_read_in_parts_and_not_beyond_its_end(tmp_path: Path) -> None:
    path = tmp_path / "file.test"
    write_sections(path, b"test", {1: [b"ab", b"cdef"], 2: b"x"})
    file = SectionFile(path, b"test")
    assert (file.read(1, 2, 3), file.size(1), file.has(3)) == (b"cde", 6, False)
    for start, size in ((5, 2), (-1, 1), (7, None)):
        with pytest.raises(FileMalformedError, match="cut short"):
            file.read(1, start, size)
    with pytest.raises(FileMalformedError, match="lacks section 3"):
        file.read(3)


def test_headers_that_lie_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.test"
    section = struct.pack("<IQ", 1, 0)
    contents = {
        "no .test file": b"abcd" + struct.pack("<II", 1, 0),
        "version 2": b"test" + struct.pack("<II", 2, 0),
        "claims": b"test" + struct.pack("<II", 1, 2**31),
        "twice": b"test" + struct.pack("<II", 1, 2) + section * 2,
        "cut short": b"test" + struct.pack("<II", 1, 1) + struct.pack("<IQ", 1, 2**63),
    }
    for reason, content in contents.items():
        path.write_bytes(content)
        with pytest.raises(FileMalformedError, match=reason):
            SectionFile(path, b"test")


def test_a_name_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "file.test"

    def somebody_else_is_faster() -> bytes:
        path.write_bytes(b"theirs")
        return b"ours"

    with pytest.raises(FileExistsAlreadyError):
        write_sections(path, b"test", {1: (somebody_else_is_faster() for _ in range(1))})
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]
