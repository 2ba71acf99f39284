"""Before and after minimising a file: bytes, channels closed, channels left, and how it was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import streamlit as st

from components.numbers import counted, listed, size
from components.table import table
from components.text import plain
from exeat.model.inspection import Verdict
from exeat.model.minimisation import by_kind

if TYPE_CHECKING:
    from exeat.model.inspection import Inspection
    from exeat.model.minimisation import Minimisation
    from exeat.policy.contents import Contents


COMPARED = {
    "both": "When the record came in, it was compared with both files tensor by tensor.",
    "output": "When the record came in, it was compared with the minimised file; the source was not here.",
    "no-file": "Nobody has compared the record with the files: neither was here when it came in.",
}
SAID = " (says the record)"


def show_minimised(contents: Contents) -> None:
    """Draw each minimised file beside its source.

    Only what was compared or inspected here stands as a fact; all else is told as the word of the record.
    """
    for name, record in contents.minimisations.items():
        seen = Seen.of(contents, name, record)
        st.subheader(f"Minimised: {plain(name)}", anchor=False)
        st.markdown(plain(sentence(name, record, seen), 2000))
        st.markdown(plain(COMPARED.get(seen.checked, COMPARED["no-file"])))
        for line in (change_sentence(record, seen), *(f"The record notes: {note}" for note in record.notes)):
            if line:
                st.markdown(plain(line, 1000))
        table(before_after(record, seen), f"{name} before and after it was minimised")
        kinds = len(by_kind(record.dropped))
        with st.expander(f"{counted(kinds, 'kind')} of parts dropped, says the record", icon=":material/content_cut:"):
            table(dropped_table(record), f"What was dropped to make {name}, as the record says")


class Seen(NamedTuple):
    """What is known here beside the record: which files it was compared with, and our inspections of both."""

    checked: str = ""
    before: Inspection | None = None
    after: Inspection | None = None
    source: str = ""
    """The component that is the source, where it was inspected."""

    @classmethod
    def of(cls, contents: Contents, name: str, record: Minimisation) -> Seen:
        """Return what is known of the record at the component ``name``."""
        seen = contents.inspections
        source = next((one for one, found in seen.items() if found.sha256 == record.source_sha256), "")
        before, after = _readable(contents.sources.get(name)), _readable(seen.get(name))
        return cls(contents.checked.get(name, ""), before, after, source)

    @property
    def output(self) -> bool:
        """Return whether the minimised file was here to compare the record with."""
        return self.checked in ("both", "output")

    @property
    def both(self) -> bool:
        """Return whether both files were."""
        return self.checked == "both"


def _readable(inspection: Inspection | None) -> Inspection | None:
    """Return the inspection unless it could not read the file: then it tells of no channel, left or closed."""
    return None if inspection is None or inspection.verdict is Verdict.UNREADABLE else inspection


def sentence(name: str, record: Minimisation, seen: Seen) -> str:
    """Return what the minimisation did, and how it is known that the tensors are those of the source."""
    return f"{_tensors(name, record, seen)} {_channels(record, seen)} {_torch(record)}"


def _tensors(name: str, record: Minimisation, seen: Seen) -> str:
    small, large, proof = size(record.output_bytes), size(record.source_bytes), record.proof
    source = seen.source or f"{record.source} (its name in the record)"
    kept = counted(record.kept_count, "tensor")
    same = f"{proof.identical:,} of them bit-identical to the source"
    if seen.both and len(record.kept) == record.kept_count:
        return f"{name} is {small} of the {large} of {source}: {kept}, {same}."
    if seen.both:
        listed_first = f"the {len(record.kept):,} that the record lists were compared here"
        return f"{name} is {small} of the {large} of {source}: {kept}; {listed_first}. The record says {same}."
    if seen.output:
        return f"{name} is {small}: {kept}. The record says that it was {large} as {record.source}, and {same}."
    return f"The record says that {name} is {small} of the {large} of {record.source}: {kept}, {same}."


def _channels(record: Minimisation, seen: Seen) -> str:
    closed = counted(len({one.channel for one in record.closed}), "sort")
    left = listed(_left(record, seen)) if _left(record, seen) else "none"
    if seen.both and seen.before is not None and seen.after is not None:
        gone = {one.channel for one in seen.before.channels} - {one.channel for one in seen.after.channels}
        return f"Leakage channels, by our own inspections: {counted(len(gone), 'sort')} closed, {left} left."
    if seen.after is not None:
        return f"Leakage channels: {left} left, by our own inspection; the record says {closed} closed."
    return f"Leakage channels, as the record says: {closed} closed, {left} left."


def _left(record: Minimisation, seen: Seen) -> list[str]:
    """Return the channels left: as our own inspection of the file found them, or else as the record says."""
    found = seen.after.channels if seen.after is not None else record.left
    return sorted({one.channel.title for one in found})


def _torch(record: Minimisation) -> str:
    proof = record.proof
    if proof.torch == "same":
        return f"The record says that torch {proof.torch_version or ''} reads the same bytes.".replace("  ", " ")
    return f"The record says that torch has not confirmed it: {proof.why_not or 'no reason is given.'}"


def change_sentence(record: Minimisation, seen: Seen) -> str:
    """Return what was changed beside what was dropped; empty when nothing was."""
    change = record.change
    if change is None:
        return ""
    done = f"{counted(change.tensors, 'tensor')} to {change.dtype}"
    largest = f"the largest difference is {change.max_abs_difference:.3g}"
    if seen.both:
        return f"Changed: {done}. The record says that {largest}."
    return f"The record says: {done} changed; {largest}."


def before_after(record: Minimisation, seen: Seen) -> pd.DataFrame:
    """Return bytes, tensors and channels before and after; what was not read here is marked as the record's word."""
    before, after = seen.before, seen.after
    dropped = sum(part.tensors for part in record.dropped)
    held = f"{before.tensor_count:,}" if before else f"{record.kept_count + dropped:,}{SAID}"
    found = {one.channel.title for one in (before.channels if before else (*record.closed, *record.left))}
    return pd.DataFrame(
        [
            {
                "What": "Size",
                "Before": size(record.source_bytes) + ("" if seen.both else SAID),
                "After": size(record.output_bytes) + ("" if seen.output else SAID),
            },
            {"What": "Tensors", "Before": held, "After": f"{record.kept_count:,}" + ("" if seen.output else SAID)},
            {
                "What": "Leakage channels",
                "Before": listed(sorted(found)) + ("" if before else SAID),
                "After": listed(_left(record, seen)) + ("" if after else SAID),
            },
        ]
    )


def dropped_table(record: Minimisation) -> pd.DataFrame:
    """Return the dropped parts by kind, the largest first."""
    return pd.DataFrame(
        [
            {"Part": part.kind.title, "Where": part.place, "Size": size(part.bytes), "Why": part.reason}
            for part in by_kind(record.dropped)
        ]
    )
