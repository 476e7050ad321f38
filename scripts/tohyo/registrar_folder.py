"""`tohyo api new`: a folder with everything that a registrar needs to begin.

Keys of officers are made here only for tests; in production each officer makes one, and hands in the public
half.
"""

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from api.database.vault import create_key_file
from api.office.roles import Role
from api.settings import OfficerSettings, Settings, load_settings
from identity.credential import Mode
from identity.officer import OfficerKey
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.options import ElectionOptions
from scripts.tohyo.output import JsonFlag, emit_facts
from zk.errors import TohyoError
from zk.whole_file import write_whole

SETTINGS, MASTER_KEYS, DATABASE = "registrar.toml", "registrar.key", "registrar.sqlite"
_OFFICER = re.compile(r"(?P<id>[a-z0-9][a-z0-9-]{0,31})(=(?P<key>[0-9a-f]{64}))?")


class OfficerOptionError(TohyoError):
    """An officer was named in a way that cannot be used."""


class RegistrarFolderExistsError(TohyoError):
    """The folder has a registrar already."""


@grouped_options
def new(
    directory: Annotated[Path, typer.Argument(help="Folder to write to.", metavar="DIRECTORY")],
    mode: Annotated[Mode, typer.Option("--mode", help="Real cards, or cards of a test PKI.")],
    officer: Annotated[
        list[str],
        typer.Option(
            "--officer",
            help="ID=PUBLICKEY, at least two; in test mode ID alone makes the officer's key here.",
        ),
    ],
    root: Annotated[
        list[Path], typer.Option("--root", help="Root certificates of cards (PEM, DER, a folder).")
    ],
    ocsp_url: Annotated[str, typer.Option("--ocsp-url", help="Who says whether a card was revoked.")] = "",
    keystore: Annotated[
        Path | None, typer.Option("--registrar-keystore", help="The registrar's encrypted keystore.")
    ] = None,
    dev_account: Annotated[
        int | None,
        typer.Option("--registrar-dev-account", min=0, help="A development chain's well-known account N."),
    ] = None,
    *,
    which: ElectionOptions,
    as_json: JsonFlag = False,
) -> None:
    """Write settings and master keys for a registrar's service; never over what is there."""
    election = which.open()
    officers = _officers(officer, directory, mode)
    folder = directory.absolute()
    lines = [
        _line("database", f"sqlite:///{folder / DATABASE}"),
        _line("master_key_file", str(folder / MASTER_KEYS)),
        _line("mode", mode.value),
        _line("rpc", which.rpc),
        _line("contract", election.client.address),
        _line("roots", [str(path.absolute()) for path in root]),
    ]
    if keystore is not None:
        lines.append(_line("registrar_keystore", str(keystore.absolute())))
    if dev_account is not None:  # a local chain: blocks come only with transactions, and nobody waits
        lines.append(_line("registrar_dev_account", dev_account))
        lines += [_line("confirmations", 0), _line("batch_seconds", 2)]
    if ocsp_url:
        lines += ["", "[revocation]", _line("ocsp_url", ocsp_url)]
    for one in officers:
        lines += ["", "[[officers]]", _line("id", one.id)]
        lines += [_line("roles", sorted(one.roles)), _line("public_key", one.public_key)]
    settings = _write(folder, "\n".join(lines) + "\n")
    facts = {"settings": str(folder / SETTINGS), "mode": settings.mode.value}
    emit_facts(facts | {"officers": ", ".join(one.id for one in officers)}, as_json=as_json)


def _write(folder: Path, text: str) -> Settings:
    path = folder / SETTINGS
    if path.exists():
        raise RegistrarFolderExistsError(
            f"{folder} has a registrar already.", hint="Name another folder; this one is left as it is."
        )
    create_key_file(folder / MASTER_KEYS)
    write_whole(path, text, private=True)
    return load_settings(path, {})


def _officers(named: list[str], directory: Path, mode: Mode) -> list[OfficerSettings]:
    found = [_OFFICER.fullmatch(text) for text in named]
    ids = [one["id"] for one in found if one]
    if None in found or len(set(ids)) != len(named) or len(named) < 2:  # noqa: PLR2004  two sign everything
        raise OfficerOptionError(
            "Name at least two different officers.",
            hint="--officer hanako=PUBLICKEY --officer taro=PUBLICKEY",
        )
    roles = frozenset(role.value for role in Role)
    directory.mkdir(parents=True, exist_ok=True)
    return [
        OfficerSettings(
            id=one["id"], roles=roles, public_key=one["key"] or _make_key(one["id"], directory, mode)
        )
        for one in found
        if one
    ]


def _make_key(officer: str, directory: Path, mode: Mode) -> str:
    """Make an officer's key here. In production nobody else may ever have held it."""
    if mode is Mode.PRODUCTION:
        raise OfficerOptionError(
            f"The public key of {officer} is missing.",
            hint=f"{officer} runs `tohyo office key new FILE` and hands in the public key it prints.",
        )
    path = directory / f"officer-{officer}.pem"
    key = OfficerKey.load(path) if path.exists() else OfficerKey.create()
    if not path.exists():
        key.save(path)
    return key.public_key_hex


def _line(name: str, value: object) -> str:
    """Write one setting: JSON's texts, numbers and lists are TOML's, too."""
    return f"{name} = {json.dumps(value, ensure_ascii=False)}"
