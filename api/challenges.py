"""Challenges that remember themselves: half of the nonce is a MAC over the rest of the text.

    nonce = 16 random bytes ‖ first 16 bytes of HMAC-SHA-256(key, text with that half zero)

So giving one out stores nothing, and only the used ones are ever written down. The key comes from the vault:
every process of one registrar accepts the others' challenges.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from api.errors import ChallengeExpiredError, ChallengeUnknownError
from identity.challenge import Challenge

if TYPE_CHECKING:
    from api.services import Services

_HALF_BYTES = 16
_HALF_DIGITS = 2 * _HALF_BYTES


class Challenges:
    """Gives out challenges of one election and recognises them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._key = services.vault.mac_key("challenge")

    def issue(self) -> Challenge:
        """Make a challenge that expires after the time in the settings."""
        now = self._services.clock()
        unsigned = Challenge(
            title=self._services.election.title,
            contract=self._services.contract,
            chain_id=self._services.chain_id,
            issued=now,
            expires=now + self._services.settings.challenge_seconds,
            nonce=_with_mac(secrets.token_hex(_HALF_BYTES), bytes(_HALF_BYTES)),
        )
        return replace(unsigned, nonce=_with_mac(unsigned.nonce, self._mac(unsigned)))

    def open(self, text: str) -> Challenge:
        """Read a challenge that this registrar gave for this election, expired or not.

        Raises:
            ChallengeUnknownError: it gave no such challenge.

        """
        try:
            challenge = Challenge.parse(text)
        except ValueError:
            raise _unknown() from None
        unsigned = replace(challenge, nonce=_with_mac(challenge.nonce, bytes(_HALF_BYTES)))
        genuine = _with_mac(challenge.nonce, self._mac(unsigned))
        election = (self._services.chain_id, self._services.contract)
        if (
            not hmac.compare_digest(challenge.nonce, genuine)
            or (challenge.chain_id, challenge.contract) != election
        ):
            raise _unknown()
        return challenge

    def require_fresh(self, challenge: Challenge) -> None:
        """Raise ChallengeExpiredError unless the challenge's time still runs."""
        if self._services.clock() >= challenge.expires:
            raise ChallengeExpiredError(
                "The challenge's time is over.", hint="Ask for a new challenge and sign that."
            )

    def _mac(self, unsigned: Challenge) -> bytes:
        return hmac.digest(self._key, unsigned.text.encode(), "sha256")[:_HALF_BYTES]


def _with_mac(nonce: str, mac: bytes) -> str:
    return nonce[:_HALF_DIGITS] + mac.hex()


def _unknown() -> ChallengeUnknownError:
    return ChallengeUnknownError(
        "This registrar gave no such challenge, or it was changed.",
        hint="Send the text of a challenge exactly as POST /v1/challenges gave it.",
    )
