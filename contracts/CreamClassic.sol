// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {Candidates} from "./Candidates.sol";
import {ClassicMerkleTree} from "./ClassicMerkleTree.sol";
import {Election} from "./Election.sol";
import {ICreamClassic} from "./interfaces/ICreamClassic.sol";
import {IElection} from "./interfaces/IElection.sol";
import {Proof} from "./interfaces/IVoteVerifier.sol";
import {IWithdrawVerifier} from "./interfaces/IWithdrawVerifier.sol";

/// @title CREAM as specified in 2020: see ICreamClassic
contract CreamClassic is ICreamClassic, ClassicMerkleTree, Election {
    /// @dev One more than the candidate's choice; 0 for everybody else.
    mapping(address account => uint256 number) private _numberOf;

    constructor(Config memory config)
        ClassicMerkleTree(config.depth, config.hasher)
        Candidates(config.candidates)
        Election(config)
    {
        if (config.denomination == 0) revert DenominationMissing();
        for (uint256 choice = 0; choice < config.candidates.length; ++choice) {
            _numberOf[config.candidates[choice]] = choice + 1;
        }
    }

    /// @inheritdoc ICreamClassic
    function withdraw(
        Proof calldata proof,
        uint256 root,
        uint256 nullifierHash,
        address recipient,
        address relayer,
        uint256 fee
    ) external nonReentrant {
        _requirePhase(Phase.Voting);
        uint256 choice = _choiceOf(recipient);
        _requireFieldElement(root);
        _requireFieldElement(nullifierHash);
        if (fee > _DENOMINATION) revert FeeTooHigh(fee, _DENOMINATION);
        if (fee != 0 && relayer == address(0)) revert RelayerMissing(fee);
        if (!isKnownRoot(root)) revert UnknownRoot(root);
        if (_isSpent[nullifierHash]) revert NullifierAlreadySpent(nullifierHash);
        uint256[5] memory inputs = [root, nullifierHash, uint160(recipient), fee, uint160(relayer)];
        if (!IWithdrawVerifier(_VERIFIER).verifyProof(proof, inputs)) revert InvalidProof();
        _isSpent[nullifierHash] = true;
        _countVote(choice);
        emit BallotCast(nullifierHash, choice, root, relayer, fee, proof);
        _payOut(recipient, relayer, fee);
    }

    /// @inheritdoc IElection
    function releasable() public view override(IElection, Election) returns (uint256 amount) {
        return phase() == Phase.Closed ? address(this).balance : 0;
    }

    /// @inheritdoc Election
    function _coverDeposits() internal override {
        // solhint-disable-previous-line no-empty-blocks
        // every insertion made its root
    }

    function _payOut(address recipient, address relayer, uint256 fee) private {
        uint256 rest = _DENOMINATION - fee;
        if (rest != 0 && !_pay(recipient, rest, gasleft())) revert CandidatePaymentRefused(recipient, rest);
        if (fee != 0 && !_pay(relayer, fee, gasleft())) revert RelayerPaymentRefused(relayer, fee);
    }

    function _choiceOf(address recipient) private view returns (uint256 choice) {
        uint256 number = _numberOf[recipient];
        if (number == 0) revert RecipientNotCandidate(recipient);
        return number - 1;
    }
}
