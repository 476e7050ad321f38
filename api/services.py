"""What every part of the registrar's service is given: nothing is found by looking around."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from election.file import parse_election_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eth_account.signers.local import LocalAccount

    from api.database.engine import Database
    from api.database.vault import Vault
    from api.settings import Settings
    from chain.election_client import ElectionClient
    from election.file import ElectionFile
    from identity.credential import CredentialKind, CredentialVerifier


def wall_clock() -> int:
    """Return the time in seconds since 1970."""
    return int(time.time())


@dataclass(frozen=True)
class Services:
    """One election's registrar: its settings, its database, its chain, its key, and how cards are verified.

    `clock` is wall time; phases and permits' deadlines follow the chain's time instead.
    """

    settings: Settings
    database: Database
    vault: Vault = field(repr=False)
    chain: ElectionClient
    account: LocalAccount = field(repr=False)
    verifiers: Mapping[CredentialKind, CredentialVerifier]
    clock: Callable[[], int] = wall_clock

    @cached_property
    def chain_id(self) -> int:
        """The chain's id; asked once."""
        return self.chain.chain_id()

    @property
    def contract(self) -> str:
        """The election's contract, checksummed."""
        return self.chain.address

    @property
    def election_id(self) -> int:
        """What names the election among all elections."""
        return self.chain.config().election_id

    @cached_property
    def transcript_hash(self) -> bytes:
        """The hash of the ceremony that made the keys; zeros say development keys. Asked once."""
        return self.chain.transcript_hash()

    @cached_property
    def election(self) -> ElectionFile:
        """The election file that the contract published; asked once."""
        return parse_election_file(self.chain.election_file().decode())
