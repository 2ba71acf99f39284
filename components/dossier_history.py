"""What came before: the last approved version beside this one, earlier releases, utility and exposure over versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import streamlit as st

from components.charts.interval_strip import bad_end
from components.charts.utility import Axes, Point, utility_alt, utility_chart, utility_table
from components.charts.versions import VersionPoint, versions_alt, versions_chart, versions_table
from components.comparison import manifest_changes, metric_words, proposal_changes, reading_changes
from components.dossier_exposure import readings_of
from components.figure import draw
from components.numbers import axis_unit, counted, day, shown_unit
from components.page import empty
from components.session import actor, desk
from components.table import table, twin
from components.text import plain
from exeat.errors import ExeatError

if TYPE_CHECKING:
    from exeat.model.manifest import Metric
    from exeat.policy.finding import Reading
    from exeat.review.views import CaseView

MAX_VERSIONS = 6
_APPROVED = ("approved", "active", "suspended", "superseded", "expired")


class Lineage(NamedTuple):
    """Earlier releases as rows, and those of the lineage that were opened in full, newest first."""

    rows: pd.DataFrame
    versions: tuple[CaseView, ...]


def lineage_of(case: CaseView) -> Lineage | None:
    """Read what came before; None for those who may see only their own releases."""
    who, review = actor(), desk().review
    try:
        rows = review.earlier(who, case.release_id)
    except ExeatError:
        return None
    same = rows[rows["why"].str.startswith("lineage") & (rows["checkpoint_id"] != case.proposal.checkpoint_id)]
    told_first = same.assign(rank=~same["state"].isin(_APPROVED)).sort_values("rank", kind="stable")
    ids = told_first.drop_duplicates("checkpoint_id").sort_index()["release_id"].head(MAX_VERSIONS)
    return Lineage(rows, tuple(review.case(who, str(release_id)) for release_id in ids))


def main_metric(case: CaseView) -> Metric | None:
    """Return the utility figure to show: the first fraction of the test set over everybody."""
    whole = [m for m in case.manifest.metrics if not m.subgroup and m.unit == "fraction"]
    return next((m for m in whole if m.split == "test"), whole[0] if whole else None)


def main_reading(case: CaseView) -> Reading | None:
    """Return the strongest measured rate that has a limit, over everybody."""
    measured = [
        r for r in readings_of(case.assessment) if r.status == "measured" and not r.subgroup and r.unit == "fraction"
    ]
    limited = [r for r in measured if r.limit and r.value is not None]
    return max(
        limited, key=lambda r: (r.access.strength if r.access else -1, bad_end(r) / float(r.limit or 1)), default=None
    )


def same_reading(case: CaseView, like: Reading) -> Reading | None:
    """Return the same indicator in another version."""
    found = (
        r
        for r in readings_of(case.assessment)
        if (r.indicator_id, r.fpr) == (like.indicator_id, like.fpr) and not r.subgroup
    )
    return next(found, None)


def _ci(of: Metric | Reading) -> tuple[float, float] | None:
    return None if of.ci_low is None or of.ci_high is None else (float(of.ci_low), float(of.ci_high))


def show_utility(case: CaseView, lineage: Lineage | None) -> None:
    """Draw privacy beside utility: this version among the others of its lineage, and its metrics."""
    st.header("Privacy beside utility", anchor=False)
    metric, exposed = main_metric(case), main_reading(case)
    if metric is None or exposed is None:
        st.write("There is no pair of a utility rate and an exposure rate with a limit to draw.")
    else:
        versions = (case, *(lineage.versions if lineage else ()))
        points = [point for version in versions if (point := _point(version, metric, exposed, current=version is case))]
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
    said = (f"{name}{f' ({axis_unit(unit)})' if axis_unit(unit) else ''}" for name, unit in
            zip((f"{metric.id}, {metric.split} set", exposed.label), units, strict=True))  # fmt: skip
    return Axes(*said, *units)


def _point(case: CaseView, metric: Metric, exposed: Reading, *, current: bool) -> Point | None:
    there = next(
        (m for m in case.manifest.metrics if (m.id, m.split, m.subgroup) == (metric.id, metric.split, None)), None
    )
    seen = same_reading(case, exposed)
    if there is None or seen is None or seen.value is None:
        return None
    version = case.manifest.lineage.version
    return Point(version, float(there.value), _ci(there), float(seen.value), _ci(seen), current)


def show_history(case: CaseView, lineage: Lineage | None) -> None:
    """Draw what changed since the last approved version, the indicator over versions, and earlier releases."""
    st.header("What came before", anchor=False)
    if lineage is None:
        st.write("Submitters see their own releases only.")
        return
    _since_approved(case, lineage)
    _over_versions(case, lineage)
    _earlier(lineage)


def _since_approved(case: CaseView, lineage: Lineage) -> None:
    st.subheader("Since the last approved version", anchor=False)
    former = next((v for v in lineage.versions if v.now.value in _APPROVED and v.decision), None)
    if former is None:
        st.write("No version of this lineage was approved before.")
        return
    version = former.manifest.lineage.version
    st.write(f"Compared with {plain(version)}, approved {day(former.decision.at if former.decision else None)}.")
    changes = [
        *proposal_changes(former.proposal, case.proposal),
        *reading_changes(readings_of(former.assessment), readings_of(case.assessment)),
        *manifest_changes(former.manifest, case.manifest),
    ]
    names = {"what": "What", "then": f"Then ({version})", "now": f"Now ({case.manifest.lineage.version})"}
    rows = pd.DataFrame(changes, columns=["what", "then", "now"]).rename(columns=names)
    with st.expander(
        f"{counted(len(changes), 'difference')}", icon=":material/difference:", expanded=len(changes) <= MAX_VERSIONS
    ):
        table(rows, "What changed since the last approved version")


def _over_versions(case: CaseView, lineage: Lineage) -> None:
    exposed = main_reading(case)
    if exposed is None or not lineage.versions:
        return
    versions = [_version(v, exposed, current=v is case) for v in (*reversed(lineage.versions), case)]
    limit = float(exposed.limit) if exposed.limit is not None else None
    unit = shown_unit(exposed.indicator_id, exposed.unit)
    name = f"{exposed.label} ({axis_unit(unit)})" if axis_unit(unit) else exposed.label
    chart = versions_chart(versions, indicator=name, limit=limit, unit=unit)
    with st.expander("Exposure over the versions of this lineage", icon=":material/timeline:"):
        draw(chart, key="versions", alt=versions_alt(versions, exposed.label, unit))
        table(versions_table(versions, unit), "Exposure over versions")


def _version(case: CaseView, exposed: Reading, *, current: bool) -> VersionPoint:
    seen = same_reading(case, exposed)
    decision = (
        f"{case.decision.outcome.replace('_', ' ')} {case.proposal.tier}" if case.decision and not current else ""
    )
    name = case.manifest.lineage.version
    if seen is None or seen.value is None:
        reason = seen.reason if seen else "no report has this indicator"
        return VersionPoint(name, None, None, decision, reason, current)
    return VersionPoint(name, float(seen.value), _ci(seen), decision, "", current)


def _earlier(lineage: Lineage) -> None:
    st.subheader("Earlier releases: this lineage, these recipients", anchor=False)
    if lineage.rows.empty:
        empty("No earlier release of this lineage or to these recipients.")
        return
    rows = lineage.rows
    shown = pd.DataFrame(
        {
            "Release": rows["title"],
            "Version": rows["ckpt_version"],
            "Same": rows["why"],
            "Tier": rows["tier"],
            "Recipients": rows["recipients"],
            "Components": rows["components"],
            "State": rows["state"].str.replace("_", " "),
            "Until": rows["until"].map(lambda until: day(until) if pd.notna(until) else None),
            "Ledger entry": rows["decision_seq"].map(lambda seq: f"{int(seq):,}" if pd.notna(seq) else None),
        }
    )
    table(shown, "Earlier releases of this lineage and to these recipients")
