"""`tohyo election new` asks a person on a terminal for what the options leave out."""

import os
import pty
import subprocess
import sys
import time

from election.file import load_election_file

ANSWERS = [
    "2",
    "Which fruit?",
    "いちご",
    "Melon",
    ".",
    "",
    "",
    "",
]  # voters, title, candidates, three default times
PATIENCE = 60


def answer(terminal, process):
    """Type each answer once a question waits for it; returns what was shown."""
    shown = b""
    answers = list(ANSWERS)
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other end is closed: the program ended
            break
        if answers and shown.rstrip().endswith(b":"):
            os.write(terminal, f"{answers.pop(0)}\n".encode())
    process.wait(PATIENCE)
    assert answers == []
    return shown.decode()


def test_the_questionnaire_writes_an_election_file(tmp_path):
    terminal, other_end = pty.openpty()
    file = tmp_path / "election.json"
    command = [sys.executable, "-m", "scripts.tohyo.main", "election", "new", str(file)]
    process = subprocess.Popen(command, stdin=other_end, stdout=other_end, stderr=other_end)
    os.close(other_end)
    shown = answer(terminal, process)
    os.close(terminal)
    assert process.returncode == 0, shown
    election = load_election_file(file)
    assert (election.title, election.electorate) == ("Which fruit?", 2)
    assert [candidate.name for candidate in election.candidates] == ["いちご", "Melon"]
