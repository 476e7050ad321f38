"""Puts the service together from its settings, checking everything that can be checked before it listens."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eth_account import Account

from api.database.engine import open_database
from api.database.vault import Vault
from api.database.vault_check import bind_vault
from api.errors import NotReadyError, NotTheRegistrarError, RollTooLongError, SettingsError
from api.office.credentials import OfficeCredentialVerifier
from api.office.roles import require_officers
from api.registry import roll
from api.services import Services, wall_clock
from chain.connection import connect
from chain.development import development_account
from chain.elections import open_election
from chain.time import require_development_chain
from identity.credential import CredentialKind, Mode
from identity.jpki.trust import TrustStore
from identity.jpki.verifier import JpkiVerifier
from identity.oidc.provider import OidcProvider
from identity.oidc.verifier import OidcVerifier
from identity.revocation.crl import CrlChecker
from identity.revocation.first_answering import FirstAnswering
from identity.revocation.ocsp import OcspChecker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from eth_account.signers.local import LocalAccount
    from web3 import Web3

    from api.settings import OidcSettings, RevocationSettings, Settings
    from chain.election_client import ElectionClient
    from identity.credential import CredentialVerifier
    from identity.revocation.status import RevocationChecker

_LIST_SECONDS: Final = 20.0  # revocation lists are long, and fetched rarely


@dataclass(frozen=True)
class Opened:
    """A service ready to listen; `trust` is None if no cards are accepted."""

    services: Services
    trust: TrustStore | None

    def checks(self) -> dict[str, Callable[[], object]]:
        """Return what `/readyz` asks beside database and chain."""
        return {} if self.trust is None else {"roots": self._require_roots}

    def _require_roots(self) -> None:
        now = self.services.clock()
        if self.trust is None or not any(
            root.certificate.not_valid_before_utc.timestamp()
            <= now
            <= root.certificate.not_valid_after_utc.timestamp()
            for root in self.trust.roots
        ):
            raise NotReadyError("No trusted authority is valid now.", hint="Configure the present roots.")


@contextmanager
def open_services(settings: Settings, clock: Callable[[], int] = wall_clock) -> Iterator[Opened]:
    """Open everything that a service needs, and close it at the end.

    Raises:
        SettingsError: a setting is missing, or does not go with another one.
        TrustError: the roots are of the other mode, or no roots.
        NotTheRegistrarError: the contract has another registrar.
        RollTooLongError: the roll names more people than the election file.
        ChainError, DatabaseError, VaultError: as their modules say.

    """
    require_consistent(settings)
    trust = load_trust(settings)
    vault = Vault.load(settings.master_key_file)
    client = _election(settings)
    account = _registrar(settings, client)
    with ExitStack() as closing:
        database = open_database(settings.database)
        closing.callback(database.close)
        database.bind(client.chain_id(), client.address, settings.mode)
        bind_vault(database, vault)
        verifiers: dict[CredentialKind, CredentialVerifier] = {}
        services = Services(settings, database, vault, client, account, verifiers, clock)
        if trust is not None:
            verifiers[CredentialKind.JPKI] = JpkiVerifier(trust, _revocation(settings.revocation, closing))
        if settings.oidc:
            oidc = OidcVerifier(map(_provider, settings.oidc), vault.mac_key("oidc"), mode=settings.mode)
            closing.callback(oidc.close)
            verifiers[CredentialKind.OIDC] = oidc
        if settings.officers:
            keys = {officer.id: officer.public_key for officer in settings.officers}
            verifiers[CredentialKind.OFFICE] = OfficeCredentialVerifier(database, keys)
        _require_room(services)
        yield Opened(services, trust)


def require_consistent(settings: Settings) -> None:
    """Refuse settings that cannot go together, before anything is opened. Raises SettingsError."""
    if not settings.roots and not settings.oidc:
        raise _wrong(
            "No way to prove one's identity is configured.", "Set roots (of cards) or oidc (sign-in)."
        )
    if settings.roots and not (settings.revocation.ocsp_url or settings.revocation.crl_urls):
        raise _wrong(
            "Nobody is configured to say whether a card was revoked.",
            "Set revocation.ocsp_url or revocation.crl_urls.",
        )
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise _wrong("tls_cert and tls_key go together.", "Set both, or neither behind a proxy.")
    if settings.tls_client_ca is not None and settings.tls_cert is None:
        raise _wrong("Client certificates need TLS.", "Set tls_cert and tls_key, too.")
    if settings.mode is Mode.PRODUCTION and settings.registrar_dev_account is not None:
        raise _wrong(
            "Everybody has the keys of development accounts; production mode takes none.",
            "Use --registrar-keystore, or mode = “test”.",
        )
    require_officers(settings.officers)


def load_trust(settings: Settings) -> TrustStore | None:
    """Load the roots of cards, None if there are none. Raises TrustError."""
    return TrustStore.load(settings.roots, settings.mode) if settings.roots else None


def _election(settings: Settings) -> ElectionClient:
    if not settings.contract:
        raise _wrong("No election is named.", "Set contract, or give --contract ADDRESS.")
    return open_election(connect(settings.rpc), settings.contract)


def _registrar(settings: Settings, client: ElectionClient) -> LocalAccount:
    account = _account(settings, client.w3)
    wanted = client.config().registrar
    if account.address != wanted:
        raise NotTheRegistrarError(
            f"The election's registrar is {wanted}, not {account.address}.",
            hint="Use the registrar's key; the contract refuses the deposits and permits of any other.",
        )
    return account


def _account(settings: Settings, w3: Web3) -> LocalAccount:
    keystore, password = settings.registrar_keystore, settings.registrar_password_file
    if keystore is None and settings.registrar_dev_account is not None:
        require_development_chain(w3)
        return development_account(settings.registrar_dev_account)
    if keystore is None or password is None or settings.registrar_dev_account is not None:
        raise _wrong(
            "Name one key of the registrar.",
            "Set registrar_keystore and registrar_password_file, or registrar_dev_account on a local chain.",
        )
    secret = password.read_text(encoding="utf-8").rstrip("\n")
    try:
        key = Account.decrypt(json.loads(keystore.read_text(encoding="utf-8")), secret)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _wrong(
            f"{keystore} could not be opened.", "Check that it is an Ethereum keystore (V3) and the password."
        ) from None
    account: LocalAccount = Account.from_key(key)
    return account


def _revocation(settings: RevocationSettings, closing: ExitStack) -> RevocationChecker:
    checkers: list[RevocationChecker] = []
    if settings.ocsp_url:
        ocsp = OcspChecker(settings.ocsp_url, settings.timeout_seconds)
        closing.callback(ocsp.close)
        checkers.append(ocsp)
    if settings.crl_urls:
        lists = CrlChecker(settings.crl_urls, max(settings.timeout_seconds, _LIST_SECONDS))
        closing.callback(lists.close)
        checkers.append(lists)
    return FirstAnswering(checkers)


def _provider(settings: OidcSettings) -> OidcProvider:
    choices: Mapping[str, object] = settings.model_dump(
        include={"key_id", "scopes", "acr_values", "unsigned_userinfo"}
    )
    return OidcProvider.load(
        settings.issuer, settings.client_id, settings.private_key, settings.redirect_uri, **choices
    )


def _require_room(services: Services) -> None:
    """Refuse a roll that the election was not made for: every audit would say that something is wrong."""
    with services.database.read() as connection:
        names = roll.size(connection)
    if names > services.election.electorate:
        raise RollTooLongError(
            f"The roll names {names:,} people, the election file {services.election.electorate:,}.",
            hint="Use the roll that the election was made for.",
        )


def _wrong(message: str, hint: str) -> SettingsError:
    return SettingsError(message, hint=hint)
