"""``python -m exeat.cli``."""

from exeat.cli import app

app()
