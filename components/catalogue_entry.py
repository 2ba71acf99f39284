"""One checkpoint of the catalogue: what one may have, why not the rest, how to ask, and what is known about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from components.numbers import counted, day, figure, interval, shown_unit, size, version_name
from components.page import page_title
from components.table import table
from components.text import adversary, one_line, paragraphs, plain
from exeat.access.abstraction import SUPPRESSED, WITHHELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.access.abstraction import Shown
    from exeat.access.catalogue import CatalogueEntry
    from exeat.model.manifest import Manifest

BROWSE_PAGE = "pages/catalogue/browse.py"
_HIDDEN = (SUPPRESSED, WITHHELD)


def choose_entry() -> None:
    """Say what to do when the address names no checkpoint."""
    page_title("Entry", "No checkpoint is chosen.")
    st.page_link(BROWSE_PAGE, label="Choose one from the catalogue", icon=":material/menu_book:")


def show_answer(entry: CatalogueEntry) -> None:
    """Open the page: title, what is available, and how to ask for the rest."""
    page_title(one_line(entry.facts["title"], 200), entry.answer)
    st.info(plain(entry.ask, 1000), icon=":material/contact_support:")
    facts = (
        ("Lineage", f"{entry.facts['run_family']} {version_name(str(entry.facts['version']))}"),
        ("Task", entry.facts["task"]),
        ("Data", entry.facts["regime"]),
        ("Protection", entry.facts["protection"]),
        ("Parameters", f"{int(entry.facts['n_parameters']):,}"),
        ("Kept until", day(entry.facts["retain_until"])),
    )
    st.markdown(" · ".join(f"{name}: {plain(one_line(value, 80))}" for name, value in facts))


def show_holdings(entry: CatalogueEntry) -> None:
    """Draw every component with what happens to it and why."""
    st.header("What you may have", anchor=False)
    rows = [
        {
            "Component": held.component_id,
            "Kind": held.kind.title,
            "Size": size(held.bytes),
            "For you": "available" if held.available else "no",
            "Form": held.disposition.title if held.tier else None,
            "From tier": held.tier.value if held.tier else None,
            "Until": day(held.until) if held.until else None,
            "Released to": one_line(held.recipients, 120) or None,
            "Why": held.why,
        }
        for held in entry.holdings
    ]
    table(pd.DataFrame(rows), "Components: form, lowest tier, until when, and why")


def show_exposure(entry: CatalogueEntry) -> None:
    """Draw the indicators, as figures or as bands, and say what is hidden."""
    st.header("Exposure of the people in the data", anchor=False)
    shown = entry.indicators
    if shown.rows.empty:
        st.warning("No risk report is attached. Not measured never passes.", icon=":material/help:")
        return
    words = _exact_words if shown.exact else _band_words
    rows = pd.DataFrame([words(row) for row in shown.rows.to_dict("records")])
    table(rows if shown.exact else rows.drop_duplicates(), "Exposure indicators")
    lines = [
        f"As of {entry.as_of}; newest report {day(entry.newest_report)}.",
        f"Judged by the limits for {entry.judged_for} ({entry.judged_for.title}).",
        "The bad end of each interval decides.",
    ]
    if not shown.exact:
        lines.append("At your tier figures appear as bands; from T3 on as values with intervals.")
    st.caption(" ".join([*lines, *_hidden(shown)]))


def _hidden(shown: Shown) -> list[str]:
    if not shown.suppressed:
        return []
    cells = counted(shown.suppressed, "subgroup figure on", "subgroup figures on")
    lines = [f"Suppressed: {cells} fewer than {shown.smallest} people."]
    if shown.withheld:
        lines.append(f"Withheld, as with the whole they would give the others away: {shown.withheld:,} more.")
    return lines


def _band_words(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "Indicator": row["label"],
        "Subgroup": _or_none(row["subgroup"]),
        "Where it lies": row["band"],
        "Adversary": adversary(str(row["access"])),
        "Why not measured": _or_none(row["reason"]),
    }


def _exact_words(row: Mapping[Any, Any]) -> dict[str, Any]:
    unit, hidden = shown_unit(str(row["indicator_id"]), str(row["unit"])), row["status"] in _HIDDEN
    limit = _number(row["limit"])
    return {
        "Indicator": row["label"],
        "Subgroup": _or_none(row["subgroup"]),
        "Where it lies": row["band"],
        "Value": row["status"] if hidden else figure(_number(row["value"]), unit, limit=limit),
        "Interval": interval(_number(row["ci_low"]), _number(row["ci_high"]), unit) or None,
        "Limit": figure(limit, unit) if limit is not None else None,
        "Adversary": adversary(str(row["access"])),
        "Method": _or_none(row["method"]),
        "Why not measured": _or_none(row["reason"]),
    }


def show_utility(entry: CatalogueEntry) -> None:
    """Draw the utility figures with intervals."""
    st.header("Utility", anchor=False)
    if entry.metrics.rows.empty:
        st.write("No utility figure is stated in the manifest.")
        return
    table(pd.DataFrame([_metric_words(row) for row in entry.metrics.rows.to_dict("records")]), "Utility figures")
    st.caption(" ".join(["As stated in the manifest.", *_hidden(entry.metrics)]))


def _metric_words(row: Mapping[Any, Any]) -> dict[str, Any]:
    unit = shown_unit(str(row["metric_id"]).lower(), one_line(row["unit"], 12))
    return {
        "Metric": one_line(row["metric_id"], 60),
        "Subgroup": _or_none(row["subgroup"]),
        "Value": row["status"] if row["status"] in _HIDDEN else figure(_number(row["value"]), unit),
        "Interval": interval(_number(row["ci_low"]), _number(row["ci_high"]), unit) or None,
        "Split": row["split"],
        "Data": row["regime"],
        "n": f"{int(row['n']):,}" if _number(row["n"]) is not None else None,
    }


def show_story(manifest: Manifest) -> None:
    """Draw purpose, limits, data and what can be reproduced with which tier."""
    st.header("What it is for", anchor=False)
    texts = (
        ("Purpose", manifest.purpose),
        ("Out of scope", manifest.out_of_scope),
        ("Limitations", manifest.limitations),
    )
    for heading, text in texts:
        for number, line in enumerate(paragraphs(text)):
            st.markdown(f"**{heading}.** {line}" if not number else line)
    with st.expander(f"Data sources ({len(manifest.data_sources)})", icon=":material/database:"):
        rows = [
            {"Name": d.name, "Version": d.version, "Role": d.role, "Regime": d.regime} for d in manifest.data_sources
        ]
        table(pd.DataFrame(rows), "Data sources")
    with st.expander(f"Reproducible at ({len(manifest.reproducibility)})", icon=":material/replay:"):
        for part in manifest.reproducibility:
            st.markdown(
                f"- {plain(part.part)}: {part.level}, from {part.requires_tier}, on {part.sandbox_data} data. "
                f"{plain(part.authorization)}"
            )
        if not manifest.reproducibility:
            st.write("The manifest states nothing about reproducing it.")


def show_comparison(entry: CatalogueEntry, other: CatalogueEntry) -> None:
    """Draw two checkpoints side by side, only where they may both be seen."""
    ours, theirs = _side(entry), _side(other)
    names = (f"{one_line(e.facts['version'], 20)} ({e.checkpoint_id})" for e in (entry, other))
    left, right = names
    rows = [{"": name, left: ours[name], right: theirs[name]} for name in ours]
    table(pd.DataFrame(rows), "Two checkpoints of one lineage side by side")


def _side(entry: CatalogueEntry) -> dict[str, str]:
    facts = entry.facts
    return {
        "For you": entry.answer,
        "Data": one_line(facts["regime"], 60),
        "Protection": one_line(facts["protection"], 60),
        "Parameters": f"{int(facts['n_parameters']):,}",
        "Exposure": entry.indicators.sentences().get(entry.checkpoint_id, "not measured"),
        "Utility": _first_metric(entry.metrics),
    }


def _first_metric(shown: Shown) -> str:
    if shown.rows.empty:
        return "not measured"
    words = _metric_words(shown.rows.to_dict("records")[0])
    return f"{words['Metric']} {words['Value']} {words['Interval'] or ''}".strip()


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _or_none(value: Any) -> str | None:
    return one_line(value, 300) if isinstance(value, str) and value else None
