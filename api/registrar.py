"""The registrar: one permit to deposit for each voter on the roll, however often they ask.

Trusts its caller to know who is asking; reading identity cards is the caller's part. Never sees a note: a
voter brings a commitment, which hides it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.errors import (
    CommitmentAlreadyRegisteredError,
    NotTheRegistrarError,
    RollTooLongError,
    VoterAlreadyRegisteredError,
    VoterNotOnRollError,
)
from api.store import PermitStore
from election.file import parse_election_file
from election.permit import DepositPermit, sign_permit
from zk.field import require_field_element

if TYPE_CHECKING:
    from collections.abc import Collection, Container
    from pathlib import Path

    from eth_account.signers.local import LocalAccount

    from chain.election_client import ElectionClient


class Registrar:
    """Signs permits for one election with one key; `roll` says who may ask (a `Roll`, or the voters' ids)."""

    def __init__(
        self, account: LocalAccount, chain_id: int, contract: str, roll: Container[str], store_path: Path
    ) -> None:
        self._account, self._roll = account, roll
        self._chain_id, self._contract = chain_id, contract
        self._store = PermitStore(store_path, chain_id, contract)

    @staticmethod
    def for_election(
        client: ElectionClient, account: LocalAccount, roll: Collection[str], store_path: Path
    ) -> Registrar:
        """Bind to an election on chain.

        Raises:
            NotTheRegistrarError: the contract would refuse this account's permits.
            RollTooLongError: so many deposits would make every audit say that something is wrong.
            StoreOfAnotherElectionError: the store was begun for another election.
            StoreDamagedError: the file is no store.

        """
        registrar = client.config().registrar
        if registrar != account.address:
            raise NotTheRegistrarError(
                f"The election's registrar is {registrar}, not {account.address}.",
                hint="Use the registrar's key; the contract refuses permits of any other.",
            )
        electorate = parse_election_file(client.election_file().decode()).electorate
        if len(roll) > electorate:
            raise RollTooLongError(
                f"The roll names {len(roll):,} voters, the election file {electorate:,}.",
                hint="Use the roll that the election was made for.",
            )
        return Registrar(account, client.chain_id(), client.address, roll, store_path)

    def permit(
        self, voter_id: str, commitment: int, deadline: int, *, now: int | None = None
    ) -> DepositPermit:
        """Return the voter's permit, signed the first time; the same commitment gets the same permit again.

        A permit that had expired by `now` (if given) is signed anew with `deadline`, for the same commitment.

        Raises:
            VoterNotOnRollError: nobody on the roll has this id.
            VoterAlreadyRegisteredError: the voter asked with another commitment before.
            CommitmentAlreadyRegisteredError: another voter asked with this commitment before.
            FieldElementOutOfRangeError: the commitment is not below r.

        """
        require_field_element(commitment, "commitment")
        if voter_id not in self._roll:
            raise VoterNotOnRollError(
                f"“{voter_id[:100]}” is not on the voter roll.", hint="Check the voter_id against the roll."
            )
        with self._store.transaction() as database:
            earlier = self._store.find(database, voter_id)
            if earlier is None and self._store.has_commitment(database, commitment):
                raise CommitmentAlreadyRegisteredError(
                    "Another voter registered this commitment.",
                    hint="Make a note of your own and register that.",
                )
            if earlier is not None and earlier.commitment != commitment:
                raise VoterAlreadyRegisteredError(
                    f"“{voter_id}” has a permit for another commitment.",
                    hint="Use the note that was registered first; a second one cannot be registered.",
                )
            if earlier is not None and (now is None or now <= earlier.deadline):
                return self._require_own(earlier)
            permit = sign_permit(self._account, self._chain_id, self._contract, commitment, deadline)
            self._store.keep(database, voter_id, permit)
        return permit

    def registered(self) -> int:
        """Return how many voters have a permit."""
        return self._store.count()

    def _require_own(self, permit: DepositPermit) -> DepositPermit:
        """Refuse a kept permit that this key did not sign: the contract would."""
        signer = permit.signer(self._chain_id, self._contract)
        if signer != self._account.address:
            raise NotTheRegistrarError(
                f"The kept permit was signed by {signer}, not by {self._account.address}.",
                hint="Use the registrar's key that the store was begun with.",
            )
        return permit
