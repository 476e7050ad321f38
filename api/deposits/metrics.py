"""What an operator watches: how many wait, for how long, and what became of them. No person, no pseudonym."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

DEPOSITS = Counter(
    "tohyo_deposits", "Registrations by what became of them.", ["outcome"]
)  # deposited, queued_again, missed
TRANSACTIONS = Counter(
    "tohyo_deposit_transactions", "Transactions handed to the node.", ["reason"]
)  # first, again, fees, filler, anchor
OLDEST = Gauge("tohyo_registrations_oldest_queued_seconds", "How long the first of them has waited.")
MISSED = Gauge(
    "tohyo_registrations_missed", "Registrations that came too late for the tree: tell the office."
)
IN_FLIGHT = Gauge("tohyo_deposit_batches_in_flight", "Batches that are not final.")
LAST_ROUND = Gauge("tohyo_depositor_last_round_seconds", "When the depositor last finished a round.")
