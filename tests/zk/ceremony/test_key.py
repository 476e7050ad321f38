"""Phase 2: every kind of tampering is found, and says where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.small_ceremony import Ceremony, person, small_circuit
from zk.ceremony.circuit_key import begin
from zk.ceremony.contributor import Contributor
from zk.ceremony.errors import (
    CeremonyError,
    CeremonyRequestError,
    CircuitKeyInvalidError,
    ContributionInvalidError,
)
from zk.ceremony.group import G1, G2, scale_run
from zk.ceremony.key_check import require_built_on, verify_key, verify_key_chain
from zk.ceremony.key_contribution import contribute_key
from zk.ceremony.randomness import RandomStream
from zk.circuit import ConstraintSystem, compile_circuit
from zk.field import inverse
from zk.formats.container import FileMalformedError
from zk.formats.contribution_records import Beacon, KeyContribution
from zk.formats.key_sections import KEPT, KeyFile, marked_as_development, write_key
from zk.formats.ptau_file import PowersFile
from zk.formats.section_file import FileExistsAlreadyError
from zk.formats.zkey_file import Section, pack_zkey
from zk.groth16.native import NativeBackend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def check(ceremony: Ceremony, path: Path) -> None:
    verify_key(KeyFile(path), ceremony.circuit.r1cs, PowersFile(ceremony.prepared))


def rewritten(ceremony: Ceremony, path: Path, **changes: object) -> Path:
    """Write the last key again, with changed parts."""
    key = KeyFile(ceremony.keys[-1])
    sections = {section: key.section(section) for section in (*KEPT, Section.C, Section.H)}
    parts = {
        "header": key.header,
        "sections": sections,
        "circuit_hash": key.circuit_hash,
        "contributions": key.contributions,
    }
    write_key(path, *{**parts, **changes}.values())  # type: ignore[arg-type]
    return path


def test_an_honest_key_is_accepted_after_every_step(ceremony: Ceremony) -> None:
    for path in ceremony.keys:
        check(ceremony, path)
    assert [c.name for c in KeyFile(ceremony.keys[-1]).contributions] == ["Ann", "花子", "block 7"]


@pytest.mark.parametrize("section", [*KEPT, Section.C, Section.H])
def test_a_changed_section_is_found(
    ceremony: Ceremony, with_section: Callable[..., Path], section: Section
) -> None:
    body = KeyFile(ceremony.keys[-1]).section(section)
    size = G2.size if section == Section.B2 else G1.size
    exchanged = body[:-size] + body[:size]
    if section == Section.COEFFICIENTS:
        exchanged = body[:-1] + bytes([body[-1] ^ 1])
    assert exchanged != body
    with pytest.raises(CircuitKeyInvalidError, match=f"section {section.value}"):
        check(ceremony, with_section(ceremony.keys[-1], section, exchanged))


@pytest.mark.parametrize("section", [Section.C, Section.H])
def test_sections_divided_by_another_number_are_found(
    ceremony: Ceremony, with_section: Callable[..., Path], section: Section
) -> None:
    body = scale_run(G1.name, KeyFile(ceremony.keys[-1]).section(section), inverse(3), 1)
    with pytest.raises(CircuitKeyInvalidError, match="divided by δ"):
        check(ceremony, with_section(ceremony.keys[-1], section, body))


@pytest.mark.parametrize(
    "name", ["alpha_g1", "beta_g1", "beta_g2", "gamma_g2", "delta_g1", "delta_g2", "n_public"]
)
def test_a_changed_header_is_found(ceremony: Ceremony, tmp_path: Path, name: str) -> None:
    header = KeyFile(ceremony.keys[-1]).header
    changes = {name: G2.stored_generator if name.endswith("g2") else G1.stored_generator}
    if name == "gamma_g2":
        changes = {name: header.beta_g2}
    if name == "n_public":
        with pytest.raises(FileMalformedError):
            KeyFile(rewritten(ceremony, tmp_path / "k.zkey", header=replace(header, n_public=3)))
        return
    with pytest.raises(CircuitKeyInvalidError):
        check(ceremony, rewritten(ceremony, tmp_path / "k.zkey", header=replace(header, **changes)))


CHANGES = {
    "another δ": lambda c: replace(c, delta_after=c.proof.g1_s),
    "a δ of zero": lambda c: replace(c, delta_after=bytes(G1.size)),
    "another key": lambda c: replace(c, proof=replace(c.proof, g1_sx=c.proof.g1_s)),
    "a key of zero": lambda c: replace(c, proof=replace(c.proof, g1_sx=bytes(G1.size))),
    "another proof": lambda c: replace(c, proof=replace(c.proof, g2_spx=G2.stored_generator)),
    "another transcript": lambda c: replace(c, transcript=bytes(64)),
    "a beacon it is not": lambda c: replace(c, beacon=Beacon(b"beacon", 10)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_contribution_is_found_and_named(ceremony: Ceremony, name: str) -> None:
    key = KeyFile(ceremony.keys[-1])
    first, second, third = key.contributions
    with pytest.raises(ContributionInvalidError, match=r"contribution 2 \(花子\)"):
        verify_key_chain(key.circuit_hash, (first, CHANGES[name](second), third))


def test_a_name_from_a_file_cannot_command_a_terminal(ceremony: Ceremony) -> None:
    key = KeyFile(ceremony.keys[-1])
    first = replace(key.contributions[0], name="Ann\x1b[2J", transcript=bytes(64))
    with pytest.raises(ContributionInvalidError, match="Ann") as refused:
        verify_key_chain(key.circuit_hash, (first,))
    assert str(refused.value).isprintable()


def test_a_missing_or_repeated_or_exchanged_contribution_is_found(ceremony: Ceremony) -> None:
    key = KeyFile(ceremony.keys[-1])
    first, second, third = key.contributions
    for chain in ((second, third), (first, third), (first, first, second, third), (second, first, third)):
        with pytest.raises(ContributionInvalidError, match="made for another place"):
            verify_key_chain(key.circuit_hash, chain)
    with pytest.raises(ContributionInvalidError, match="another place"):
        verify_key_chain(bytes(64), key.contributions)


def test_a_key_that_hides_its_last_contribution_is_found(ceremony: Ceremony, tmp_path: Path) -> None:
    contributions = KeyFile(ceremony.keys[-1]).contributions
    short = rewritten(ceremony, tmp_path / "k.zkey", contributions=contributions[:-1])
    with pytest.raises(CircuitKeyInvalidError, match="last contribution"):
        check(ceremony, short)


def test_somebody_who_cancels_the_others_is_found(ceremony: Ceremony, tmp_path: Path) -> None:
    """The last one starts again from the initial key and claims the others' contributions as well."""
    alone = tmp_path / "alone.zkey"
    contribute_key(ceremony.keys[0], alone, person("Eve"))
    own = KeyFile(alone)
    honest = KeyFile(ceremony.keys[1])
    sections = {section: own.section(section) for section in (*KEPT, Section.C, Section.H)}
    forged = tmp_path / "forged.zkey"
    claimed = (*honest.contributions, *own.contributions)
    write_key(forged, own.header, sections, own.circuit_hash, claimed)
    with pytest.raises(ContributionInvalidError, match=r"contribution 2 \(Eve\)"):
        check(ceremony, forged)


class Fixed:
    """A stream whose secret is chosen."""

    def __init__(self, secret: int) -> None:
        self._secret, self._stream = secret, person("x").stream

    def scalar(self) -> int:
        return self._secret

    def g1(self) -> bytes:
        return self._stream.g1()


def test_a_contribution_that_leaves_delta_as_it_was_is_refused(ceremony: Ceremony, tmp_path: Path) -> None:
    lazy = tmp_path / "lazy.zkey"
    contribute_key(ceremony.keys[1], lazy, Contributor("Lazy", Fixed(1)))  # type: ignore[arg-type]
    with pytest.raises(ContributionInvalidError, match="left δ as it was"):
        check(ceremony, lazy)


def test_a_secret_of_zero_makes_no_contribution(ceremony: Ceremony, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        contribute_key(ceremony.keys[1], tmp_path / "zero.zkey", Contributor("Zero", Fixed(0)))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_key_must_be_built_on_the_last_one(ceremony: Ceremony, tmp_path: Path) -> None:
    first, last = KeyFile(ceremony.keys[1]), KeyFile(ceremony.keys[-1])
    require_built_on(last, first)
    contribute_key(ceremony.keys[0], tmp_path / "side.zkey", person("Eve"))
    side = KeyFile(tmp_path / "side.zkey")
    for key, previous, reason in (
        (side, first, "not built on 1.zkey"),
        (first, last, "not built on 3.zkey"),
        (last, last, "adds no contribution"),
    ):
        with pytest.raises(CircuitKeyInvalidError, match=reason):
            require_built_on(key, previous)


def test_nobody_contributes_to_a_broken_chain(ceremony: Ceremony, tmp_path: Path) -> None:
    first, second, third = KeyFile(ceremony.keys[-1]).contributions
    broken = rewritten(ceremony, tmp_path / "broken.zkey", contributions=(second, first, third))
    with pytest.raises(ContributionInvalidError):
        contribute_key(broken, tmp_path / "new.zkey", person("Ann"))
    assert not (tmp_path / "new.zkey").exists()


def test_an_existing_file_is_never_overwritten(ceremony: Ceremony, tmp_path: Path) -> None:
    before = ceremony.keys[1].read_bytes()
    with pytest.raises(FileExistsAlreadyError):
        contribute_key(ceremony.keys[0], ceremony.keys[1], person("Eve"))
    with pytest.raises(FileExistsAlreadyError):
        begin(ceremony.circuit.r1cs, PowersFile(ceremony.prepared), ceremony.keys[1])
    assert ceremony.keys[1].read_bytes() == before
    with pytest.raises(FileMalformedError, match="is no folder"):
        contribute_key(ceremony.keys[0], tmp_path / "nowhere/1.zkey", person("Eve"))


def test_a_key_for_another_circuit_is_found(ceremony: Ceremony) -> None:
    def other(cs: ConstraintSystem) -> None:
        x, y = cs.public_input("x"), cs.private_input("y")
        cs.enforce_product(y, y, x, "x is a square")

    circuit = compile_circuit("other", other)
    with pytest.raises(CircuitKeyInvalidError, match="is not that of this circuit"):
        verify_key(KeyFile(ceremony.keys[-1]), circuit.r1cs, PowersFile(ceremony.prepared))


def test_a_key_from_other_powers_is_found(ceremony: Ceremony) -> None:
    with pytest.raises(CircuitKeyInvalidError, match="alpha_g1"):
        verify_key(KeyFile(ceremony.keys[-1]), ceremony.circuit.r1cs, PowersFile(ceremony.powers[1]))


def test_powers_that_are_too_few_or_nobodys_are_refused(ceremony: Ceremony, tmp_path: Path) -> None:
    def large(cs: ConstraintSystem) -> None:
        x = cs.private_input("x")
        for _ in range(20):
            x = cs.multiply(x, x)
        cs.enforce_equal(x, 1, "the end")

    with pytest.raises(CeremonyRequestError, match=r"2\^4 powers, and the circuit needs 2\^5"):
        begin(compile_circuit("large", large).r1cs, PowersFile(ceremony.prepared), tmp_path / "k.zkey")
    with pytest.raises(CeremonyRequestError, match="nobody has contributed"):
        begin(small_circuit().r1cs, PowersFile(ceremony.powers[0]), tmp_path / "k.zkey")


def test_development_keys_say_so_and_take_no_contributions(ceremony: Ceremony, tmp_path: Path) -> None:
    single = tmp_path / "single.zkey"
    single.write_bytes(pack_zkey(NativeBackend().setup(ceremony.circuit.r1cs)))
    marked = tmp_path / "marked.zkey"
    marked.write_bytes(marked_as_development(ceremony.keys[-1].read_bytes()))
    assert not KeyFile(ceremony.keys[-1]).is_development
    for path in (single, marked):
        assert KeyFile(path).is_development
        with pytest.raises(CircuitKeyInvalidError, match="development key"):
            check(ceremony, path)
        with pytest.raises(CeremonyRequestError, match="development key"):
            contribute_key(path, tmp_path / "new.zkey", person("Ann"))


def test_bytes_that_are_no_point_are_refused(ceremony: Ceremony, damaged: Callable[..., Path]) -> None:
    for section in (Section.C, Section.H, Section.HEADER):
        with pytest.raises(CeremonyError):
            check(ceremony, damaged(ceremony.keys[-1], section, -3, b"\x07"))


def test_contributions_depend_on_the_stream_alone(ceremony: Ceremony, tmp_path: Path) -> None:
    """With one seed two programs arrive at one key: what makes a beacon checkable."""
    seed = bytes(range(32))
    for name in ("a", "b"):
        contribute_key(ceremony.keys[1], tmp_path / name, Contributor("x", RandomStream(seed)))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_secret_is_in_the_file(ceremony: Ceremony, tmp_path: Path) -> None:
    seed = bytes(range(32))
    secret = RandomStream(seed).scalar()
    contribute_key(ceremony.keys[1], tmp_path / "k.zkey", Contributor("x", RandomStream(seed)))
    content = (tmp_path / "k.zkey").read_bytes()
    for value in (seed, secret.to_bytes(32, "little"), secret.to_bytes(32, "big")):
        assert value not in content


def test_a_contribution_is_what_its_record_says(ceremony: Ceremony) -> None:
    contribution: KeyContribution = KeyFile(ceremony.keys[1]).contributions[0]
    assert contribution.delta_after == KeyFile(ceremony.keys[1]).header.delta_g1
