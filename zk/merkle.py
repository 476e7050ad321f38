"""The incremental Merkle tree of commitments, as the contract builds it.

Leaves are appended from the left; node H(left, right) = Poseidon(left, right) unless a tree is made with
another `hash_pair` (classic CREAM's is `zk.mimc.mimc_compress`); an empty leaf is Z₀ = D_empty and an empty
subtree of height i is Zᵢ = H(Zᵢ₋₁, Zᵢ₋₁). Only complete subtrees are stored, so appending n leaves costs
n − 1 hashes at most, and a root or a path at any moment at most `depth` hashes more.

Trusts its caller about what a leaf means; checks that it is a field element. Leaves to others:
duplicates, history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from zk.domain import domain_tag
from zk.errors import ZkError
from zk.field import require_field_element
from zk.poseidon import poseidon

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 32
HashPair = Callable[[int, int], int]


class TreeDepthError(ZkError):
    """A depth outside 1–32."""

    def __init__(self, depth: int) -> None:
        super().__init__(
            f"a tree of depth {depth} is not supported", hint=f"choose a depth from 1 to {MAX_DEPTH}"
        )
        self.depth = depth


class TreeFullError(ZkError):
    """A leaf more than 2^depth."""

    def __init__(self, depth: int) -> None:
        super().__init__(f"the tree of depth {depth} already holds {1 << depth} leaves")
        self.depth = depth


class LeafIndexError(ZkError):
    """A leaf index that the tree does not hold."""

    def __init__(self, leaf_index: int, size: int) -> None:
        super().__init__(f"there is no leaf {leaf_index}: the tree holds {size} leaves")
        self.leaf_index = leaf_index
        self.size = size


def require_depth(depth: int) -> int:
    """Return depth; raise TreeDepthError unless it is 1–32."""
    if isinstance(depth, bool) or not 1 <= depth <= MAX_DEPTH:
        raise TreeDepthError(depth)
    return depth


def hash_pair(left: int, right: int) -> int:
    """H(left, right), an inner node."""
    return poseidon(left, right)


@cache
def empty_root(height: int, hash_pair: HashPair = hash_pair) -> int:
    """Z_height, the root of an empty subtree."""
    if height == 0:
        return domain_tag("empty")
    below = empty_root(height - 1, hash_pair)
    return hash_pair(below, below)


@dataclass(frozen=True)
class MerklePath:
    """Siblings from the leaf upwards; bit i of leaf_index is 1 if the node at height i is a right child."""

    leaf_index: int
    elements: tuple[int, ...]
    hash_pair: HashPair = field(default=hash_pair, repr=False)

    def root_from(self, leaf: int) -> int:
        """Climb from `leaf` to the root that this path claims; at most `len(elements)` hashes."""
        if not 0 <= self.leaf_index < 1 << len(self.elements):
            raise LeafIndexError(self.leaf_index, 1 << len(self.elements))
        node = leaf
        for height, sibling in enumerate(self.elements):
            is_right = self.leaf_index >> height & 1
            node = self.hash_pair(sibling, node) if is_right else self.hash_pair(node, sibling)
        return node


class IncrementalMerkleTree:
    """A tree of fixed depth that only grows."""

    def __init__(self, depth: int, hash_pair: HashPair = hash_pair) -> None:
        self.depth = require_depth(depth)
        self._hash_pair = hash_pair
        self._levels: list[list[int]] = [[] for _ in range(depth + 1)]  # complete subtrees, by height

    @classmethod
    def from_leaves(
        cls, depth: int, leaves: Iterable[int], hash_pair: HashPair = hash_pair
    ) -> IncrementalMerkleTree:
        """Build a tree of the given depth holding `leaves` in order."""
        tree = cls(depth, hash_pair)
        tree.extend(leaves)
        return tree

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def leaves(self) -> tuple[int, ...]:
        """All leaves in order."""
        return tuple(self._levels[0])

    def append(self, leaf: int) -> int:
        """Add one leaf and return its index; hashes only the subtrees that it completes."""
        require_field_element(leaf, "leaf")
        index = len(self)
        if index >> self.depth:
            raise TreeFullError(self.depth)
        self._levels[0].append(leaf)
        for height in range(self.depth):
            level = self._levels[height]
            if len(level) % 2:
                break
            self._levels[height + 1].append(self._hash_pair(level[-2], level[-1]))
        return index

    def extend(self, leaves: Iterable[int]) -> None:
        """Append every leaf in order."""
        for leaf in leaves:
            self.append(leaf)

    @property
    def root(self) -> int:
        """The root with empty leaves to the right; at most `depth` hashes."""
        return self._climb()[-1]

    def path(self, index: int) -> MerklePath:
        """Siblings of leaf `index` under the present root; at most `depth` hashes."""
        if not 0 <= index < len(self):
            raise LeafIndexError(index, len(self))
        frontier = self._climb()
        elements = []
        for height in range(self.depth):
            position = index >> height ^ 1
            level = self._levels[height]
            if position < len(level):
                elements.append(level[position])
            elif position == len(level):
                elements.append(frontier[height])
            else:
                elements.append(self._empty_root(height))
        return MerklePath(index, tuple(elements), self._hash_pair)

    def _climb(self) -> list[int]:
        """By height, the node just right of the complete ones: the partly filled subtree, or an empty one."""
        frontier = [empty_root(0)]
        for height in range(self.depth):
            level = self._levels[height]
            if len(level) % 2:
                frontier.append(self._hash_pair(level[-1], frontier[height]))
            elif len(self) & ((1 << height) - 1):
                frontier.append(self._hash_pair(frontier[height], self._empty_root(height)))
            else:
                frontier.append(self._empty_root(height + 1))
        top = self._levels[self.depth]
        return [*frontier[:-1], top[0] if top else frontier[-1]]

    def _empty_root(self, height: int) -> int:
        return empty_root(height, self._hash_pair)
