"""Sort what came in by kind, so that the order of the files does not matter, and hand each to its taker."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence import access_events, canonical, files, foreign, minimised
from exeat.evidence.readers.reports import PICKLED, REPORT_READERS
from exeat.evidence.recognise import ACCESS_EVENTS, ACCESS_PARQUET, BINDING, CHECKPOINT_FILE, RECORD_ARRAYS, recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from exeat.evidence.intake import IntakeResult, Source
    from exeat.evidence.run import Run

log = logging.getLogger("exeat.intake")
UNKNOWN = "unknown"
TAKERS: dict[str, Callable[[Run, Source], None]] = {
    "exeat-policy/1": canonical.take_policy,
    "exeat-manifest/1": canonical.take_manifest,
    BINDING: foreign.take_binding,
    "exeat-risk-report/1": canonical.take_report,
    "sacroml/1": foreign.take_sacroml,
    "sacroml/2": foreign.take_sacroml,
    **{reader.name: partial(foreign.take_report, name=reader.name) for reader in REPORT_READERS},
    "exeat-release/1": canonical.take_proposal,
    ACCESS_EVENTS: access_events.take_lines,
    ACCESS_PARQUET: access_events.take_parquet,
    RECORD_ARRAYS: foreign.take_arrays,
    CHECKPOINT_FILE: files.take_checkpoint_file,
    PICKLED: foreign.take_pickled,
    UNKNOWN: files.take_unknown,
    minimised.SCHEMA: minimised.take_minimisation,
}
"""In the order in which they are taken: what others refer to comes first."""
SETTLED_BY_DIGEST = frozenset(TAKERS) - {
    BINDING,
    CHECKPOINT_FILE,
    RECORD_ARRAYS,
    PICKLED,
    ACCESS_PARQUET,
    UNKNOWN,
    minimised.SCHEMA,
}
"""Kinds of which a digest on the ledger says all; a component may be listed by another checkpoint since."""
HELD_BYTES = 128 * 2**20
"""How much of the sources is held in memory while they are sorted; the rest is read a second time."""


def take_all(
    run: Run, sources: Iterable[Source], total: int, progress: Callable[[int, int], None] | None = None
) -> IntakeResult:
    """Take in all sources; one bad file never stops the others."""
    steps = _Steps(total, progress)
    trays = _sorted(run, steps.each(sources))
    steps.done = 2 * total - sum(map(len, trays.values()))
    try:
        for kind, tray in trays.items():
            for source in steps.each(_emptied(tray)):
                _take(run, kind, source)
    finally:
        run.close()
    run.commit()
    return run.result


class _Steps:
    """Count two steps per file, reading and taking in, and tell whoever watches."""

    def __init__(self, files: int, progress: Callable[[int, int], None] | None) -> None:
        self.done, self._all, self._progress = 0, 2 * files, progress

    def each(self, sources: Iterable[Source]) -> Iterator[Source]:
        """Yield the sources, one step each."""
        for source in sources:
            yield source
            self.done += 1
            if self._progress is not None:
                self._progress(self.done, self._all)


def _sorted(run: Run, sources: Iterable[Source]) -> dict[str, list[Source]]:
    trays: dict[str, list[Source]] = {kind: [] for kind in TAKERS}
    held = 0
    for source in sources:
        known = run.register.subject_of(source.sha256)
        kind = _kind(source)
        if known is not None and kind in SETTLED_BY_DIGEST:
            run.know(source, kind, known)
            continue
        held += len(source.head)
        if held > HELD_BYTES and source.path is not None:
            source.data, source.head = None, source.head[:0]
        trays[kind].append(source)
    return trays


def _kind(source: Source) -> str:
    try:
        return recognise(source.head, source.size)
    except BadInput:
        return UNKNOWN


def _emptied(tray: list[Source]) -> Iterable[Source]:
    """Yield the sources in order and let go of each one's bytes as soon as it is done."""
    tray.reverse()
    while tray:
        yield tray.pop()


def _take(run: Run, kind: str, source: Source) -> None:
    if kind == ACCESS_PARQUET and files.is_component(run, source):
        kind = UNKNOWN  # a training trace in Parquet is a component, not an access log
    try:
        if run.rule is not None:
            run.rule.check_kind(kind)
        TAKERS[kind](run, source)
    except BadInput as exc:
        run.reject(source, exc, kind="" if kind == UNKNOWN else kind)
    except (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError) as exc:
        log.exception("intake of one file failed")  # a fault of ours; it must not cost the other files
        wrong = BadInput(
            f"Exeat could not read this file ({type(exc).__name__}); that is a fault of Exeat.",
            "It is kept; report it to the people who run Exeat.",
        )
        run.reject(source, wrong, kind="" if kind == UNKNOWN else kind)
