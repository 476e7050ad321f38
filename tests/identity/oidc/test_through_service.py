"""From the browser to a leaf of the tree: a real provider, the service, a chain, the voter's client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from joserfc.jwk import ECKey
from sqlalchemy import select

from api.app import create_app
from api.assembly import open_services
from api.database.tables import registration
from api.database.vault import Vault
from api.depositor import Depositor
from api.sealed import SealedRegistration
from api.settings import OidcSettings, Settings
from chain.elections import open_election
from election.roll import RollEntry
from identity.challenge import signed_message
from identity.errors import SignInRefusedError
from identity.oidc.claims import person_of
from identity.oidc.evidence import recheck
from tests.support.election_office import serve
from tests.support.oidc_provider import ACCOUNTS, SIGNED, sign_in
from tests.support.registry import put_on_roll
from voter.errors import RegistrationWasRefusedError
from voter.note import Note
from voter.registration import RegistrationClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Booth

    from api.services import Services
    from chain.node import LocalNode
    from election.receipt import Receipt
    from tests.support.oidc_provider import RealProvider

MISSPELT = ACCOUNTS["taro"] | {"address": {"formatted": "茨城県つくば市吾妻9-9-9"}}


@dataclass
class Running:
    """A service that takes sign-ins only, and a voter's client of it."""

    services: Services
    address: str
    client: RegistrationClient
    folder: Path
    issuer: str

    def note(self) -> Note:
        chain = self.services.chain
        return Note.create(chain.chain_id(), chain.address, chain.scheme)

    def register(self, account: str, note: Note | None = None) -> Receipt:
        made = note or self.note()
        file = self.folder / f"{made.commitment}.json"
        return self.client.register_with(made, lambda *bound: self.credential(account, *bound), file).receipt

    def credential(self, account: str, challenge: str, commitment: int) -> dict[str, Any]:
        url, state = self.client.begin_sign_in(challenge, commitment, self.issuer)
        back = sign_in(url, account)
        assert back["state"] == state
        return {"kind": "oidc", "state": state, "code": back["code"], "issuer": back["iss"]}

    def deposit(self) -> None:
        """Do the depositor's rounds: an anchor of the log, its end, a batch, its end."""
        depositor = Depositor(self.services)
        for _ in range(4):
            assert depositor.step()

    def kept(self, receipt: Receipt) -> SealedRegistration:
        with self.services.database.read() as connection:
            query = select(registration.c.sealed).where(registration.c.id == receipt.registration_id)
            blob = connection.execute(query).scalar_one()
        return SealedRegistration.open(self.services.vault, receipt.registration_id, blob)


@pytest.fixture
def running(
    registering: Callable[..., Booth], node: LocalNode, real: RealProvider, tmp_path: Path
) -> Iterator[Running]:
    booth = registering(electorate=10)
    key_file, keys_file = tmp_path / "client.pem", tmp_path / "registrar.key"
    key_file.write_bytes(real.client_key.as_pem(private=True))
    Vault.generate().save(keys_file)
    settings = Settings(
        mode="test",
        database=f"sqlite:///{tmp_path / 'registrar.sqlite'}",
        master_key_file=keys_file,
        rpc=node.rpc_url,
        contract=booth.client.address,
        registrar_dev_account=0,
        confirmations=0,
        batch_seconds=0,
        oidc=(
            OidcSettings(
                issuer=real.issuer,
                client_id=SIGNED,
                private_key=key_file,
                redirect_uri=real.client().redirect_uri,
            ),
        ),
    )
    people = [
        RollEntry("v1", person_of(ACCOUNTS["hanako"])),
        RollEntry("v2", person_of(MISSPELT)),
    ]
    with open_services(settings) as opened:
        services = opened.services
        put_on_roll(services.database, people, keys=services.vault)
        election = open_election(booth.w3, booth.client.address)
        with (
            serve(create_app(settings, services)) as address,
            RegistrationClient(address, election) as client,
        ):
            yield Running(services, address, client, tmp_path, real.issuer)


def test_a_sign_in_becomes_a_leaf_and_convinces_an_auditor(running: Running) -> None:
    note = running.note()
    receipt = running.register("hanako", note)
    running.deposit()
    assert running.services.chain.is_deposited(note.commitment)
    kept = running.kept(receipt)
    message = signed_message(kept.challenge, kept.commitment)
    key = ECKey.import_key(kept.evidence["id_token_key"]).thumbprint()
    assert recheck(kept.evidence, message, [key]).person == kept.person
    with pytest.raises(SignInRefusedError, match="another challenge or another commitment"):
        recheck(kept.evidence, signed_message(kept.challenge, kept.commitment + 1), [key])


def test_a_second_sign_in_gives_no_second_deposit(running: Running) -> None:
    first, second = running.register("hanako"), running.register("hanako")
    assert first.roll_entry == second.roll_entry
    running.deposit()
    assert not running.services.chain.is_deposited(first.commitment)
    assert running.services.chain.is_deposited(second.commitment)


def test_a_person_who_only_comes_near_goes_to_the_office(running: Running) -> None:
    receipt = running.register("taro")
    assert (receipt.promise.value, receipt.roll_entry) == ("review", "")


def test_a_code_stolen_on_the_way_serves_nobody_else(running: Running) -> None:
    """A thief with the victim's code and state, but a commitment of the thief's own."""
    challenge, mine = running.client.challenge(), running.note()
    stolen = running.credential("hanako", challenge, running.note().commitment)
    with pytest.raises(RegistrationWasRefusedError) as raised:
        running.client.register_with(mine, lambda *_bound: stolen, running.folder / "stolen.json")
    assert "sign_in_refused" in (str(raised.value) + raised.value.hint + raised.value.code)


def test_a_refusal_of_a_sign_in_is_signed_and_names_nobody(running: Running) -> None:
    challenge = running.client.challenge()
    body = {
        "challenge": challenge,
        "commitment": str(running.note().commitment),
        "credential": {"kind": "oidc", "state": 43 * "s", "code": "made-up"},
    }
    answer = httpx.post(f"{running.address}/v1/registrations", json=body, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_in_refused")
    assert answer.json()["refusal"]["reason"] == "sign_in_refused"
    again = httpx.post(f"{running.address}/v1/registrations", json=body, trust_env=False)
    assert again.json() == answer.json()


def test_a_commitment_of_another_voter_is_refused_whoever_signs_in(running: Running) -> None:
    note = running.note()
    running.register("hanako", note)
    with pytest.raises(RegistrationWasRefusedError):
        running.client.register_with(
            note, lambda *bound: running.credential("taro", *bound), running.folder / "other.json"
        )
