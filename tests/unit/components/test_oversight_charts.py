"""Charts of oversight: marks, words and tables from plain frames; hostile text stays text."""

from __future__ import annotations

import pandas as pd
import pytest

from components.charts.exposure_small_multiples import PANELS, exposure_alt, exposure_panels, exposure_table
from components.charts.flow import flow_alt, flow_table, tier_flow
from components.charts.heatmap import hours_alt, hours_heatmap, hours_table
from components.charts.matrix import access_matrix, matrix_alt, matrix_table
from components.charts.timeline import exposure_timeline, timeline_alt, timeline_table
from components.charts.volume import volume_alt, volume_chart, volume_table

HOSTILE = "<b>x</b> %{y} $x$"


def point(**changes):
    return {
        "checkpoint_id": "onco-v1", "run_family": "onco", "version": "1", "indicator_id": "mia.lira.tpr_at_fpr",
        "family": "membership, TPR at 1 % FPR", "label": "membership, LiRA, TPR at 1 % FPR", "method": "LiRA",
        "status": "measured", "verdict": "pass", "reason": "", "value": 0.01, "ci_low": 0.005, "ci_high": 0.015,
        "unit": "fraction", "max_value": 0.02, "falling": False, "reported_at": pd.Timestamp("2026-11-02"),
    } | changes  # fmt: skip


GAP = point(verdict="not_measured", status="not_measured", value=None, ci_low=None, ci_high=None, reason="No shadows.")
POINTS = [
    point(),
    point(checkpoint_id="onco-v2", verdict="fail", value=0.03, ci_low=0.025, ci_high=0.04),
    point(checkpoint_id="onco-v3", verdict="no_limit", max_value=None),
    GAP,
]


def traces(points):
    return exposure_panels(pd.DataFrame(points))[0][1].data


def test_each_verdict_has_its_own_mark_and_rates_are_percent():
    found = {trace.marker.symbol: trace for trace in traces(POINTS)}
    assert set(found) == {"circle", "x", "circle-open", "diamond-open"}
    assert found["x"].x[0] == pytest.approx(3)
    assert found["x"].error_x.array[0] == pytest.approx(1)


def test_what_was_not_measured_stands_left_of_zero_never_on_it():
    gap = next(trace for trace in traces(POINTS) if trace.marker.symbol == "diamond-open")
    assert gap.x[0] < 0
    assert "NOT MEASURED: No shadows." in gap.text[0]


def test_the_limit_is_a_labelled_line_and_the_failing_side_is_shaded():
    chart = exposure_panels(pd.DataFrame(POINTS))[0][1]
    assert [note.text for note in chart.layout.annotations] == ["limit 2 %"]
    shade = next(shape for shape in chart.layout.shapes if shape.type == "rect")
    assert (shade.x0, shade.x1 > 4) == (2, True)
    two = [point(), point(checkpoint_id="onco-v2", max_value=0.021)]
    notes = exposure_panels(pd.DataFrame(two))[0][1].layout.annotations
    assert [(note.text, note.xanchor) for note in notes] == [("limit 2 %", "right"), ("limit 2.1 %", "left")]
    falling = [point(indicator_id="recon.error", unit="ratio", falling=True, value=1, ci_low=0.9, max_value=0.8)]
    chart = exposure_panels(pd.DataFrame(falling))[0][1]
    shade = next(shape for shape in chart.layout.shapes if shape.type == "rect")
    assert shade.x1 == 0.8


def test_the_worst_kinds_come_first_and_no_more_than_eight():
    many = [point(family=f"kind {n}", verdict="fail" if n == 9 else "pass") for n in range(12)]
    panels = exposure_panels(pd.DataFrame(many))
    assert len(panels) == PANELS
    assert panels[0][0].title == "kind 9"
    assert exposure_alt(panels[0][0]) == "kind 9 by lineage: 1 figures, 1 beyond the limit, 0 not measured."


def test_the_table_says_the_same_worst_first():
    table = exposure_table(pd.DataFrame(POINTS))
    assert list(table["Verdict"]) == ["fail", "not measured", "pass", "no limit set"]
    assert list(table["Value"]) == ["3 %", "not measured", "1 %", "1 %"]


def test_months_show_middle_worst_and_gaps():
    months = pd.DataFrame(
        {
            "family": "membership, TPR at 1 % FPR", "unit": "fraction", "n": [2, 1], "n_measured": [2, 0],
            "month": pd.to_datetime(["2026-10-01", "2026-11-01"]), "middle": [0.01, None], "worst": [0.03, None],
            "max_value": 0.02, "n_fail": [1, 0], "falling": False,
        }
    )  # fmt: skip
    [(group, chart)] = exposure_timeline(months)
    middle, worst, gaps = chart.data
    assert (middle.y[0], worst.y[0]) == (pytest.approx(1), pytest.approx(3))
    assert len(gaps.x) == 1
    assert "1 beyond the limit" in timeline_alt(group)
    assert list(timeline_table(months)["Middle"]) == ["not measured", "1 %"]


def test_an_area_under_a_curve_is_no_percentage_over_time():
    months = pd.DataFrame(
        {
            "family": "membership, AUC", "unit": "fraction", "n": [1], "n_measured": [1], "max_value": 0.6,
            "month": pd.to_datetime(["2026-10-01"]), "middle": [0.55], "worst": [0.604],
            "n_fail": [1], "falling": False,
        }
    )  # fmt: skip
    row = timeline_table(months).iloc[0]
    assert (row["Middle"], row["Worst bad end"], row["Limit"]) == ("0.55", "0.604", "0.6")
    [(_, chart)] = exposure_timeline(months)
    assert (chart.data[0].y[0], chart.layout.annotations[0].text) == (0.55, "limit 0.6")


HOURS = pd.DataFrame({"own": [True, False], "weekday": [1, 7], "hour": [3, 23], "n": [4, 6], "unusual": [True, False]})


def test_hours_stand_beside_the_peers_with_unusual_ones_outlined():
    chart = hours_heatmap(HOURS, ["ada", "peers"])
    own, peers = chart.data
    assert (own.z[0][3], peers.z[6][23]) == (100, 100)
    assert (own.customdata[0][3], own.customdata[0][4]) == (4, 0)
    assert len(chart.layout.shapes) == 1
    assert "Unusual own hours: Mon 03:00" in hours_alt(HOURS, ["ada", "peers"])
    assert list(hours_table(HOURS)["Reads"]) == ["6", "4"]


def cell(**changes):
    row = {"principal": "ada", "checkpoint_id": "onco-v1", "role": "reader", "lineage": "onco", "n": 3, "tier": 2}
    return row | {"denied": 0, "bytes": 2000, "without_bytes": 0, "components": ["weights"]} | changes


def test_the_matrix_colours_tiers_marks_denials_and_leaves_gaps_empty():
    found = pd.DataFrame([cell(), cell(principal="ben", checkpoint_id="x", tier=None, denied=2)])
    chart = access_matrix(found)
    assert [list(row) for row in chart.data[0].z] == [[2, None], [None, -1]]
    assert (list(chart.data[1].x), list(chart.data[1].y)) == ([1], [1])
    assert "1 pairs have denied attempts" in matrix_alt(found)
    assert list(matrix_table(found)["Highest tier"]) == ["T2", "unknown"]


def test_unknown_bytes_are_not_zero_in_the_matrix():
    found = pd.DataFrame([cell(without_bytes=2)])
    assert list(matrix_table(found)["Moved"]) == ["2 kB; bytes unknown for 2 events"]
    assert "bytes unknown for 2 events" in access_matrix(found).data[0].text[0][0]


def test_names_cut_alike_stay_apart():
    long = "p" * 60
    chart = access_matrix(pd.DataFrame([cell(principal=long + "1"), cell(principal=long + "2", tier=3)]))
    assert [list(row) for row in chart.data[0].z] == [[2], [3]]


def test_flow_names_denied_links_in_words():
    found = pd.DataFrame({"role": ["reader", "reader"], "tier": [1, None], "outcome": ["ok", "denied"], "n": [5, 2]})
    link = tier_flow(found).data[0].link
    assert sum(link.value) == 14
    assert set(link.label) == {"allowed", "✕ denied"}
    assert "2 were denied" in flow_alt(found)
    assert list(flow_table(found)["Tier"]) == ["T1", "tier unknown"]


def test_volume_keeps_level_over_days_without_events():
    days = pd.to_datetime(["2026-11-01", "2026-11-03", "2026-11-03"])
    found = pd.DataFrame({"day": days, "outcome": ["ok", "ok", "denied"], "n": [1, 2, 3], "bytes": [10**6, 10**6, 0]})
    found = found.assign(without_bytes=[0, 0, 3])
    chart = volume_chart(found)
    assert list(chart.data[-1].y) == [1, 1, 2]
    assert "6 events; moved: 2 MB; bytes unknown for 3 events." in volume_alt(found)
    assert list(volume_table(found)["Moved"]) == ["0 B; bytes unknown for 3 events", "1 MB", "1 MB"]
    assert "bytes unknown" not in volume_alt(found.assign(without_bytes=0))


def test_hostile_names_are_inert_in_every_chart():
    hours = hours_heatmap(HOURS, [HOSTILE, HOSTILE])
    matrix = access_matrix(pd.DataFrame([cell(principal=HOSTILE, checkpoint_id=HOSTILE)]))
    flow = tier_flow(pd.DataFrame({"role": [HOSTILE], "tier": [1], "outcome": [HOSTILE], "n": [1]}))
    volume = volume_chart(
        pd.DataFrame(
            {"day": pd.to_datetime(["2026-11-01"]), "outcome": [HOSTILE], "n": [1], "bytes": [1], "without_bytes": [0]}
        )
    )
    panels = exposure_panels(pd.DataFrame([GAP | {"run_family": HOSTILE, "reason": HOSTILE, "method": HOSTILE}]))
    for chart in (hours, matrix, flow, volume, panels[0][1]):
        drawn = chart.to_json().replace("\\u003c", "<")
        assert "<b>x</b>" not in drawn
        assert "%{y} $" not in drawn
