"""Folders and files that only their owner may read: shadow models and scores are as sensitive as the records."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from exeat.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def private_folder(folder: Path) -> Path:
    """Make the folder for its owner alone; refuse one that is there already and that others could write to.

    What lies in it is believed: whoever can put scores or models there decides what the report says.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as exc:
        raise BadInput(f"The folder {folder} cannot be made: {exc.strerror}.", "Name another with --folder.") from exc
    if found.st_uid != os.geteuid() or found.st_mode & OTHERS_WRITE:
        raise BadInput(
            f"{folder} belongs to somebody else, or others may write to it: what it keeps could be theirs.",
            "Name another with --folder, or take their right away: chmod 700.",
        )
    return folder


def write_private(path: Path, data: bytes) -> None:
    """Write a file for its owner alone, whole or not at all; one of the same name is replaced."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, FLAGS, 0o600), "wb") as file:
            file.write(data)
        part.replace(path)
    except OSError as exc:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise BadInput(
            f"{path.name} cannot be written: {exc.strerror}.", "Check the folder's permissions and the space left."
        ) from exc
