"""What an authority's answer can be, and for which moments it counts."""

from __future__ import annotations

from enum import StrEnum

from identity.errors import RevocationUnavailableError

CLOCK_SKEW = 120  # seconds by which the authority's clock and ours may differ


class RevocationStatus(StrEnum):
    """What the authority says about a certificate. No answer at all is an error, never one of these."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class RevocationSource(StrEnum):
    """Which kind of document says it."""

    OCSP = "ocsp"
    CRL = "crl"


def require_fresh(what: str, begins: float, ends: float, at: int) -> None:
    """Refuse an answer made for another time than `at`; times in seconds since 1970.

    Raises:
        RevocationUnavailableError: it is old, or from the future.

    """
    if at > ends + CLOCK_SKEW:
        raise RevocationUnavailableError(f"{what} is out of date.")
    if at < begins - CLOCK_SKEW:
        raise RevocationUnavailableError(
            f"{what} is from the future.", hint="Compare this machine's clock with the authority's."
        )
