"""What the files contain: bytes by part, the leakage-channel map, and what minimising a file changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.charts.contents import Held, contents_alt, contents_table, contents_treemap
from components.dossier_minimised import show_minimised
from components.figure import draw
from components.numbers import counted, listed, size
from components.table import table, twin
from components.text import plain
from exeat.model.inspection import Verdict
from exeat.policy.contents import HOLD_TENSORS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exeat.model.inspection import Inspection, LeakageFinding
    from exeat.model.manifest import Component
    from exeat.review.views import CaseView

ICONS = {
    Verdict.CLEAN: ":material/check_circle:",
    Verdict.UNSAFE: ":material/cancel:",
    Verdict.UNREADABLE: ":material/help:",
}
MARKS = {Verdict.CLEAN: "✓ clean", Verdict.UNSAFE: "✕ unsafe", Verdict.UNREADABLE: "◇ unreadable"}


def show_contents(case: CaseView) -> None:
    """Draw what an inspection found in the files, leaving ones first; say what was not inspected and what to do."""
    st.header("What the files contain", anchor=False)
    leaving = frozenset(part.component_id for part in case.proposal.components)
    files = sorted(case.manifest.components, key=lambda part: part.id not in leaving)
    seen = case.contents.inspections
    st.markdown(plain(answer(files, leaving, seen), 1000))
    _not_inspected([part for part in files if part.id not in seen and part.kind in HOLD_TENSORS])
    if seen:
        table(files_table(files, leaving, seen), "Files that were inspected")
        _unsafe(files, seen)
        _bytes(files, seen)
        _channels(files, leaving, seen)
    show_minimised(case.contents)


def answer(files: Sequence[Component], leaving: frozenset[str], seen: Mapping[str, Inspection]) -> str:
    """Return the answer of the section in one sentence."""
    looked = [part for part in files if part.id in seen]
    if not looked:
        return "No file of this checkpoint was inspected: nobody has looked inside."
    carry = [part.id for part in looked if seen[part.id].channels]
    out, stay = [name for name in carry if name in leaving], [name for name in carry if name not in leaving]
    them = "it" if len(looked) == 1 else "them"
    said = f"{counted(len(looked), 'file')} inspected; nothing of {them} was executed."
    if out:
        sorts = {found.channel for name in out for found in seen[name].channels}
        said += f" {counted(len(sorts), 'sort')} of leakage channel would leave in {listed(out)}."
    else:
        said += " No leakage channel was found in what would leave."
    return f"{said} Also with leakage channels, but staying inside: {listed(stay)}." if stay else said


def _not_inspected(files: Sequence[Component]) -> None:
    if not files:
        return
    names = ", ".join(f"{part.id} ({part.path})" for part in files)
    st.info(
        f"Not inspected: {plain(names, 400)}. Not inspected is not clean. Next step: whoever has the "
        f"{'file brings it' if len(files) == 1 else 'files brings them'} in with exeat ingest; the inspection then "
        "appears here. To look beforehand: exeat inspect FILE.",
        icon=":material/help:",
    )


def files_table(files: Sequence[Component], leaving: frozenset[str], seen: Mapping[str, Inspection]) -> pd.DataFrame:
    """Return one row per inspected file."""
    return pd.DataFrame(
        [
            {
                "Component": part.id,
                "Leaves": "yes" if part.id in leaving else "no",
                "Inspection": MARKS[seen[part.id].verdict],
                "Leakage channels": str(len({found.channel for found in seen[part.id].channels})),
                "File": part.path,
                "Format": seen[part.id].format,
                "Size": size(seen[part.id].bytes),
                "Tensors": f"{seen[part.id].tensor_count:,}",
            }
            for part in files
            if part.id in seen
        ]
    )


def _unsafe(files: Sequence[Component], seen: Mapping[str, Inspection]) -> None:
    """Say of each file that is not clean why, and what to do."""
    for part in files:
        for found in seen[part.id].findings[:3] if part.id in seen else ():
            with st.expander(f"{plain(part.id)}: {plain(found.sentence, 200)}", icon=ICONS[Verdict(found.verdict)]):
                st.markdown(plain(found.sentence, 1000))
                st.markdown(f"**What to do.** {plain(found.what_to_do, 1000)}")
                if found.place:
                    st.markdown(f"**Where.** {plain(found.place, 300)}")


def held(files: Sequence[Component], seen: Mapping[str, Inspection]) -> list[Held]:
    """Return the parts of each inspected file by kind, with the sorts of channel that each carries."""
    parts: list[Held] = []
    for file in files:
        if file.id not in seen:
            continue
        found = seen[file.id]
        for kind in dict.fromkeys(part.kind for part in found.parts):
            carried = {one.channel for one in found.channels if one.part is kind}
            total = sum(part.bytes for part in found.parts if part.kind is kind)
            parts.append(Held(f"{file.id} ({file.path})", kind.title, total, len(carried)))
    return parts


def _bytes(files: Sequence[Component], seen: Mapping[str, Inspection]) -> None:
    parts = held(files, seen)
    if not parts:
        return
    st.subheader("Bytes by part", anchor=False)
    draw(contents_treemap(parts), key="contents", alt=contents_alt(parts))
    twin(contents_table(parts), "bytes by part of each file")


def channels_table(files: Sequence[Component], leaving: frozenset[str], seen: Mapping[str, Inspection]) -> pd.DataFrame:
    """Return the leakage-channel map: what, carried by which part, how often, and a masked sample."""
    rows = [(part, found) for part in files if part.id in seen for found in seen[part.id].channels]
    return pd.DataFrame([_channel_row(part, found, part.id in leaving) for part, found in rows])


def _channel_row(part: Component, found: LeakageFinding, leaves: bool) -> dict[str, str]:
    return {
        "Channel": found.channel.title,
        "Carried by": f"{part.id}: {found.part.title} ({found.place})"
        if found.place
        else f"{part.id}: {found.part.title}",
        "Leaves": "yes" if leaves else "no",
        "Count": f"{found.count:,}",
        "Sample (masked)": found.sample,
    }


def remedies_table(files: Sequence[Component], seen: Mapping[str, Inspection]) -> pd.DataFrame:
    """Return what would close each sort of channel, in the order of the map; one row per remedy."""
    rows: dict[str, list[str]] = {}
    for part in files:
        for found in seen[part.id].channels if part.id in seen else ():
            titles = rows.setdefault(found.remedy, [])
            titles += [found.channel.title] if found.channel.title not in titles else []
    return pd.DataFrame([{"Channel": listed(titles), "Remedy": remedy} for remedy, titles in rows.items()])


def _channels(files: Sequence[Component], leaving: frozenset[str], seen: Mapping[str, Inspection]) -> None:
    st.subheader("Leakage channels", anchor=False)
    rows = channels_table(files, leaving, seen)
    if rows.empty:
        st.write("None was found: no path, name, address, identifier, date, index list or training state.")
        return
    table(rows, "Leakage channels by the part that carries them")
    table(remedies_table(files, seen), "What would close the channels")
