// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

/// @dev Candidates and their votes share a storage slot, so counting a vote is one read and one write.
abstract contract Candidates {
    struct Candidate {
        address account;
        uint96 votes;
    }

    uint256 internal immutable _CANDIDATE_COUNT;

    mapping(uint256 choice => Candidate standing) private _candidates;

    constructor(address[] memory accounts) {
        _CANDIDATE_COUNT = accounts.length;
        for (uint256 choice = 0; choice < accounts.length; ++choice) {
            _candidates[choice].account = accounts[choice];
        }
    }

    /// @dev The caller checks that the choice exists.
    function _countVote(uint256 choice) internal returns (address account) {
        Candidate storage standing = _candidates[choice];
        account = standing.account;
        unchecked {
            // at most 2^32 votes exist, one for each leaf
            ++standing.votes;
        }
    }

    function _candidate(uint256 choice) internal view returns (Candidate memory standing) {
        return _candidates[choice];
    }
}
