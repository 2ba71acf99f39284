"""The Merkle tree of RFC 6962 2.1: roots, inclusion and consistency proofs (verification as in RFC 9162 2.1.3-4)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EMPTY_ROOT = sha256(b"").digest()
_SIZE = 32
_NODE = b"\x01"


def leaf_hash(line: bytes) -> bytes:
    """Return SHA-256(0x00 || line)."""
    return sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return sha256(_NODE + left + right).digest()


class Tree:
    """All hashes of complete subtrees, one byte array per level: 64 bytes an entry, every proof in O(log n)."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]
        self._latest = (0, EMPTY_ROOT)
        self.extend(leaves)

    @property
    def size(self) -> int:
        """Return the number of leaves."""
        return len(self._levels[0]) // _SIZE

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes in order."""
        self._levels[0] += b"".join(leaves)
        level, below = 1, self._levels[0]
        while len(below) >= 2 * _SIZE:
            if level == len(self._levels):
                self._levels.append(bytearray())
            here = self._levels[level]
            done, full = 2 * len(here), len(below) // (2 * _SIZE) * (2 * _SIZE)
            if done == full:
                return
            pairs = bytes(below[done:full])
            here += b"".join([sha256(_NODE + pairs[i : i + 64]).digest() for i in range(0, full - done, 64)])
            level, below = level + 1, here

    def truncate(self, size: int) -> None:
        """Forget the leaves from ``size`` on (an append that was not committed)."""
        self._latest = (0, EMPTY_ROOT)
        for level, hashes in enumerate(self._levels):
            del hashes[(size >> level) * _SIZE :]

    def leaf(self, index: int) -> bytes:
        """Return one leaf hash."""
        return self._node(0, index)

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the first ``size`` leaves (all by default)."""
        size = self.size if size is None else self._known(size)
        if size != self._latest[0]:
            root = self._range(0, size) if size else EMPTY_ROOT
            if size != self.size:
                return root
            self._latest = size, root
        return self._latest[1]

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the hashes from the leaf's sibling up that lead from leaf ``index`` to the root at ``size``."""
        low, high = 0, self.size if size is None else self._known(size)
        if not 0 <= index < high:
            raise IndexError(index)
        path = []
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low = middle
        return path[::-1]

    def consistency_proof(self, old: int, size: int | None = None) -> list[bytes]:
        """Return the hashes that show that the tree at ``size`` begins with the tree at ``old`` (RFC 6962 2.1.2)."""
        low, high = 0, self.size if size is None else self._known(size)
        if not 0 <= old <= high:
            raise IndexError(old)
        if old == 0:
            return []
        path = []
        while old != high:
            middle = low + _split(high - low)
            if old <= middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low = middle
        if low:
            path.append(self._range(low, high))
        return path[::-1]

    def _known(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise IndexError(size)
        return size

    def _node(self, level: int, index: int) -> bytes:
        return bytes(self._levels[level][index * _SIZE : (index + 1) * _SIZE])

    def _range(self, low: int, high: int) -> bytes:
        """Fold complete subtrees from the right; ``low`` is aligned to the next power of two of the length."""
        root, length = b"", high - low
        for level in range(length.bit_length()):
            if length >> level & 1:
                node = self._node(level, ((low + (length >> level << level)) >> level) - 1)
                root = node_hash(node, root) if root else node
        return root


def _split(length: int) -> int:
    """Return the largest power of two below ``length``."""
    return 1 << ((length - 1).bit_length() - 1)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether the proof leads from the leaf at ``index`` to the root of the tree of ``size`` leaves."""
    if not 0 <= index < size:
        return False
    node, last, result = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            result = node_hash(step, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, step)
        node, last = node >> 1, last >> 1
    return last == 0 and result == root


def verify_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether the tree of ``size`` leaves begins with the tree of ``old`` leaves."""
    if old == size:
        return not proof and old_root == root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if not 0 < old < size or not proof:
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    return _climb(old - 1, size - 1, path, old_root, root)


def _climb(node: int, last: int, path: list[bytes], old_root: bytes, root: bytes) -> bool:
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, step)
        node, last = node >> 1, last >> 1
    return last == 0 and first == old_root and second == root
