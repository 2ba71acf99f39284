"""Connections to the ledger's database: durable, one writer at a time, the same SQL on SQLite and PostgreSQL."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from exeat.errors import BadSettings, ExeatError, Tampered
from exeat.storage.ledger_schema import METADATA, POSTGRES_GUARDS, SQLITE_GUARDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL, Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor

BUSY_SECONDS = 60
LOCK = 0x65786561_74
"""PostgreSQL advisory lock of the writer: "exeat" in ASCII."""
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA recursive_triggers=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA trusted_schema=OFF",
)


class Database:
    """One database, reached by short transactions on plain SQL (``?`` marks parameters)."""

    def __init__(self, url: str) -> None:
        self._engine = _open(_parsed(url))
        self.sqlite = self._engine.dialect.name == "sqlite"
        self._dbapi: Any = self._engine.dialect.dbapi
        self._turn = RLock() if isinstance(self._engine.pool, StaticPool) else nullcontext()

    @property
    def file(self) -> Path | None:
        """Return the SQLite file, if there is one."""
        name = self._engine.url.database
        return Path(name) if self.sqlite and name and name != ":memory:" else None

    @contextmanager
    def reading(self) -> Iterator[DBAPICursor]:
        """Yield a cursor on one consistent snapshot."""
        begin = "BEGIN" if self.sqlite else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self._transaction(begin, commit=False) as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[DBAPICursor]:
        """Yield a cursor that is alone in writing; commit at the end.

        On PostgreSQL the lock comes first and READ COMMITTED then sees what the writer before committed.
        """
        begin = "BEGIN IMMEDIATE" if self.sqlite else f"SELECT pg_advisory_xact_lock({LOCK})"
        with self._transaction(begin, commit=True) as cursor:
            yield cursor

    @contextmanager
    def _transaction(self, begin: str, *, commit: bool) -> Iterator[DBAPICursor]:
        with self._turn:
            connection = self._connect()
            try:
                cursor = connection.cursor()
                cursor.execute(begin)
                yield cursor
                if commit:
                    connection.commit()
            except self._dbapi.Error as exc:
                raise self._translated(exc) from exc
            finally:
                self._release(connection)

    def _translated(self, exc: Exception) -> ExeatError:
        first = (str(exc).splitlines() or [type(exc).__name__])[0][:200]
        if isinstance(exc, self._dbapi.IntegrityError):
            return Tampered(f"The database refused the entry: {first}.", "Run: exeat ledger verify")
        if type(exc) is self._dbapi.DatabaseError or "not decode" in first:  # SQLite: damaged, or not a database
            return Tampered(f"The ledger's file is damaged: {first}.", "Restore the ledger from a backup.")
        return ExeatError(f"The ledger's database did not answer: {first}.", "Try again in a moment.")

    def _connect(self) -> Any:
        try:
            return self._engine.raw_connection()
        except self._dbapi.Error as exc:
            first = (str(exc).splitlines() or [type(exc).__name__])[0][:200]
            raise BadSettings(f"The ledger cannot be opened: {first}.", "Check the setting ledger_url.") from exc

    def _release(self, connection: Any) -> None:
        """Roll back what was not committed; a connection that cannot is thrown away."""
        try:
            connection.rollback()
        except self._dbapi.Error:
            connection.invalidate()
        else:
            connection.close()

    def sql(self, text: str) -> str:
        """Return the SQL with the parameter marks of this database."""
        return text if self.sqlite else text.replace("?", "%s")

    def prepare(self) -> None:
        """Create tables and guards when they are missing."""
        try:
            with self._engine.connect() as connection, connection.begin():
                self._create(connection.execution_options(no_parameters=True))
        except DBAPIError as exc:
            raise self._translated(exc.orig if isinstance(exc.orig, Exception) else exc) from exc

    def _create(self, connection: Connection) -> None:
        if not self.sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        if self._engine.dialect.has_table(connection, "vault"):
            return
        METADATA.create_all(connection)
        for guard in SQLITE_GUARDS if self.sqlite else POSTGRES_GUARDS:
            connection.exec_driver_sql(guard)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise BadSettings("The setting ledger_url is not a database URL.", "See docs/settings.md.") from exc
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise BadSettings(
            f"The ledger cannot live in {parsed.get_backend_name()}.", "Use a sqlite:/// or postgresql:// URL."
        )
    return parsed


def _open(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        engine = create_engine(url, pool_pre_ping=True)
        event.listen(engine, "connect", _configure_postgres)
        return engine
    arguments: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    if url.database in (None, "", ":memory:"):
        arguments["poolclass"] = StaticPool
    else:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, **arguments)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _configure_sqlite(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # transactions are ours: the driver would begin deferred ones
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _configure_postgres(connection: DBAPIConnection, _record: object) -> None:
    """Never acknowledge what is not on disk; stronger settings of the server stay."""
    cursor = connection.cursor()
    cursor.execute("SHOW synchronous_commit")
    (level,) = cursor.fetchone() or ("off",)
    if level in ("off", "local"):
        cursor.execute("SET synchronous_commit = on")
    cursor.close()
    connection.commit()
