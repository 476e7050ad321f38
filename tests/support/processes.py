"""Looks for processes that a test may have left behind."""

from __future__ import annotations

from pathlib import Path


def services_of(directory: Path) -> list[int]:
    """Return the processes whose command line names a folder, save local chains."""
    wanted, found = str(directory).encode(), []
    for process in Path("/proc").iterdir():
        try:
            line = (process / "cmdline").read_bytes() if process.name.isdigit() else b""
        except (FileNotFoundError, ProcessLookupError):
            continue
        if wanted in line and b"anvil" not in line.split(b"\0")[0]:
            found.append(int(process.name))
    return found
