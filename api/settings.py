"""The service's settings: a TOML file, then environment variables `TOHYO_API_…`, then options, last wins.

Nothing is read from the environment at import; `load_settings` does it when asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from api.errors import SettingsError
from identity.credential import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

_STRICT = ConfigDict(extra="forbid", frozen=True)


class OfficerSettings(BaseModel):
    """One officer: what they may do, and how they are recognised."""

    model_config = _STRICT
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    roles: frozenset[str]  # see api.office.roles
    public_key: str = Field(pattern=r"^[0-9a-f]{64}$")  # Ed25519, hexadecimal
    certificate_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")  # of a TLS client certificate


class OidcSettings(BaseModel):
    """One OpenID provider."""

    model_config = _STRICT
    issuer: str
    client_id: str
    private_key: Path  # ES256, PEM
    redirect_uri: str
    key_id: str = ""  # as registered with the provider; empty: the key's RFC 7638 thumbprint
    scopes: str = "openid name address birthdate gender"
    acr_values: str = ""
    unsigned_userinfo: bool = False  # an auditor then has the registrar's word for name and address only


class RevocationSettings(BaseModel):
    """How to learn whether a certificate was revoked; tried in this order until one answers."""

    model_config = _STRICT
    ocsp_url: str = ""
    crl_urls: tuple[str, ...] = ()
    timeout_seconds: float = Field(default=3.0, gt=0)


class RateSettings(BaseModel):
    """Requests a minute; no address is stored."""

    model_config = _STRICT
    challenges: int = Field(default=6_000, ge=1)
    registrations: int = Field(default=12_000, ge=1)
    attempts_per_challenge: int = Field(default=5, ge=1)
    lookups: int = Field(default=30_000, ge=1)  # of registrations, with the receipt


class Settings(BaseSettings):
    """Everything that `tohyo api serve` needs to know."""

    model_config = SettingsConfigDict(env_prefix="TOHYO_API_", env_nested_delimiter="__", extra="forbid")

    database: str = "sqlite:///registrar.sqlite"
    master_key_file: Path = Path("registrar.key")
    mode: Mode = Mode.PRODUCTION
    rpc: str = "http://127.0.0.1:8545"
    contract: str = ""
    registrar_keystore: Path | None = None
    registrar_password_file: Path | None = None
    registrar_dev_account: int | None = Field(default=None, ge=0)
    roots: tuple[Path, ...] = ()  # PEM or DER files, or folders of them
    revocation: RevocationSettings = RevocationSettings()
    oidc: tuple[OidcSettings, ...] = ()
    officers: tuple[OfficerSettings, ...] = ()
    deposits: Literal["batch", "permit"] = "batch"
    batch_size: int = Field(default=100, ge=1, le=200)
    batch_seconds: float = Field(default=60.0, ge=0)  # a batch waits this long for company
    confirmations: int = Field(default=12, ge=0)
    stuck_seconds: int = Field(
        default=60, ge=1
    )  # a transaction not included by then is sent with higher fees
    lease_seconds: int = Field(default=10, ge=1)  # another process takes a dead depositor's place after this
    permit_days: int = Field(default=7, ge=1)
    challenge_seconds: int = Field(default=600, ge=30)
    closing_seconds: int = Field(default=600, ge=0)  # registrations end so long before voting opens
    max_body_bytes: int = Field(default=65_536, ge=1_024)
    rates: RateSettings = RateSettings()
    allowed_origins: tuple[str, ...] = ()  # of web pages that may use the service; https://vote.example.jp
    host: str = "127.0.0.1"
    port: int = Field(default=8700, ge=0, le=65535)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None  # officers' client certificates are issued by this authority


def load_settings(file: Path | None, options: Mapping[str, Any]) -> Settings:
    """Read settings; options that are None do not count.

    Raises:
        SettingsError: a setting is unknown or wrong; says which.
        OSError: the file cannot be read.

    """
    if file is not None:
        file.open("rb").close()  # a missing file would be skipped in silence
    given = {name: value for name, value in options.items() if value is not None}

    class _Sources(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  not read
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  not read
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    try:
        return _Sources(**given)
    except ValidationError as failure:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in failure.errors()]
        raise SettingsError(
            "The settings cannot be used: " + "; ".join(lines), hint="docs/api.md lists every setting."
        ) from failure
