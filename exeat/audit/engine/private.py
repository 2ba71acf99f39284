"""Folders and files that only their owner may read: shadow models and scores are as sensitive as the records."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exeat.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def private_folder(folder: Path) -> Path:
    """Make the folder for its owner alone, unless it is there already."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise BadInput(f"The folder {folder} cannot be made: {exc.strerror}.", "Name another with --folder.") from exc
    return folder


def write_private(path: Path, data: bytes) -> None:
    """Write a file for its owner alone, whole or not at all; one of the same name is replaced."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, FLAGS, 0o600), "wb") as file:
        file.write(data)
    part.replace(path)
