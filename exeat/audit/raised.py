"""What a report may say of an exception: what foreign code says of one may quote the record that it stumbled over."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

LONGEST = 200
UNSAID = "what it said may quote records, so it is not repeated here"
_NUMBER = re.compile(r"\d+(\.\d+)?")


def fit_for_report(exc: BaseException) -> str:
    """Return the kind of an exception, and its message only where torch or this package raised it: without numbers."""
    kind = type(exc).__name__[:60]
    if isinstance(exc, RuntimeError) and _is_known(exc):
        return f"{kind}: {_NUMBER.sub('#', first_line(exc))}"
    return f"{kind}; {UNSAID}"


def first_line(exc: BaseException) -> str:
    """Return how the message begins; for people at the machine, not for a report."""
    return (str(exc).strip().splitlines() or [""])[0][:LONGEST]


def _is_known(exc: BaseException) -> bool:
    import torch  # noqa: PLC0415 whoever caught it has it already

    frames = traceback.extract_tb(exc.__traceback__)
    homes = (Path(torch.__file__).parent, Path(__file__).parent)
    return bool(frames) and any(Path(frames[-1].filename).is_relative_to(home) for home in homes)
