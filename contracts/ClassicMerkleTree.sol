// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {MerkleTree} from "./MerkleTree.sol";
import {ClassicEmptySubtrees} from "./generated/ClassicEmptySubtrees.sol";
import {IMiMCSponge} from "./interfaces/IMiMCSponge.sol";

/// @dev Every insertion climbs to the root and keeps it: 16 hashes. `_branch[i]` is the last completed left node of
///      level i, and only the one node that an insertion completes is written.
abstract contract ClassicMerkleTree is MerkleTree {
    uint256 private constant _CLASSIC_DEPTH = 16;

    uint256[_CLASSIC_DEPTH] private _branch;

    constructor(uint256 depth_, address hasher_) MerkleTree(depth_, hasher_) {
        if (depth_ != _CLASSIC_DEPTH) revert DepthOutOfRange(depth_);
        uint256 empty = ClassicEmptySubtrees.root(0);
        if (hasher_.code.length == 0 || IMiMCSponge(hasher_).compress(empty, empty) != ClassicEmptySubtrees.root(1)) {
            revert WrongHasher(hasher_);
        }
    }

    /// @inheritdoc MerkleTree
    function _insert(uint256 leaf, uint256 index) internal override {
        bytes memory empty = ClassicEmptySubtrees.ROOTS;
        uint256 node = leaf;
        bool isComplete = true;
        for (uint256 level = 0; level < _CLASSIC_DEPTH; ++level) {
            if ((index >> level) & 1 == 1) {
                node = IMiMCSponge(_HASHER).compress(_branch[level], node);
                continue;
            }
            // above the first left node everything is completed later, by another insertion
            if (isComplete) _branch[level] = node;
            isComplete = false;
            node = IMiMCSponge(_HASHER).compress(node, ClassicEmptySubtrees.at(empty, level));
        }
        Counters memory counters = _counters;
        // casting is safe: at most 2^16 leaves
        counters.leaves = uint64(index + 1);
        _keepRoot(counters, node);
    }
}
