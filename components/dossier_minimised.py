"""Before and after minimising a file: bytes, channels closed, channels left, and how it was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.numbers import counted, listed, size
from components.table import table
from components.text import plain
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


def show_minimised(contents: Contents) -> None:
    """Draw each minimised file beside its source."""
    for name, record in contents.minimisations.items():
        st.subheader(f"Minimised: {plain(name)}", anchor=False)
        st.markdown(plain(sentence(name, record, contents.inspections.get(name)), 1000))
        st.markdown(plain(COMPARED.get(contents.checked.get(name, ""), COMPARED["no-file"])))
        for line in (change_sentence(record), *record.notes):
            if line:
                st.markdown(plain(line, 1000))
        rows = before_after(record, contents.sources.get(name), contents.inspections.get(name))
        table(rows, f"{name} before and after it was minimised")
        kinds = len(by_kind(record.dropped))
        with st.expander(f"{counted(kinds, 'kind')} of parts dropped", icon=":material/content_cut:"):
            table(dropped_table(record), f"What was dropped to make {name}")


def sentence(name: str, record: Minimisation, after: Inspection | None) -> str:
    """Return what the minimisation did, and how it is known that the tensors are those of the source."""
    left = _left(record, after)
    closed = f"{counted(len({one.channel for one in record.closed}), 'sort')} of leakage channel closed"
    remaining = f"{listed(left)} left" if left else "none left"
    return (
        f"{name} is {size(record.output_bytes)} of the {size(record.source_bytes)} of {record.source}: "
        f"{counted(record.kept_count, 'tensor')}; {closed}, {remaining}. {_proof(record)}"
    )


def _left(record: Minimisation, after: Inspection | None) -> list[str]:
    """Return the channels left: as our own inspection of the file found them, or else as the record says."""
    found = after.channels if after is not None else record.left
    return sorted({one.channel.title for one in found})


def _proof(record: Minimisation) -> str:
    proof = record.proof
    same = f"{counted(proof.identical, 'tensor')} bit-identical to the source"
    if proof.torch == "same":
        return f"{same}; torch {proof.torch_version} reads the same bytes from it."
    return f"{same}. torch was not asked: {proof.why_not}"


def change_sentence(record: Minimisation) -> str:
    """Return what was changed beside what was dropped; empty when nothing was."""
    change = record.change
    if change is None:
        return ""
    return (
        f"Changed: {counted(change.tensors, 'tensor')} to {change.dtype}; "
        f"the largest difference is {change.max_abs_difference:.3g}."
    )


def before_after(record: Minimisation, before: Inspection | None, after: Inspection | None) -> pd.DataFrame:
    """Return bytes, tensors and channels before and after: as our own inspections found them where there are any."""
    left = _left(record, after)
    found = before.channels if before is not None else (*record.closed, *record.left)
    dropped = sum(part.tensors for part in record.dropped)
    return pd.DataFrame(
        [
            {"What": "Size", "Before": size(record.source_bytes), "After": size(record.output_bytes)},
            {"What": "Tensors", "Before": f"{record.kept_count + dropped:,}", "After": f"{record.kept_count:,}"},
            {
                "What": "Leakage channels",
                "Before": listed(sorted({one.channel.title for one in found})),
                "After": listed(left),
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
