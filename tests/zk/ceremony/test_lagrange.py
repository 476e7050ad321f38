"""Lagrange bases, against the set-up's own where tau is known, and tampered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zk.ceremony.circuit_key import bases_of, initial_key
from zk.ceremony.errors import PowersInvalidError
from zk.ceremony.group import G1, G2, Group
from zk.ceremony.lagrange import interpolate, prepare, transform_cost, verify_lagrange
from zk.ceremony.powers_check import verify_powers
from zk.field import SCALAR_FIELD
from zk.formats.ptau_file import FAMILIES, TAU_G1, Family, PowersFile, PowersSection
from zk.formats.section_file import FileExistsAlreadyError
from zk.groth16.setup import lagrange_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.small_ceremony import Ceremony


@pytest.mark.parametrize("group", [G1, G2], ids=lambda group: group.name)
@settings(max_examples=6, deadline=None)
@given(tau=st.integers(2, 1 << 128), p=st.integers(0, 4))
def test_they_are_the_lagrange_polynomials_at_tau(group: Group, tau: int, p: int) -> None:
    powers = [pow(tau, i, SCALAR_FIELD) for i in range(1 << p)]
    points = group.multiples([group.generator] * len(powers), powers)
    expected = group.multiples([group.generator] * len(powers), lagrange_at(tau, 1 << p) if p else [1])
    assert group.stored(interpolate(group, points, p)) == group.stored(expected)


class Counting(Group):
    """Counts multiplications that are not by 1."""

    count = 0

    def multiples(self, points, scalars):  # type: ignore[no-untyped-def]
        Counting.count += len(scalars) - list(scalars).count(1)
        return super().multiples(points, scalars)


@pytest.mark.parametrize("p", [1, 2, 5])
def test_the_cost_is_the_one_that_the_module_states(p: int) -> None:
    Counting.count = 0
    group = Counting("G1", G1.size, 1)
    points = group.natives(G1.stored_generator) * (1 << p)
    interpolate(group, points, p)
    last = 1  # the first value is divided by n on its own
    assert Counting.count + last == transform_cost(p) == p * 2**p // 2 - 2**p + 1 + p + 1


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.section.name)
@pytest.mark.parametrize("index", [0, -1])
def test_a_changed_point_of_any_prepared_section_is_found(
    ceremony: Ceremony, damaged: Callable[..., Path], family: Family, index: int
) -> None:
    size = family.point_bytes
    source = PowersFile(ceremony.prepared)
    another = source.lagrange(family, 1)[size:]
    bad = damaged(ceremony.prepared, family.lagrange, index * size, another)
    with pytest.raises(PowersInvalidError, match=f"section {family.lagrange.value}"):
        verify_lagrange(PowersFile(bad), [(family, p) for p in range(family.largest(source.power) + 1)])


def test_a_point_in_place_of_the_power_that_the_file_lacks_is_found(
    ceremony: Ceremony, shifted_basis: Path
) -> None:
    with pytest.raises(PowersInvalidError, match="section 12"):
        verify_powers(PowersFile(shifted_basis))
    with pytest.raises(PowersInvalidError, match="section 12"):
        verify_powers(PowersFile(shifted_basis), bases=bases_of(ceremony.circuit.r1cs))


def test_a_circuit_key_needs_no_prepared_powers(ceremony: Ceremony) -> None:
    bare, prepared = PowersFile(ceremony.powers[-1]), PowersFile(ceremony.prepared)
    assert not bare.is_prepared
    assert initial_key(ceremony.circuit.r1cs, bare) == initial_key(ceremony.circuit.r1cs, prepared)


def test_half_prepared_powers_count_as_not_prepared(
    ceremony: Ceremony, with_section: Callable[..., Path]
) -> None:
    half = with_section(ceremony.prepared, PowersSection.LAGRANGE_BETA_G1, None)
    assert not PowersFile(half).is_prepared


def test_preparing_overwrites_nothing(ceremony: Ceremony) -> None:
    before = ceremony.prepared.read_bytes()
    with pytest.raises(FileExistsAlreadyError):
        prepare(ceremony.powers[-1], ceremony.prepared)
    assert ceremony.prepared.read_bytes() == before


def test_an_interruption_leaves_no_file(
    ceremony: Ceremony, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("zk.formats.section_file.os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare(ceremony.powers[-1], tmp_path / "prepared.ptau")
    assert list(tmp_path.iterdir()) == []


def test_sizes_of_the_families_are_those_of_the_format() -> None:
    assert [family.length(3) for family in FAMILIES] == [15, 8, 8, 8]
    assert [family.largest(3) for family in FAMILIES] == [4, 3, 3, 3]
    assert TAU_G1.section is PowersSection.TAU_G1
