"""How the command line speaks: results on standard output, everything else on standard error.

Trusts nothing; knows no election. With `--json` standard output carries one JSON document and nothing else,
so progress, warnings and errors go to standard error always.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from zk.errors import shown
from zk.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

OUT = Console()
ERR = Console(stderr=True)

STDOUT = Path("-")  # where `--json FILE` is asked for, this file name stands for standard output

EXIT_NO = 1  # the question was answered, and the answer is no
EXIT_FAILED = 2  # the question could not be answered, or the request could not be carried out
EXIT_INTERRUPTED = 130  # as a shell reports SIGINT

_MOMENTS = frozenset({"timestamp", "started_at"})  # seconds since 1970 in machine output

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def emit(document: Mapping[str, Any], *, as_json: bool, text: Callable[[], None]) -> None:
    """Show one result: `document` as JSON, or `text()` for people."""
    if as_json:
        print_json(document)
    else:
        text()


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document on standard output."""
    OUT.print_json(json.dumps(document, ensure_ascii=False), indent=2, highlight=False)


def emit_facts(document: Mapping[str, Any], *, as_json: bool) -> None:
    """Show a flat result: as JSON, or as a list of facts with readable names."""
    emit(document, as_json=as_json, text=lambda: show_facts(list(_facts(document))))


def show_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Print one fact a line, never folded, so that a hash can be copied."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        OUT.print(f"[dim]{escape(name):<{width}}[/]  {escape(str(value))}", soft_wrap=True, highlight=False)


def _facts(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        readable = prefix + name.replace("_", " ")
        if isinstance(value, Mapping):
            yield from _facts(value, f"{readable} ")
        elif name in _MOMENTS and isinstance(value, int | float):
            yield readable, datetime.fromtimestamp(int(value), UTC).isoformat()
        elif value not in (None, ""):
            yield readable, value


def warn(message: str) -> None:
    """Say something the user must not overlook, without failing."""
    ERR.print(f"[bold yellow]warning:[/] {escape(message)}", highlight=False)


def harmless(text: str) -> str:
    """Return a text, perhaps out of somebody's file, without what a terminal would obey."""
    return "\n".join(map(shown, text.split("\n")))


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document whole or not at all, readable by people."""
    write_whole(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n")


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error while a piece of work reports `(done, total)`."""
    with _progress() as bars:
        task = bars.add_task(label, total=None)

        def report(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield report
        if bars.tasks[0].total is None:  # work too short to report anything
            report(1, 1)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=40),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=ERR,
        transient=False,
    )
