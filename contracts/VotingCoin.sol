// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {IVotingCoin} from "./interfaces/IVotingCoin.sol";

/// @dev Candidates and their votes share a storage slot, so counting a vote is one read and one write. What the
///      election itself holds is not stored but derived: coins minted less coins voted.
abstract contract VotingCoin is IVotingCoin {
    struct Candidate {
        address account;
        uint96 votes;
    }

    uint256 private immutable _CANDIDATE_COUNT;

    mapping(uint256 choice => Candidate standing) private _candidates;

    constructor(address[] memory accounts) {
        _CANDIDATE_COUNT = accounts.length;
        for (uint256 choice = 0; choice < accounts.length; ++choice) {
            _candidates[choice].account = accounts[choice];
        }
    }

    /// @inheritdoc IVotingCoin
    function name() external pure returns (string memory text) {
        return "tohyo vote";
    }

    /// @inheritdoc IVotingCoin
    function symbol() external pure returns (string memory text) {
        return "VOTE";
    }

    /// @inheritdoc IVotingCoin
    function decimals() external pure returns (uint8 digits) {
        return 0;
    }

    /// @inheritdoc IVotingCoin
    function totalSupply() public view virtual returns (uint256 coins);

    /// @inheritdoc IVotingCoin
    function balanceOf(address account) public view returns (uint256 coins) {
        uint256 voted = 0;
        for (uint256 choice = 0; choice < _CANDIDATE_COUNT; ++choice) {
            Candidate memory standing = _candidates[choice];
            if (standing.account == account) return standing.votes;
            voted += standing.votes;
        }
        return account == address(this) ? totalSupply() - voted : 0;
    }

    /// @dev Moves one coin from the election to a candidate; the caller checks that the choice exists.
    function _countVote(uint256 choice) internal {
        Candidate storage standing = _candidates[choice];
        address account = standing.account;
        unchecked {
            // at most 2^32 votes exist, one for each leaf
            ++standing.votes;
        }
        emit Transfer(address(this), account, 1);
    }

    function _candidateCount() internal view returns (uint256 count) {
        return _CANDIDATE_COUNT;
    }

    function _candidate(uint256 choice) internal view returns (Candidate memory standing) {
        return _candidates[choice];
    }
}
