"""Open a desk for one command, and say who is at the shell."""

from __future__ import annotations

import getpass
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from exeat.model.person import Person, Role
from exeat.model.tier import Tier
from exeat.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exeat.desk import Desk


@contextmanager
def open_cli_desk() -> Iterator[Desk]:
    """Yield a desk on the configured stores and close it."""
    from exeat.desk import open_desk  # noqa: PLC0415 usage errors should not wait for the database libraries

    desk = open_desk(load_settings())
    try:
        yield desk
    finally:
        desk.close()


def shell_operator() -> Person:
    """Return who runs the command: an operator of this machine may bring evidence in, never decide."""
    user = re.sub(r"[^a-z0-9._-]", "-", getpass.getuser().lower()) or "unknown"
    return Person(f"shell-{user}"[:80], user, frozenset({Role.SYSTEM}), Tier.T5, f"shell:{user}"[:200])
