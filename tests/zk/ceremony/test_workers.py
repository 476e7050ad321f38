from __future__ import annotations

import pytest

from zk.ceremony import workers
from zk.ceremony.errors import CeremonyFileError
from zk.ceremony.group import G1, combine_run
from zk.ceremony.workers import Task, report_done, run_all, stages


def squared(x: int) -> int:
    report_done(1)
    return x * x


def test_results_come_in_the_given_order_and_progress_only_grows() -> None:
    seen: list[tuple[int, int]] = []
    tasks = [Task(squared, (x,), x + 1) for x in (3, 1, 2)]
    assert run_all(tasks, lambda *progress: seen.append(progress)) == [9, 1, 4]
    assert seen == sorted(seen)
    assert seen[-1] == (9, 9)


def test_nothing_to_do_is_done() -> None:
    assert run_all([]) == []


def test_stages_add_up_to_the_whole() -> None:
    seen: list[tuple[int, int]] = []
    first, second = stages(lambda *progress: seen.append(progress), (25, 75))
    assert first is not None
    assert second is not None
    first(1, 2)
    first(2, 2)
    second(5, 5)
    assert [done / total for done, total in seen] == [0.125, 0.25, 1.0]
    assert stages(None, (1, 2)) == [None, None]


def test_processes_compute_the_same_and_pass_errors_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORTH_PROCESSES", 0)
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 2)
    run = G1.stored(G1.multiples([G1.generator] * 3, [1, 2, 3]))
    seen: list[tuple[int, int]] = []
    tasks = [Task(combine_run, ("G1", run, [weight, 0, 1]), 3) for weight in (1, 2)]
    expected = G1.stored(G1.multiples([G1.generator] * 2, [4, 5]))
    assert b"".join(run_all(tasks, lambda *progress: seen.append(progress))) == expected
    assert seen[-1] == (6, 6)
    bad = Task(combine_run, ("G1", run[:-1], [1, 1, 1]), 3)
    with pytest.raises(CeremonyFileError, match="cut short"):
        run_all([*tasks, bad])
