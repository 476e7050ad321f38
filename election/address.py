"""Addresses as text: 0x and 40 hexadecimal digits, whose upper and lower case are a checksum (EIP-55)."""

from __future__ import annotations

from eth_utils.address import is_hex_address, to_checksum_address

ZERO_ADDRESS = "0x" + 40 * "0"


def parse_address(text: object) -> str:
    """Return the checksummed address; in mixed case the checksum must be right, or it was mistyped.

    Raises:
        ValueError: says what is wrong in words that follow the name of what was read.

    """
    if not isinstance(text, str) or not text.startswith("0x") or not is_hex_address(text):
        raise ValueError("is not an address (0x and 40 hexadecimal digits)")
    address = str(to_checksum_address(text))
    if text not in {address, text.lower()}:
        raise ValueError(f"has a wrong checksum: perhaps a typing error (if it is right, write {address})")
    return address
