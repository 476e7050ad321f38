"""Domain tags: one constant per use of a hash, so that no value made for one use serves another.

D_x = keccak256("tohyo.x.v1") mod r. The tags stand in circuits, contracts and files; changing one changes
the protocol, hence the version in the string.
"""

from __future__ import annotations

from functools import cache

from eth_utils.crypto import keccak

from zk.field import SCALAR_FIELD


@cache
def domain_tag(use: str) -> int:
    """keccak256("tohyo.<use>.v1") mod r."""
    return int.from_bytes(keccak(text=f"tohyo.{use}.v1"), "big") % SCALAR_FIELD
