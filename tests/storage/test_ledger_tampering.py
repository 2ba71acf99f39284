# ruff: noqa: S311, S608, T201 the dice must repeat; the table names are ours; the list tried is the result
"""Every change of what is stored is found; the guards refuse the simple ones at once."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from functools import partial
from random import Random

import psycopg
import pytest
from typer.testing import CliRunner

from exeat.cli.ledger import app
from exeat.errors import Tampered
from tests.storage import tampering
from tests.storage.ledgers import CUSTODIAN, KEY, ORIGIN, fill, make_draft, open_ledger

EACH_COLUMN, EACH_SHAPE = 16, 6


def deeds():
    """(name, deed) of every mutation to try; well over 200."""
    for column in tampering.BYTES:
        times = EACH_COLUMN * 3 if column[2] == "line" else EACH_COLUMN
        yield from [
            (
                f"bit of {column[0]}.{column[2]}",
                partial(tampering.flip_byte, table=column[0], number=column[1], column=column[2]),
            )
        ] * times
    for column in tampering.TEXTS:
        times = EACH_COLUMN * 3 if column[2] == "note" else EACH_COLUMN
        yield from [
            (
                f"character of {column[0]}.{column[2]}",
                partial(tampering.change_letter, table=column[0], number=column[1], column=column[2]),
            )
        ] * times
    for shape in tampering.SHAPES:
        yield from [(shape.__name__.replace("_", " "), shape)] * EACH_SHAPE


def build(url):
    ledger = open_ledger(url)
    fill(ledger)
    ledger.erase(1, "rationale", CUSTODIAN, "art17")
    ledger.append([make_draft(number=700, case="release:last", sealed={"rationale": "last"})])
    assert ledger.verify().ok
    ledger.close()


def sqlite_sql(path):
    connection = sqlite3.connect(path, isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection, lambda text, *values: connection.execute(text, values).fetchall()


def table_of(results):
    """The list tried, as text."""
    lines = [f"{'mutation':34} tried found  first answer"]
    tried, found = Counter(name for name, *_ in results), Counter(name for name, _, report in results if not report.ok)
    for name in tried:
        first = next(report.problems[0] for kind, _, report in results if kind == name and not report.ok)
        lines.append(f"{name:34} {tried[name]:5} {found[name]:5}  {first[:120]}")
    lines.append(f"{'all':34} {tried.total():5} {found.total():5}")
    return "\n".join(lines)


@pytest.mark.slow
def test_every_mutation_is_found_on_sqlite(tmp_path, capsys):
    build(f"sqlite:///{tmp_path}/ledger.db")
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    results = []
    for number, (name, deed) in enumerate([*deeds(), *[("truncate with heads", tampering.truncate_with_heads)] * 5]):
        results.append((name, *mutated(tmp_path, number, deed)))
    with capsys.disabled():
        print("\n" + table_of(results))
    assert [(name, what) for name, what, report in results if report.ok] == []
    assert len(results) >= 200


def mutated(tmp_path, number, deed):
    folder = tmp_path / str(number)
    folder.mkdir()
    for name in ("ledger.db", "ledger.tree-head.txt"):
        shutil.copy(tmp_path / name, folder / name)
    connection, sql = sqlite_sql(folder / "ledger.db")
    what = deed(sql, Random(number))
    connection.close()
    report = verify(f"sqlite:///{folder}/ledger.db")
    shutil.rmtree(folder)
    return what, report


class Refused:
    """The log that could not even be opened."""

    ok = False

    def __init__(self, exc):
        self.problems = (f"refused to open: {exc.headline}",)


def verify(url):
    try:
        ledger = open_ledger(url)
    except Tampered as exc:
        return Refused(exc)
    report = ledger.verify()
    ledger.close()
    return report


@pytest.mark.slow
@pytest.mark.postgres
def test_every_mutation_is_found_on_postgresql(pg_url, capsys):
    """In place, taken back each time from a copy of the tables."""
    build(pg_url)
    with psycopg.connect(pg_url, autocommit=True) as connection:
        for table, triggers in tampering.TRIGGERS.items():
            connection.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
            for trigger in triggers:
                connection.execute(f"DROP TRIGGER {trigger} ON {table}")
        results = []
        for number, (name, deed) in enumerate(list(deeds())[::4]):
            what = deed(partial(pg_sql, connection), Random(number))
            results.append((name, what, verify(pg_url)))
            for table in tampering.TRIGGERS:
                connection.execute(f"TRUNCATE {table}")
                connection.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
    with capsys.disabled():
        print("\n" + table_of(results))
    assert verify(pg_url).ok
    assert [(name, what) for name, what, report in results if report.ok] == []


def pg_sql(connection, text, *values):
    cursor = connection.execute(text.replace("?", "%s"), values)
    return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE statement SET actor = 'x' WHERE seq = 1",
        "DELETE FROM statement WHERE seq = 1",
        "DELETE FROM statement",
        "UPDATE tree_head SET note = 'x'",
        "DELETE FROM tree_head",
        "UPDATE vault SET value = salt",
        "DELETE FROM vault",
        "INSERT INTO vault SELECT seq, 'more', salt, value FROM vault WHERE seq = 1 AND field = 'name'",
        "INSERT INTO statement SELECT 99, leaf, leaf, ts, kind, 'x', 99, actor, 'x', line FROM statement WHERE seq = 1",
        "INSERT INTO tree_head SELECT size + 1, root, note FROM tree_head WHERE size = 1",
    ],
)
def test_guards_refuse(ledger, url, text):
    fill(ledger)
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.IntegrityError), match="exeat"):
        run_outside(url, text)
    assert ledger.verify().ok


def run_outside(url, text):
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        try:
            connection.execute(text)
        finally:
            connection.close()
    else:
        with psycopg.connect(url) as connection:
            connection.execute(text)


@pytest.mark.parametrize("seq", ["1", "(SELECT max(seq) + 1 FROM statement)"])
def test_sqlite_insert_or_replace_is_refused(tmp_path, seq):
    """REPLACE would delete the row it collides with, without asking the delete trigger."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    build(url)
    with pytest.raises(sqlite3.IntegrityError, match="exeat"):
        run_outside(
            url,
            f"INSERT OR REPLACE INTO statement SELECT {seq}, (SELECT leaf FROM statement ORDER BY seq DESC LIMIT 1),"
            " leaf, ts, kind, case_id, version, actor, key, line FROM statement WHERE seq = 1",
        )
    for text in (
        "INSERT OR REPLACE INTO tree_head SELECT size, root, 'x' FROM tree_head",
        "INSERT OR REPLACE INTO vault SELECT seq, field, salt, salt FROM vault",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="exeat"):
            run_outside(url, text)
    assert verify(url).ok


@pytest.mark.postgres
@pytest.mark.parametrize("table", ["statement", "tree_head", "vault"])
def test_postgresql_refuses_truncate(pg_url, table):
    build(pg_url)
    with pytest.raises(psycopg.errors.IntegrityError, match="append-only"):
        run_outside(pg_url, f"TRUNCATE {table}")


def test_a_tampered_log_takes_no_further_entry(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db"
    build(url)
    connection, sql = sqlite_sql(tmp_path / "ledger.db")
    tampering.flip_byte(sql, Random(1), "statement", "seq", "leaf")
    connection.close()
    ledger = open_ledger(url)
    with pytest.raises(Tampered, match="takes no further entry"):
        ledger.append([make_draft(number=999)])
    ledger.close()


def test_an_altered_entry_is_never_shown(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db"
    build(url)
    connection, sql = sqlite_sql(tmp_path / "ledger.db")
    sql("UPDATE statement SET line = CAST(replace(line, 'approve', 'reject!') AS BLOB) WHERE seq = 5")
    connection.close()
    ledger = open_ledger(url)
    with pytest.raises(Tampered, match="Entry 5 was changed"):
        ledger.entry(5)
    ledger.close()


@pytest.mark.parametrize("whole", [False, True])
def test_a_log_cut_short_or_emptied_is_not_begun_again(tmp_path, whole):
    """The tree head beside the database remembers."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    build(url)
    connection, sql = sqlite_sql(tmp_path / "ledger.db")
    if whole:
        for table in ("statement", "tree_head", "vault"):
            sql(f"DELETE FROM {table}")
    else:
        tampering.truncate_with_heads(sql, Random(2))
    connection.close()

    def append():
        ledger = open_ledger(url)
        try:
            ledger.append([make_draft(number=999)])
        finally:
            ledger.close()

    with pytest.raises(Tampered, match="cut off"):
        append()


def test_the_command_exits_with_5(tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / "keys").mkdir(parents=True)
    (home / "keys" / "log.key").write_text(KEY.skey)
    (home / "keys" / "log.key").chmod(0o600)
    build(f"sqlite:///{home}/ledger.db")
    monkeypatch.setenv("EXEAT_HOME", str(home))
    monkeypatch.setenv("EXEAT_ORIGIN", ORIGIN)
    assert CliRunner().invoke(app, ["verify"]).exit_code == 0
    connection, sql = sqlite_sql(home / "ledger.db")
    tampering.flip_byte(sql, Random(3), "statement", "seq", "line")
    connection.close()
    result = CliRunner().invoke(app, ["verify", "--json"])
    assert result.exit_code == 5
    assert '"ok": false' in result.stdout


def test_bytes_of_the_file_itself(tmp_path):
    """Every place where one case is written: in the line, in its column, and in the index that finds it."""
    build(f"sqlite:///{tmp_path}/ledger.db")
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = (tmp_path / "ledger.db").read_bytes()
    places = [at for at in range(len(data)) if data.startswith(b"release:last", at)]
    assert len(places) >= 3
    for at in places:
        (tmp_path / "ledger.db").write_bytes(data[: at + 8] + b"w" + data[at + 9 :])
        assert not verify(f"sqlite:///{tmp_path}/ledger.db").ok, f"byte {at + 8}"
