"""Who contributes, and with what randomness: a person, or a beacon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zk.ceremony.errors import CeremonyRequestError
from zk.ceremony.randomness import RandomStream, beacon_seed, contributor_seed
from zk.formats.contribution_records import MAX_NAME_BYTES, Beacon

if TYPE_CHECKING:
    from zk.ceremony.workers import Progress

MAX_NAME_CHARACTERS = 64  # what snarkjs keeps


@dataclass(frozen=True, repr=False)
class Contributor:
    """A name, a stream of random numbers, and the beacon if the stream is a public one."""

    name: str
    stream: RandomStream
    beacon: Beacon | None = None

    @classmethod
    def person(cls, name: str, typed: bytes) -> Contributor:
        """Somebody whose randomness is the operating system's mixed with what they typed."""
        return cls(require_name(name), RandomStream(contributor_seed(typed)))

    @classmethod
    def public_beacon(cls, name: str, beacon: Beacon, on_progress: Progress | None = None) -> Contributor:
        """Nobody: a public value that everybody can check."""
        cleaned = require_name(name)
        seed = beacon_seed(beacon.value, beacon.exponent, on_progress)
        return cls(cleaned, RandomStream(seed), beacon)


def require_name(name: str) -> str:
    """Return the name without outer blanks; raises CeremonyRequestError for one that records cannot hold."""
    cleaned = name.strip()
    if not cleaned or not cleaned.isprintable():
        raise CeremonyRequestError(
            "a contribution needs a name", hint="Give --name, as the public shall know you."
        )
    if len(cleaned) > MAX_NAME_CHARACTERS or len(cleaned.encode()) > MAX_NAME_BYTES:
        raise CeremonyRequestError(
            f"a name has at most {MAX_NAME_CHARACTERS} characters and {MAX_NAME_BYTES} bytes",
            hint="Give a shorter name; anything longer belongs on the page that announces the ceremony.",
        )
    return cleaned
