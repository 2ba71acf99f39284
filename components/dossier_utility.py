"""Privacy beside utility: this version among the others of its lineage, and every utility figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.charts.interval_strip import worst_first
from components.charts.utility import Axes, Point, utility_alt, utility_chart, utility_table
from components.comparison import metric_words
from components.dossier_exposure import readings_of
from components.figure import draw
from components.numbers import axis_unit, shown_unit, version_name
from components.table import table, twin

if TYPE_CHECKING:
    from exeat.model.manifest import Metric
    from exeat.policy.finding import Reading
    from exeat.review.views import CaseView


def main_metric(case: CaseView) -> Metric | None:
    """Return the utility figure to show: the first fraction of the test set over everybody."""
    whole = [m for m in case.manifest.metrics if not m.subgroup and m.unit == "fraction"]
    return next((m for m in whole if m.split == "test"), whole[0] if whole else None)


def main_reading(case: CaseView) -> Reading | None:
    """Return the worst measured rate that has a limit, over everybody."""
    measured = [
        r for r in readings_of(case.assessment) if r.status == "measured" and not r.subgroup and r.unit == "fraction"
    ]
    limited = [r for r in measured if r.limit and r.value is not None]
    return min(limited, key=worst_first, default=None)


def same_reading(case: CaseView, like: Reading) -> Reading | None:
    """Return the same indicator on the same kind of data in another version, of several the worst."""
    found = (
        r
        for r in readings_of(case.assessment)
        if (r.indicator_id, r.fpr, r.label) == (like.indicator_id, like.fpr, like.label) and not r.subgroup
    )
    return min(found, key=worst_first, default=None)


def ends_of(of: Metric | Reading) -> tuple[float, float] | None:
    """Return the interval as numbers, or None."""
    return None if of.ci_low is None or of.ci_high is None else (float(of.ci_low), float(of.ci_high))


def show_utility(case: CaseView, versions: tuple[CaseView, ...]) -> None:
    """Draw privacy beside utility: this version among the others of its lineage, and its metrics."""
    st.header("Privacy beside utility", anchor=False)
    metric, exposed = main_metric(case), main_reading(case)
    if metric is None or exposed is None:
        st.write("There is no pair of a utility rate and an exposure rate with a limit to draw.")
    else:
        points = [
            point
            for version in (case, *versions)
            if (point := _point(version, metric, exposed, current=version is case))
        ]
        axes = _axes(metric, exposed)
        limit = float(exposed.limit) if exposed.limit is not None else None
        draw(utility_chart(points, axes, limit=limit), key="utility", alt=utility_alt(points, axes))
        twin(utility_table(points, axes), f"utility and exposure, as of {case.today}")
    rows = [
        {"Metric": f"{m.id}{f' · {m.subgroup}' if m.subgroup else ''}", "Set": m.split, "Data": m.regime,
         "Value": metric_words(m), "Records": f"{m.n:,}"}
        for m in case.manifest.metrics
    ]  # fmt: skip
    with st.expander(f"All utility figures ({len(rows)})", icon=":material/table_rows:"):
        table(pd.DataFrame(rows), "Utility figures") if rows else st.write("The manifest states no utility figure.")


def _axes(metric: Metric, exposed: Reading) -> Axes:
    units = shown_unit(metric.id, metric.unit), shown_unit(exposed.indicator_id, exposed.unit)
    return Axes(with_unit(f"{metric.id}, {metric.split} set", units[0]), with_unit(exposed.label, units[1]), *units)


def with_unit(name: str, unit: str) -> str:
    """Return the name of an axis with its unit, if it has one."""
    return f"{name} ({axis_unit(unit)})" if axis_unit(unit) else name


def _point(case: CaseView, metric: Metric, exposed: Reading, *, current: bool) -> Point | None:
    there = next(
        (m for m in case.manifest.metrics if (m.id, m.split, m.subgroup) == (metric.id, metric.split, None)), None
    )
    seen = same_reading(case, exposed)
    if there is None or seen is None or seen.value is None:
        return None
    version = version_name(case.manifest.lineage.version)
    return Point(version, float(there.value), ends_of(there), float(seen.value), ends_of(seen), current)
