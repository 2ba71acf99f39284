from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from exeat.errors import BadInput
from exeat.ledger.canonical import MAX_DEPTH, MAX_INT, canonical, check_profile, in_profile, parse_line

KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-MAX_INT, MAX_INT) | st.text(max_size=20)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)


@settings(deadline=None)
@given(VALUES)
def test_three_writers_give_the_same_bytes(value):
    expected = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical(value) == expected == rfc8785.dumps(value)


@settings(deadline=None)
@given(OBJECTS)
def test_a_line_comes_back_as_it_was(value):
    assert parse_line(canonical(value)) == value
    assert in_profile(value)


@settings(deadline=None)
@given(OBJECTS, st.data())
def test_any_changed_byte_changes_the_value_or_is_refused(value, data):
    line = canonical(value)
    place = data.draw(st.integers(0, len(line) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda new: new != line[place]))
    changed = line[:place] + bytes([byte]) + line[place + 1 :]
    try:
        assert canonical(parse_line(changed)) == changed
    except BadInput:
        return
    assert parse_line(changed) != value


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [0.5, float("nan"), 2**53, -(2**53), {"ü": 1}, {1: 2}, "\udfff", {"a": ["\ud800"]}, b"x", Decimal(1), {1, 2},
     datetime(2026, 1, 1, tzinfo=UTC), object(), {"a": {"b": [1, 2.0]}}, nested(MAX_DEPTH + 1)],
    ids=lambda value: f"{type(value).__name__}",
)  # fmt: skip
def test_outside_the_profile(value):
    with pytest.raises(BadInput):
        canonical(value)


@settings(deadline=None)
@given(
    st.recursive(
        st.floats() | st.just(2**60),
        lambda inner: st.lists(inner, min_size=1) | st.dictionaries(KEYS, inner, min_size=1),
    )
)
def test_both_profile_checks_refuse_numbers_without_one_form(value):
    with pytest.raises(BadInput):
        check_profile(value)
    assert not in_profile(value)


def test_depth_is_counted_alike():
    check_profile(nested(MAX_DEPTH))
    assert in_profile(nested(MAX_DEPTH))
    assert not in_profile(nested(MAX_DEPTH + 1))


def test_the_place_is_named():
    with pytest.raises(BadInput) as caught:
        check_profile({"a": [0, {"b": 0.1}]})
    assert caught.value.place == "$.a[1].b"


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b'"x"', b'{"a":1,"a":1}', b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1}\n', b'{"a":1.0}',
     b'{"a":1e2}', b'{"a":-0}', b'{"a":9007199254740992}', b'{"a":NaN}', b'{"a":"\\u0041"}', b'{"a":"\\ud800"}',
     b'{"a":"\xff"}', b'{"\xc3\xbc":1}', b'{"a":"\\/"}', b"[" * 100_000],
)  # fmt: skip
def test_lines_that_are_refused(line):
    with pytest.raises(BadInput):
        parse_line(line)
