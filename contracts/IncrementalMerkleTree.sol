// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {MerkleTree} from "./MerkleTree.sol";
import {EmptySubtrees} from "./generated/EmptySubtrees.sol";
import {IIncrementalMerkleTree} from "./interfaces/IIncrementalMerkleTree.sol";
import {IPoseidonT3} from "./interfaces/IPoseidonT3.sol";

/// @dev Built like Ethereum's deposit contract: `_branch[i]` is the last completed left node of level i, an insertion
///      merges only what it completes (one hash on average) and writes one node; `checkpoint` folds the branch.
abstract contract IncrementalMerkleTree is IIncrementalMerkleTree, MerkleTree {
    uint256 private constant _MAX_DEPTH = 32;

    uint256[_MAX_DEPTH + 1] private _branch;

    constructor(uint256 depth_, address hasher_) MerkleTree(depth_, hasher_) {
        if (depth_ == 0 || depth_ > _MAX_DEPTH) revert DepthOutOfRange(depth_);
        uint256 empty = EmptySubtrees.root(0);
        if (hasher_.code.length == 0 || IPoseidonT3(hasher_).hash(empty, empty) != EmptySubtrees.root(1)) {
            revert WrongHasher(hasher_);
        }
    }

    /// @inheritdoc IIncrementalMerkleTree
    function checkpoint() public returns (uint256 root) {
        Counters memory counters = _counters;
        if (counters.leaves == counters.leavesAtCheckpoint) return latestRoot();
        root = _computeRoot(counters.leaves);
        _keepRoot(counters, root);
    }

    /// @inheritdoc MerkleTree
    function _insert(uint256 leaf, uint256 index) internal override {
        uint256 node = leaf;
        uint256 level = 0;
        for (uint256 size = index + 1; size & 1 == 0; size >>= 1) {
            node = IPoseidonT3(_HASHER).hash(_branch[level], node);
            ++level;
        }
        _branch[level] = node;
    }

    function _computeRoot(uint256 size) private view returns (uint256 node) {
        uint256 levels = _DEPTH;
        // a full tree was merged to the top by its last insertion
        if (size >> levels != 0) return _branch[levels];
        bytes memory empty = EmptySubtrees.ROOTS;
        node = EmptySubtrees.at(empty, 0);
        for (uint256 level = 0; level < levels; ++level) {
            if ((size >> level) & 1 == 1) node = IPoseidonT3(_HASHER).hash(_branch[level], node);
            else node = IPoseidonT3(_HASHER).hash(node, EmptySubtrees.at(empty, level));
        }
    }
}
