from __future__ import annotations

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zk.ceremony.errors import CeremonyFileError
from zk.ceremony.resumable_hash import STATE_BYTES, ResumableBlake2b


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_it_is_blake2b_however_the_bytes_are_cut_and_the_state_is_kept(parts: list[bytes]) -> None:
    digest = ResumableBlake2b()
    for part in parts:
        digest.update(part)
        digest = ResumableBlake2b.from_state(digest.state())
    assert digest.digest() == hashlib.blake2b(b"".join(parts)).digest()


@pytest.mark.parametrize("length", [0, 1, 127, 128, 129, 255, 256, 257])
def test_it_is_blake2b_around_whole_blocks(length: int) -> None:
    digest = ResumableBlake2b()
    digest.update(bytes(range(256)) * 2 if length > 256 else bytes(length))
    expected = bytes(range(256)) * 2 if length > 256 else bytes(length)
    assert digest.digest() == hashlib.blake2b(expected).digest()


def test_what_is_no_state_is_refused() -> None:
    state = ResumableBlake2b().state()
    too_full = state[:200] + struct.pack("<Q", 129) + bytes(8)
    between_blocks = state[:192] + struct.pack("<Q", 5) + state[200:]
    assert len(state) == STATE_BYTES
    for bad in (state[:-1], state + b"\0", too_full, between_blocks):
        with pytest.raises(CeremonyFileError, match="partial hash"):
            ResumableBlake2b.from_state(bad)
