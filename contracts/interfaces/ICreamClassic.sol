// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {IElection} from "./IElection.sol";
import {Proof} from "./IVoteVerifier.sol";

/// @title The election of scheme `cream-classic`: CREAM as specified in 2020
/// @dev A vote is a payment: a deposit brings `denomination` of the chain's own coin and its ballot takes them to a
///      candidate's account, which sees its votes as money. Commitment C = Pedersen(nullifier, secret), nullifier hash
///      h = Pedersen(nullifier), nullifier and secret of 248 bits; a tree of 16 levels hashed with MiMCSponge, whose
///      root every insertion makes and keeps. `checkpoint` does not exist: it would have nothing to do.
///
///      h does not name the election, as the specification has it. A ballot of another election fails nevertheless,
///      because its root is unknown here (unless a registrar deposited the other's commitments again, in their order).
///      But a note deposited in two elections shows the same h in both, which links its two votes. So a note must serve
///      one election only: the wallet makes one for each.
///
///      `releasable` is 0 until voting closes, then everything that is left: the deposits that never voted, and coins
///      that somebody forced in.
interface ICreamClassic is IElection {
    /// @notice A vote is a payment, so a deposit has to carry something.
    error DenominationMissing();
    /// @notice No candidate has this account.
    error RecipientNotCandidate(address recipient);
    /// @notice The candidate's account does not take the coins, so nobody can vote for it.
    error CandidatePaymentRefused(address candidate, uint256 amount);

    /// @notice Casts one anonymous vote by paying one deposit to a candidate; anyone may submit it.
    /// @dev Public inputs of the proof, in this order: root, nullifierHash, recipient, fee, relayer. All that a sender
    ///      could change is among them, so a copied transaction can only make the same payment.
    /// @param root Any root `isKnownRoot` still accepts.
    /// @param nullifierHash Same for every vote made from one note, in every election.
    /// @param recipient The candidate's account; gets the denomination less `fee`.
    /// @param relayer Gets `fee`; may be zero if the fee is, as when voters send their own ballots.
    function withdraw(
        Proof calldata proof,
        uint256 root,
        uint256 nullifierHash,
        address recipient,
        address relayer,
        uint256 fee
    ) external;
}
