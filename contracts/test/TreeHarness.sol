// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {IncrementalMerkleTree} from "../IncrementalMerkleTree.sol";

/// @dev The tree without an election around it.
contract TreeHarness is IncrementalMerkleTree {
    constructor(uint256 depth_, address hasher_) IncrementalMerkleTree(depth_, hasher_) {}

    function insert(uint256[] calldata leaves) external {
        uint256 first = _reserve(leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            _requireFieldElement(leaves[i]);
            _insert(leaves[i], first + i);
        }
    }

    /// @dev Checkpoints after each leaf, so that a test reaches the end of the history in one transaction.
    function insertAndCheckpoint(uint256[] calldata leaves) external {
        for (uint256 i = 0; i < leaves.length; ++i) {
            _insert(leaves[i], _reserve(1));
            checkpoint();
        }
    }
}
