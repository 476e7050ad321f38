"""Cards for a whole roll: on several processes, interrupted, continued, and by one maker at a time."""

import fcntl
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from identity.testpki.authority import Generation, Purpose
from identity.testpki.create import WORTH_PROCESSES, create_test_pki, generation_of
from identity.testpki.errors import TestPkiBusyError as BusyError  # not a test
from identity.testpki.errors import TestPkiError as PkiError
from tests.support.people import people

MANY = WORTH_PROCESSES + 20
ROOT = Path(__file__).parents[3]


def test_processes_share_the_work_and_nobody_is_left_out(tmp_path, certificate_on):
    told, everybody = [], people(MANY)
    pki = create_test_pki(
        tmp_path / "pki", everybody, jobs=2, on_progress=lambda done, total: told.append((done, total))
    )
    certificates = [certificate_on(pki.card_path(name)) for name, _ in everybody]
    assert len({certificate.serial_number for certificate in certificates}) == MANY
    for (name, person), certificate in zip(everybody, certificates, strict=True):
        generation = generation_of(name, 75)
        assert pki.register.is_issued(f"signing-{generation}", certificate.serial_number)
        assert certificate.public_key().key_size == (384 if generation is Generation.NEXT else 2048)
        assert pki.person(name) == person
    assert told[0] == (0, MANY)
    assert told[-1] == (MANY, MANY)
    assert told == sorted(told)


def test_a_killed_run_goes_on_where_it_stopped(tmp_path, certificate_on):
    directory, everybody = tmp_path / "pki", people(MANY)
    program = (
        "from pathlib import Path\n"
        "from identity.testpki.create import create_test_pki\n"
        "from identity.testpki.people import made_up_people\n"
        "if __name__ == '__main__':\n"
        f"    create_test_pki(Path({str(directory)!r}), made_up_people(9999, 2018), jobs=2)\n"
    )
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(tmp_path / "program.py")]
    with subprocess.Popen(command, env=environment, start_new_session=True) as running:
        try:
            while len(finished(directory)) < 10:
                assert running.poll() is None
                time.sleep(0.02)
            running.kill()  # its workers are not told, and have to notice
        except BaseException:
            os.killpg(running.pid, signal.SIGKILL)
            raise
    before = {path: path.read_bytes() for path in finished(directory)}
    pki = create_test_pki(directory, everybody, jobs=1)
    assert len(before) >= 10
    assert before == {path: path.read_bytes() for path in before}
    assert not list((directory / "cards").glob(".*"))
    for name, _ in everybody:
        serial = certificate_on(pki.card_path(name)).serial_number
        assert pki.register.is_issued(f"{Purpose.SIGNING}-{generation_of(name, 75)}", serial)


def test_half_a_card_of_an_interrupted_run_is_swept_away(tmp_path):
    pki = create_test_pki(tmp_path / "pki", [])
    half = pki.directory / "cards" / ".0123456789abcdef"
    half.mkdir()
    (half / "signing.p12").touch()
    create_test_pki(tmp_path / "pki", people(1), next_generation=100)
    assert [path.name for path in (pki.directory / "cards").iterdir()] == ["tsukuba-00001"]


def finished(directory):
    return list((directory / "cards").glob("[!.]*/*.p12"))


def test_the_authorities_of_a_continued_run_are_the_same(tmp_path):
    first = create_test_pki(tmp_path / "pki", [], url="http://127.0.0.1:9999")
    again = create_test_pki(tmp_path / "pki", people(1), next_generation=100)
    assert again.roots == first.roots
    assert again.url == "http://127.0.0.1:9999"


def test_one_maker_works_in_a_folder_at_a_time(tmp_path):
    with (tmp_path / ".pki.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BusyError):
            create_test_pki(tmp_path / "pki", people(1))
    create_test_pki(tmp_path / "pki", people(1), next_generation=100)


@pytest.mark.parametrize("percent", [0, 40, 100])
def test_the_share_of_the_next_generation_is_drawn_by_name(percent):
    drawn = [generation_of(name, percent) for name, _ in people(2000)]
    share = drawn.count(Generation.NEXT) / 20
    assert share == pytest.approx(percent, abs=0 if percent in {0, 100} else 4)


def test_a_worker_that_is_killed_ends_the_run_with_a_sentence_and_it_can_go_on(tmp_path):
    def kill_a_worker(_done, _total):
        for worker in multiprocessing.active_children():
            worker.kill()

    with pytest.raises(PkiError, match="was stopped"):
        create_test_pki(tmp_path / "pki", people(MANY), jobs=2, on_progress=kill_a_worker)
    pki = create_test_pki(tmp_path / "pki", people(MANY), jobs=1)
    assert all(pki.card_path(name).exists() for name, _ in people(MANY))
