"""Runs one `tohyo` command as a process that dies with the demonstration, however that ends.

    python -m scripts.tohyo.demo.child PARENT_PID COMMAND…

The kernel is asked to send SIGTERM when the parent dies (PR_SET_PDEATHSIG, Linux); a parent that died before
the question is noticed by the process id.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def run(arguments: list[str]) -> None:
    """Run the command unless the parent is gone."""
    parent, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        return
    from scripts.tohyo.main import main  # noqa: PLC0415  takes a second, in which the parent may die

    sys.argv = ["tohyo", *command]
    main()


if __name__ == "__main__":
    run(sys.argv[1:])
