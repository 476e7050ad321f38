// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {EmptySubtrees} from "./generated/EmptySubtrees.sol";
import {IIncrementalMerkleTree} from "./interfaces/IIncrementalMerkleTree.sol";
import {IPoseidonT3} from "./interfaces/IPoseidonT3.sol";

/// @dev Built like Ethereum's deposit contract: `_branch[i]` is the last completed left node of level i, an insertion
///      merges only what it completes (one hash on average) and writes one node; `checkpoint` folds the branch.
abstract contract IncrementalMerkleTree is IIncrementalMerkleTree {
    uint256 internal constant SCALAR_FIELD =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;
    uint256 private constant _MAX_DEPTH = 32;
    uint256 private constant _ROOT_HISTORY = 100;

    /// @dev One slot, so that a deposit reads and writes its counters once.
    struct Counters {
        uint64 leaves;
        uint64 leavesAtCheckpoint;
        uint64 checkpoints;
    }

    uint256 private immutable _DEPTH;
    IPoseidonT3 private immutable _HASHER;

    Counters private _counters;
    uint256[_MAX_DEPTH + 1] private _branch;
    uint256[_ROOT_HISTORY] private _roots;
    /// @dev Number of the newest checkpoint with this root, 0 if evicted or never seen: one read tells `isKnownRoot`.
    mapping(uint256 root => uint256 number) private _checkpointOf;

    constructor(uint256 depth_, address hasher_) {
        if (depth_ == 0 || depth_ > _MAX_DEPTH) revert DepthOutOfRange(depth_);
        uint256 empty = EmptySubtrees.root(0);
        if (hasher_.code.length == 0 || IPoseidonT3(hasher_).hash(empty, empty) != EmptySubtrees.root(1)) {
            revert WrongHasher(hasher_);
        }
        _DEPTH = depth_;
        _HASHER = IPoseidonT3(hasher_);
    }

    /// @inheritdoc IIncrementalMerkleTree
    function checkpoint() public returns (uint256 root) {
        Counters memory counters = _counters;
        if (counters.leaves == counters.leavesAtCheckpoint) return latestRoot();
        root = _computeRoot(counters.leaves);
        uint256 place = counters.checkpoints % _ROOT_HISTORY;
        counters.leavesAtCheckpoint = counters.leaves;
        ++counters.checkpoints;
        _evict(_roots[place], counters.checkpoints);
        _roots[place] = root;
        _checkpointOf[root] = counters.checkpoints;
        _counters = counters;
        emit Checkpointed(root, counters.leaves);
    }

    /// @inheritdoc IIncrementalMerkleTree
    function depth() public view returns (uint256 levels) {
        return _DEPTH;
    }

    /// @inheritdoc IIncrementalMerkleTree
    function hasher() external view returns (address account) {
        return address(_HASHER);
    }

    /// @inheritdoc IIncrementalMerkleTree
    function leafCount() public view returns (uint256 count) {
        return _counters.leaves;
    }

    /// @inheritdoc IIncrementalMerkleTree
    function latestRoot() public view returns (uint256 root) {
        uint256 checkpoints = _counters.checkpoints;
        if (checkpoints == 0) return 0;
        return _roots[(checkpoints - 1) % _ROOT_HISTORY];
    }

    /// @inheritdoc IIncrementalMerkleTree
    function isKnownRoot(uint256 root) public view returns (bool known) {
        return _checkpointOf[root] != 0;
    }

    /// @dev Appends `leaf` as leaf number `index`; the caller counts, checks the capacity and that leaf < r.
    function _insert(uint256 leaf, uint256 index) internal {
        uint256 node = leaf;
        uint256 level = 0;
        for (uint256 size = index + 1; size & 1 == 0; size >>= 1) {
            node = _HASHER.hash(_branch[level], node);
            ++level;
        }
        _branch[level] = node;
    }

    /// @dev Reserves `count` leaves and returns the index of the first.
    function _reserve(uint256 count) internal returns (uint256 first) {
        first = _counters.leaves;
        uint256 capacity = 1 << _DEPTH;
        if (first + count > capacity) revert TreeFull(capacity);
        // casting is safe: at most 2^32 leaves
        _counters.leaves = uint64(first + count);
    }

    function _requireFieldElement(uint256 value) internal pure {
        if (value >= SCALAR_FIELD) revert FieldElementOutOfRange(value);
    }

    /// @dev Forgets the root whose place is needed, unless a newer checkpoint had the same one.
    function _evict(uint256 root, uint256 newest) private {
        if (root != 0 && _checkpointOf[root] + _ROOT_HISTORY == newest) delete _checkpointOf[root];
    }

    function _computeRoot(uint256 size) private view returns (uint256 node) {
        uint256 levels = _DEPTH;
        // a full tree was merged to the top by its last insertion
        if (size >> levels != 0) return _branch[levels];
        bytes memory empty = EmptySubtrees.ROOTS;
        node = EmptySubtrees.at(empty, 0);
        for (uint256 level = 0; level < levels; ++level) {
            if ((size >> level) & 1 == 1) node = _HASHER.hash(_branch[level], node);
            else node = _HASHER.hash(node, EmptySubtrees.at(empty, level));
        }
    }
}
