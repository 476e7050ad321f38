"""How the benches measure: seconds of a call or a command, their summary, and on what machine."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what `work` returns, and its seconds."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def timed_with_processor(work: Callable[[], object]) -> tuple[float, float]:
    """Wall time and processor time of a call."""
    before = time.process_time()
    wall = timed(work)[1]
    return wall, time.process_time() - before


def seconds_of_command(*command: str | Path) -> tuple[float, float]:
    """Wall time and processor time of a command from start to exit."""
    arguments = [str(part) for part in command]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = timed(lambda: subprocess.run(arguments, check=True, capture_output=True, cwd=ROOT))[1]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Median, best and worst."""
    return {
        "median": round(statistics.median(seconds), 5),
        "min": round(min(seconds), 5),
        "max": round(max(seconds), 5),
        "count": len(seconds),
    }


def ratio(dividend: Sequence[float], divisor: Sequence[float]) -> dict[str, float]:
    """Ratios of the medians, and of the best times, which a busy machine disturbs least."""
    return {
        "median": round(statistics.median(dividend) / statistics.median(divisor), 2),
        "best": round(min(dividend) / min(divisor), 2),
    }


def machine() -> dict[str, Any]:
    """Say what was measured on."""
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
    }


def max_rss_mib(who: int = resource.RUSAGE_SELF) -> int:
    """Return the most memory that this process, or the largest of its children, has held."""
    return resource.getrusage(who).ru_maxrss // 1024
