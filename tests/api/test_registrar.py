from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from eth_account import Account

from api.errors import (
    CommitmentAlreadyRegisteredError,
    NotTheRegistrarError,
    RollTooLongError,
    StoreDamagedError,
    StoreOfAnotherElectionError,
    VoterAlreadyRegisteredError,
    VoterNotOnRollError,
)
from api.registrar import Registrar
from chain.development import development_account
from chain.paths import PROJECT_ROOT
from election.roll import parse_roll
from tests.support.small_election import DEPOSITOR, OPENS, REGISTRAR, open_election
from zk.field import SCALAR_FIELD, FieldElementOutOfRangeError

if TYPE_CHECKING:
    from pathlib import Path

    from election.permit import DepositPermit

ACCOUNT = Account.from_key("0x" + "11" * 32)
OTHER = Account.from_key("0x" + "22" * 32)
CONTRACT = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
ROLL = parse_roll("voter_id,name\na,A\nb,B\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registrar.sqlite"


@pytest.fixture
def registrar(path: Path) -> Registrar:
    return Registrar(ACCOUNT, 31337, CONTRACT, ROLL, path)


def test_a_voter_on_the_roll_gets_a_permit_signed_by_the_registrar(registrar: Registrar) -> None:
    permit = registrar.permit("a", 7, 1000)
    assert (permit.commitment, permit.deadline) == (7, 1000)
    assert permit.signer(31337, CONTRACT) == ACCOUNT.address
    assert registrar.registered() == 1


def test_asking_again_with_the_same_commitment_gives_the_same_permit(
    registrar: Registrar, path: Path
) -> None:
    first = registrar.permit("a", 7, 1000)
    assert registrar.permit("a", 7, 2000) == first
    after_restart = Registrar(ACCOUNT, 31337, CONTRACT, ROLL, path)
    assert after_restart.permit("a", 7, 3000) == first


def test_an_expired_permit_is_renewed_for_the_same_commitment_only(registrar: Registrar) -> None:
    registrar.permit("a", 7, 1000)
    assert registrar.permit("a", 7, 2000, now=1000).deadline == 1000
    renewed = registrar.permit("a", 7, 2000, now=1001)
    assert renewed.deadline == 2000
    assert registrar.permit("a", 7, 3000) == renewed
    with pytest.raises(VoterAlreadyRegisteredError):
        registrar.permit("a", 8, 2000, now=5000)


def test_another_commitment_of_the_same_voter_is_refused(registrar: Registrar) -> None:
    first = registrar.permit("a", 7, 1000)
    with pytest.raises(VoterAlreadyRegisteredError):
        registrar.permit("a", 8, 1000)
    assert registrar.permit("a", 7, 1000) == first


def test_two_voters_cannot_share_a_commitment(registrar: Registrar) -> None:
    registrar.permit("a", 7, 1000)
    with pytest.raises(CommitmentAlreadyRegisteredError):
        registrar.permit("b", 7, 1000)
    assert registrar.registered() == 1


def test_a_stranger_gets_no_permit(registrar: Registrar) -> None:
    with pytest.raises(VoterNotOnRollError):
        registrar.permit("c", 7, 1000)
    assert registrar.registered() == 0


@pytest.mark.parametrize("commitment", [-1, SCALAR_FIELD, SCALAR_FIELD + 7, 2**256])
def test_a_commitment_out_of_range_is_refused(registrar: Registrar, commitment: int) -> None:
    with pytest.raises(FieldElementOutOfRangeError):
        registrar.permit("a", commitment, 1000)
    assert registrar.registered() == 0


def test_only_the_owner_can_read_the_store(registrar: Registrar, path: Path) -> None:
    registrar.permit("a", 7, 1000)
    assert [stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()] == [0o600]


def test_a_store_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.touch(mode=0o644)
    Registrar(ACCOUNT, 31337, CONTRACT, ROLL, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(("chain_id", "contract"), [(1, CONTRACT), (31337, ACCOUNT.address)])
def test_a_store_serves_one_election(registrar: Registrar, path: Path, chain_id: int, contract: str) -> None:
    registrar.permit("a", 7, 1000)
    with pytest.raises(StoreOfAnotherElectionError):
        Registrar(ACCOUNT, chain_id, contract, ROLL, path)


def test_a_file_that_is_no_store_is_left_alone(path: Path) -> None:
    path.write_text("a letter to my aunt, long enough to be no empty database\n" * 20)
    with pytest.raises(StoreDamagedError):
        Registrar(ACCOUNT, 31337, CONTRACT, ROLL, path)
    assert path.read_text().startswith("a letter")


def test_another_key_does_not_hand_out_permits_that_the_contract_would_refuse(
    registrar: Registrar, path: Path
) -> None:
    registrar.permit("a", 7, 1000)
    with pytest.raises(NotTheRegistrarError):
        Registrar(OTHER, 31337, CONTRACT, ROLL, path).permit("a", 7, 1000)


def test_the_key_must_be_the_elections(path: Path) -> None:
    config = SimpleNamespace(registrar=OTHER.address)
    client = cast("Any", SimpleNamespace(config=lambda: config, chain_id=lambda: 31337, address=CONTRACT))
    with pytest.raises(NotTheRegistrarError):
        Registrar.for_election(client, ACCOUNT, ROLL, path)
    assert not path.exists()


def test_a_registrar_of_an_election_on_chain_gives_permits_that_the_contract_takes(tmp_path: Path) -> None:
    with open_election() as election:
        account = development_account(REGISTRAR)
        registrar = Registrar.for_election(election.client, account, ROLL, tmp_path / "store")
        permit = registrar.permit("a", election.new_note().commitment, OPENS + 1000)
        election.client.deposit_with_permit(permit, election.sender(DEPOSITOR))
        assert election.client.leaf_count() == 1
        long_roll = [f"voter-{number}" for number in range(election.election.electorate + 1)]
        with pytest.raises(RollTooLongError):
            Registrar.for_election(election.client, account, long_roll, tmp_path / "other")


def test_the_database_itself_refuses_a_second_permit(registrar: Registrar, path: Path) -> None:
    registrar.permit("a", 7, 1000)
    with sqlite3.connect(path) as database, pytest.raises(sqlite3.IntegrityError):
        database.execute("INSERT INTO permit VALUES ('b', '7', '1', x'00')")
    with sqlite3.connect(path) as database, pytest.raises(sqlite3.IntegrityError):
        database.execute("INSERT INTO permit VALUES ('a', '8', '1', x'00')")
    database.close()


KILLED_IN_THE_MIDDLE = """
import os, sys
from pathlib import Path
from api.store import PermitStore
from election.permit import DepositPermit
store = PermitStore(Path(sys.argv[1]), 31337, sys.argv[2])
with store.transaction() as database:
    store.keep(database, "a", DepositPermit(7, 1000, bytes(64) + bytes([27])))
    if sys.argv[3] == "before":
        os.kill(os.getpid(), 9)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("moment", "kept"), [("before", 0), ("after", 1)])
def test_killed_before_the_commit_nothing_is_kept_and_after_it_everything(
    path: Path, moment: str, kept: int
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_IN_THE_MIDDLE, str(path), CONTRACT, moment],
        check=False,
        cwd=PROJECT_ROOT,
    )
    assert killed.returncode == -9
    assert Registrar(ACCOUNT, 31337, CONTRACT, ROLL, path).registered() == kept


def test_of_many_who_ask_at_once_with_different_commitments_one_gets_a_permit(path: Path) -> None:
    def ask(commitment: int) -> DepositPermit | None:
        try:
            return Registrar(ACCOUNT, 31337, CONTRACT, ROLL, path).permit("a", commitment, 1000)
        except VoterAlreadyRegisteredError:
            return None

    with ThreadPoolExecutor(8) as pool:
        given = [permit for permit in pool.map(ask, range(24)) if permit]
    assert len(given) == 1
