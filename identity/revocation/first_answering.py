"""Several ways to ask, in order: the next one only where the one before has no answer to believe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.errors import RevocationUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from identity.revocation.status import RevocationChecker, RevocationProof


class FirstAnswering:
    """Asks each checker in turn; `unknown` is an answer, so it ends the search as "good" does."""

    def __init__(self, checkers: Sequence[RevocationChecker]) -> None:
        if not checkers:
            raise ValueError("nobody to ask")
        self._checkers = tuple(checkers)

    def check(self, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> RevocationProof:
        """Return the first answer.

        Raises:
            RevocationUnavailableError: nobody gave one; says what each of them did.

        """
        failures = []
        for checker in self._checkers:
            try:
                return checker.check(certificate, issuer, at)
            except RevocationUnavailableError as failure:
                failures.append(failure)
        raise RevocationUnavailableError(" ".join(map(str, failures)), hint=failures[-1].hint)
