"""What the service knows of the chain without asking it at every request.

The schedule never changes, so the phase needs only the chain's time, which is asked for once a second. The
tree is rebuilt from the deposits as they come, and starts anew if the chain undoes what was read. Trusts the
node; `tohyo audit` is for those who do not.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.errors import NotReadyError, RegistrationClosedError, RegistrationNotOpenError
from chain.connection import typed_errors
from chain.errors import ChainError
from chain.events import Deposited
from chain.time import block_time
from election.cryptography import CRYPTOGRAPHY
from election.phase import Phase, phase_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.services import Services
    from zk.merkle import IncrementalMerkleTree

TIME_SECONDS = 1.0  # between two questions for the chain's time
TREE_SECONDS = 5.0
STALE_SECONDS = 60.0  # without an answer for so long, the service says that it is not ready


class ChainTime:
    """The newest block's time, at most a second old, or a minute while the node does not answer."""

    def __init__(self, services: Services, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._services, self._monotonic = services, monotonic
        self._asking = threading.Lock()
        self._known: tuple[float, int] | None = None  # when it was learnt, and the time
        self._asked_at = float("-inf")

    def now(self) -> int:
        """Return the chain's time in seconds since 1970. Raises NotReadyError."""
        unknown = self._known is None
        if (unknown or self._is_due()) and self._asking.acquire(blocking=unknown):
            try:
                if self._is_due():  # else whoever was waited for has just asked
                    self._ask()
            finally:
                self._asking.release()
        if self._known is None or self._monotonic() - self._known[0] > STALE_SECONDS:
            raise NotReadyError("The chain does not answer.", hint="Try again in a minute.")
        return self._known[1]

    def phase(self) -> Phase:
        """Return the phase of the election. Raises NotReadyError."""
        return phase_at(self._services.election.schedule, self.now())

    def require_registration(self) -> None:
        """Raise unless registrations are taken, which ends a little before voting opens.

        Raises:
            RegistrationNotOpenError: too early.
            RegistrationClosedError: too late for a promise that the deposit comes in time.
            NotReadyError: the chain does not answer.

        """
        now, closes = self.now(), self.registration_closes
        if now < self._services.election.schedule.timestamps()[0]:
            raise RegistrationNotOpenError("Registration has not begun.", hint="Come back when it has.")
        if now >= closes:
            raise RegistrationClosedError(
                "Registration is over.", hint="The election office knows other ways to vote."
            )

    @property
    def registration_closes(self) -> int:
        """The first second in which no registration is taken: before voting opens, by a tenth at most."""
        opens, votes, _ = self._services.election.schedule.timestamps()
        return votes - min(self._services.settings.closing_seconds, (votes - opens) // 10)

    def _is_due(self) -> bool:
        return self._monotonic() - self._asked_at >= TIME_SECONDS

    def _ask(self) -> None:
        try:
            found = block_time(self._services.chain.w3)
            self._known = (self._monotonic(), found)
        except ChainError:
            return
        finally:
            self._asked_at = self._monotonic()


@dataclass(frozen=True)
class TreeState:
    """The tree over the first `leaf_count` deposits; `known` says whether ballots may use its root."""

    leaf_count: int
    root: int
    known: bool


class TreeView:
    """The tree of deposits as the chain's events give it; one thread at a time brings it up to date."""

    def __init__(self, services: Services, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._services, self._monotonic = services, monotonic
        self._reading = threading.Lock()
        self._read_at = float("-inf")
        self._state: TreeState | None = None
        self._restart()

    def state(self) -> TreeState | None:
        """Return the tree, a few seconds old at most; None while it is first read, or nothing is known."""
        due = self._monotonic() - self._read_at >= TREE_SECONDS
        if due and self._reading.acquire(blocking=False):
            try:
                self._read()
            except ChainError:
                self._state = None
            finally:
                self._read_at = self._monotonic()
                self._reading.release()
        return self._state

    def _restart(self) -> None:
        services = self._services
        self._tree: IncrementalMerkleTree = CRYPTOGRAPHY[services.chain.scheme].tree(services.election.depth)
        self._block: tuple[int, bytes] | None = None  # the last one that was read

    def _read(self) -> None:
        chain = self._services.chain
        with typed_errors():
            last = chain.w3.eth.block_number - self._services.settings.confirmations
        if self._block is not None and self._hash(self._block[0]) != self._block[1]:
            self._restart()
        first = chain.deployment_block() if self._block is None else self._block[0] + 1
        if last >= first:
            block = (last, self._hash(last))
            events = chain.events(first, last, names={"Deposited"})
            self._tree.extend([event.commitment for event in events if isinstance(event, Deposited)])
            self._block = block
        root = self._tree.root
        self._state = TreeState(len(self._tree), root, chain.is_known_root(root))

    def _hash(self, number: int) -> bytes:
        with typed_errors():
            return bytes(self._services.chain.w3.eth.get_block(number)["hash"])
