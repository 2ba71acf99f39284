"""The walk builds values as symbols, follows CPython in what it accepts, and imports nothing."""

from __future__ import annotations

import collections
import pickle
import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.pickle_walk import Budget, Walk
from exeat.evidence.inspection.symbols import Call, Composite, Global, OrderedMap, StorageRef
from tests.unit.evidence.corpus.opcodes import Call as Called
from tests.unit.evidence.corpus.opcodes import Glob, emit, glob, proto, stream, text

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(min_size=1),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def walk(data, **limits):
    return Walk(data, 0, Budget(DEFAULT._replace(**limits))).run()


@settings(max_examples=150, deadline=None)
@given(PLAIN, st.integers(0, 5))
def test_plain_values_come_back_as_they_are(value, protocol):
    seen = walk(pickle.dumps(value, protocol))
    assert seen.done
    assert seen.value == value
    assert {str(name) for name in seen.globals} <= {"_codecs.encode", "builtins.bytes"}


def test_a_list_in_itself_and_shared_parts_keep_their_identity():
    loop, shared = [], [1]
    loop.append(loop)
    seen = walk(pickle.dumps([loop, shared, shared], 2)).value
    assert seen[0][0] is seen[0]
    assert seen[1] is seen[2]


@pytest.mark.parametrize("protocol", range(6))
def test_a_call_becomes_a_symbol(protocol):
    seen = walk(stream(Called(Glob("posix", "system"), ("true",)), protocol))
    assert isinstance(seen.value, Call)
    assert seen.value.func == Global("posix", "system")
    assert seen.value.args == ("true",)
    assert list(seen.globals) == [Global("posix", "system")]


def test_nothing_is_imported():
    gone = "antigravity"
    assert gone not in sys.modules
    walk(stream(Called(Glob(gone, "fly"), ())))
    assert gone not in sys.modules


def test_names_of_python_2_are_translated():
    seen = walk(b"\x80\x02c__builtin__\nset\n](K\x01e\x85R.")
    assert list(seen.globals) == [Global("builtins", "set")]


def test_ordered_dict_keeps_order_and_attributes():
    value = collections.OrderedDict(b=1, a=2)
    value.note = "x"
    seen = walk(pickle.dumps(value, 2)).value
    assert isinstance(seen, OrderedMap)
    assert list(seen.items()) == [("b", 1), ("a", 2)]
    assert seen.state == {"note": "x"}


def test_persistent_ids_are_kept_aside():
    seen = walk(proto(2) + emit(("storage", 1), 2) + b"Q.")
    assert isinstance(seen.value, StorageRef)
    assert seen.storages == [seen.value]
    assert seen.value.id == ("storage", 1)


def test_tuples_and_large_numbers_as_keys_cannot_collide():
    seen = walk(pickle.dumps({(1, 2): "a", 2**61 - 1: "b", 7: "c"}, 2)).value
    assert [type(key) for key in seen] == [Composite, Composite, int]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x80\x02", "ends in the middle"),
        (b"\x80\x06N.", "protocol 6"),
        (b"\x80\x02\xff.", "no pickle opcode"),
        (b"0N.", "never opened"),
        (b"R.", "empty stack"),
        (b"h\x05.", "never kept"),
        (b"\x80\x02}]K\x01s.", "list or dict as a key"),
        (b"\x80\x02(K\x01d.", "no value"),
        (b"I" + b"9" * 5000 + b"\n.", "thousands of digits"),
        (b"\x8b" + (2**20).to_bytes(4, "little") + b"x", "1,048,576 bytes"),
        (b"]r\xff\xff\xff\x7f.", "reserve memory"),
        (b"\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00N.", "longer than the stream"),
        (b"\x80\x04\x95\x05" + b"\x00" * 7 + b"cos\nsystem\n.", "over the end of a frame"),
        (b"\x80\x04\x95\x0b" + b"\x00" * 7 + b"\x95\x01" + b"\x00" * 7 + b"N.", "inside another"),
        (b"\x80\x05\x97.", "buffers from outside"),
        (b"\x80\x04\x8c\x02\xff\xfeN.", "no unpickler accepts it"),
        (b"(" * 300, "nests more than 200"),
    ],
)
def test_what_no_reader_accepts_breaks_the_walk(data, why):
    seen = walk(data)
    assert not seen.done
    assert why in seen.broken.why


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x80\x02\x82\x07)R.", "extension-code"),
        (proto(4) + emit(Called(Glob("a", "b"), ())) + text("x") + b"\x93.", "computed-name"),
        (proto(4) + text("x") + b")R.", "computed-call"),
        (proto(4) + glob("a", "b") + b"NR.", "odd-arguments"),
        (proto(4) + glob("a", "b") + b"K\x01K\x02s.", "odd-change"),
        (proto(4) + glob("a", "b") + b"K\x01a.", "odd-change"),
        (proto(4) + glob("a", "b") + b"}b.", "odd-state"),
    ],
)
def test_what_no_pickler_writes_is_noted(data, code):
    assert code in [oddity.code for oddity in walk(data).oddities]


def test_calls_and_opcodes_are_counted_over_all_pickles_of_a_file():
    budget = Budget(DEFAULT._replace(opcodes=30))
    assert Walk(b"N0N0N.", 0, budget).run().done
    assert budget.opcodes == 24
    assert Walk(b"N0" * 30, 0, budget).run().broken.bomb


def keyed(value):
    """The value with its composite keys put back."""
    if isinstance(value, dict):
        return {key.value if isinstance(key, Composite) else key: keyed(item) for key, item in value.items()}
    return type(value)(map(keyed, value)) if isinstance(value, list | tuple) else value


def test_mutated_pickles_never_raise_and_agree_with_cpython():
    """Whatever C's unpickler loads from plain data, the walk has loaded to the same value."""
    chance = random.Random(7)  # noqa: S311 no secret
    seed = pickle.dumps({"lr": 0.1, "layers": [64, 64], "name": "x" * 40, "shape": (3, 4), "big": 2**70}, 4)
    agreed = 0
    for _ in range(3000):
        data = bytearray(seed)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        seen = walk(bytes(data))
        if seen.globals or seen.storages or not seen.done or seen.oddities:
            continue
        if seen.calls:  # sets, whose symbols are calls
            continue
        assert repr(pickle.loads(bytes(data))) == repr(keyed(seen.value))  # noqa: S301 no names in it
        agreed += 1
    assert agreed > 300
