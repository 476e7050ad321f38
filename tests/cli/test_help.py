"""Every command explains itself."""

import pytest
import typer

from scripts.tohyo.main import app


def commands(group, prefix=()):
    for name, command in group.commands.items():
        path = (*prefix, name)
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield path
            yield from commands(command, path)
        else:
            yield path


# one line that is the result, or JSON whatever is asked for
FOR_MACHINES_ALREADY = {"api serve", "office token", "office log", "office credential show"}
ALL = sorted(commands(typer.main.get_command(app)))


def test_the_commands_that_the_documents_promise_are_there():
    promised = (
        "demo, audit, chain up, chain status, zk setup, zk info, zk prove, zk verify, election new, "
        "election deploy, election status, election advance, election close, election result, "
        "voter note, voter deposit, voter vote, voter check"
    )
    assert set(promised.split(", ")) <= {" ".join(path) for path in ALL}


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help_and_machine_output(tohyo, path):
    outcome = tohyo(*path, "--help")
    assert outcome.code == 0
    assert "Usage: tohyo" in outcome.out
    assert ("--json" in outcome.out) is (" ".join(path) not in FOR_MACHINES_ALREADY)


def test_an_unknown_command_is_a_usage_error(tohyo):
    outcome = tohyo("elect")
    assert outcome.code == 2
    assert "No such command" in outcome.err
    assert outcome.out == ""
