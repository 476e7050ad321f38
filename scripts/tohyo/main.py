"""Entry point of the `tohyo` command: its subcommands, and errors as sentences and exit codes."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer
from rich.markup import escape

from scripts.tohyo import (
    api_commands,
    audit_command,
    chain_commands,
    demo_command,
    election_commands,
    office_commands,
    registrar_folder,
    registry_commands,
    relayer_commands,
    roll_commands,
    testpki_commands,
    voter_commands,
    zk_commands,
)
from scripts.tohyo.output import ERR, EXIT_FAILED, harmless
from zk.errors import TohyoError

app = typer.Typer(
    name="tohyo",
    help="Anonymous elections on an Ethereum-compatible chain that anyone can recount.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 yes or done · 1 the answer is no · 2 could not · 130 interrupted.",
)
app.command("demo")(demo_command.demo)
app.add_typer(audit_command.app, name="audit")
app.add_typer(election_commands.app, name="election")
app.add_typer(voter_commands.app, name="voter")
api_commands.app.command("new")(registrar_folder.new)
api_commands.app.command("retain")(registry_commands.retain)
api_commands.app.command("log")(registry_commands.log)
api_commands.app.command("evidence")(office_commands.evidence)
api_commands.app.add_typer(registry_commands.keys_app, name="keys")
app.add_typer(api_commands.app, name="api")
app.add_typer(roll_commands.app, name="roll")
app.add_typer(office_commands.app, name="office")
app.add_typer(testpki_commands.app, name="testpki")
app.add_typer(relayer_commands.app, name="relayer")
app.add_typer(zk_commands.app, name="zk")
app.add_typer(chain_commands.app, name="chain")


def main() -> NoReturn:
    """Run the command line; a foreseen error becomes a sentence and an exit code, never a traceback."""
    try:
        app(prog_name="tohyo")
    except TohyoError as error:
        show_error(error.code, str(error), error.hint)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        show_error(
            "file", f"{where}{error.strerror or error}", "Check the path, its permissions and free space."
        )
    sys.exit(EXIT_FAILED)


def show_error(code: str, message: str, hint: str = "") -> None:
    """Print a foreseen error and what to do about it on standard error."""
    text = escape(harmless(message))
    ERR.print(f"[bold red]error[/] [dim]{code}[/]: {text}", highlight=False, soft_wrap=True)
    if hint:
        ERR.print(f"  {escape(harmless(hint))}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
