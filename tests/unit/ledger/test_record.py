from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exeat.errors import BadInput, Tampered
from exeat.ledger.record import NO_PREV, Position, build, check_draft, commitment, read_entry, stamp
from exeat.ledger.statement import Draft
from exeat.ledger.tree import EMPTY_ROOT

AT = Position(
    0, NO_PREV, "2026-11-23T12:00:00.000000Z", "2026-11-23T12:00:00.000000Z", 4, {"root": EMPTY_ROOT.hex(), "size": 0}
)


MOMENTS = st.datetimes(timezones=st.just(UTC))


def make_draft(**changes):
    fields = {"kind": "x.y", "case": "c", "actor": "a", "role": "r", "authenticated": "demo", "key": "k"}
    return Draft(**(fields | changes))


def test_a_line_reads_back():
    built = build(make_draft(body={"a": (1, 2)}, subject={"m": "d"}, sealed={"why": {"x": 1}}), AT)
    entry = read_entry(0, built.leaf, built.line)
    assert (entry.version, entry.body, entry.subject, entry.case) == (5, {"a": [1, 2]}, {"m": "d"}, "c")
    (opening,) = built.openings
    assert entry.sealed == {"why": commitment(opening.salt, opening.value)}
    assert b'"x"' not in built.line


def test_a_line_that_is_not_its_leaf_is_refused():
    built = build(make_draft(), AT)
    with pytest.raises(Tampered) as caught:
        read_entry(7, built.leaf, built.line.replace(b'"x.y"', b'"x.z"'))
    assert caught.value.seq == 7


def test_the_same_value_is_never_committed_to_twice_alike():
    assert build(make_draft(sealed={"a": 1}), AT).openings != build(make_draft(sealed={"a": 1}), AT).openings


@settings(deadline=None)
@given(MOMENTS, MOMENTS)
def test_stamps_sort_as_time_does(one, two):
    assert (stamp(one) < stamp(two)) == (one < two)
    assert datetime.fromisoformat(stamp(one)) == one
    assert len(stamp(one)) == 27


def test_stamps_are_in_utc():
    assert stamp(datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))) == "2025-12-31T23:00:00.000000Z"


@pytest.mark.parametrize(
    "changes",
    [{"kind": "X"}, {"kind": ""}, {"case": ""}, {"key": "a\n"}, {"actor": "x" * 501}, {"role": 1}, {"expects": True},
     {"expects": -1}, {"subject": {"a": None}}],
)  # fmt: skip
def test_drafts_that_are_refused(changes):
    with pytest.raises(BadInput):
        check_draft(make_draft(**changes))
