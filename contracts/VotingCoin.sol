// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {Candidates} from "./Candidates.sol";
import {IVotingCoin} from "./interfaces/IVotingCoin.sol";

/// @dev What the election itself holds is not stored but derived: coins minted less coins voted.
abstract contract VotingCoin is IVotingCoin, Candidates {
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
            Candidate memory standing = _candidate(choice);
            if (standing.account == account) return standing.votes;
            voted += standing.votes;
        }
        return account == address(this) ? totalSupply() - voted : 0;
    }

    /// @dev Moves one coin from the election to a candidate; the caller checks that the choice exists.
    function _voteCoin(uint256 choice) internal {
        emit Transfer(address(this), _countVote(choice), 1);
    }
}
