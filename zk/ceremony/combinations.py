"""Sums Σ sᵢ·Pᵢ over long runs of points, cut into tasks for all cores; and the random weights of checks."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from zk.ceremony.group import Group, add_run, combine_run, combine_shifted
from zk.ceremony.workers import RUN_POINTS, Task, run_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zk.ceremony.workers import Progress

WEIGHT_BITS = 128  # a false statement passes a random check with probability 2⁻¹²⁸


class Sum(NamedTuple):
    """Σ sᵢ·Pᵢ over one run."""

    group: Group
    run: bytes
    scalars: Sequence[int]


def random_weights(count: int) -> list[int]:
    """Weights that nobody could know when the points were chosen."""
    return [secrets.randbits(WEIGHT_BITS) for _ in range(count)]


def combine_all(sums: Sequence[Sum], on_progress: Progress | None = None) -> list[bytes]:
    """Compute every sum, as one stored point each; checks every point on the way."""
    tasks: list[Task[bytes]] = []
    places: list[int] = []
    for place, (group, run, scalars) in enumerate(sums):
        for start in range(0, len(scalars), RUN_POINTS):
            part = run[start * group.size : (start + RUN_POINTS) * group.size]
            weights = scalars[start : start + RUN_POINTS]
            tasks.append(Task(combine_run, (group.name, part, weights), len(weights) * group.unit_cost))
            places.append(place)
    results = run_all(tasks, on_progress)
    parts: list[list[bytes]] = [[] for _ in sums]
    for place, result in zip(places, results, strict=True):
        parts[place].append(result)
    return [add_run(total.group.name, b"".join(part)) for total, part in zip(sums, parts, strict=True)]


def combine_neighbours(
    runs: Sequence[tuple[Group, bytes]], on_progress: Progress | None = None
) -> list[tuple[bytes, bytes]]:
    """Σ ρᵢ·Pᵢ and Σ ρᵢ·Pᵢ₊₁ for each run, ρᵢ random; checks every point on the way."""
    tasks: list[Task[bytes]] = []
    places: list[int] = []
    for place, (group, run) in enumerate(runs):
        for start in range(0, len(run) // group.size - 1, RUN_POINTS):
            part = run[start * group.size : (start + RUN_POINTS + 1) * group.size]
            weights = random_weights(len(part) // group.size - 1)
            tasks.append(Task(combine_shifted, (group.name, part, weights), len(weights) * group.unit_cost))
            places.append(place)
    results = run_all(tasks, on_progress)
    sides: list[tuple[list[bytes], list[bytes]]] = [([], []) for _ in runs]
    for place, result in zip(places, results, strict=True):
        size = runs[place][0].size
        sides[place][0].append(result[:size])
        sides[place][1].append(result[size:])
    return [
        (add_run(group.name, b"".join(left)), add_run(group.name, b"".join(right)))
        for (group, _), (left, right) in zip(runs, sides, strict=True)
    ]
