"""How keys of which one party knows the secrets are told apart: by these words, and by a zero on chain."""

from __future__ import annotations

DEVELOPMENT_KEYS_WARNING = "development keys: not for a real election"
DEVELOPMENT_TRANSCRIPT_HASH = bytes(32)  # stands where a ceremony's transcript hash would


def development_warning(transcript_hash: bytes) -> str:
    """Return what to say wherever a key with this transcript hash is used; empty for a ceremony's."""
    return "" if any(transcript_hash) else DEVELOPMENT_KEYS_WARNING
