"""How an auditor checks each kind of credential again: with roots, keys and officers of the auditor's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from audit.errors import OfficersFileError
from election.source import decode_text, parse_json
from identity.credential import CredentialKind
from identity.errors import OfficerKeyError, RevocationUnavailableError
from identity.jpki.verifier import JpkiVerifier
from identity.office import recheck_office_credential
from identity.officer import load_public_key
from identity.oidc.evidence import recheck as recheck_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from cryptography import x509

    from identity.credential import VerifiedCredential
    from identity.jpki.trust import TrustStore

    Recheck = Callable[[dict[str, Any], bytes], VerifiedCredential]
    Rechecks = Mapping[CredentialKind, Recheck]


class _Offline:
    """An audit asks no authority: it checks the answers that were kept."""

    def check(self, certificate: x509.Certificate, issuer: x509.Certificate, at: int) -> NoReturn:
        del certificate, issuer, at
        raise RevocationUnavailableError("An audit asks nobody about certificates.")


def rechecks(
    trust: TrustStore | None, officers: Mapping[str, str], sign_in_keys: Collection[str] = ()
) -> Rechecks:
    """Return how to check the credentials of every kind that the auditor can judge.

    `trust` are the card authorities; `officers` public keys by officer's id; `sign_in_keys` thumbprints of
    the OpenID providers' keys.
    """
    known: dict[CredentialKind, Recheck] = {
        CredentialKind.OFFICE: lambda evidence, message: recheck_office_credential(
            evidence, message, officers
        )
    }
    if trust is not None:
        known[CredentialKind.JPKI] = JpkiVerifier(trust, _Offline()).recheck
    if sign_in_keys:
        known[CredentialKind.OIDC] = lambda evidence, message: recheck_sign_in(
            evidence, message, sign_in_keys
        )
    return known


def load_officers(path: Path) -> dict[str, str]:
    """Read officers' public keys: a JSON object, officer's id → 64 hexadecimal digits.

    Raises:
        OfficersFileError: the file is something else; says where.
        OSError: the file cannot be read.

    """
    source = parse_json(
        decode_text(path.read_bytes(), OfficersFileError, str(path)), OfficersFileError, str(path)
    )
    if not isinstance(source.value, dict):
        raise OfficersFileError([source.problem((), "a JSON object is expected")], source=str(path))
    problems = [
        source.problem((name,), fault) for name, key in source.value.items() if (fault := _fault(key))
    ]
    if problems:
        raise OfficersFileError(problems, source=str(path), hint="`tohyo office key show FILE` prints a key.")
    return {name: key.lower() for name, key in source.value.items()}


def _fault(key: object) -> str:
    try:
        load_public_key(key if isinstance(key, str) else "")
    except OfficerKeyError:
        return "is no public key of 64 hexadecimal digits"
    return ""
