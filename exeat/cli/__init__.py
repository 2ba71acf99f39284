"""The command line: as thin as the pages. ``docs/cli.md`` describes every command."""

from exeat.cli.program import app

__all__ = ["app"]
