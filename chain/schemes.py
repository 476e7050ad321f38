"""Which contracts run each scheme, and what to expect of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from election.scheme import Scheme


@dataclass(frozen=True)
class SchemeContracts:
    """Names of a scheme's contracts, and how they behave.

    Proofs have `n_public` public inputs; the rendered verifier folds the one at `folded_input` apart from the
    others; if `keeps_folded_input`, the election holds the result as a constant. With `has_voting_coins`
    votes also move coins of the contract's own, and with `roots_each_deposit` no root waits for a checkpoint.
    """

    election: str
    hasher: str
    verifier: str
    n_public: int
    folded_input: int
    keeps_folded_input: bool
    has_voting_coins: bool
    roots_each_deposit: bool


CONTRACTS: Final = {
    Scheme.CREAM: SchemeContracts(
        "Cream",
        "PoseidonT3",
        "IVoteVerifier",
        n_public=4,
        folded_input=2,  # electionId in [root, nullifierHash, electionId, signal]: the one no ballot changes
        keeps_folded_input=True,
        has_voting_coins=True,
        roots_each_deposit=False,
    ),
    Scheme.CREAM_CLASSIC: SchemeContracts(
        "CreamClassic",
        "MiMCSponge",
        "IWithdrawVerifier",
        n_public=5,
        folded_input=4,  # any would do: every ballot may change all of them
        keeps_folded_input=False,
        has_voting_coins=False,
        roots_each_deposit=True,
    ),
}
