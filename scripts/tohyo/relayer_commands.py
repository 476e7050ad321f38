"""`tohyo relayer`: send a voter's ballot from an account that is not the voter's."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from election.ballot import Ballot
from relayer.submitter import Submitter
from scripts.tohyo.options import (
    DEFAULT_RPC,
    ContractOption,
    DeploymentOption,
    DevAccountOption,
    FromOption,
    KeystoreOption,
    PasswordFileOption,
    RpcOption,
    open_election,
    open_sender,
)
from scripts.tohyo.output import JsonFlag, emit_facts

app = typer.Typer(help="Relay ballots, so that voters need no ether.", no_args_is_help=True)


@app.command()
def send(
    ballot_file: Annotated[
        Path, typer.Argument(help="Ballot that `tohyo voter vote --out` wrote.", metavar="BALLOT")
    ],
    rpc: RpcOption = DEFAULT_RPC,
    contract: ContractOption = None,
    deployment: DeploymentOption = None,
    from_address: FromOption = None,
    keystore: KeystoreOption = None,
    password_file: PasswordFileOption = None,
    dev_account: DevAccountOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Check a ballot as the contract will, then cast it from the relayer's account."""
    ballot = Ballot.load(ballot_file)
    election = open_election(rpc, contract, deployment)
    sender = open_sender(election.w3, from_address, keystore, password_file, dev_account)
    result = Submitter.for_election(election.client, sender).submit(ballot)
    emit_facts(asdict(result), as_json=as_json)
