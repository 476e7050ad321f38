"""Constraints from a file: what was written is read, and what is no file of constraints is refused."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zk.circuits import CircuitName, compile_named
from zk.field import SCALAR_FIELD
from zk.formats.container import FileMalformedError, pack_container
from zk.formats.r1cs_file import pack_r1cs, read_r1cs

if TYPE_CHECKING:
    from pathlib import Path

R1CS = compile_named(CircuitName.VOTE, 1).r1cs


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "vote.r1cs"
    path.write_bytes(pack_r1cs(R1CS))
    found, n_outputs = read_r1cs(path)
    assert n_outputs == 0
    assert (found.n_wires, found.n_public, found.n_private_inputs) == (R1CS.n_wires, 4, 4)
    assert list(found.rows()) == list(R1CS.rows())


@given(st.data())
def test_a_file_cut_short_is_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = pack_r1cs(R1CS)
    path = tmp_path_factory.mktemp("cut") / "cut.r1cs"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(FileMalformedError):
        read_r1cs(path)


def container(
    path: Path,
    *,
    n_wires: int = 3,
    n_labels: int = 3,
    n_public: int = 1,
    more: bytes = b"",
    terms: tuple[tuple[int, int], ...] = (),
) -> Path:
    prime = struct.pack("<I", 32) + SCALAR_FIELD.to_bytes(32, "little")
    header = prime + struct.pack("<IIIIQI", n_wires, 0, n_public, 1, n_wires, 1) + more
    side = b"".join(struct.pack("<I", wire) + value.to_bytes(32, "little") for wire, value in terms)
    body = (struct.pack("<I", len(terms)) + side) * 3
    path.write_bytes(pack_container(b"r1cs", 1, {1: header, 2: body, 3: bytes(8 * n_labels)}))
    return path


def test_zero_coefficients_are_dropped_and_wires_sorted(tmp_path: Path) -> None:
    found, _ = read_r1cs(container(tmp_path / "x.r1cs", terms=((2, 5), (0, 0), (1, 7))))
    assert found.combinations == (((1, 7), (2, 5)),)


@pytest.mark.parametrize(
    "fault",
    [
        {"terms": ((3, 1),)},
        {"terms": ((1, SCALAR_FIELD),)},
        {"terms": ((1, 1), (1, 2))},
        {"n_public": 3},
        {"n_labels": 2},
        {"n_wires": 2**32 - 1},
        {"more": b"!"},
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, fault: dict[str, object]) -> None:
    with pytest.raises(FileMalformedError):
        read_r1cs(container(tmp_path / "x.r1cs", **fault))  # type: ignore[arg-type]


def test_a_file_without_constraints_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.r1cs"
    path.write_bytes(pack_container(b"r1cs", 1, {}))
    with pytest.raises(FileMalformedError, match="section 1"):
        read_r1cs(path)
