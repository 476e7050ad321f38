from __future__ import annotations

import pytest

from election.file import Schedule
from election.phase import Phase, phase_at

SCHEDULE = Schedule.model_validate(
    {
        "registration_opens": "1970-01-01T00:16:40Z",
        "voting_opens": "1970-01-01T00:33:20Z",
        "voting_closes": "1970-01-01T00:50:00Z",
    }
)


@pytest.mark.parametrize(
    ("timestamp", "phase"),
    [
        (0, Phase.PENDING),
        (999, Phase.PENDING),
        (1000, Phase.REGISTRATION),
        (1999, Phase.REGISTRATION),
        (2000, Phase.VOTING),
        (2999, Phase.VOTING),
        (3000, Phase.CLOSED),
        (2**63, Phase.CLOSED),
    ],
)
def test_a_phase_begins_in_the_second_that_its_time_names(timestamp: int, phase: Phase) -> None:
    assert phase_at(SCHEDULE, timestamp) is phase
