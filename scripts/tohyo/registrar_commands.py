"""`tohyo registrar`: permit one deposit for each voter on the roll."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.registrar import Registrar
from election.roll import load_roll
from scripts.tohyo.option_groups import grouped_options
from scripts.tohyo.options import (
    ElectionOptions,
    KeyOptions,
)
from scripts.tohyo.output import JsonFlag, emit_facts, write_json
from zk.field import parse_field_element

app = typer.Typer(help="Decide who may deposit a commitment.", no_args_is_help=True)


@app.command()
@grouped_options
def permit(
    voter_id: Annotated[str, typer.Option("--voter-id", help="The voter's entry on the roll.")],
    commitment: Annotated[
        str, typer.Option("--commitment", help="The voter's commitment, decimal or 0x hexadecimal.")
    ],
    roll: Annotated[Path, typer.Option("--roll", help="Voter roll (CSV: voter_id,name).")],
    out: Annotated[Path, typer.Option("--out", help="Where to write the permit.")] = Path("permit.json"),
    store: Annotated[Path, typer.Option("--store", help="Record of the permits given so far.")] = Path(
        "registrar.sqlite"
    ),
    valid_days: Annotated[
        int, typer.Option("--valid-days", min=1, help="Days until the permit expires.")
    ] = 30,
    *,
    which: ElectionOptions,
    key: KeyOptions,
    as_json: JsonFlag = False,
) -> None:
    """Sign one voter's deposit permit; a voter gets one, however often they ask."""
    election = which.open()
    account = key.account(election.w3)
    registrar = Registrar.for_election(election.client, account, load_roll(roll), store)
    now = election.now()
    deadline = now + valid_days * 86_400
    signed = registrar.permit(voter_id, parse_field_element(commitment, "commitment"), deadline, now=now)
    write_json(out, signed.to_json())
    expiry = datetime.fromtimestamp(signed.deadline, UTC).isoformat()
    emit_facts({"permit": str(out), "voter": voter_id, "valid_until": expiry}, as_json=as_json)
