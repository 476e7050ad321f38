"""`tohyo voter`: a voter's own tools — the note, the deposit, the vote, and the check that it arrived."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from web3.constants import ADDRESS_ZERO

from chain.paths import KEYS_DIR
from election.permit import DepositPermit
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.options import (
    ElectionOptions,
    KeysOption,
    NoSenderError,
    SenderOptions,
    address_option,
)
from scripts.tohyo.output import EXIT_NO, OUT, JsonFlag, emit, emit_facts, write_json
from voter.note import Note
from voter.wallet import check_ballot, prepare_ballot
from zk.field import parse_field_element
from zk.proving import StatementProver

app = typer.Typer(help="Deposit, vote, and check that the ballot is in.", no_args_is_help=True)

NoteOption = Annotated[
    Path, typer.Option("--note", help="File with your note. Whoever reads it can vote for you.")
]


@app.command()
@grouped_options
def note(
    out: Annotated[Path, typer.Option("--out", help="Where to keep the new note.")] = Path("note.txt"),
    show: Annotated[
        Path | None, typer.Option("--show", help="Show the commitment of this note; make none.")
    ] = None,
    *,
    which: ElectionOptions,
    as_json: JsonFlag = False,
) -> None:
    """Make a note for one election and show its commitment; the note itself is never printed.

    The note is one line of text. Losing it loses the vote: nobody can make it again.
    """
    if show is not None:
        kept, path = Note.load(show), show
    else:
        election = which.open()
        client = election.client
        kept, path = Note.create(client.chain_id(), client.address, client.scheme), out
        kept.save(path)
    document = {
        "note_file": str(path),
        "chain_id": kept.chain_id,
        "contract": kept.contract,
        "scheme": kept.scheme.value,
        "commitment": str(kept.commitment),
    }

    def text() -> None:
        emit_facts(document, as_json=False)
        OUT.print("Keep this file secret and keep a copy: without it you cannot vote.")
        OUT.print("このファイルは誰にも見せず、控えを保管してください。失うと投票できません。")

    emit(document, as_json=as_json, text=text)


@app.command()
@grouped_options
def deposit(
    permit: Annotated[Path, typer.Option("--permit", help="The registrar's permit for your commitment.")],
    note_file: Annotated[
        Path | None, typer.Option("--note", help="Check first that the permit is for this note.")
    ] = None,
    *,
    which: ElectionOptions,
    sender: SenderOptions,
    as_json: JsonFlag = False,
) -> None:
    """Put a commitment into the election with the registrar's permit.

    The permit is all it takes, so anyone may send it: the registrar, say, for voters without ether.
    """
    election = which.open()
    permission = DepositPermit.load(permit)
    if note_file is not None:
        kept = election.note(note_file)
        permission.require_commitment(kept.commitment)
    result = election.client.deposit_with_permit(permission, sender.open(election.w3))
    emit_facts({"commitment": str(permission.commitment), **asdict(result)}, as_json=as_json)


@app.command()
@grouped_options
def vote(
    note_file: NoteOption,
    choice: Annotated[str, typer.Option("--choice", help="Number of the candidate, or the exact name.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the ballot to this file for a relayer instead of sending it."),
    ] = None,
    relayer: Annotated[
        str, typer.Option("--relayer", help="Account that may collect the fee.")
    ] = ADDRESS_ZERO,
    fee: Annotated[int, typer.Option("--fee", min=0, help="Fee for the relayer, in wei.")] = 0,
    keys: KeysOption = KEYS_DIR,
    *,
    which: ElectionOptions,
    sender: SenderOptions,
    as_json: JsonFlag = False,
) -> None:
    """Prove that you may vote, without saying who you are, and cast the ballot or write it for a relayer.

    Sending from an account that others connect with you gives you away: prefer --out and a relayer.
    """
    if out is None and not sender.is_given:
        raise NoSenderError(
            "Nobody was named to send the ballot.",
            hint="--out FILE hands it to a relayer; --from, --keystore or --dev-account sends it yourself.",
        )
    election = which.open()
    kept = election.note(note_file)
    payee = address_option(relayer, "--relayer")
    prover = StatementProver(election.load_keys(keys))
    index = election.election.choice_of(choice)
    ballot = prepare_ballot(kept, election.client, prover, index, payee, fee)
    document = {
        "nullifier_hash": str(ballot.nullifier_hash),
        "choice": election.election.candidates[index].name,
    }
    if out is not None:
        write_json(out, ballot.to_json())
        document["ballot_file"] = str(out)
    else:
        document |= asdict(election.client.cast_vote(ballot, sender.open(election.w3)))
    emit_facts(document, as_json=as_json)


@app.command()
@grouped_options
def check(
    nullifier_hash: Annotated[
        str | None,
        typer.Option(
            "--nullifier-hash", help="The ballot's nullifier hash, as `tohyo voter vote` showed it."
        ),
    ] = None,
    note_file: Annotated[
        Path | None,
        typer.Option("--note", help="Compute the nullifier hash from this note, on this machine."),
    ] = None,
    *,
    which: ElectionOptions,
    as_json: JsonFlag = False,
) -> None:
    """Say whether a ballot is in (exit 1: it is not). The note never leaves this machine.

    All ballots are downloaded and searched here, so that the node does not learn which one you look for.
    """
    if (nullifier_hash is None) == (note_file is None):
        raise typer.BadParameter("Give either --nullifier-hash or --note.")
    election = which.open()
    if note_file is not None:
        kept = election.note(note_file)
        wanted = kept.nullifier_hash(election.client.config().election_id)
    else:
        wanted = parse_field_element(nullifier_hash or "", "nullifier hash")
    status = check_ballot(election.client, wanted)
    document = status.to_json()
    if status.choice is not None:
        document["candidate"] = election.election.candidates[status.choice].name
    emit_facts(document, as_json=as_json)
    if not status.counted:
        raise typer.Exit(EXIT_NO)
