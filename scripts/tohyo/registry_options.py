"""Options that the registrar's commands share: its settings, its database, its keys, and who acts."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.database.engine import Database, open_database
from api.database.vault import Vault
from api.registry.signing import Signer
from api.settings import Settings, load_settings
from identity.officer import OfficerKey

if TYPE_CHECKING:
    from collections.abc import Iterator

PasswordOption = Annotated[
    Path | None,
    typer.Option("--officer-password-file", help="Read the password of the officer's key from this file."),
]


@dataclass
class DatabaseOptions:
    """Which database: the settings' one, unless options say otherwise."""

    config: Annotated[
        Path | None, typer.Option("--config", help="Settings of the service (TOML); they name the officers.")
    ] = None
    database: Annotated[
        str | None, typer.Option("--database", help="sqlite:///FILE or postgresql://USER@HOST/NAME.")
    ] = None

    @cached_property
    def settings(self) -> Settings:
        """The service's settings, with these options in them."""
        return load_settings(self.config, {"database": self.database} | self.overrides())

    def overrides(self) -> dict[str, object]:
        """Return what else the options say."""
        return {}

    @contextmanager
    def open(self) -> Iterator[Database]:
        """Open the database while a command runs."""
        database = open_database(self.settings.database)
        try:
            yield database
        finally:
            database.close()


@dataclass
class RegistryOptions(DatabaseOptions):
    """Which database, and the key file that opens its records."""

    master_key: Annotated[
        Path | None, typer.Option("--master-key", help="File with the master keys (`tohyo api keys new`).")
    ] = None

    def overrides(self) -> dict[str, object]:
        """Return what else the options say."""
        return {"master_key_file": self.master_key}

    def vault(self) -> Vault:
        """Read the master keys."""
        return Vault.load(self.settings.master_key_file)


@dataclass
class OfficerOptions:
    """Who acts, and the key to sign with."""

    officer: Annotated[str, typer.Option("--officer", help="Id of the officer who acts.")]
    officer_key: Annotated[Path, typer.Option("--officer-key", help="That officer's private key (PEM).")]
    officer_password_file: PasswordOption = None

    def signer(self, settings: Settings) -> Signer:
        """Open the key and find its officer in the settings."""
        password = None
        if self.officer_password_file is not None:
            password = self.officer_password_file.read_text(encoding="utf-8").rstrip("\n")
        return Signer.of(settings.officers, self.officer, OfficerKey.load(self.officer_key, password))
