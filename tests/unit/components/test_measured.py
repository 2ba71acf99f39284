"""The figures behind the exposure, built from reports whose numbers are computed from scores."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import pandas as pd
import pytest

from components.charts.epsilon import epsilon_chart, epsilon_table
from components.charts.frontier import frontier_chart, frontier_table
from components.charts.regimes import regimes_chart
from components.charts.roc import roc_chart, roc_table
from components.charts.subgroups import subgroups_chart, subgroups_table
from components.charts.trace import MOST, measured_panels, thinned, trace_chart, trace_table
from components.measured import missing, panels
from components.table import words
from exeat.policy.measured.case import measured
from tests.factories import report_document
from tests.measured_reports import (
    CLAIM,
    PEOPLE,
    SIMULATED,
    curve,
    figures,
    full_report,
    matter_of,
    pilot,
    pilots,
    scores,
    second_report,
    subject,
    trace,
)

KEYS = ["roc", "epsilon", "groups", "regimes", "frontier", "trace", "opinions"]


@cache
def everything():
    reports = full_report(subject(), delta=Decimal("0.001")), second_report(subject())
    return measured(matter_of(*reports, dp=CLAIM, data_sources=PEOPLE))


def of(**parts):
    return measured(matter_of(report_document(indicators=figures(scores(2.5)), **parts)))


def texts(chart):
    return [one.text for one in chart.layout.annotations]


def test_each_thing_that_was_measured_is_one_panel_with_words_and_a_table():
    made = panels(everything(), "people")
    assert [one.key for one in made] == KEYS
    assert missing(everything()) == ()
    for one in made:
        assert one.sentence.endswith(".")
        assert one.reading.endswith(".")
        assert len(one.frame) > 1
        assert not words(one.frame).isin(["nan", "None", "NaN"]).to_numpy().any()
        if one.chart is not None:
            assert len(one.alt) > 40
            assert one.chart.data


def test_nothing_measured_is_no_panel_and_says_how_to_measure():
    nothing = measured(matter_of())
    assert panels(nothing, "people") == ()
    assert nothing.simulated == ()
    absent = " ".join(missing(nothing))
    for command in ("exeat audit", "exeat pilot", "exeat.audit.Recorder"):
        assert command in absent


def test_a_report_about_other_files_is_not_drawn():
    other = {"checkpoint_id": "onco-v1", "component_sha256": ["sha256:" + "f" * 64]}
    assert panels(measured(matter_of(full_report(other, delta=Decimal("0.001")))), "people") == ()


def test_simulated_figures_say_so():
    assert everything().simulated == (SIMULATED,)
    assert of(x_simulated=True).simulated == ("its figures",)
    assert of().simulated == ()


def test_single_figures_give_what_they_can():
    assert [one.key for one in panels(of(), "records")] == ["epsilon", "groups"]


def test_the_roc_is_logarithmic_shaded_where_nobody_knows_and_marks_the_limits():
    found = everything().rocs
    chart = roc_chart(found)
    assert chart.layout.xaxis.type == chart.layout.yaxis.type == "log"
    grey = chart.layout.shapes[0]
    assert grey.x1 == pytest.approx(1 / 1200)
    drawn = [trace.x for trace in chart.data if trace.name and trace.name != "guessing"]
    assert min(min(x) for x in drawn) >= grey.x1 - 1e-9
    limits = {(shape.x1, shape.y0) for shape in chart.layout.shapes if shape.type == "rect" and shape.y1 == 1.0}
    assert {(0.01, 0.05), (0.1, 0.3)} <= limits
    assert [trace.name for trace in chart.data if trace.name] == ["LiRA", "loss", "LiRA on synthetic data", "guessing"]


def test_the_band_of_the_roc_is_the_interval_of_the_report():
    found = everything().rocs
    points = [point for point in found.curves[0].curve.points if point.fpr >= found.curves[0].curve.resolution]
    low, high, line = roc_chart(found).data[:3]
    assert list(high.y) == [float(point.tpr_high) for point in points]
    assert list(line.y) == [float(point.tpr) for point in points]
    assert all(a <= b for a, b in zip(low.y, line.y, strict=True))


def test_the_table_of_the_roc_never_shows_zero_for_what_cannot_be_known():
    few = scores(2.5, n_out=60)
    frame = roc_table(of(curves=[curve(few)]).rocs)
    first = frame.iloc[0]
    assert (first["Wrongly accused"], first["Recognised"]) == ("less than 1.67 %", "cannot be known with 60 outsiders")
    assert pd.isna(first["Interval"])
    assert not frame["Recognised"].isin(["0 %"]).any()


def test_the_start_of_a_curve_tells_nothing_and_no_false_alarm_is_no_rate_of_zero():
    line = curve(scores(2.5))
    none = [{"fpr": "0", "tpr": tpr, "tpr_low": "0", "tpr_high": "0.2"} for tpr in ("0", "0.02")]
    found = of(curves=[line | {"points": none + line["points"][5:]}]).rocs
    drawn = roc_chart(found).data[2]
    assert (drawn.x[0], drawn.y[0]) == (pytest.approx(1 / 1200), pytest.approx(0.02))
    assert min(drawn.x) > 0
    started = of(curves=[line | {"points": none[:1] + line["points"]}]).rocs
    assert list(roc_chart(started).data[2].x) == list(roc_chart(of(curves=[line]).rocs).data[2].x)


def test_a_rate_of_zero_has_no_place_on_the_axis_but_one_in_the_table():
    none = curve(scores(0.0)) | {"attack": "loss"}
    for point in none["points"][:5]:
        point.update(tpr="0", tpr_low="0")
    found = of(curves=[none]).rocs
    line = roc_chart(found).data[2]
    assert line.y[0] is None
    assert min(y for y in roc_chart(found).data[0].y) > 0
    assert "0 %" in set(roc_table(found)["Recognised"])


def test_epsilon_shades_what_breaks_the_claim_and_ends_each_test_at_its_ceiling():
    found = everything().epsilons
    chart = epsilon_chart(found)
    assert "<b>claimed</b><br>2" in texts(chart)
    areas = [shape for shape in chart.layout.shapes if shape.type == "rect"]
    assert {shape.x0 for shape in areas} == {2.0}
    bars = [shape.x0 for shape in chart.layout.shapes if shape.type == "line" and shape.x0 == shape.x1 != 2.0]
    assert sorted(bars) == pytest.approx(sorted(float(one.ceiling) for one in found.bounds))
    frame = epsilon_table(found)
    assert list(frame["Value"])[:2] == ["2", "1.94"]
    assert len(frame) == 3 + len(found.bounds)


def test_a_bound_that_refutes_nothing_is_hollow():
    found = everything().epsilons
    weak = found._replace(bounds=tuple(one._replace(value=Decimal(0)) for one in found.bounds))
    chart = epsilon_chart(weak)
    assert {trace.marker.symbol for trace in chart.data[2:]} == {"circle-open"}
    assert any("refutes nothing" in text for text in texts(chart))


def test_subgroups_stand_worst_first_with_everybody_as_a_line():
    found = everything().groups
    chart = subgroups_chart(found, "people")
    assert [text.split("<br>")[0] for text in texts(chart)] == ["<b>age &gt;= 70</b>", "<b>age &lt; 70</b>"]
    assert [trace.y[0] for trace in chart.data] == [1.0, 0.0]
    everybody = float(found.everybody.value) * 100
    assert any(shape.x0 == pytest.approx(everybody) and shape.line.dash == "dash" for shape in chart.layout.shapes)
    assert list(subgroups_table(found)["Group"]) == ["age >= 70", "age < 70", "everybody"]


def test_regimes_say_for_each_row_where_it_lies():
    chart = regimes_chart(everything().regimes)
    assert len(chart.data) == 3
    assert sum("over the limit" in text for text in texts(chart)) == 1
    assert sum("within the limit" in text for text in texts(chart)) == 2


def test_the_frontier_rings_the_release_and_numbers_the_copies():
    found = everything().frontier
    chart = frontier_chart(found)
    ringed = [trace for trace in chart.data if trace.marker.size == 18]
    assert [trace.x[0] for trace in ringed] == [pytest.approx(float(found.points[0].exposure) * 100)]
    assert texts(chart) == [f"<b>{number}</b>" for number in range(1, 8)]
    assert all(trace.error_x.array and trace.error_y.array for trace in chart.data[1:])
    edge = chart.data[0]
    assert list(edge.y) == sorted(edge.y)
    said = next(one for one in panels(everything(), "people") if one.key == "frontier")
    assert "Measured on copies; this release is the ringed one" in said.reading
    assert "1 original (this release) · 2 DP fine-tuning" in said.reading


def test_a_pilot_without_the_figure_is_in_the_table_only():
    blind = pilot("labels", "label_only", 0.1, 380, seed=5)
    blind["indicators"] = [one for one in blind["indicators"] if "fpr" not in one]
    found = of(pilots=[*pilots()[:3], blind]).frontier
    assert len(frontier_chart(found).data) == 1 + 3
    assert "not measured: the figure of this axis was not measured on it" in set(frontier_table(found)[found.exposure])


def test_only_what_was_measured_of_the_training_is_drawn():
    epochs = [{"epoch": n, "train_loss": f"0.{9 - n}"} for n in range(1, 6)]
    epochs[2].pop("train_loss")
    chart = trace_chart(of(trace={"epochs": epochs, "n_train": 80}).traced)
    assert [trace.name for trace in chart.data] == ["training set"]
    assert chart.data[0].y[2] is None
    assert chart.data[0].connectgaps is False
    assert not chart.layout.annotations


def test_both_epochs_that_matter_are_marked():
    found = of(trace=trace(epochs=25)).traced
    chart = trace_chart(found)
    assert set(texts(chart)) == {"recommended", "this release"}
    assert [panel.title for panel in measured_panels(found.trace.epochs)] == [
        "exposure (bits)", "loss (nats)", "accuracy",
    ]  # fmt: skip
    same = of(trace=trace(epochs=25) | {"recommended_epoch": 20}).traced
    assert texts(trace_chart(same)) == ["this release, recommended"]
    assert set(trace_table(found)["Mark"].dropna()) == {"recommended", "this release"}


def test_a_long_training_is_thinned_but_keeps_what_matters():
    epochs = [{"epoch": n, "train_loss": "0.5"} for n in range(1, 5001)]
    found = of(trace={"epochs": epochs, "n_train": 80, "recommended_epoch": 1234}).traced
    drawn = thinned(found, MOST)
    assert len(drawn) <= MOST + 3
    assert {1, 20, 1234, 5000} <= {one.epoch for one in drawn}


def test_hostile_names_stay_text_in_the_figures():
    bad = "<img src=x onerror=alert(1)> %{x} $y$"
    found = of(pilots=[*pilots()[:2], pilot(bad, "clipping", 1.0, 370, seed=6, pilot_id="bad")]).frontier
    hover = [trace.hovertemplate or "" for trace in frontier_chart(found).data]
    assert not any("<img" in text or "%{x}" in text for text in hover)
