// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {Candidates} from "./Candidates.sol";
import {Election} from "./Election.sol";
import {IncrementalMerkleTree} from "./IncrementalMerkleTree.sol";
import {VotingCoin} from "./VotingCoin.sol";
import {ICream} from "./interfaces/ICream.sol";
import {IElection} from "./interfaces/IElection.sol";
import {IVoteVerifier, Proof} from "./interfaces/IVoteVerifier.sol";
import {IVotingCoin} from "./interfaces/IVotingCoin.sol";

/// @title Anonymous election: see ICream
contract Cream is ICream, IncrementalMerkleTree, VotingCoin, Election {
    /// @dev Enough for a multisig or proxy to receive; a treasury that burns more must not stop votes.
    uint256 private constant _TREASURY_GAS = 50_000;

    /// @dev The election's constant part of the input commitment: saves a curve multiplication per vote.
    uint256 private immutable _FOLDED_X;
    uint256 private immutable _FOLDED_Y;

    constructor(Config memory config)
        IncrementalMerkleTree(config.depth, config.hasher)
        Candidates(config.candidates)
        Election(config)
    {
        (_FOLDED_X, _FOLDED_Y) = IVoteVerifier(config.verifier).foldInput(_ELECTION_ID);
    }

    /// @inheritdoc ICream
    function castVote(
        uint256 choice,
        uint256 root,
        uint256 nullifierHash,
        address relayer,
        uint256 fee,
        Proof calldata proof
    ) external {
        _requirePhase(Phase.Voting);
        if (choice >= _CANDIDATE_COUNT) revert UnknownCandidate(choice);
        _requireFieldElement(root);
        _requireFieldElement(nullifierHash);
        if (fee > _DENOMINATION) revert FeeTooHigh(fee, _DENOMINATION);
        if (fee != 0 && relayer == address(0)) revert RelayerMissing(fee);
        if (!isKnownRoot(root)) revert UnknownRoot(root);
        if (_isSpent[nullifierHash]) revert NullifierAlreadySpent(nullifierHash);
        _requireProof(root, nullifierHash, _signal(choice, relayer, fee), proof);
        _isSpent[nullifierHash] = true;
        _voteCoin(choice);
        emit BallotCast(nullifierHash, choice, root, relayer, fee, proof);
        if (_DENOMINATION != 0) _settle(relayer, fee);
    }

    /// @inheritdoc IElection
    function releasable() public view override(IElection, Election) returns (uint256 amount) {
        if (phase() == Phase.Closed) return address(this).balance;
        return address(this).balance - _DENOMINATION * balanceOf(address(this));
    }

    /// @inheritdoc IVotingCoin
    function totalSupply() public view override(IVotingCoin, VotingCoin) returns (uint256 coins) {
        return leafCount();
    }

    /// @inheritdoc Election
    function _deposit(uint256 commitment, uint256 index) internal override {
        super._deposit(commitment, index);
        emit Transfer(address(0), address(this), 1);
    }

    /// @inheritdoc Election
    function _coverDeposits() internal override {
        checkpoint();
    }

    /// @dev Guarded although every effect came before: a payee must not see or move money half settled.
    function _settle(address relayer, uint256 fee) private nonReentrant {
        uint256 rest = _DENOMINATION - fee;
        if (fee != 0 && !_pay(relayer, fee, gasleft())) revert RelayerPaymentRefused(relayer, fee);
        if (rest != 0 && !_pay(_TREASURY, rest, _TREASURY_GAS)) emit TreasuryPaymentDeferred(rest);
    }

    /// @dev Calls verifyFolded. By hand, because the compiler would copy every word twice: about 900 gas per vote.
    function _requireProof(uint256 root, uint256 nullifierHash, uint256 signal, Proof calldata proof) private view {
        address verifier_ = _VERIFIER;
        uint256 foldedX = _FOLDED_X;
        uint256 foldedY = _FOLDED_Y;
        bytes4 selector = IVoteVerifier.verifyFolded.selector;
        bool valid;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            calldatacopy(add(m, 0x04), proof, 0x100)
            mstore(add(m, 0x104), foldedX)
            mstore(add(m, 0x124), foldedY)
            mstore(add(m, 0x144), root)
            mstore(add(m, 0x164), nullifierHash)
            mstore(add(m, 0x184), signal)
            if iszero(staticcall(gas(), verifier_, m, 0x1a4, 0, 0x20)) {
                // the verifier's own errors say which word is malformed
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
            valid := and(eq(returndatasize(), 0x20), eq(mload(0), 1))
        }
        if (!valid) revert InvalidProof();
    }

    /// @dev keccak256(abi.encode(choice, relayer, fee)) mod r, as election/ballot.py computes it.
    function _signal(uint256 choice, address relayer, uint256 fee) private pure returns (uint256 signal) {
        bytes32 digest;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, choice)
            mstore(add(m, 0x20), and(relayer, 0xffffffffffffffffffffffffffffffffffffffff))
            mstore(add(m, 0x40), fee)
            digest := keccak256(m, 0x60)
        }
        return uint256(digest) % SCALAR_FIELD;
    }
}
