"""`tohyo api keys`, `tohyo api retain`, `tohyo api log`: looking after the registrar's records."""

import os
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.database.rotation import rotate as rotate_keys
from api.database.vault import create_key_file
from api.office.roles import Role
from api.registry.log import read_log, verify_log
from api.registry.retention import count_erasable, erase, require_contest_period_over
from identity.credential import Mode
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.options import ElectionOptions
from scripts.tohyo.output import OUT, JsonFlag, emit, emit_facts, progress_bar
from scripts.tohyo.registry_options import DatabaseOptions, OfficerOptions, RegistryOptions

keys_app = typer.Typer(help="Make and change the registrar's master keys.", no_args_is_help=True)


@keys_app.command()
def new(
    file: Annotated[Path, typer.Argument(help="Where to write the keys.")], as_json: JsonFlag = False
) -> None:
    """Make a file with new master keys, for a new database. Keep a copy: without it all records are lost."""
    vault = create_key_file(file)
    emit_facts({"master_keys": str(file), "current": vault.keys[0].id.hex()}, as_json=as_json)


@keys_app.command()
@grouped_options
def rotate(
    *,
    where: RegistryOptions,
    retire: Annotated[
        bool, typer.Option("--retire", help="Drop the old keys in the end; stop the service before.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Add a master key and bring every record under it; goes on where an interrupted rotation ended."""
    with where.open() as database, progress_bar("wrapping records anew") as report:
        done = rotate_keys(
            database,
            where.settings.master_key_file,
            at=int(time.time()),
            retire=retire,
            environment=os.environ,
            on_progress=report,
        )
    emit_facts(
        {"current": done.key_id, "records": done.rewrapped, "dropped": ", ".join(done.dropped)},
        as_json=as_json,
    )


@grouped_options
def retain(
    *,
    where: DatabaseOptions,
    which: ElectionOptions,
    who: OfficerOptions,
    days: Annotated[
        int,
        typer.Option("--days", min=0, help="Days after the close of voting in which it can be contested."),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it the command only counts.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Erase what a finished election no longer needs; the log, pseudonyms and receipts stay."""
    signer = who.signer(where.settings)
    signer.require_role(Role.APPROVER)
    election = which.open()
    closed_at = election.election.schedule.timestamps()[2]
    with where.open() as database:
        database.bind(election.client.chain_id(), election.client.address, Mode(where.settings.mode))
        if yes:
            require_contest_period_over(closed_at, days, election.now())
            erased = erase(database, actor=signer.id, at=int(time.time()))
        else:
            with database.read() as connection:
                erased = count_erasable(connection)
    facts = {"erased" if yes else "would_erase": asdict(erased)}
    emit_facts(facts | {"log_and_pseudonyms": "kept"}, as_json=as_json)


@grouped_options
def log(
    *,
    where: DatabaseOptions,
    after: Annotated[int, typer.Option("--after", min=0, help="Show the entries after this number.")] = 0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Follow the chain from its beginning; show only its end.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show the registrar's log, or check that it stands as it was written."""
    with where.open() as database, database.read() as connection:
        if verify:
            end = verify_log(connection)
            facts = {"log": "unbroken", "entries": end.sequence, "head": "0x" + end.hash.hex()}
            emit_facts(facts, as_json=as_json)
            return
        entries = [entry.to_json() for entry in read_log(connection, after)]
    emit({"entries": entries}, as_json=as_json, text=lambda: _show_log(entries))


def _show_log(entries: list[dict[str, object]]) -> None:
    for entry in entries:
        at = datetime.fromtimestamp(int(str(entry["at"])), UTC).strftime("%Y-%m-%d %H:%M:%S")
        line = f"{entry['sequence']:>6}  {at}  {entry['actor']}  {entry['action']}  {entry['subject'] or ''}"
        OUT.print(f"{line}  {entry['details'] or ''}", markup=False, highlight=False, soft_wrap=True)
