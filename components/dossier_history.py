"""What came before: the last approved version beside this one, earlier releases, exposure over versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import streamlit as st

from components.charts.versions import VersionPoint, versions_alt, versions_chart, versions_table
from components.comparison import manifest_changes, proposal_changes, reading_changes
from components.dossier_exposure import readings_of
from components.dossier_utility import ends_of, main_reading, same_reading, with_unit
from components.figure import draw
from components.numbers import counted, day, shown_unit, version_name
from components.page import empty
from components.session import actor, desk
from components.table import table
from components.text import plain
from exeat.errors import ExeatError

if TYPE_CHECKING:
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
    version = version_name(former.manifest.lineage.version)
    st.write(f"Compared with {plain(version)}, approved {day(former.decision.at if former.decision else None)}.")
    changes = [
        *proposal_changes(former.proposal, case.proposal),
        *reading_changes(readings_of(former.assessment), readings_of(case.assessment)),
        *manifest_changes(former.manifest, case.manifest),
    ]
    names = {"what": "What", "then": f"Then ({version})", "now": f"Now ({version_name(case.manifest.lineage.version)})"}
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
    chart = versions_chart(versions, indicator=with_unit(exposed.label, unit), limit=limit, unit=unit)
    with st.expander("Exposure over the versions of this lineage", icon=":material/timeline:"):
        draw(chart, key="versions", alt=versions_alt(versions, exposed.label, unit))
        table(versions_table(versions, unit), "Exposure over versions")


def _version(case: CaseView, exposed: Reading, *, current: bool) -> VersionPoint:
    seen = same_reading(case, exposed)
    decision = (
        f"{case.decision.outcome.replace('_', ' ')} {case.proposal.tier}" if case.decision and not current else ""
    )
    name = version_name(case.manifest.lineage.version)
    if seen is None or seen.value is None:
        reason = seen.reason if seen else "no report has this indicator"
        return VersionPoint(name, None, None, decision, reason, current)
    return VersionPoint(name, float(seen.value), ends_of(seen), decision, "", current)


def _earlier(lineage: Lineage) -> None:
    st.subheader("Earlier releases: this lineage, these recipients", anchor=False)
    if lineage.rows.empty:
        empty("No earlier release of this lineage or to these recipients.")
        return
    rows = lineage.rows
    shown = pd.DataFrame(
        {
            "Release": rows["title"],
            "Version": rows["ckpt_version"].map(version_name, na_action="ignore"),
            "Same": rows["why"],
            "Tier": rows["tier"],
            "Recipients": rows["recipients"],
            "Components": rows["components"].map(
                lambda parts: parts.replace("query_only", "query only"), na_action="ignore"
            ),
            "State": rows["state"].str.replace("_", " "),
            "Until": rows["until"].map(lambda until: day(until) if pd.notna(until) else None),
            "Ledger entry": rows["decision_seq"].map(lambda seq: f"{int(seq):,}" if pd.notna(seq) else None),
        }
    )
    table(shown, "Earlier releases of this lineage and to these recipients")
