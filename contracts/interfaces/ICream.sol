// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {IElection} from "./IElection.sol";
import {IIncrementalMerkleTree} from "./IIncrementalMerkleTree.sol";
import {IVotingCoin} from "./IVotingCoin.sol";
import {Proof} from "./IVoteVerifier.sol";

/// @title The election of scheme `cream`: Poseidon, proofs bound to the election, votes counted as voting coins
/// @dev `treasury` gets each deposit back, less the relayer's fee, when its vote is cast. `releasable` is what payments
///      the treasury refused left here and, once voting has closed, the deposits that never voted.
interface ICream is IElection, IIncrementalMerkleTree, IVotingCoin {
    /// @notice The treasury refused its part of a vote's deposit, which stays here until `release`.
    event TreasuryPaymentDeferred(uint256 amount);

    /// @notice Casts one anonymous vote; anyone may submit it on the voter's behalf.
    /// @dev Everything a sender could change is a public input of the proof, so a copied transaction can only repeat
    ///      the same vote. signal = keccak256(abi.encode(choice, relayer, fee)) mod r. The proof's bytes are no
    ///      identity (Groth16 proofs can be re-randomised); the nullifier hash is.
    /// @param root Any root `isKnownRoot` still accepts; proving outlasts a block.
    /// @param nullifierHash Same for every vote made from one note in this election.
    /// @param relayer Gets `fee` out of the deposit, the treasury the rest; may be zero if the fee is.
    function castVote(
        uint256 choice,
        uint256 root,
        uint256 nullifierHash,
        address relayer,
        uint256 fee,
        Proof calldata proof
    ) external;
}
