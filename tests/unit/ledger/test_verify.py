from __future__ import annotations

import pytest

from exeat.ledger.note import make_key, sign_head
from exeat.ledger.record import GENESIS, NO_PREV, Position, build
from exeat.ledger.statement import Draft
from exeat.ledger.tree import Tree
from exeat.ledger.verify import LogCheck

KEY = make_key("test.example/log")
NOON = "2026-11-23T12:00:00.000000Z"


def make_log(*, entries=6, of=3, body=None):
    """Rows, heads and vault of a small log: a batch of one, then batches; two cases that take turns."""
    tree, rows, heads, vault, versions = Tree(), [], [], [], {}
    head = {"root": tree.root().hex(), "size": 0}
    prev = NO_PREV
    for seq in range(entries):
        first = {"origin": KEY.name, "vkey": KEY.vkey}
        case = f"case:{seq % 2}" if seq else "log"
        draft = Draft(
            kind="x.y" if seq else GENESIS,
            case=case,
            actor="a",
            role="r",
            authenticated="demo",
            key=f"k{seq}",
            body=(body or {"n": [seq]}) if seq else first,
            sealed={"why": seq} if seq % 2 else {},
        )
        built = build(draft, Position(seq, prev, NOON, NOON, versions.get(case, 0), head))
        versions[case] = versions.get(case, 0) + 1
        rows.append((seq, built.leaf, prev, built.line, draft.kind, case, versions[case], "a", draft.key, NOON))
        vault += [(seq, *opening) for opening in built.openings]
        tree.append(built.leaf)
        prev = built.leaf
        if seq % of == 0 or seq == entries - 1:
            head = {"root": tree.root().hex(), "size": tree.size}
            heads.append((tree.size, tree.root(), sign_head(KEY.name, tree.size, tree.root(), KEY)))
    return rows, heads, vault


def check(rows, heads, vault, page=64):
    log = LogCheck(KEY.vkey, heads, vault)
    for at in range(0, len(rows), page):
        log.take(rows[at : at + page])
    return log.finish()


@pytest.mark.parametrize("page", [1, 2, 4, 64])
def test_a_good_log(page):
    report = check(*make_log(entries=20), page=page)
    assert report.ok, report.problems
    assert (report.entries, report.head_size, report.sealed, report.signatures) == (20, 20, 10, 8)


def test_a_good_page_is_checked_at_once():
    """Also when a case comes more than once; otherwise verification would still be right, but slow."""
    rows, heads, vault = make_log()
    leaves, payloads = LogCheck(KEY.vkey, heads, vault)._checked(rows)
    assert leaves == [row[1] for row in rows]
    assert len(payloads) == len(rows)


@pytest.mark.parametrize("page", [1, 64])
@pytest.mark.parametrize("column", range(10))
@pytest.mark.parametrize("value", [None, 7, b"x", "x", 1.5], ids=repr)
def test_any_column_of_any_type_is_found(page, column, value):
    rows, heads, vault = make_log()
    rows[3] = (*rows[3][:column], value, *rows[3][column + 1 :])
    assert not check(rows, heads, vault, page).ok


def test_a_log_of_another_key():
    rows, heads, vault = make_log()
    log = LogCheck(make_key("test.example/log").vkey, heads, vault)
    log.take(rows)
    problems = log.finish().problems
    assert "Entry 0 does not begin the log of this key." in problems
    assert "The tree head of 6 entries: The tree head is not signed by this log." in problems


def test_an_empty_log_is_not_a_log():
    assert check([], [], []).problems == ("The log is empty: not even its first entry is there.",)


def test_a_lookup_that_misses_an_entry():
    rows, heads, vault = make_log()
    log = LogCheck(KEY.vkey, heads, vault)
    log.take(rows)
    log.compare_cases([("log", 1), ("case:0", 2), ("case:1", 2), ("case:x", 1)])
    assert [problem.split("'")[1] for problem in log.finish().problems] == ["case:1", "case:x"]


def test_many_problems_are_counted_not_listed():
    rows, heads, vault = make_log(entries=300)
    report = check([(*row[:7], "other", *row[8:]) for row in rows], heads, vault)
    assert len(report.problems) == 101
    assert report.problems[-1] == "… and 200 more problems."


def test_a_value_that_was_erased_and_came_back():
    rows, heads, vault = make_log()
    log = LogCheck(KEY.vkey, heads, vault)
    log.take(rows)
    log._redaction(5, {"body": {"seq": 1, "field": "why"}, "subject": {"commitment": "sha256:x"}})
    assert log.finish().problems == ("Entry 5 says that 'why' of entry 1 was erased, but the vault still holds it.",)
