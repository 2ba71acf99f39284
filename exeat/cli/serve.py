"""Serve the app: one process of Streamlit behind ``asgi.py`` with security headers and a health route."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from exeat.errors import BadSettings
from exeat.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to serve on.")]
Address = Annotated[str, typer.Option(help="Address to bind; demo mode allows loopback only.")]
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(settings: Settings, *, port: int, address: str = "127.0.0.1") -> None:
    """Replace this process by the server; demo mode refuses any address but loopback."""
    if settings.demo and address not in LOOPBACK:
        raise BadSettings(
            f"Demo mode lets anyone act as anyone; it does not serve on {address}.",
            "Serve on 127.0.0.1, or configure sign-in (docs/settings.md) and use: exeat serve",
        )
    if not (ROOT / "asgi.py").exists():
        raise BadSettings("The app's pages are not installed beside the package.", "Run from a checkout: make run")
    environment = os.environ | {
        "EXEAT_HOME": str(settings.home.resolve()),
        "EXEAT_DEMO": "true" if settings.demo else "false",
    }
    os.chdir(ROOT)
    arguments = ["-m", "streamlit", "run", "asgi.py", f"--server.port={port}", f"--server.address={address}"]
    typer.echo(f"Exeat serves on http://localhost:{port}", err=True)
    os.execve(sys.executable, [sys.executable, *arguments, "--server.headless=true"], environment)  # noqa: S606


def serve_command(port: Port = 8501, address: Address = "127.0.0.1") -> None:
    """Serve the app with the configured stores."""
    settings = load_settings()
    if settings.demo and address in LOOPBACK:
        raise BadSettings(
            "Demo mode would let anyone act as anyone on the configured stores.",
            "Use: exeat demo (a home of its own), or unset EXEAT_DEMO.",
        )
    serve(settings, port=port, address=address)
