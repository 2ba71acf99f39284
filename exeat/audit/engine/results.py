"""The folder in which the child leaves its answer: private, empty at first, gone afterwards, also after a crash."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = ".results-"
OLD = 60.0
"""Seconds after which a folder that nobody holds was left by a run that was killed."""


@contextmanager
def results_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that is gone afterwards; remove those of runs that were killed."""
    _remove_left(folder)
    results = folder / f"{PREFIX}{secrets.token_hex(8)}"
    try:
        results.mkdir(mode=0o700)
        lock = os.open(results, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise BadInput(f"{folder} cannot be written to: {exc.strerror}.", "Name another with --folder.") from exc
    try:
        with suppress(OSError):  # a file system without locks: then nothing is removed but by its own run
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield results
    finally:
        shutil.rmtree(results, ignore_errors=True)
        os.close(lock)
        with suppress(OSError):
            folder.rmdir()  # nothing was kept: leave no empty folder behind


def _remove_left(folder: Path) -> None:
    """Remove what a killed run left: it may hold scores of single records. A run that goes on holds its lock."""
    for left in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if time.time() - left.lstat().st_mtime < OLD:
                continue
            lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(lock)
