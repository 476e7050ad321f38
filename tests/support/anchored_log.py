"""Anchors of a registrar's log that nobody wrote: what the public audit sees is numbers and a hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from tests.support.small_election import REGISTRAR, VOTERS

if TYPE_CHECKING:
    from tests.support.small_election import SmallElection


def head_of(entries: int) -> bytes:
    return bytes(keccak(text=f"log of {entries}"))


def anchor(election: SmallElection, entries: int, roll_size: int = VOTERS, head: bytes | None = None) -> None:
    election.client.anchor_log(head or head_of(entries), entries, roll_size, election.sender(REGISTRAR))
