"""`tohyo api`: run the registrar's service, and check its settings."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from api.app import create_app
from api.assembly import load_trust, open_services, require_consistent
from api.depositor import Depositor
from api.logs import set_up_logging
from api.server import serve
from api.settings import Settings, load_settings
from identity.credential import Mode
from identity.jpki.trust import describe_roots
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.output import JsonFlag, emit_facts

app = typer.Typer(help="Run the registrar's service.", no_args_is_help=True)


@dataclass
class ServiceOptions:
    """Settings that may be given as options, too; they win over the file and the environment."""

    config: Annotated[
        Path | None, typer.Option("--config", help="Settings (TOML); docs/api.md lists them.")
    ] = None
    database: Annotated[
        str | None, typer.Option("--database", help="sqlite:///FILE or postgresql://USER@HOST/NAME.")
    ] = None
    master_key: Annotated[
        Path | None, typer.Option("--master-key", help="File with the master keys (`tohyo api keys new`).")
    ] = None
    mode: Annotated[Mode | None, typer.Option("--mode", help="Real cards, or cards of a test PKI.")] = None
    rpc: Annotated[str | None, typer.Option("--rpc", help="JSON-RPC address of the chain.")] = None
    contract: Annotated[str | None, typer.Option("--contract", help="The election's contract.")] = None
    keystore: Annotated[
        Path | None, typer.Option("--registrar-keystore", help="The registrar's encrypted keystore.")
    ] = None
    password_file: Annotated[
        Path | None, typer.Option("--registrar-password-file", help="Read the keystore's password from it.")
    ] = None
    dev_account: Annotated[
        int | None,
        typer.Option("--registrar-dev-account", min=0, help="A development chain's well-known account N."),
    ] = None
    root: Annotated[
        list[Path] | None, typer.Option("--root", help="Root certificates of cards (PEM, DER, a folder).")
    ] = None
    ocsp_url: Annotated[
        str | None, typer.Option("--ocsp-url", help="Who says whether a card was revoked.")
    ] = None
    crl_url: Annotated[
        list[str] | None, typer.Option("--crl-url", help="Where revocation lists are; may be repeated.")
    ] = None
    host: Annotated[str | None, typer.Option("--host", help="Address to listen at.")] = None
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one.")
    ] = None
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="Certificate chain (PEM).")] = None
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Its private key (PEM).")] = None
    tls_client_ca: Annotated[
        Path | None, typer.Option("--tls-client-ca", help="Authority of officers' client certificates (PEM).")
    ] = None

    def load(self) -> Settings:
        """Read the settings with these options in them."""
        return load_settings(self.config, self._given())

    def _given(self) -> dict[str, Any]:
        revocation = {"ocsp_url": self.ocsp_url, "crl_urls": tuple(self.crl_url or ()) or None}
        asked = {name: value for name, value in revocation.items() if value is not None}
        return {
            "database": self.database,
            "master_key_file": self.master_key,
            "mode": self.mode,
            "rpc": self.rpc,
            "contract": self.contract,
            "registrar_keystore": self.keystore,
            "registrar_password_file": self.password_file,
            "registrar_dev_account": self.dev_account,
            "roots": tuple(self.root) if self.root else None,
            "revocation": asked or None,
            "host": self.host,
            "port": self.port,
            "tls_cert": self.tls_cert,
            "tls_key": self.tls_key,
            "tls_client_ca": self.tls_client_ca,
        }


@app.command("serve")
@grouped_options
def serve_command(
    *,
    options: ServiceOptions,
    without_depositor: Annotated[
        bool,
        typer.Option("--without-depositor", help="Leave depositing to another process."),
    ] = False,
) -> None:
    """Run the service until SIGTERM or SIGINT; standard output gets its address, standard error the log."""
    settings = options.load()
    set_up_logging()
    with open_services(settings) as opened:
        service = create_app(settings, opened.services, opened.checks())
        deposit = None if without_depositor else Depositor(opened.services).run
        serve(service, settings, _announce, deposit)


@app.command("check")
@grouped_options
def check_command(*, options: ServiceOptions, as_json: JsonFlag = False) -> None:
    """Check the settings and list the roots that would be trusted; no chain and no database is asked."""
    settings = options.load()
    require_consistent(settings)
    trust = load_trust(settings)
    facts: dict[str, Any] = {
        "mode": settings.mode.value,
        "deposits": settings.deposits,
        "officers": len(settings.officers),
        "sign_in": [provider.issuer for provider in settings.oidc],
        "roots": [asdict(root) for root in describe_roots(trust)] if trust else [],
    }
    emit_facts(facts, as_json=as_json)


def _announce(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
