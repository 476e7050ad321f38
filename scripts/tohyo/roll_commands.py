"""`tohyo roll`: who may vote. Every change is proposed by one officer and approved by another."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.registry import ledger
from api.registry.change_lists import Proposal, approve, pending, propose, read_changes, reject
from api.registry.changes import ChangeKind, Changes
from api.registry.log import head
from api.registry.roll import size
from election.roll import load_roll, load_voter_ids
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.output import OUT, JsonFlag, emit, emit_facts, progress_bar, show_facts
from scripts.tohyo.registry_options import DatabaseOptions, OfficerOptions, RegistryOptions

app = typer.Typer(help="Keep the voter roll, with two officers for every change.", no_args_is_help=True)

RollArgument = Annotated[
    Path, typer.Argument(help="CSV: voter_id,name,date_of_birth,sex,address (UTF-8 or Shift JIS).")
]
IdsArgument = Annotated[Path, typer.Argument(help="CSV with the one column voter_id.")]
ListArgument = Annotated[str, typer.Argument(metavar="ID", help="The list's id (`tohyo roll pending`).")]


@app.command("import")
@grouped_options
def import_roll(
    file: RollArgument, *, where: RegistryOptions, who: OfficerOptions, as_json: JsonFlag = False
) -> None:
    """Propose a whole roll, for an election that has none yet."""
    _propose(Changes(ChangeKind.IMPORT, load_roll(file).entries), where, who, as_json=as_json)


@app.command()
@grouped_options
def add(
    file: RollArgument, *, where: RegistryOptions, who: OfficerOptions, as_json: JsonFlag = False
) -> None:
    """Propose to put people on the roll."""
    _propose(Changes(ChangeKind.ADD, load_roll(file).entries), where, who, as_json=as_json)


@app.command()
@grouped_options
def remove(
    file: IdsArgument, *, where: RegistryOptions, who: OfficerOptions, as_json: JsonFlag = False
) -> None:
    """Propose to take people off the roll who hold neither a ballot nor a registration."""
    changes = Changes(ChangeKind.REMOVE, voter_ids=load_voter_ids(file))
    _propose(changes, where, who, as_json=as_json)


@app.command()
@grouped_options
def correct(
    file: RollArgument, *, where: RegistryOptions, who: OfficerOptions, as_json: JsonFlag = False
) -> None:
    """Propose to correct what the roll says of people; whole lines, found by voter_id."""
    _propose(Changes(ChangeKind.CORRECT, load_roll(file).entries), where, who, as_json=as_json)


@app.command("approve")
@grouped_options
def approve_list(
    list_id: ListArgument, *, where: RegistryOptions, who: OfficerOptions, as_json: JsonFlag = False
) -> None:
    """Approve a list as the second officer; it takes effect, all of it or nothing."""
    signer, vault, officers = who.signer(where.settings), where.vault(), where.settings.officers
    with where.open() as database, progress_bar("changing the roll") as report:
        decided = approve(database, vault, list_id, signer, _now(), officers=officers, on_progress=report)
    _show_proposal(decided, as_json=as_json)


@app.command("reject")
@grouped_options
def reject_list(
    list_id: ListArgument, *, where: DatabaseOptions, who: OfficerOptions, as_json: JsonFlag = False
) -> None:
    """Reject a list as the second officer; the roll stays as it is."""
    with where.open() as database:
        decided = reject(database, list_id, who.signer(where.settings), _now())
    _show_proposal(decided, as_json=as_json)


@app.command("pending")
@grouped_options
def show_pending(*, where: DatabaseOptions, as_json: JsonFlag = False) -> None:
    """Show the lists that wait for a second officer; without anybody on them."""
    with where.open() as database, database.read() as connection:
        waiting = [_document(proposal) for proposal in pending(connection)]
    emit({"pending": waiting}, as_json=as_json, text=lambda: _show_waiting(waiting))


@app.command()
@grouped_options
def review(list_id: ListArgument, *, where: RegistryOptions, as_json: JsonFlag = False) -> None:
    """Show whom a list is about, for the second officer to read. Prints personal data."""
    with where.open() as database, database.read() as connection:
        document = read_changes(connection, where.vault(), list_id).to_json("")
    shown = {name: document[name] for name in ("kind", "entries", "voter_ids")}
    emit(shown, as_json=as_json, text=lambda: _show_changes(shown))


@app.command()
@grouped_options
def show(*, where: DatabaseOptions, as_json: JsonFlag = False) -> None:
    """Count the people on the roll by what they did so far; names nobody."""
    with where.open() as database, database.read() as connection:
        counts = {status.value: number for status, number in ledger.counts(connection).items()}
        end = head(connection)
        facts = {
            "people": size(connection),
            "status": counts,
            "pending_lists": len(pending(connection)),
            "log": {"entries": end.sequence, "head": "0x" + end.hash.hex()},
        }
    emit_facts(facts, as_json=as_json)


def _propose(changes: Changes, where: RegistryOptions, who: OfficerOptions, *, as_json: bool) -> None:
    with where.open() as database:
        proposal = propose(database, where.vault(), changes, who.signer(where.settings), _now())
    _show_proposal(proposal, as_json=as_json)


def _show_proposal(proposal: Proposal, *, as_json: bool) -> None:
    emit_facts(_document(proposal), as_json=as_json)


def _document(proposal: Proposal) -> dict[str, object]:
    return {name: value for name, value in asdict(proposal).items() if name != "proposed_at"} | {
        "timestamp": proposal.proposed_at
    }


def _show_waiting(waiting: list[dict[str, object]]) -> None:
    if not waiting:
        OUT.print("No list waits for a second officer.")
    for document in waiting:
        show_facts([(name.replace("_", " "), value) for name, value in document.items()])
        OUT.print()


def _show_changes(shown: dict[str, list[dict[str, str]] | list[str]]) -> None:
    for entry in shown["entries"]:
        OUT.print(
            ",".join(entry.values()) if isinstance(entry, dict) else entry, markup=False, soft_wrap=True
        )
    for voter_id in shown["voter_ids"]:
        OUT.print(str(voter_id), markup=False, soft_wrap=True)


def _now() -> int:
    return int(time.time())
