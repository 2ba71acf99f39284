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
    nodes = _nodes(parts)
    chart = go.Figure(
        go.Treemap(
            ids=[node.id for node in nodes],
            labels=[safe(node.label, 60) for node in nodes],
            parents=[node.parent for node in nodes],
            values=[node.size for node in nodes],
            text=[safe(node.text) for node in nodes],
            branchvalues="total",
            textinfo="label+text",
            hovertemplate="%{label}<br>%{text}<extra></extra>",
            marker={"colors": [node.colour for node in nodes], "line": {"width": 2}},
            textfont={"color": [node.ink for node in nodes]},
            pathbar={"visible": False},
            tiling={"pad": 2},
        )
    )
    styled(chart, height=height)
    chart.update_layout(margin={"t": 4, "b": 4, "l": 0, "r": 0})
    return chart


class _Node(NamedTuple):
    """One box of the treemap; nothing is smaller than a byte, so that it can be pointed at."""

    id: str
    parent: str
    label: str
    text: str
    size: int
    colour: str = UNKNOWN
    ink: str = PAPER


def _nodes(parts: Sequence[Held]) -> list[_Node]:
    """Return the boxes: of several files one around all, then each file, then its parts."""
    files = list(dict.fromkeys(part.file for part in parts))
    sizes = [sum(max(part.size, 1) for part in parts if part.file == file) for file in files]
    around = "all" if len(files) > 1 else ""
    nodes = [_Node("all", "", counted(len(files), "file"), size(sum(sizes)), sum(sizes))] if around else []
    nodes += [
        _Node(f"file {n}", around, file, size(whole), whole)
        for n, (file, whole) in enumerate(zip(files, sizes, strict=True))
    ]
    for n, part in enumerate(parts):
        parent = f"file {files.index(part.file)}"
        nodes.append(_Node(f"part {n}", parent, part.part, _words(part), max(part.size, 1), _colour(part), _ink(part)))
    return nodes


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
