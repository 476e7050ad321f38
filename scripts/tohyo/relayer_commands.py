"""`tohyo relayer`: send a voter's ballot from an account that is not the voter's."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from election.ballot import Ballot
from relayer.submitter import Submitter
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.options import (
    ElectionOptions,
    SenderOptions,
    warn_of_development_keys,
)
from scripts.tohyo.output import JsonFlag, emit_facts

app = typer.Typer(help="Relay ballots, so that voters need no ether.", no_args_is_help=True)


@app.command()
@grouped_options
def send(
    ballot_file: Annotated[
        Path, typer.Argument(help="Ballot that `tohyo voter vote --out` wrote.", metavar="BALLOT")
    ],
    *,
    which: ElectionOptions,
    sender: SenderOptions,
    as_json: JsonFlag = False,
) -> None:
    """Check a ballot as the contract will, then cast it from the relayer's account."""
    ballot = Ballot.load(ballot_file)
    election = which.open()
    warn_of_development_keys(election.client.transcript_hash())
    result = Submitter.for_election(election.client, sender.open(election.w3)).submit(ballot)
    emit_facts(asdict(result), as_json=as_json)
