"""Read everything that is given about one checkpoint, in any known format, and merge what it says."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.partial import Merged, merge
from exeat.evidence.readers import listed_file, opacus, values
from exeat.evidence.readers.manifests import CHECKPOINTS, READERS, reader_of
from exeat.evidence.readers.reports import BY_NAME, PICKLED, refuse_pickled
from exeat.evidence.readers.shape import Bundle, Members, Peek
from exeat.evidence.recognise import ACCESS_EVENTS, ACCESS_PARQUET, BINDING, RECORD_ARRAYS, SACROML, recognise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Given, Reader

REPORTS = frozenset({"exeat-risk-report/1", BINDING, RECORD_ARRAYS, *SACROML, *BY_NAME})
"""Kinds of file that carry evidence about a checkpoint instead of describing it."""
OTHER = {
    ACCESS_EVENTS: "an access log",
    ACCESS_PARQUET: "a Parquet file, as access logs and training traces are",
    "exeat-minimisation/1": "the record of a minimisation",
    "exeat-policy/1": "a policy",
    "exeat-release/1": "a release proposal",
}
MAX_FILES = 5000
FOLDERS = tuple(reader for reader in READERS if reader.folder)


class Unread(NamedTuple):
    """A file of which nothing was taken, why, and what to do."""

    name: str
    sentence: str
    what_to_do: str


class Described(NamedTuple):
    """What the files say: ``read`` is (file, title of its reader), ``reports`` are (file, kind)."""

    merged: Merged
    read: tuple[tuple[str, str], ...]
    reports: tuple[tuple[Given, str], ...]
    checkpoints: tuple[Given, ...]
    unread: tuple[Unread, ...]


class _Reading:
    """The files of one description while they are read."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self.keys = keys
        self.partials: list[Partial] = []
        self.read: list[tuple[str, str]] = []
        self.reports: list[tuple[Given, str]] = []
        self.checkpoints: list[Given] = []
        self.left: list[tuple[Given, BadInput]] = []
        self.phases: dict[int, tuple[opacus.Phase, ...]] = {}

    def take(self, file: Given, reader: Reader, members: Members, peek: Peek | None = None) -> None:
        """Read one file with its reader."""
        bundle = Bundle(file, members, self.keys, peek)
        self.partials.append(reader.read(bundle))
        if reader.name == opacus.NAME:
            self.phases[len(self.partials) - 1] = opacus.phases_of(bundle.opened)
        self.read.append((file.name, reader.title))
        if reader.name in CHECKPOINTS:
            self.checkpoints.append(file)

    def take_other(self, file: Given, peek: Peek) -> None:
        """Sort a file that describes nothing: a report, or nothing that helps here."""
        kind = recognise(peek.data, peek.size)
        if kind in REPORTS:
            self.reports.append((file, kind))
        elif kind == PICKLED:
            raise refuse_pickled()
        else:
            title = OTHER.get(kind, f"a file of the kind {kind}")
            raise BadInput(f"This is {title}; it does not describe a checkpoint.", "Take it in with: exeat ingest")

    def leave(self, file: Given, error: BadInput) -> None:
        """Note why a file was not taken."""
        self.left.append((file, error))

    def note_epsilon(self) -> None:
        """Say what the history of an accountant gives at the delta that the sources agree on."""
        delta = values.number(merge(self.partials).value("dp.delta")) if self.phases else None
        for i, phases in self.phases.items() if delta is not None else ():
            note = opacus.epsilon_note(phases, delta or "")
            self.partials[i] = self.partials[i]._replace(notes=(*self.partials[i].notes, note))

    def take_listed(self) -> list[Unread]:
        """Measure the files left over that a source lists, by path or digest; return the others."""
        facts = [fact for partial in self.partials for fact in partial.facts if fact.path.startswith("components[")]
        listed = {str(fact.value) for fact in facts if fact.path.endswith((".path", ".sha256"))}
        others = []
        for file, error in self.left:
            try:
                known = bool(listed & {file.name, file.digest()[1]})
            except BadInput:
                known = False
            if known:
                self.take(file, listed_file.READER, Members())
            else:
                others.append(Unread(file.name, error.headline, error.what_to_do))
        return others


def describe(files: Sequence[Given], *, keys: tuple[bytes, ...] = ()) -> Described:
    """Return what the files say of one checkpoint; ``keys`` are public keys (PEM) for signatures.

    What cannot be read stands in ``unread`` with the reason. Raises BadInput when there are too many files or facts.
    """
    if len(files) > MAX_FILES:
        raise BadInput(f"{len(files):,} files are too many; the limit is {MAX_FILES:,}.", "Give one checkpoint.")
    reading = _Reading(keys)
    used = _read_folders(reading, files)
    for file in files:
        if file.name not in used:
            _read_one(reading, file, files)
    unread = tuple(reading.take_listed())
    reading.note_epsilon()
    reports, checkpoints = tuple(reading.reports), tuple(reading.checkpoints)
    return Described(merge(reading.partials), tuple(reading.read), reports, checkpoints, unread)


def _read_folders(reading: _Reading, files: Sequence[Given]) -> set[str]:
    """Read the formats that are a folder; return the names of all files that belong to one."""
    used: set[str] = set()
    for file in files:
        with suppress(BadInput), closing(Peek.of(file)) as peek:
            reader = next((one for one in FOLDERS if one.recognises(peek)), None)
            if reader is not None:
                used |= {file.name} | _read_folder(reading, file, reader, _beside(file, files), peek)
    return used


def _read_folder(reading: _Reading, file: Given, reader: Reader, members: Members, peek: Peek) -> set[str]:
    try:
        reading.take(file, reader, members, peek)
    except BadInput as exc:
        reading.leave(file, exc)
        return set()
    return {members.files[name].name for name in members.used}


def _read_one(reading: _Reading, file: Given, files: Sequence[Given]) -> None:
    try:
        with closing(Peek.of(file)) as peek:
            reader = reader_of(peek)
            if reader is None:
                reading.take_other(file, peek)
            else:
                reading.take(file, reader, _beside(file, files), peek)
    except BadInput as exc:
        reading.leave(file, exc)


def _beside(file: Given, files: Sequence[Given]) -> Members:
    """Return the files in and below the folder of a file, by their name there."""
    folder = file.name.rpartition("/")[0]
    start = f"{folder}/" if folder else ""
    return Members(lambda: {one.name.removeprefix(start): one for one in files if one.name.startswith(start)})
