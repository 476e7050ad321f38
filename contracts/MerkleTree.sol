// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.20;

import {IMerkleTree} from "./interfaces/IMerkleTree.sol";

/// @dev What a tree counts and remembers: leaves, and the last 100 roots. The heir inserts, hashes and says when.
abstract contract MerkleTree is IMerkleTree {
    uint256 internal constant SCALAR_FIELD =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;
    uint256 private constant _ROOT_HISTORY = 100;

    /// @dev One slot, so that a deposit reads and writes its counters once.
    struct Counters {
        uint64 leaves;
        uint64 leavesAtCheckpoint;
        uint64 checkpoints;
    }

    uint256 internal immutable _DEPTH;
    address internal immutable _HASHER;

    Counters internal _counters;
    uint256[_ROOT_HISTORY] private _roots;
    /// @dev Number of the newest checkpoint with this root, 0 if evicted or never seen: one read tells `isKnownRoot`.
    mapping(uint256 root => uint256 number) private _checkpointOf;

    constructor(uint256 depth_, address hasher_) {
        _DEPTH = depth_;
        _HASHER = hasher_;
    }

    /// @inheritdoc IMerkleTree
    function depth() public view returns (uint256 levels) {
        return _DEPTH;
    }

    /// @inheritdoc IMerkleTree
    function hasher() external view returns (address account) {
        return _HASHER;
    }

    /// @inheritdoc IMerkleTree
    function leafCount() public view returns (uint256 count) {
        return _counters.leaves;
    }

    /// @inheritdoc IMerkleTree
    function latestRoot() public view returns (uint256 root) {
        uint256 checkpoints = _counters.checkpoints;
        if (checkpoints == 0) return 0;
        return _roots[(checkpoints - 1) % _ROOT_HISTORY];
    }

    /// @inheritdoc IMerkleTree
    function isKnownRoot(uint256 root) public view returns (bool known) {
        return _checkpointOf[root] != 0;
    }

    /// @dev Appends `leaf` as leaf number `index`; the caller counts, checks the capacity and that leaf < r.
    function _insert(uint256 leaf, uint256 index) internal virtual;

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

    /// @dev Keeps the root over all `counters.leaves` leaves and forgets the one a hundred before it.
    function _keepRoot(Counters memory counters, uint256 root) internal {
        uint256 place = counters.checkpoints % _ROOT_HISTORY;
        counters.leavesAtCheckpoint = counters.leaves;
        ++counters.checkpoints;
        _evict(_roots[place], counters.checkpoints);
        _roots[place] = root;
        _checkpointOf[root] = counters.checkpoints;
        _counters = counters;
        emit Checkpointed(root, counters.leaves);
    }

    /// @dev Forgets the root whose place is needed, unless a newer checkpoint had the same one.
    function _evict(uint256 root, uint256 newest) private {
        if (root != 0 && _checkpointOf[root] + _ROOT_HISTORY == newest) delete _checkpointOf[root];
    }
}
