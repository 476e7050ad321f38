"""The ASN.1 that `cryptography` does not read: a string in an otherName, and what follows a value.

Only here is `pyasn1` used, and only on short input.
"""

from __future__ import annotations

from typing import Final

from pyasn1.codec.der.decoder import decode  # type: ignore[import-untyped]
from pyasn1.codec.der.encoder import encode  # type: ignore[import-untyped]
from pyasn1.error import PyAsn1Error  # type: ignore[import-untyped]
from pyasn1.type.char import UTF8String  # type: ignore[import-untyped]
from pyasn1.type.univ import Integer, SequenceOf  # type: ignore[import-untyped]

MAX_BYTES: Final = 4096


def utf8_string(der: bytes) -> str:
    """Read exactly one UTF8String in DER. Raises ValueError."""
    value, _ = _decode(der, UTF8String())
    if encode(value) != der:  # something follows, or the decoder let another encoding pass
        raise ValueError("no DER")
    return str(value)


def has_more_than_integers(der: bytes) -> bool:
    """Whether anything follows a sequence of integers. Raises ValueError if it does not begin with one."""
    _, rest = _decode(der, SequenceOf(componentType=Integer()))
    return bool(rest)


def _decode(der: bytes, kind: object) -> tuple[object, bytes]:
    if len(der) > MAX_BYTES:
        raise ValueError("too long")
    try:
        value, rest = decode(der, asn1Spec=kind)
    except PyAsn1Error:
        raise ValueError("no DER") from None  # its text would quote what was read
    return value, rest
