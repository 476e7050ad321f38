from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from zk.ceremony.group import G1
from zk.ceremony.overrun import difference_of_bytes

# Bytes behind section 2 of powers of 2^15 (the head of section 3 and half of the generator of G2), a point
# [τ^32767]₁ of them, and what has to be hashed for snarkjs 0.7.6 `zkey new` to find the circuit hash that
# begins with bcc139b4.
BEHIND = (
    "0300000000004000000000002620bc02d1b5838e72017b493519ebdcdf1a81974726b8fb3b5096af41385719"
    "40614ca87d73b4afc4d802585add4360862fa052"
)
POINT = (
    "e1218631906167f71b1137c999e0f00b1280c48531369bb7e53024b8a5269c23"
    "b5a20eaca8a8045f339299fcd761db6e2791be7dbcfbd2e9bc6e97bf9d3e782f"
)
HASHED = (
    "31fdf6744ff596b5e1e540c454f6df303ad3638f66f9b713d6f2f77313058e22"
    "954259fb37495d99f63e77cc6718f87d194466d05b85a1d23a510b06abad8a05"
)


def test_bytes_that_are_no_point_give_what_snarkjs_hashes() -> None:
    assert difference_of_bytes(bytes.fromhex(BEHIND), bytes.fromhex(POINT)).hex() == HASHED


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 1 << 200), st.integers(1, 1 << 200))
def test_of_points_it_is_the_difference(a: int, b: int) -> None:
    if a == b:
        b += 1
    p, q = G1.multiples([G1.generator] * 2, [a, b])
    assert difference_of_bytes(G1.stored([p]), G1.stored([q])) == G1.stored([p - q])
