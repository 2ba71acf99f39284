"""Tables of the ledger and the guards that refuse every change but the next append, for SQLite and PostgreSQL.

The guards stop mistakes and make tampering deliberate; an administrator can drop them. What shows tampering is
``verify``: hashes, signed tree heads, and heads kept elsewhere.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

_SEQ = Integer().with_variant(BigInteger(), "postgresql")
_STRICT = {"sqlite_strict": True}


class _LedgerTable(SQLModel):
    metadata = MetaData()


def _text() -> Any:
    return Field(sa_type=Text, nullable=False)


def _bytes(**extra: Any) -> Any:
    return Field(sa_column=Column(LargeBinary, nullable=False, **extra))


def _number(**extra: Any) -> Any:
    return Field(sa_column=Column(_SEQ, nullable=False, autoincrement=False, **extra))


class StatementRow(_LedgerTable, table=True):
    """One entry: the line, its leaf, and copies of some payload fields to search by (checked by verify)."""

    __tablename__ = "statement"
    __table_args__ = (UniqueConstraint("case_id", "version"), _STRICT)

    seq: int = _number(primary_key=True)
    prev: bytes = _bytes(unique=True)
    leaf: bytes = _bytes()
    ts: str = _text()
    kind: str = _text()
    case_id: str = _text()
    version: int = _number()
    actor: str = _text()
    key: str = Field(sa_type=Text, nullable=False, unique=True)
    line: bytes = _bytes()


class TreeHeadRow(_LedgerTable, table=True):
    """The signed tree head of one append."""

    __tablename__ = "tree_head"
    __table_args__ = (_STRICT,)

    size: int = _number(primary_key=True)
    root: bytes = _bytes()
    note: str = _text()


class VaultRow(_LedgerTable, table=True):
    """What opens one commitment; the only rows that may ever be deleted, and only after ``redaction.recorded``."""

    __tablename__ = "vault"
    __table_args__ = (_STRICT,)

    seq: int = _number(primary_key=True)
    field: str = Field(sa_type=Text, primary_key=True)
    salt: bytes = _bytes()
    value: bytes = _bytes()


METADATA = _LedgerTable.metadata

_SQLITE_STATEMENT = """
CREATE TRIGGER IF NOT EXISTS statement_next BEFORE INSERT ON statement WHEN
    NEW.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM statement)
    OR NEW.prev IS NOT coalesce((SELECT leaf FROM statement WHERE seq = NEW.seq - 1), zeroblob(32))
    OR EXISTS (SELECT 1 FROM statement WHERE key = NEW.key)
    OR EXISTS (SELECT 1 FROM statement WHERE case_id = NEW.case_id AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'exeat: only the next entry may be written'); END
"""
_SQLITE_HEAD = """
CREATE TRIGGER IF NOT EXISTS tree_head_next BEFORE INSERT ON tree_head WHEN
    NEW.size IS NOT (SELECT max(seq) + 1 FROM statement) OR EXISTS (SELECT 1 FROM tree_head WHERE size = NEW.size)
BEGIN SELECT RAISE(ABORT, 'exeat: only the head of the whole log may be written'); END
"""
_SQLITE_VAULT = """
CREATE TRIGGER IF NOT EXISTS vault_next BEFORE INSERT ON vault WHEN
    NOT EXISTS (SELECT 1 FROM statement WHERE seq = NEW.seq)
    OR EXISTS (SELECT 1 FROM tree_head WHERE size > NEW.seq)
    OR EXISTS (SELECT 1 FROM vault WHERE seq = NEW.seq AND field = NEW.field)
BEGIN SELECT RAISE(ABORT, 'exeat: sealed values are written with their entry'); END
"""
_SQLITE_ERASE = """
CREATE TRIGGER IF NOT EXISTS vault_erase BEFORE DELETE ON vault WHEN
    NOT EXISTS (SELECT 1 FROM statement WHERE key = 'redaction.recorded:' || OLD.seq || ':' || OLD.field)
BEGIN SELECT RAISE(ABORT, 'exeat: record the redaction before erasing'); END
"""


def _sqlite_frozen(table: str, action: str) -> str:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{action.lower()} BEFORE {action} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'exeat: {table} is append-only'); END"
    )


SQLITE_GUARDS = (
    _SQLITE_STATEMENT,
    _SQLITE_HEAD,
    _SQLITE_VAULT,
    _SQLITE_ERASE,
    *(_sqlite_frozen(table, action) for table in ("statement", "tree_head") for action in ("UPDATE", "DELETE")),
    _sqlite_frozen("vault", "UPDATE"),
)

_PG_FUNCTIONS = """
CREATE OR REPLACE FUNCTION exeat_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'exeat: % is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$;

CREATE OR REPLACE FUNCTION exeat_statement_next() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last record;
BEGIN
  SELECT seq, leaf INTO last FROM statement ORDER BY seq DESC LIMIT 1;
  IF NEW.seq IS DISTINCT FROM coalesce(last.seq + 1, 0)
     OR NEW.prev IS DISTINCT FROM coalesce(last.leaf, decode(repeat('00', 32), 'hex')) THEN
    RAISE EXCEPTION 'exeat: only the next entry may be written' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION exeat_tree_head_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size IS DISTINCT FROM (SELECT max(seq) + 1 FROM statement) THEN
    RAISE EXCEPTION 'exeat: only the head of the whole log may be written'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION exeat_vault_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM statement WHERE seq = NEW.seq)
     OR EXISTS (SELECT 1 FROM tree_head WHERE size > NEW.seq) THEN
    RAISE EXCEPTION 'exeat: sealed values are written with their entry'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION exeat_vault_erase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM statement WHERE key = 'redaction.recorded:' || OLD.seq || ':' || OLD.field) THEN
    RAISE EXCEPTION 'exeat: record the redaction before erasing' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN OLD;
END $$
"""


def _pg_trigger(name: str, table: str, when: str, function: str, each: str = "ROW") -> str:
    return f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()"


POSTGRES_GUARDS = (
    _PG_FUNCTIONS,
    _pg_trigger("statement_next", "statement", "INSERT", "exeat_statement_next"),
    _pg_trigger("tree_head_next", "tree_head", "INSERT", "exeat_tree_head_next"),
    _pg_trigger("vault_next", "vault", "INSERT", "exeat_vault_next"),
    _pg_trigger("vault_erase", "vault", "DELETE", "exeat_vault_erase"),
    _pg_trigger("vault_frozen", "vault", "UPDATE", "exeat_frozen"),
    *(
        _pg_trigger(f"{table}_frozen", table, "UPDATE OR DELETE", "exeat_frozen")
        for table in ("statement", "tree_head")
    ),
    *(
        _pg_trigger(f"{table}_no_truncate", table, "TRUNCATE", "exeat_frozen", "STATEMENT")
        for table in ("statement", "tree_head", "vault")
    ),
)
