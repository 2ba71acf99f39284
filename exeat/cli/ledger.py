"""``exeat ledger``: verify the log, print its head, write receipts and exports. Only reads; never begins a log."""

from __future__ import annotations

import json as json_lib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from exeat.errors import BadInput, NotFound, NotNow, Tampered
from exeat.settings import load_settings

if TYPE_CHECKING:
    from exeat.ledger.statement import LedgerStore
    from exeat.storage.ledger_sql import SqlLedger

app = typer.Typer(help="Check the ledger and write proofs that hold without this program.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="File to write.")]


@contextmanager
def open_ledger() -> Iterator[SqlLedger]:
    """Yield the configured ledger alone: a log that was tampered with may keep the rest of the desk from opening."""
    from exeat.storage.keys import load_or_create_log_key  # noqa: PLC0415 usage errors do not wait for the database
    from exeat.storage.ledger_sql import SqlLedger  # noqa: PLC0415

    settings = load_settings()
    url = settings.effective_ledger_url
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.exists():
        raise NotFound(f"There is no ledger at {path}.", "Set EXEAT_HOME, or begin one with: exeat ingest")
    key = load_or_create_log_key(settings.effective_log_key, settings.origin)
    ledger = SqlLedger(url, origin=settings.origin, key=key)
    try:
        yield ledger
    finally:
        ledger.close()


@app.command()
def verify(
    json: Json = False,
    head: Annotated[Path | None, typer.Option("--head", help="A tree head kept elsewhere, to compare.")] = None,
) -> None:
    """Check every entry, tree head and sealed value. Exit 0 intact, 5 tampered."""
    older = _read(head) if head else None
    try:
        with open_ledger() as ledger:
            report = asdict(ledger.verify(older))
    except Tampered as exc:
        report = {"ok": False, "entries": 0, "head_size": 0, "problems": [f"{exc.headline} {exc.what_to_do}"]}
    if json:
        typer.echo(json_lib.dumps(report, sort_keys=True))
    elif report["ok"]:
        typer.echo(
            f"Intact: {report['entries']:,} entries, {report['signatures']:,} signed tree heads, {report['sealed']:,}"
            f" sealed values ({report['erased']:,} erased), {report['older_heads']:,} tree heads kept beside it."
        )
    if not report["ok"]:
        print("TAMPERED", *report["problems"], sep="\n", file=sys.stderr)
        raise typer.Exit(Tampered.exit_code)


@app.command()
def head(json: Json = False) -> None:
    """Print the latest signed tree head; keep it outside. The key to check it with goes to stderr."""
    with open_ledger() as ledger:
        latest, vkey, origin = ledger.head(), ledger.vkey, ledger.origin
    if latest is None:
        raise Tampered("The ledger has no tree head.", "Run: exeat ledger verify")
    if json:
        said = {"origin": origin, "size": latest.size, "root": latest.root.hex(), "note": latest.note, "vkey": vkey}
        typer.echo(json_lib.dumps(said, sort_keys=True))
    else:
        typer.echo(latest.note, nl=False)
        print(vkey, file=sys.stderr)


def check_opened(ledger: LedgerStore, seq: int) -> None:
    """Refuse to open a review that the other reviewers may not see yet."""
    entry = ledger.entry(seq)
    after = {later.kind for later in ledger.case(entry.case) if later.seq > seq}
    if entry.kind == "review.recorded" and "reviews.opened" not in after:
        raise NotNow(
            "This review is sealed until all reviews are in.", "Write its receipt without --disclosure, or wait."
        )


@app.command()
def receipt(
    seq: Annotated[int, typer.Argument(min=0, help="Number of the entry.")],
    output: Output,
    disclosure: Annotated[
        Path | None, typer.Option("--disclosure", help="Also write what opens its sealed fields; keep it confidential.")
    ] = None,
    json: Json = False,
) -> None:
    """Write the offline proof of one entry: a file that tools/verify_ledger.py checks alone."""
    with open_ledger() as ledger:
        if disclosure:
            check_opened(ledger, seq)
        text, opened, vkey = ledger.receipt(seq), ledger.disclosure(seq) if disclosure else {}, ledger.vkey
    _write(output, text.encode())
    if disclosure:
        _write(disclosure, json_lib.dumps(opened, sort_keys=True, ensure_ascii=False, indent=1).encode(), mode=0o600)
    if json:
        typer.echo(json_lib.dumps({"seq": seq, "file": str(output), "vkey": vkey}, sort_keys=True))
    else:
        print(f"Receipt of entry {seq} in {output}. Check it with the key {vkey}", file=sys.stderr)


@app.command()
def export(output: Output, json: Json = False) -> None:
    """Write the log as JSON lines, each line exactly the bytes that were hashed."""
    lines = 0
    with open_ledger() as ledger, _creating(output) as file:
        for line in ledger.export():
            file.write(line)
            lines += 1
    if json:
        typer.echo(json_lib.dumps({"entries": lines, "file": str(output)}, sort_keys=True))
    else:
        print(f"{lines:,} entries in {output}.", file=sys.stderr)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"The tree head {path} cannot be read.", "Give the file that exeat ledger head wrote.") from exc


@contextmanager
def _creating(path: Path, mode: int = 0o644) -> Iterator[BinaryIO]:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            yield file
    except OSError as exc:
        raise BadInput(f"{path} cannot be written: {exc.strerror}.", "Choose another file with -o.") from exc


def _write(path: Path, data: bytes, mode: int = 0o644) -> None:
    with _creating(path, mode) as file:
        file.write(data)
