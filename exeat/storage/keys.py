"""The key that signs tree heads: made once, kept in a file that only the server may read."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

from exeat.errors import BadInput, BadSettings
from exeat.ledger.note import LogKey, make_key, parse_skey

_INLINE = "PRIVATE+KEY+"


def load_or_create_log_key(path_or_inline: str, origin: str) -> LogKey:
    """Return the log's key from a file or from the setting itself; a missing file is made, readable by its owner only.

    Keep a backup: without this key nothing can be appended to the log any more.
    """
    try:
        key = parse_skey(path_or_inline if path_or_inline.startswith(_INLINE) else _from_file(path_or_inline, origin))
    except BadInput as exc:
        raise BadSettings(f"The log key cannot be used: {exc.headline}", exc.what_to_do) from exc
    if key.name != origin:
        raise BadSettings(
            f"The log key belongs to {key.name}, but this log is called {origin}.",
            "Restore the setting origin or the right key; the name of a log never changes.",
        )
    return key


def _from_file(name: str, origin: str) -> str:
    path = Path(name)
    try:
        if not path.exists():
            _create(path, origin)
        if path.stat().st_mode & 0o077:
            raise BadSettings(f"Others on this machine can read the log key {path}.", f"Run: chmod 600 {path}")
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as exc:
        raise BadSettings(f"The log key {path} cannot be read or made: {exc}.", "Check the setting log_key.") from exc


def _create(path: Path, origin: str) -> None:
    """Write a new key under another name and link it: of two processes that start at once, one key wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(make_key(origin).skey + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
    finally:
        fresh.unlink()
