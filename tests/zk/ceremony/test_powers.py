"""Phase 1: every kind of tampering is found, and says where."""

from __future__ import annotations

import shutil
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.small_ceremony import POWER, Ceremony, person
from zk.ceremony.contributor import Contributor
from zk.ceremony.errors import (
    CeremonyFileError,
    CeremonyRequestError,
    ContributionInvalidError,
    PowersInvalidError,
)
from zk.ceremony.group import G1, G2
from zk.ceremony.powers import contribute_powers, new_powers
from zk.ceremony.powers_check import verify_powers, verify_powers_chain
from zk.formats.container import FileMalformedError
from zk.formats.contribution_records import Beacon, PowersContribution, pack_powers_contributions
from zk.formats.ptau_file import FAMILIES, Family, PowersFile, PowersSection
from zk.formats.section_file import FileExistsAlreadyError, SectionFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class One:
    """A stream that draws 1 where secrets are drawn."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers
        self._stream = person("One").stream

    def scalar(self) -> int:
        return self._numbers.pop(0)

    def g1(self) -> bytes:
        return self._stream.g1()


def test_an_honest_file_is_accepted_prepared_or_not(ceremony: Ceremony) -> None:
    verify_powers(PowersFile(ceremony.powers[-1]))
    verify_powers(PowersFile(ceremony.prepared))
    assert [c.name for c in PowersFile(ceremony.prepared).contributions] == ["Ann", "花子", "block 7"]


def test_powers_without_contributions_are_refused(ceremony: Ceremony) -> None:
    with pytest.raises(PowersInvalidError, match="nobody has contributed"):
        verify_powers(PowersFile(ceremony.powers[0]))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.section.name)
@pytest.mark.parametrize("index", [1, -1])
def test_a_changed_power_is_found(
    ceremony: Ceremony, damaged: Callable[..., Path], family: Family, index: int
) -> None:
    size = family.point_bytes
    another = PowersFile(ceremony.powers[-1]).powers(family, 2, 1)
    bad = damaged(ceremony.powers[-1], family.section, index * size, another)
    with pytest.raises(PowersInvalidError):
        verify_powers(PowersFile(bad))


def test_bytes_that_are_no_point_are_refused(ceremony: Ceremony, damaged: Callable[..., Path]) -> None:
    bad = damaged(ceremony.powers[-1], PowersSection.TAU_G2, -1, b"\0")
    with pytest.raises((CeremonyFileError, PowersInvalidError)):
        verify_powers(PowersFile(bad))


def test_powers_with_a_false_ratio_are_found_even_if_the_hashes_are_made_to_fit(
    ceremony: Ceremony, damaged: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = FAMILIES[0].point_bytes
    another = PowersFile(ceremony.powers[-1]).powers(FAMILIES[0], 2, 1)
    bad = damaged(ceremony.powers[-1], PowersSection.TAU_G1, 7 * size, another)
    monkeypatch.setattr("zk.ceremony.powers_check._verify_challenge", lambda *_: None)
    with pytest.raises(PowersInvalidError, match="successive powers"):
        verify_powers(PowersFile(bad))


def test_another_beta_in_g2_is_found(ceremony: Ceremony, with_section: Callable[..., Path]) -> None:
    bad = with_section(ceremony.powers[-1], PowersSection.BETA_G2, G2.stored_generator)
    with pytest.raises(PowersInvalidError, match="first points"):
        verify_powers(PowersFile(bad))


def changed(contribution: PowersContribution) -> dict[str, PowersContribution]:
    tau, alpha, beta = contribution.proofs
    after = contribution.after
    return {
        "another [τ]₁": replace(contribution, after=after._replace(tau_g1=after.alpha_g1)),
        "another [τ]₂": replace(contribution, after=after._replace(tau_g2=after.beta_g2)),
        "another [α]₁": replace(contribution, after=after._replace(alpha_g1=after.tau_g1)),
        "another [β]₁": replace(contribution, after=after._replace(beta_g1=after.tau_g1)),
        "another [β]₂": replace(contribution, after=after._replace(beta_g2=after.tau_g2)),
        "zero": replace(contribution, after=after._replace(alpha_g1=bytes(64))),
        "keys exchanged": replace(contribution, proofs=(alpha, tau, beta)),
        "a key of infinity": replace(contribution, proofs=(replace(tau, g1_sx=bytes(64)), alpha, beta)),
        "another proof": replace(contribution, proofs=(replace(tau, g2_spx=beta.g2_spx), alpha, beta)),
    }


NAMES = [
    "another [τ]₁",
    "another [τ]₂",
    "another [α]₁",
    "another [β]₁",
    "another [β]₂",
    "zero",
    "keys exchanged",
    "a key of infinity",
    "another proof",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_contribution_is_found_and_named(ceremony: Ceremony, name: str) -> None:
    first, second, third = PowersFile(ceremony.powers[-1]).contributions
    changes = changed(second)
    assert set(changes) == set(NAMES)
    with pytest.raises(ContributionInvalidError, match=r"contribution 2 \(花子\)") as refused:
        verify_powers_chain((first, changes[name], third), POWER)
    assert refused.value.hint


def test_a_missing_or_repeated_or_exchanged_contribution_is_found(ceremony: Ceremony) -> None:
    first, second, third = PowersFile(ceremony.powers[-1]).contributions
    for chain in ((second, third), (first, third), (first, first, second, third), (second, first, third)):
        with pytest.raises(ContributionInvalidError):
            verify_powers_chain(chain, POWER)


def test_a_chain_that_lost_its_end_does_not_fit_the_points(
    ceremony: Ceremony, with_section: Callable[..., Path]
) -> None:
    contributions = PowersFile(ceremony.powers[-1]).contributions
    body = pack_powers_contributions(contributions[:-1])
    bad = with_section(ceremony.powers[-1], PowersSection.CONTRIBUTIONS, body)
    with pytest.raises(PowersInvalidError, match="first points"):
        verify_powers(PowersFile(bad))


def test_a_contribution_that_changes_nothing_is_refused(ceremony: Ceremony, tmp_path: Path) -> None:
    nobody = Contributor("Nobody", One([1, 1, 1]))  # type: ignore[arg-type]
    contribute_powers(ceremony.powers[1], tmp_path / "1.ptau", nobody)
    with pytest.raises(ContributionInvalidError, match=r"contribution 2 \(Nobody\)"):
        verify_powers(PowersFile(tmp_path / "1.ptau"))


def test_a_beacon_that_does_not_give_the_keys_is_found(ceremony: Ceremony) -> None:
    first, second, third = PowersFile(ceremony.powers[-1]).contributions
    for beacon in (Beacon(b"other", 10), Beacon(third.beacon.value, 11)):  # type: ignore[union-attr]
        with pytest.raises(ContributionInvalidError, match="beacon"):
            verify_powers_chain((first, second, replace(third, beacon=beacon)), POWER)


def test_an_existing_file_is_never_overwritten(ceremony: Ceremony) -> None:
    before = ceremony.powers[1].read_bytes()
    for step in (
        lambda: contribute_powers(ceremony.powers[0], ceremony.powers[1], person("Eve")),
        lambda: new_powers(ceremony.powers[1], POWER),
    ):
        with pytest.raises(FileExistsAlreadyError) as refused:
            step()
        assert refused.value.hint
    assert ceremony.powers[1].read_bytes() == before


def test_a_file_that_was_cut_down_takes_no_contributions(
    ceremony: Ceremony, damaged: Callable[..., Path], tmp_path: Path
) -> None:
    cut = damaged(ceremony.powers[-1], PowersSection.HEADER, -4, struct.pack("<I", POWER + 1))
    with pytest.raises(CeremonyRequestError, match="cut down"):
        contribute_powers(cut, tmp_path / "new.ptau", person("Eve"))


@pytest.mark.parametrize("power", [0, 29])
def test_powers_of_impossible_size_are_refused(tmp_path: Path, power: int) -> None:
    with pytest.raises(CeremonyRequestError, match="power"):
        new_powers(tmp_path / "new.ptau", power)


@pytest.mark.parametrize("section", [s for s in PowersSection if s.value <= PowersSection.CONTRIBUTIONS])
def test_a_missing_section_is_named(
    ceremony: Ceremony, with_section: Callable[..., Path], section: PowersSection
) -> None:
    with pytest.raises(FileMalformedError, match=f"section {section.value}"):
        PowersFile(with_section(ceremony.powers[-1], section, None))


@pytest.mark.parametrize("section", list(PowersSection))
def test_a_section_of_another_size_is_refused(
    ceremony: Ceremony, with_section: Callable[..., Path], section: PowersSection
) -> None:
    body = SectionFile(ceremony.prepared, b"ptau").read(section)
    for other in (body[:-1], body + b"\0"):
        with pytest.raises(FileMalformedError):
            PowersFile(with_section(ceremony.prepared, section, other))


def test_a_file_cut_short_anywhere_is_refused(ceremony: Ceremony, tmp_path: Path) -> None:
    whole = ceremony.powers[-1].read_bytes()
    copy = tmp_path / "cut.ptau"
    for length in (0, 3, 11, 20, 60, len(whole) // 2, len(whole) - 1):
        copy.write_bytes(whole[:length])
        with pytest.raises(FileMalformedError):
            PowersFile(copy)


def test_files_of_other_kinds_are_refused(ceremony: Ceremony, tmp_path: Path) -> None:
    shutil.copy(ceremony.keys[0], tmp_path / "key.ptau")
    with pytest.raises(FileMalformedError, match=r"no \.ptau file"):
        PowersFile(tmp_path / "key.ptau")


def test_the_generator_of_the_group_begins_the_powers(ceremony: Ceremony) -> None:
    source = PowersFile(ceremony.powers[-1])
    assert source.powers(FAMILIES[0], 0, 1) == G1.stored_generator
