"""When what may be done: phases follow from the schedule and the block's timestamp, and from nothing else."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from election.file import Schedule


class Phase(IntEnum):
    """The phases in order; the numbers are the contract's."""

    PENDING = 0
    REGISTRATION = 1
    VOTING = 2
    CLOSED = 3


def phase_at(schedule: Schedule, timestamp: int) -> Phase:
    """Return the phase at a time in seconds since 1970; a phase begins in the second its time names."""
    return Phase(sum(timestamp >= start for start in schedule.timestamps()))
