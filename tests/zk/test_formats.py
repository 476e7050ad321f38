from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zk.field import SCALAR_FIELD
from zk.formats.container import FileMalformedError, pack_container, read_container
from zk.formats.wtns_file import pack_wtns, read_wtns
from zk.formats.zkey_file import pack_zkey, read_zkey
from zk.groth16.split_key import split_zkey

if TYPE_CHECKING:
    from pathlib import Path

    from zk.keys import CircuitKeys

elements = st.integers(min_value=0, max_value=SCALAR_FIELD - 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


@settings(max_examples=20)
@given(values=st.lists(elements, max_size=10))
def test_a_witness_file_is_read_back(tmp_path_factory: pytest.TempPathFactory, values: list[int]) -> None:
    path = tmp_path_factory.mktemp("wtns") / "w.wtns"
    path.write_bytes(pack_wtns(values))
    assert read_wtns(path) == values


def test_a_proving_key_is_read_back_byte_for_byte(keys: CircuitKeys, path: Path) -> None:
    key = read_zkey(keys.zkey_path)
    assert key.verifying_key == keys.verifying_key
    assert pack_zkey(key) == keys.zkey_path.read_bytes()


@pytest.mark.parametrize("size", [0, 3, 11, 40, 100, 5000])
def test_a_key_cut_short_is_refused(keys: CircuitKeys, path: Path, size: int) -> None:
    path.write_bytes(keys.zkey_path.read_bytes()[:size])
    for read in (read_zkey, split_zkey):
        with pytest.raises(FileMalformedError):
            read(path)


def test_a_foreign_file_and_a_foreign_version_are_refused(path: Path) -> None:
    path.write_bytes(pack_container(b"r1cs", 1, {}))
    with pytest.raises(FileMalformedError, match=r"is no \.wtns file"):
        read_wtns(path)
    path.write_bytes(pack_container(b"wtns", 3, {}))
    with pytest.raises(FileMalformedError, match="version 3"):
        read_wtns(path)


def test_a_missing_section_a_double_one_and_trailing_bytes_are_refused(keys: CircuitKeys, path: Path) -> None:
    path.write_bytes(pack_container(b"wtns", 2, {1: b""}))
    with pytest.raises(FileMalformedError, match="lacks a section"):
        read_wtns(path)
    twice = pack_container(b"wtns", 2, {1: b""})
    path.write_bytes(twice[:8] + struct.pack("<I", 2) + twice[12:] * 2)
    with pytest.raises(FileMalformedError, match="twice"):
        read_wtns(path)
    path.write_bytes(pack_wtns([1]) + b"\0")
    with pytest.raises(FileMalformedError, match="after its end"):
        read_wtns(path)
    path.write_bytes(pack_container(b"zkey", 1, {1: b""}))
    for read in (read_zkey, split_zkey):
        with pytest.raises(FileMalformedError):
            read(path)


def test_another_field_is_refused(path: Path) -> None:
    header = struct.pack("<I", 32) + (SCALAR_FIELD + 2).to_bytes(32, "little") + struct.pack("<I", 0)
    path.write_bytes(pack_container(b"wtns", 2, {1: header, 2: b""}))
    with pytest.raises(FileMalformedError, match="another field"):
        read_wtns(path)


def test_the_two_parts_of_a_split_key_share_out_the_points(keys: CircuitKeys, path: Path) -> None:
    whole = read_zkey(keys.zkey_path)
    parts = []
    for part in split_zkey(keys.zkey_path):
        path.write_bytes(part)
        parts.append(read_zkey(path))
    masked, bare = parts
    assert (masked.a_g1, masked.b_g1, masked.b_g2) == (whole.a_g1, whole.b_g1, whole.b_g2)
    assert (bare.c_g1, bare.h_g1, bare.coefficients) == (whole.c_g1, whole.h_g1, whole.coefficients)
    assert not any([*masked.c_g1, *masked.h_g1, *bare.a_g1, *bare.b_g1, *bare.b_g2])
    assert bare.delta_g1 == bare.beta_g1 == bare.verifying_key.alpha_g1 == (0, 0)


def test_sections_are_found_by_number(path: Path) -> None:
    path.write_bytes(pack_container(b"test", 7, {5: b"five", 2: b""}))
    sections = read_container(path, b"test", 7)
    assert {number: reader.rest() for number, reader in sections.items()} == {5: b"five", 2: b""}
