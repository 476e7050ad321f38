"""A file for a library that wants a path, holding what must not reach a disk.

On Linux an anonymous file in memory; elsewhere a temporary file readable by its owner and removed after use.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def private_file(content: bytes) -> Iterator[str]:
    """Yield a path under which `content` can be read until the block ends."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("witness")
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as stream:
                stream.write(content)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "witness.wtns"
        path.touch(mode=0o600)
        path.write_bytes(content)
        yield str(path)
