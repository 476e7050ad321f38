"""The text that a voter signs with the card: readable, for one election and one purpose, once.

    tohyo voter registration / 有権者登録
    Election: つくば市 …
    Contract: 0x… on chain 31337
    Purpose: register one anonymous commitment / 匿名コミットメントを一つ登録する
    Issued: 2026-11-21T09:00:00Z
    Expires: 2026-11-21T09:10:00Z
    Nonce: …

The signature is over this text followed by `Commitment: <decimal>` and a line end. The nonce's second half
is a MAC over the text, so that the registrar remembers only the challenges that were used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from zk.field import require_field_element

_TEMPLATE = """tohyo voter registration / 有権者登録
Election: {title}
Contract: {contract} on chain {chain_id}
Purpose: register one anonymous commitment / 匿名コミットメントを一つ登録する
Issued: {issued}
Expires: {expires}
Nonce: {nonce}
"""
_FORM = re.compile(
    re.escape(_TEMPLATE)
    .replace(r"\{title\}", r"(?P<title>[^\n]{1,200})")
    .replace(r"\{contract\}", r"(?P<contract>0x[0-9a-fA-F]{40})")
    .replace(r"\{chain_id\}", r"(?P<chain_id>[1-9][0-9]{0,19})")
    .replace(r"\{issued\}", r"(?P<issued>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)")
    .replace(r"\{expires\}", r"(?P<expires>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)")
    .replace(r"\{nonce\}", r"(?P<nonce>[0-9a-f]{64})")
)
_TIME = "%Y-%m-%dT%H:%M:%SZ"
MAX_LENGTH = 1000


@dataclass(frozen=True)
class Challenge:
    """One challenge; times in seconds since 1970, `nonce` 64 hexadecimal digits."""

    title: str
    contract: str
    chain_id: int
    issued: int
    expires: int
    nonce: str

    @property
    def text(self) -> str:
        """The text as it is signed."""
        return _TEMPLATE.format(
            title=self.title,
            contract=self.contract,
            chain_id=self.chain_id,
            issued=_utc(self.issued),
            expires=_utc(self.expires),
            nonce=self.nonce,
        )

    @staticmethod
    def parse(text: str) -> Challenge:
        """Read a challenge; the text must be exactly what `text` gives. Raises ValueError."""
        found = _FORM.fullmatch(text) if len(text) <= MAX_LENGTH else None
        if found is None:
            raise ValueError("is not a challenge of this registrar")
        challenge = Challenge(
            found["title"],
            found["contract"],
            int(found["chain_id"]),
            _seconds(found["issued"]),
            _seconds(found["expires"]),
            found["nonce"],
        )
        if challenge.text != text:
            raise ValueError("is not a challenge of this registrar")
        return challenge


def signed_message(challenge: str, commitment: int) -> bytes:
    """Return the bytes that a credential is bound to. Raises FieldElementOutOfRangeError."""
    require_field_element(commitment, "commitment")
    return f"{challenge}Commitment: {commitment}\n".encode()


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_TIME)


def _seconds(text: str) -> int:
    return int(datetime.strptime(text, _TIME).replace(tzinfo=UTC).timestamp())
