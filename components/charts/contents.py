"""Bytes by part of the files: what a copy of them would carry, and which parts carry a leakage channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from components.charts.palette import FAIL, INFO, INK, UNKNOWN, safe, styled
from components.numbers import counted, size

if TYPE_CHECKING:
    from collections.abc import Sequence

PAPER = "#FFFFFF"


class Held(NamedTuple):
    """One kind of part of one file: its bytes, and how many sorts of leakage channel it carries."""

    file: str
    part: str
    size: int
    channels: int


def contents_treemap(parts: Sequence[Held], *, height: int = 320) -> go.Figure:
    """Return the treemap, files outside and their parts inside; a part with a channel is marked by word and colour."""
    files = list(dict.fromkeys(part.file for part in parts))
    sizes = {file: sum(max(part.size, 1) for part in parts if part.file == file) for file in files}
    chart = go.Figure(
        go.Treemap(
            ids=[*(f"file {n}" for n in range(len(files))), *(f"part {n}" for n in range(len(parts)))],
            labels=[*(safe(file, 60) for file in files), *(safe(part.part, 40) for part in parts)],
            parents=[*("" for _ in files), *(f"file {files.index(part.file)}" for part in parts)],
            values=[*sizes.values(), *(max(part.size, 1) for part in parts)],
            text=[*(size(sizes[file]) for file in files), *(safe(_words(part)) for part in parts)],
            branchvalues="total",
            textinfo="label+text",
            hovertemplate="%{label}<br>%{text}<extra></extra>",
            marker={"colors": [*(UNKNOWN for _ in files), *(_colour(part) for part in parts)], "line": {"width": 2}},
            textfont={"color": [*(PAPER for _ in files), *(_ink(part) for part in parts)]},
            pathbar={"visible": False},
            tiling={"pad": 2},
        )
    )
    styled(chart, height=height)
    chart.update_layout(margin={"t": 4, "b": 4, "l": 0, "r": 0})
    return chart


def _words(part: Held) -> str:
    return f"{size(part.size)} · {_carries(part)}"


def _carries(part: Held) -> str:
    return f"! {counted(part.channels, 'leakage channel')}" if part.channels else "no leakage channel"


def _colour(part: Held) -> str:
    return FAIL if part.channels else INFO


def _ink(part: Held) -> str:
    return INK["light"] if part.channels else PAPER


def contents_table(parts: Sequence[Held]) -> pd.DataFrame:
    """Return the same parts as rows, largest first."""
    return pd.DataFrame(
        [
            {"File": part.file, "Part": part.part, "Size": size(part.size), "Carries": _carries(part)}
            for part in sorted(parts, key=lambda part: -part.size)
        ]
    )


def contents_alt(parts: Sequence[Held]) -> str:
    """Return the figure in words."""
    marked = sum(part.size for part in parts if part.channels)
    files = len({part.file for part in parts})
    whole = sum(part.size for part in parts)
    return (
        f"Bytes by part of {counted(files, 'file')}: {size(whole)} in {counted(len(parts), 'part')}, "
        f"of which {size(marked)} carry a leakage channel."
    )
