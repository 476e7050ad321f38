"""Entry point of the `tohyo` command: its subcommands, and errors as sentences and exit codes."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn

import typer
from rich.markup import escape
from typer.core import TyperGroup

from scripts.tohyo.output import ERR, EXIT_FAILED, harmless
from zk.errors import TohyoError

if TYPE_CHECKING:
    from typer._click.core import Command

# Name → module with an `app`. Only the one that is asked for is imported: all of them take seconds.
_MODULES: Final = {
    "demo": "demo_command",
    "audit": "audit_command",
    "election": "election_commands",
    "voter": "voter_commands",
    "api": "registrar_group",
    "roll": "roll_commands",
    "office": "office_commands",
    "testpki": "testpki_commands",
    "relayer": "relayer_commands",
    "zk": "zk_commands",
    "chain": "chain_commands",
}


class LazyGroup(TyperGroup):
    """Imports a subcommand when somebody asks for it."""

    @property
    def commands(self) -> dict[str, Command]:
        """Every subcommand, imported."""
        return {name: _load(name) for name in _MODULES}

    @commands.setter
    def commands(self, given: object) -> None:
        """Typer has none to give."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        """Return the names in the order of an election."""
        return list(_MODULES)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Command | None:  # type: ignore[override]  # noqa: ARG002
        """Return one subcommand."""
        return _load(cmd_name) if cmd_name in _MODULES else None


def _load(name: str) -> Command:
    module_app = import_module(f"scripts.tohyo.{_MODULES[name]}").app
    make = typer.main.get_command if name == "demo" else typer.main.get_group  # the others have subcommands
    command: Command = make(module_app)
    command.name = name
    return command


app = typer.Typer(
    name="tohyo",
    cls=LazyGroup,
    help="Anonymous elections on an Ethereum-compatible chain that anyone can recount.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 yes or done · 1 the answer is no · 2 could not · 130 interrupted.",
)


@app.callback()
def _tohyo() -> None:
    pass


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
