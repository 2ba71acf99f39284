"""Load the sample organisation into a fresh home and serve it with demo people."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from exeat.cli.serve import Port, serve
from exeat.errors import BadSettings
from exeat.settings import Settings, load_settings

MARK = "THIS-IS-A-DEMO.txt"
MARK_TEXT = "exeat demo wrote this folder and deletes it when it runs again. Only the measurements in it are real.\n"
BEGINS = timedelta(days=256)
"""The log is opened a day before the story begins."""
DATA = Path(__file__).resolve().parents[2] / "data"
OWN_STORES = {"ledger_url": "", "evidence_url": "", "log_key": ""}
"""A demo never touches a configured ledger: everything lies in its own home."""
Home = Annotated[Path, typer.Option(help="Folder for the demo; emptied first, but only if an earlier demo made it.")]
LoadOnly = Annotated[bool, typer.Option("--load-only", help="Load the sample organisation and do not serve.")]


def demo_command(port: Port = 8501, home: Home = Path("var/demo"), load_only: LoadOnly = False) -> None:
    """Load the sample organisation and serve it; anyone may act as anyone, on this machine only."""
    settings = load_settings(home=home, demo=True, **OWN_STORES)
    fresh(home)
    load(settings)
    if not load_only:
        os.environ.update({f"EXEAT_{name.upper()}": value for name, value in OWN_STORES.items()})
        serve(settings, port=port)


def fresh(home: Path) -> None:
    """Empty the folder of an earlier demo and mark it; refuse one that holds anything else."""
    ours = home.is_dir() and ((home / MARK).is_file() or not any(home.iterdir()))
    if home.is_symlink() or (home.exists() and not ours):
        raise BadSettings(
            f"{home} holds something that is not a demo; it is left alone.",
            "Name another folder: exeat demo --home DIR",
        )
    if home.is_dir():
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (home / MARK).write_text(MARK_TEXT)


def load(settings: Settings, data_dir: Path = DATA, now: datetime | None = None) -> None:
    """Play the story of the sample organisation into the home, on a clock of its own; print what was written."""
    from exeat.demo.story import load_demo  # noqa: PLC0415 usage errors should not wait for the libraries
    from exeat.desk import open_desk  # noqa: PLC0415

    if not (data_dir / "story.toml").is_file():
        raise BadSettings("The sample organisation is not installed beside the package.", "Run from a checkout.")
    started = time.monotonic()
    today = now or datetime.now(UTC)
    moments = [today - BEGINS]
    desk = open_desk(settings, clock=lambda: moments[-1])
    try:
        found = load_demo(desk, data_dir, moments.append, now=today)
    finally:
        desk.close()
    seconds = time.monotonic() - started
    typer.echo(
        f"Sample organisation: {found.steps} steps, {found.entries} ledger entries, {found.access_events:,} simulated "
        f"access events, in {seconds:.0f} s.",
        err=True,
    )
