import json
import subprocess
import sys

import pytest

from chain.paths import PROJECT_ROOT

DEEP = "[" * 200_000
PARSE = """
import json, sys
{imports}
try:
    json.loads(sys.stdin.read())
except RecursionError:
    print("refused")
"""


def parsed_deep_text_after(imports):
    """Parse in a process of its own: it may be the last thing that the process does."""
    command = [sys.executable, "-c", PARSE.format(imports=imports)]
    return subprocess.run(command, input=DEEP, capture_output=True, text=True, check=False, cwd=PROJECT_ROOT)


def test_py_ecc_alone_lets_a_deep_text_take_the_process_down():
    assert parsed_deep_text_after("import py_ecc").returncode < 0


def test_with_our_proofs_imported_a_deep_text_is_an_error():
    done = parsed_deep_text_after("import zk.groth16.reference, zk.ceremony.randomness")
    assert done.stdout == "refused\n"


def test_this_process_survives_a_deep_text_too():
    with pytest.raises(RecursionError):
        json.loads(DEEP)
