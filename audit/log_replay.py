"""The registrar's whole log, from an archive, held against its anchors on chain and against the records.

    chain     every entry in its place; the head after entry n is what an anchor with n entries says
    roll      as many people as each anchor says; who they are, `audit.roll_lists` checks
    ledger    each person in one voting status at a time; whoever has a leaf voted in no other way
    times     the log's never run backwards, and a registration's is that of its credential
    records   what was registered, decided and deposited is what the archive has evidence for, and the reverse

The names of actions are those that the registrar's service writes (`api/`, which an audit must not need).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.report import InArchive
from identity.errors import RegistrarLogBrokenError
from identity.registrar_log import GENESIS, verify_chain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.report import Examination, Rules
    from chain.events import RegistrarLogAnchored
    from identity.evidence import Evidence, RegistrationEvidence
    from identity.registrar_log import LogEntry

CHECK = "registrar log"
APPLIED = "change_list_applied"
STATUS_CHANGED = "status_changed"
AFTERWARDS = frozenset({"log_anchored", "evidence_ordered"})  # what the newest anchor cannot cover
REGISTERED, ACCEPTED, DECIDED = "registered", "review_accepted", "review_decided"
SERVICE = "service"
DEPOSITED = ("deposited", "deposit_failed")  # the latter names those that have a leaf all the same
ELIGIBLE, INTERNET_REGISTERED, VOTED_IN_PERSON = "eligible", "internet_registered", "voted_in_person"
CLOCK_SKEW = 120  # seconds by which two clocks of the registrar may differ
# What may follow each status: by the service itself, or by an officer (`api.registry.ledger`).
_BY_SERVICE = frozenset({(ELIGIBLE, INTERNET_REGISTERED), (INTERNET_REGISTERED, ELIGIBLE)})
_BALLOTS = ("paper_ballot_issued", "postal_ballot_issued")
_BY_OFFICER = frozenset(
    {(ELIGIBLE, VOTED_IN_PERSON)}
    | {(ELIGIBLE, ballot) for ballot in _BALLOTS}
    | {(ballot, after) for ballot in _BALLOTS for after in (ELIGIBLE, VOTED_IN_PERSON)}
)
_SIZE_CHANGE = {"import": 1, "add": 1, "remove": -1, "correct": 0}


class LogReplay:
    """Reads the log once and answers what it says."""

    def __init__(self, archive: Evidence, examination: Examination) -> None:
        self._archive, self._examination = archive, examination
        self.heads = self._heads()

    def examine_anchors(self, anchors: Iterable[tuple[RegistrarLogAnchored, Rules]]) -> None:
        """Hold each anchor, with the rules of its place, against the log at its number of entries."""
        self._examine_order()
        sizes = self._roll_sizes()
        for anchor, rules in anchors:
            known = anchor.entries < len(self.heads)
            if rules.that(
                f"a log of at least {anchor.entries} entries", holds=known, found=len(self.heads) - 1
            ):
                head = self.heads[anchor.entries].hex()
                rules.equal("the anchored head", expected=head, found=anchor.head.hex())
                size = sizes[anchor.entries]
                rules.equal("the anchored size of the roll", expected=size, found=anchor.roll_size)

    def examine_roll(self) -> None:
        """Hold the roll's number of people against the log."""
        on_roll = sum(entry.removed_at is None for entry in self._archive.roll.values())
        rules = self._examination.rules("roll", InArchive("archive", "roll"))
        rules.equal("the number of people on the roll", expected=self._roll_sizes()[-1], found=on_roll)

    def examine_ledger(self, deposited: Iterable[str]) -> None:
        """Follow every person's voting status; `deposited` are the pseudonyms of those who have a leaf."""
        statuses: dict[str, str] = {}
        settled: set[str] = set()  # whose deposit the log told of
        for entry in self._archive.log:
            if entry.action in DEPOSITED:
                settled |= self._depositors(entry)
            if entry.action == STATUS_CHANGED:
                self._examine_step(entry, statuses, settled)
        for person in deposited:
            rules = self._examination.rules("ledger", InArchive("roll entry", person))
            found = statuses.get(person, ELIGIBLE)
            rules.equal("the status of somebody who has a leaf", expected=INTERNET_REGISTERED, found=found)

    def _examine_step(self, entry: LogEntry, statuses: dict[str, str], settled: set[str]) -> None:
        person, rules = str(entry.subject), self._rules("ledger", entry)
        before, after = statuses.get(person, ELIGIBLE), str(entry.details.get("to"))
        rules.equal("the status before", expected=before, found=entry.details.get("from"))
        allowed = _BY_SERVICE if entry.actor == SERVICE else _BY_OFFICER
        rules.that(
            "a step that is allowed",
            holds=(before, after) in allowed,
            found=f"{before} to {after} by {entry.actor}",
        )
        rules.that("no step after the deposit", holds=person not in settled, found=after)
        statuses[person] = after

    def _depositors(self, entry: LogEntry) -> set[str]:
        found = (self._archive.registrations.get(name) for name in _leaves(entry))
        return {record.roll_entry for record in found if record is not None and record.roll_entry}

    def examine_records(self, leaves: Sequence[int]) -> None:
        """Hold what the log says against the records; `leaves` are the chain's commitments."""
        registered = {_registration_in(entry): entry for entry in self.entries(REGISTERED)}
        accepted = {entry.subject: entry for entry in self.entries(ACCEPTED)}
        signed = {str(entry.details.get("signature")) for entry in self.entries(DECIDED)}
        for record in self._archive.registrations.values():
            rules = self._examination.rules(CHECK, InArchive("registration", record.id))
            self._agrees(record, registered.get(record.id), accepted.get(record.id), rules)
            unlogged = [one.officer for one in record.decisions if one.signature not in signed]
            rules.that("decisions that are in the log", holds=not unlogged, found=", ".join(unlogged))
        for name, entry in registered.items():
            rules = self._rules(CHECK, entry)
            rules.that(
                "evidence of each registration", holds=name in self._archive.registrations, found="none"
            )
        count = sum(1 for _ in self.entries(REGISTERED))
        rules = self._examination.rules(CHECK, InArchive("archive", "log"))
        rules.equal("the number of registrations", expected=len(registered), found=count)
        self._examine_deposits(leaves)

    def _examine_deposits(self, leaves: Sequence[int]) -> None:
        for action in DEPOSITED:
            for entry in self.entries(action):
                for name, index in _leaves(entry).items():
                    record, rules = self._archive.registrations.get(name), self._rules(CHECK, entry)
                    known = record is not None and isinstance(index, int) and 0 <= index < len(leaves)
                    holds = known and record is not None and leaves[index] == record.commitment
                    rules.that(f"the commitment of registration {name} at its leaf", holds=holds, found=index)

    @staticmethod
    def _agrees(
        record: RegistrationEvidence, registered: LogEntry | None, accepted: LogEntry | None, rules: Rules
    ) -> None:
        if (
            not rules.that("an entry of the log", holds=registered is not None, found="none")
            or not registered
        ):
            return
        rules.equal("the kind", expected=registered.details.get("kind"), found=record.kind.value)
        whose = registered.subject if accepted is None else accepted.details.get("roll_entry")
        rules.equal("the roll entry", expected=whose, found=record.roll_entry)
        in_time = abs(registered.at - record.verified_at) <= CLOCK_SKEW
        rules.that("verified when the log says so", holds=in_time, found=record.verified_at)

    def _heads(self) -> list[bytes]:
        """Return the head after each entry, before the first included; as far as the chain holds."""
        heads = [GENESIS]
        for number, entry in enumerate(self._archive.log):
            rules = self._examination.rules(CHECK, InArchive("log entry", str(number + 1)))
            try:
                heads.append(verify_chain([entry], number, heads[-1]))
            except (RegistrarLogBrokenError, ValueError) as failure:
                rules.that(f"entry {number + 1} in its place", holds=False, found=failure)
                break
            rules.that(f"entry {number + 1} in its place", holds=True, found=entry.sequence)
        return heads

    def _examine_order(self) -> None:
        """No entry is much older than one before it: a registration cannot be dated back alone."""
        latest = 0
        for entry in self._archive.log:
            latest = max(latest, entry.at)
            in_order = entry.at >= latest - CLOCK_SKEW
            self._rules(CHECK, entry).that("a time after those before", holds=in_order, found=entry.at)

    def _roll_sizes(self) -> list[int]:
        """Return how many people were on the roll after each entry, before the first included."""
        sizes = [0]
        for entry in self._archive.log:
            sizes.append(sizes[-1] + _size_change(entry))
        return sizes

    def entries(self, action: str) -> Iterable[LogEntry]:
        """Return the entries of one action, in order."""
        return (entry for entry in self._archive.log if entry.action == action)

    def _rules(self, check: str, entry: LogEntry) -> Rules:
        return self._examination.rules(check, InArchive("log entry", str(entry.sequence)))


def _size_change(entry: LogEntry) -> int:
    if entry.action != APPLIED:
        return 0
    return _SIZE_CHANGE.get(str(entry.details.get("kind")), 0) * _count(entry)


def _count(entry: LogEntry) -> int:
    count: Any = entry.details.get("count")
    return count if isinstance(count, int) else 0


def _leaves(entry: LogEntry) -> dict[str, Any]:
    leaves = entry.details.get("leaves")
    return leaves if isinstance(leaves, dict) else {}


def _registration_in(entry: LogEntry) -> str:
    return str(entry.details.get("registration"))
