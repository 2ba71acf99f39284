"""Inspect what intake keeps: one process with torch for all files of an ingest, started when the first one needs it."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.second_opinion import SecondOpinion
from exeat.model.base import digest_of
from exeat.model.documents import MAX_DOCUMENT_BYTES

if TYPE_CHECKING:
    from types import TracebackType

    from exeat.evidence.inspection.limits import Limits
    from exeat.model.inspection import Inspection


class Looked(NamedTuple):
    """An inspection and its canonical bytes."""

    inspection: Inspection
    data: bytes
    sha256: str

    @property
    def channels(self) -> dict[str, int]:
        """Return how often each channel occurs, by its name: what may stand on the ledger."""
        counts: Counter[str] = Counter()
        for found in self.inspection.channels:
            counts[found.channel.value] += found.count
        return dict(sorted(counts.items()))

    @property
    def note(self) -> str:
        """Return the outcome in a few words for whoever took the file in."""
        first = self.inspection.findings[0].sentence.rstrip(".") if self.inspection.findings else ""
        said = f"inspected: {self.inspection.verdict.value}" + (f". {first}" if first else "")
        kinds = len(self.channels)
        return said if not kinds else f"{said}; {kinds} sort{'s' if kinds > 1 else ''} of leakage channel"


class Inspector:
    """Inspects bytes in memory, one file after the other; closing it ends its process."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._child: SecondOpinion | None = None
        self._stack = ExitStack()

    def look(self, name: str, data: bytes) -> Looked:
        """Return the inspection of a file; one of no known format is unreadable, never left out."""
        from exeat.evidence.inspection.result import inspect_path  # noqa: PLC0415 an ingest of documents needs none

        if self._child is None:
            self._child = SecondOpinion(self._limits)
            self._stack.push(self._child)
        with tempfile.TemporaryDirectory(prefix="exeat-") as folder:
            path = Path(folder) / "file"
            path.write_bytes(data)
            found = inspect_path(path, self._limits, self._child)
        return _looked(found.model_copy(update={"file": name}))

    def close(self) -> None:
        """End the process, if there is one."""
        self._child = None
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _looked(inspection: Inspection) -> Looked:
    """Return it with its bytes; the lists are cut until it is no larger than a document may be."""
    data = inspection.to_bytes()
    while len(data) > MAX_DOCUMENT_BYTES:
        lists = {name: getattr(inspection, name) for name in ("tensors", "parts", "globals", "channels")}
        longest = max(lists, key=lambda name: len(lists[name]))
        inspection = inspection.model_copy(update={longest: lists[longest][: len(lists[longest]) // 2]})
        data = inspection.to_bytes()
    return Looked(inspection, data, digest_of(data))
