"""docs/cli.md and the README speak of the commands that exist, with the options that they have."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest
import typer

from scripts.tohyo.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click
    from conftest import Page

PAGES_WITH_COMMANDS = [
    "README.md",
    "docs/cli.md",
    "docs/operations.md",
    "docs/voter-guide.md",
    "docs/ceremony.md",
]


def _walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    if path and command.invoke_without_command:  # type: ignore[attr-defined]  # a group has children
        yield path, command
    for name, child in children.items():
        yield from _walk(child, (*path, name))


@pytest.fixture(scope="module")
def commands() -> dict[tuple[str, ...], click.Command]:
    """Return every subcommand by its words, without `tohyo` itself."""
    return dict(_walk(typer.main.get_command(app), ()))


def _summary(command: click.Command) -> str:
    return (command.help or "").strip().split("\n\n")[0].replace("\n", " ")


def _written_commands(page: Page) -> list[list[str]]:
    """Return the words after `tohyo` of each command line in a code block; a backslash joins lines."""
    text = "\n".join(page.code_lines()).replace("\\\n", " ")
    lines = re.findall(r"^(?:\$ )?(?:\S*/)?tohyo (.+)$", text, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


def _resolve(
    words: list[str], commands: dict[tuple[str, ...], click.Command]
) -> tuple[click.Command | None, list[str]]:
    for length in (4, 3, 2, 1):
        found = commands.get(tuple(words[:length]))
        if found is not None:
            return found, words[length:]
    return None, words


def _is_group(words: list[str], commands: dict[tuple[str, ...], click.Command]) -> bool:
    return any(path[: len(words)] == tuple(words) for path in commands)


def test_the_table_of_commands_is_the_real_one(
    docs: dict[str, Page], commands: dict[tuple[str, ...], click.Command]
) -> None:
    rows = docs["docs/cli.md"].section("All commands").rows()
    written = {row[0].strip("`"): row[1] for row in rows}
    assert written == {" ".join(("tohyo", *path)): _summary(command) for path, command in commands.items()}


def test_each_command_has_a_section_that_names_its_options(
    docs: dict[str, Page], commands: dict[tuple[str, ...], click.Command]
) -> None:
    page = docs["docs/cli.md"]
    shared = page.section("Options that many commands share").text
    missing = []
    for path, command in commands.items():
        text = page.section(" ".join(("tohyo", *path))).text + shared
        for parameter in command.params:
            options = [o for o in (*parameter.opts, *parameter.secondary_opts) if o.startswith("--")]
            missing += [f"{path}: {o}" for o in options if not re.search(rf"`{o}[ `]", text)]
    assert missing == []


@pytest.mark.parametrize("name", PAGES_WITH_COMMANDS)
def test_a_command_in_a_code_block_exists_with_its_options(
    name: str, docs: dict[str, Page], commands: dict[tuple[str, ...], click.Command]
) -> None:
    lines = _written_commands(docs[name])
    assert lines, f"{name} shows no command"
    for words in lines:
        if words[-1] == "--help" and _is_group(words[:-1], commands):
            continue
        command, rest = _resolve(words, commands)
        assert command is not None, f"{name}: there is no `tohyo {' '.join(words)}`"
        known = {
            option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        used = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert used <= known | {"--help"}, f"{name}: tohyo {' '.join(words)}"


def test_the_readme_shows_every_group_of_commands(
    docs: dict[str, Page], commands: dict[tuple[str, ...], click.Command]
) -> None:
    shown = {words[0] for words in _written_commands(docs["README.md"])}
    assert {path[0] for path in commands} <= shown


def test_exit_codes_are_the_ones_the_program_uses(docs: dict[str, Page]) -> None:
    from scripts.tohyo import output  # noqa: PLC0415  beside its only use

    rows = docs["docs/cli.md"].section("Exit codes").rows()
    assert [int(row[0]) for row in rows] == [0, output.EXIT_NO, output.EXIT_FAILED, output.EXIT_INTERRUPTED]
