from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exeat.errors import BadInput, Tampered
from exeat.ledger.note import HeadReader, make_key, open_head, parse_skey, sign_head
from exeat.ledger.receipt import make_receipt, open_receipt
from exeat.ledger.record import Position, build
from exeat.ledger.statement import Draft
from exeat.ledger.tree import EMPTY_ROOT, Tree, leaf_hash

ORIGIN = "test.example/log"
KEY = make_key(ORIGIN)
ROOT = bytes(range(32))
NOTE = sign_head(ORIGIN, 7, ROOT, KEY)

# A head that another implementation signed (an independent prototype of this design).
OTHER_VKEY = "example.org/ckpt-ledger+b7fce134+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
OTHER = """example.org/ckpt-ledger
5000
dMzVCTICfHdnaeWombgKXSD5y+6SZXsIGrh2Ocubd3k=

— example.org/ckpt-ledger t/zhNMZBkWANDYMrRjhxNu+N+v7cYAjWC1WW2ANCGgdwIW1u1/EP364C4/pCNg63ju/OeBWz1mZdvSUSddbZ3PUXMw0=
— witness0.example sInYygAAAABpJIEAsTMRRt706YWDTp6YvsYR+ZYP9IEqT6Ufg9SyZCNvzFd2VCv6t7rhpz2QfoRytsSzPDH43YV/PH82jpAHm/XrCw==
"""  # noqa: E501 as it was signed


def test_a_head_opens_with_its_key():
    head = open_head(NOTE, KEY.vkey)
    assert (head.size, head.root, head.note) == (7, ROOT, NOTE)
    assert NOTE.startswith(
        "test.example/log\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n\u2014 test.example/log "
    )


def test_a_head_of_another_implementation_opens_and_witnesses_are_ignored():
    assert open_head(OTHER, OTHER_VKEY).size == 5000


def test_keys_survive_as_text():
    assert parse_skey(KEY.skey + "\n").vkey == KEY.vkey
    assert KEY.skey.startswith("PRIVATE+KEY+test.example/log+")


@settings(deadline=None)
@given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
def test_every_changed_character_is_refused(place, letter):
    changed = NOTE[:place] + letter + NOTE[place + 1 :]
    if changed != NOTE:
        with pytest.raises(Tampered):
            open_head(changed, KEY.vkey)


@pytest.mark.parametrize("cut", range(0, len(NOTE), 7))
def test_a_cut_head_is_refused(cut):
    with pytest.raises(Tampered):
        open_head(NOTE[:cut], KEY.vkey)


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("\n7\n", "\n07\n"),
        sign_head(ORIGIN, 7, ROOT, make_key(ORIGIN)),
        sign_head("other.example/log", 7, ROOT, KEY),
        NOTE + "\n",
        NOTE + "witness\n",
        NOTE * 500,
    ],
    ids=range(6),
)
def test_what_is_not_a_head_of_this_log(note):
    with pytest.raises(Tampered):
        open_head(note, KEY.vkey)


@pytest.mark.parametrize(
    "text",
    ["", "a+b", "a+zz+AAAA", "a b+00000000+AAAA", KEY.vkey[:-4] + "AAA=", OTHER_VKEY.replace("b7", "b8")],
    ids=range(6),
)
def test_wrong_keys_are_refused(text):
    with pytest.raises(BadInput):
        HeadReader(text)


def test_a_signing_key_is_never_quoted_in_an_error():
    secret = KEY.skey.rsplit("+", 1)[1]
    with pytest.raises(BadInput) as caught:
        parse_skey(KEY.skey.replace(ORIGIN, "other.example"))
    assert secret not in str(caught.value)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "x" * 300, "line\nbreak"])
def test_names_that_no_log_can_have(name):
    with pytest.raises(BadInput):
        make_key(name)


def receipt_of(index=2, size=5):
    at = Position(
        index,
        b"\x01" * 32,
        "2026-11-23T12:00:00.000000Z",
        "2026-11-23T12:00:00.000000Z",
        0,
        {"root": EMPTY_ROOT.hex(), "size": 0},
    )
    draft = Draft(kind="x.y", case="c", actor="a", role="r", authenticated="demo", key="k", sealed={"why": "because"})
    line = build(draft, at).line
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    leaves[index] = leaf_hash(line)
    tree = Tree(leaves)
    return make_receipt(line, index, tree.inclusion_proof(index), sign_head(ORIGIN, size, tree.root(), KEY))


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (2, 5), (4, 5), (6, 7)])
def test_a_receipt_opens(index, size):
    receipt = open_receipt(receipt_of(index, size), KEY.vkey)
    assert (receipt.entry.seq, receipt.head.size, receipt.entry.kind) == (index, size, "x.y")


TEXT = receipt_of()


@settings(deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_every_changed_character_of_a_receipt_is_refused(place, letter):
    changed = TEXT[:place] + letter + TEXT[place + 1 :]
    if changed != TEXT:
        with pytest.raises((Tampered, BadInput)):
            open_receipt(changed, KEY.vkey)


@pytest.mark.parametrize(
    "text", ["", "c2sp.org/tlog-proof@v1", "\n\n", TEXT.replace("extra ", "extra\t"), TEXT * 2], ids=range(5)
)
def test_what_is_not_a_receipt(text):
    with pytest.raises((Tampered, BadInput)):
        open_receipt(text, KEY.vkey)
