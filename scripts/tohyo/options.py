"""Options that several subcommands share, and what they open: a chain, an election, an account that sends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from eth_account import Account
from web3 import Web3

from chain.connection import connect
from chain.deploy import Deployment
from chain.development import development_account
from chain.election_client import ElectionClient
from chain.elections import open_election
from chain.errors import NoContractError
from chain.sender import AccountSender, Sender, UnlockedSender
from chain.time import block_time, require_development_chain
from election.address import parse_address
from election.cryptography import CRYPTOGRAPHY
from election.errors import ElectionFileError
from election.file import ElectionFile, parse_election_file
from scripts.tohyo.output import warn
from voter.note import Note
from zk.development import development_warning
from zk.errors import TohyoError
from zk.keys import CircuitKeys, load_keys

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

DEFAULT_RPC = "http://127.0.0.1:8545"

RpcOption = Annotated[str, typer.Option("--rpc", envvar="TOHYO_RPC", help="JSON-RPC address of the chain.")]
KeysOption = Annotated[Path, typer.Option("--keys", help="Folder with proving and verifying keys.")]
DepthOption = Annotated[int, typer.Option("--depth", min=1, max=32, help="Depth of the tree of commitments.")]


class NoElectionError(TohyoError):
    """Neither --contract nor --deployment was given."""


class NotAnAddressError(TohyoError):
    """A text that should be an account's address is none."""


class NoSenderError(TohyoError):
    """No account to send or sign with was named, or more than one."""


class KeystoreUnusableError(TohyoError):
    """The keystore is no keystore, or the password is wrong."""


@dataclass
class Connection:
    """An open chain and the election's contract on it."""

    w3: Web3
    client: ElectionClient

    @cached_property
    def election(self) -> ElectionFile:
        """The election file that the contract published."""
        try:
            return parse_election_file(self.client.election_file().decode())
        except (ElectionFileError, UnicodeDecodeError) as error:
            raise NoContractError(
                f"The contract at {self.client.address} published an election file that cannot be read.",
                hint="Perhaps a newer tohyo wrote it. `tohyo audit` says more.",
            ) from error

    def load_keys(self, directory: Path) -> CircuitKeys:
        """Load the keys that prove ballots here, and say so if they are development keys."""
        circuit = CRYPTOGRAPHY[self.client.scheme].circuit
        keys = load_keys(circuit, self.client.config().depth, directory)
        warn_of_development_keys(keys.transcript_hash)
        return keys

    def note(self, path: Path) -> Note:
        """Read a note that must be for this election."""
        client = self.client
        return Note.load(path).require_election(client.chain_id(), client.address, client.scheme)

    def now(self) -> int:
        """Return the time of the newest block, in seconds since 1970."""
        return block_time(self.w3)


@dataclass
class ElectionOptions:
    """Which election: a contract, or the record of its deployment."""

    rpc: RpcOption = DEFAULT_RPC
    contract: Annotated[
        str | None,
        typer.Option("--contract", envvar="TOHYO_CONTRACT", help="Address of the election's contract."),
    ] = None
    deployment: Annotated[
        Path | None,
        typer.Option("--deployment", help="File that `tohyo election deploy` wrote; stands for --contract."),
    ] = None

    def open(self) -> Connection:
        """Connect and bind to the contract that the options name."""
        record = None if self.deployment is None else Deployment.load(self.deployment)
        contract = self.contract if record is None else record.contract
        if contract is None:
            raise NoElectionError(
                "No election was named.", hint="Give --contract ADDRESS or --deployment FILE."
            )
        w3 = connect(self.rpc, None if record is None else record.chain_id)
        return Connection(w3, open_election(w3, contract))


@dataclass
class KeyOptions:
    """One key to sign with."""

    keystore: Annotated[
        Path | None,
        typer.Option("--keystore", help="Use the key in this encrypted keystore (asks for the password)."),
    ] = None
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="Read the keystore's password from this file.")
    ] = None
    dev_account: Annotated[
        int | None,
        typer.Option(
            "--dev-account", min=0, max=999, help="Use a development chain's well-known account number N."
        ),
    ] = None

    def account(self, w3: Web3) -> LocalAccount:
        """Open the key."""
        if self.keystore is not None and self.dev_account is None:
            return _unlock(self.keystore, self.password_file)
        if self.dev_account is not None and self.keystore is None:
            require_development_chain(w3)
            return development_account(self.dev_account)
        raise NoSenderError(
            "Name one key to sign with.", hint="Give --keystore FILE, or --dev-account N on a local chain."
        )


@dataclass
class SenderOptions(KeyOptions):
    """One account to send transactions from: a key here, or one that the node holds."""

    from_address: Annotated[
        str | None, typer.Option("--from", help="Send from this account, unlocked in the node.")
    ] = None

    @property
    def is_given(self) -> bool:
        """Whether any account was named."""
        return any(option is not None for option in (self.from_address, self.keystore, self.dev_account))

    def open(self, w3: Web3) -> Sender:
        """Open the account."""
        if self.from_address is None:
            return AccountSender(w3, self.account(w3))
        if self.keystore is not None or self.dev_account is not None:
            raise NoSenderError(
                "More than one sender was named.", hint="Keep one of --from, --keystore, --dev-account."
            )
        return UnlockedSender(w3, address_option(self.from_address, "--from"))


def address_option(text: str, name: str) -> str:
    """Return the checksummed address that an option holds. Raises NotAnAddressError."""
    try:
        return parse_address(text)
    except ValueError as failure:
        raise NotAnAddressError(
            f"{name} is not an address: {text[:80]}",
            hint="Write 0x and 40 hexadecimal digits; upper and lower case are its checksum.",
        ) from failure


def warn_of_development_keys(transcript_hash: bytes) -> None:
    """Say it wherever development keys are used: whoever made them could forge votes."""
    if warning := development_warning(transcript_hash):
        warn(warning)


def _unlock(keystore: Path, password_file: Path | None) -> LocalAccount:
    if password_file is None:
        password = typer.prompt(f"Password of {keystore.name}", hide_input=True, err=True)
    else:
        password = password_file.read_text(encoding="utf-8").rstrip("\n")
    try:
        key = Account.decrypt(json.loads(keystore.read_text(encoding="utf-8")), password)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise KeystoreUnusableError(
            f"{keystore} could not be opened.",
            hint="Check that it is an Ethereum keystore (V3) and the password.",
        ) from error
    account: LocalAccount = Account.from_key(key)
    return account
