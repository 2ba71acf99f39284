from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exeat.ledger.tree import EMPTY_ROOT, Tree, leaf_hash, node_hash, verify_consistency, verify_inclusion

# The reference vectors of the Certificate Transparency project for RFC 6962.
INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LEAVES = [leaf_hash(str(number).encode()) for number in range(140)]
SIZES = st.integers(1, len(LEAVES))


def naive_root(leaves):
    """The definition of RFC 6962 2.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def test_reference_roots():
    tree = Tree()
    for text, root in zip(INPUTS, ROOTS, strict=True):
        tree.append(leaf_hash(bytes.fromhex(text)))
        assert tree.root().hex() == root


def test_empty_tree():
    assert (
        Tree().root() == EMPTY_ROOT == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    )


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), max_size=8))
def test_root_is_the_definition_however_the_leaves_come(steps):
    tree, size = Tree(), 0
    for step in steps:
        tree.extend(LEAVES[size : size + step])
        size = min(size + step, len(LEAVES))
    assert tree.size == size
    assert [tree.root(n) for n in range(size + 1)] == [naive_root(LEAVES[:n]) for n in range(size + 1)]


@settings(deadline=None)
@given(SIZES, st.integers(0, 140))
def test_truncate_forgets(size, keep):
    tree = Tree(LEAVES[:size])
    tree.truncate(min(keep, size))
    tree.extend(LEAVES[tree.size : size])
    assert tree.root() == naive_root(LEAVES[:size])


@settings(deadline=None)
@given(SIZES, st.data())
def test_inclusion(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof, root = Tree(LEAVES).inclusion_proof(index, size), naive_root(LEAVES[:size])
    assert verify_inclusion(LEAVES[index], index, size, proof, root)
    for wrong in range(size):
        if wrong != index:
            assert not verify_inclusion(LEAVES[index], wrong, size, proof, root)
    assert not verify_inclusion(LEAVES[index], index, size, [*proof, root], root)
    assert not verify_inclusion(LEAVES[index], size, size, proof, root)
    assert not verify_inclusion(LEAVES[index], -1, size, proof, root)
    if proof:
        assert not verify_inclusion(LEAVES[index], index, size, proof[:-1], root)
        assert not verify_inclusion(LEAVES[index], index, size, [*proof[:-1], root], root)


@settings(deadline=None)
@given(SIZES, st.data())
def test_consistency(size, data):
    old = data.draw(st.integers(0, size))
    proof = Tree(LEAVES).consistency_proof(old, size)
    old_root, root = naive_root(LEAVES[:old]), naive_root(LEAVES[:size])
    assert verify_consistency(old, old_root, size, root, proof)
    other = naive_root([leaf_hash(b"x"), *LEAVES[1:size]])
    assert not verify_consistency(old, old_root, size, other, proof) or old == 0
    assert not verify_consistency(old, other, size, root, proof)
    assert not verify_consistency(old, old_root, size, root, [*proof, root])
    if proof:
        assert not verify_consistency(old, old_root, size, root, proof[:-1])


def test_consistency_is_never_backwards():
    tree = Tree(LEAVES)
    assert not verify_consistency(8, tree.root(8), 4, tree.root(4), tree.consistency_proof(4, 8))


@pytest.mark.parametrize("call", [lambda t: t.root(4), lambda t: t.inclusion_proof(3), lambda t: t.inclusion_proof(-1),
                                  lambda t: t.consistency_proof(4), lambda t: t.inclusion_proof(0, 0)])  # fmt: skip
def test_outside_the_tree(call):
    with pytest.raises(IndexError):
        call(Tree(LEAVES[:3]))
