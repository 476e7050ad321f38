from __future__ import annotations

import secrets

from tests.zk.circomlib.oracle import ask
from zk.blake import blake256, blake512

# Around the ends of a block, where the padding changes shape.
LENGTHS = [*range(4), *range(53, 67), *range(109, 131), 183, 184, 256, 300]


def test_random_messages_give_what_the_npm_package_computes() -> None:
    messages = [secrets.token_bytes(length) for length in LENGTHS]
    digests = ask(*[("blake256", m) for m in messages], *[("blake512", m) for m in messages])
    assert [*map(blake256, messages), *map(blake512, messages)] == digests


def test_the_published_digests_of_one_zero_byte_hold() -> None:
    # Appendix of the specification, version 1.3.
    assert blake256(b"\0").hex() == "0ce8d4ef4dd7cd8d62dfded9d4edb0a774ae6a41929a74da23109e8f11139c87"
    assert (
        blake512(b"\0").hex().startswith("97961587f6d970faba6d2478045de6d1fabd09b61ae50932054d52bc29d31be4")
    )
