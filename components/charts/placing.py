"""Short labels beside points so that none covers another, also on a narrow screen."""

from __future__ import annotations

from math import cos, hypot, pi, sin
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 240.0, 250.0
"""Pixels of the plot on a narrow screen; a wider one only draws points further apart."""
BOX = 20.0
"""Pixels that a label or a marker takes."""
_STEPS = (24.0, 38.0, 54.0, 72.0)
_ANGLES = tuple(pi / 4 + turn * pi / 2 for turn in range(4))
_TURNS = (0.0, pi / 9, -pi / 9)
"""Intervals run across and up from a point: labels stand between them, on the diagonals or near."""


class Offset(NamedTuple):
    """Where a label stands beside its point, in pixels; y grows downwards, as Plotly counts."""

    x: float
    y: float


def place(points: Sequence[tuple[float, float]]) -> tuple[Offset, ...]:
    """Return an offset for each point; coordinates are shares of the plot, y upwards."""
    anchors = [(x * WIDTH, (1 - y) * HEIGHT) for x, y in points]
    taken: list[tuple[float, float]] = list(anchors)
    found = []
    for anchor in anchors:
        best = min(_candidates(), key=lambda offset: _cost(anchor, offset, taken))
        taken.append((anchor[0] + best.x, anchor[1] + best.y))
        found.append(best)
    return tuple(found)


def _candidates() -> list[Offset]:
    ways = [angle + turn for turn in _TURNS for angle in _ANGLES]
    return [Offset(step * cos(way), -step * sin(way)) for step in _STEPS for way in ways]


def _cost(anchor: tuple[float, float], offset: Offset, taken: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return how much the label would cover or leave the plot, then how far it stands off."""
    x, y = anchor[0] + offset.x, anchor[1] + offset.y
    covered = sum(max(0.0, BOX - max(abs(x - a), abs(y - b))) for a, b in taken)
    outside = max(0.0, BOX / 2 - x, x - WIDTH + BOX / 2) + max(0.0, BOX / 2 - y, y - HEIGHT + BOX / 2)
    return covered + 2 * outside, hypot(offset.x, offset.y)
