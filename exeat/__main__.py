"""``python -m exeat``."""

from exeat.cli import app

app()
