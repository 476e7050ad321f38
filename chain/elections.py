"""Opens an election with the client of its scheme, which the election file on chain names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chain.cream import CreamClient
from chain.cream_classic import CreamClassicClient
from election.errors import ElectionFileError
from election.file import parse_election_file
from election.scheme import Scheme

if TYPE_CHECKING:
    from web3 import Web3

    from chain.election_client import ElectionClient

CLIENTS: Final[dict[Scheme, type[ElectionClient]]] = {
    Scheme.CREAM: CreamClient,
    Scheme.CREAM_CLASSIC: CreamClassicClient,
}


def open_election(w3: Web3, address: str) -> ElectionClient:
    """Return the client for the contract at `address`; raises NoContractError if it is no election.

    A file that cannot be read is left to whoever reads it: what the schemes share works all the same.
    """
    client = CreamClient(w3, address)
    try:
        scheme = parse_election_file(client.election_file().decode()).scheme
    except (ElectionFileError, UnicodeDecodeError):
        return client
    return client if scheme is Scheme.CREAM else CLIENTS[scheme](w3, address)
