"""Read an authority's revocation lists over HTTP, each kept until the next one is due.

Authorities of several generations publish a list each under one name; the right one is the one that the
certificate's issuer signed, found by its key.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes

from identity.errors import RevocationUnavailableError
from identity.revocation.crl_answer import crl_expiry, is_crl_of, read_crl, status_in_signed_crl
from identity.revocation.fetch import fetch, new_client
from identity.revocation.status import RevocationProof, RevocationSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx
    from cryptography import x509

MAX_LIST_BYTES = 64 * 1024 * 1024


class CrlChecker:
    """The lists at some addresses; threads may share a checker. `timeout` in seconds, a list each."""

    def __init__(self, urls: Sequence[str], timeout: float = 20.0) -> None:
        self._client = new_client(timeout)
        self._close = weakref.finalize(self, self._client.close)
        self._lists = [_KeptList(url, timeout, self._client) for url in urls]

    def close(self) -> None:
        """Close the pooled connections, as happens when the checker is no longer needed anyway."""
        self._close()

    def check(self, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> RevocationProof:
        """Look a certificate that `issuer` signed up in the issuer's list.

        Raises:
            RevocationUnavailableError: there is no list that can be believed.

        """
        failures = []
        for kept in self._lists:
            try:
                found = kept.current(at)
                if found.is_of(issuer):
                    status = status_in_signed_crl(found.crl, certificate, at)
                    return RevocationProof(status, RevocationSource.CRL, found.data, at)
            except RevocationUnavailableError as failure:
                failures.append(failure)
        if failures:
            raise failures[0]
        raise RevocationUnavailableError(
            "None of the revocation lists is signed by the certificate's issuer.",
            hint="Add the address of that authority's list to the settings.",
        )


@dataclass(frozen=True)
class _Fetched:
    """A list as it arrived, and whose it was found to be."""

    data: bytes
    crl: x509.CertificateRevocationList
    _verdicts: dict[bytes, bool] = field(default_factory=dict)

    def is_of(self, issuer: x509.Certificate) -> bool:
        """Whether this authority signed it; the signature over a long list is verified once."""
        print_ = issuer.fingerprint(hashes.SHA256())
        if print_ not in self._verdicts:
            self._verdicts[print_] = is_crl_of(self.crl, issuer)
        return self._verdicts[print_]


class _KeptList:
    def __init__(self, url: str, timeout: float, client: httpx.Client) -> None:
        self._url = url
        self._timeout = timeout
        self._client = client
        self._lock = threading.Lock()
        self._kept: _Fetched | None = None

    def current(self, at: int) -> _Fetched:
        """Return the list, fetched again if the next one was due; threads wait for one fetch."""
        with self._lock:
            if self._kept is None or at >= crl_expiry(self._kept.crl):
                data = fetch(self._client, "GET", self._url, seconds=self._timeout, max_bytes=MAX_LIST_BYTES)
                self._kept = _Fetched(data, read_crl(data))
            return self._kept
