from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from components.charts.interval_strip import bad_end, chosen, interval_strip, panels, strip_alt, strip_table, urgent
from components.charts.palette import INK, SIGNS, inked, safe, sign
from components.charts.tier_matrix import MatrixRow, matrix_table, more_open, tier_matrix
from components.charts.treemap import Piece, treemap, treemap_alt, treemap_table
from components.charts.utility import Axes, Point, utility_chart, utility_table
from components.charts.versions import VersionPoint, versions_chart, versions_table
from exeat.model.tier import Access, Disposition, Tier
from exeat.policy.finding import Reading, Verdict

MARKUP = "<b>x</b><a href='https://evil.example'>%{y}</a>$x$"


def reading(**more):
    plain = {
        "indicator_id": "mia.lira.tpr_at_fpr",
        "label": "membership, LiRA, TPR at 1 % FPR",
        "status": "measured",
        "verdict": Verdict.FAIL,
        "value": Decimal("0.048"),
        "ci_low": Decimal("0.035"),
        "ci_high": Decimal("0.064"),
        "limit": Decimal("0.02"),
        "fpr": Decimal("0.01"),
        "access": Access.WHITE_BOX,
    }
    return Reading(**(plain | more))


def unmeasured(**more):
    gone = {"status": "not_measured", "verdict": Verdict.NOT_MEASURED, "value": None, "ci_low": None, "ci_high": None}
    return reading(**(gone | {"reason": "needs 10,000 non-members; the data has 899"} | more))


def test_every_verdict_has_word_icon_and_colour():
    assert set(SIGNS) == set(Verdict)
    assert len({mark.word for mark in SIGNS.values()}) == len(Verdict)
    assert len({mark.icon for mark in SIGNS.values()}) == len(Verdict)
    assert sign("nonsense") == SIGNS[Verdict.NOT_MEASURED]


def test_labels_are_inert():
    text = safe(MARKUP)
    assert "<" not in text
    assert "%{" not in text
    assert "$" not in text


def main_traces(chart):
    return [t for t in chart.data if t.xaxis == "x2"]


def test_strip_draws_value_interval_limit_and_failing_side():
    chart = interval_strip([reading()])
    dot = main_traces(chart)[0]
    assert list(dot.x) == [pytest.approx(4.8)]
    assert list(dot.error_x.array) == [pytest.approx(1.6)]
    assert list(dot.error_x.arrayminus) == [pytest.approx(1.3)]
    lines = [s for s in chart.layout.shapes if s.type == "line"]
    shaded = [s for s in chart.layout.shapes if s.type == "rect"]
    assert [s.x0 for s in lines] == [pytest.approx(2.0)]
    assert shaded[0].x0 == pytest.approx(2.0)
    assert shaded[0].x1 > 6.4


def test_lower_is_worse_shades_below_the_limit():
    chart = interval_strip([reading(direction="lower_is_worse")])
    assert next(s for s in chart.layout.shapes if s.type == "rect").x1 == pytest.approx(2.0)


def test_what_was_not_measured_has_no_value_on_the_axis():
    chart = interval_strip([reading(), unmeasured(label="TPR at 0.1 % FPR", fpr=Decimal("0.001"))])
    assert len(main_traces(chart)) == 1
    gutter = [t for t in chart.data if t.xaxis == "x"]
    assert [t.marker.symbol for t in gutter] == ["diamond-open"]
    assert any("needs 10,000 non-members" in a.text for a in chart.layout.annotations)


def test_not_applicable_is_a_dash():
    chart = interval_strip([unmeasured(status="not_applicable", verdict=Verdict.NOT_APPLICABLE)])
    assert [t.marker.symbol for t in chart.data] == ["line-ew-open"]


def test_a_flag_is_said_in_words_and_has_no_scale():
    flags = [reading(indicator_id="struct.dof", unit="flag", value=Decimal(1), ci_low=None, ci_high=None)]
    chart = interval_strip(flags)
    assert main_traces(chart) == []
    assert chart.data[0].marker.symbol == "circle"
    assert "FAIL: flagged" in chart.layout.annotations[0].text
    assert strip_table(flags)["Value"].to_list() == ["flagged"]


def test_measured_without_a_limit_is_not_called_not_applicable():
    free = reading(verdict=Verdict.NOT_APPLICABLE, limit=None)
    dot = main_traces(interval_strip([free]))[0]
    assert dot.marker.symbol == "circle"
    assert "NO LIMIT 4.8 %" in strip_alt([free], "x")


def test_what_is_urgent_is_never_folded_away():
    quiet = [reading(verdict=Verdict.PASS), reading(verdict=Verdict.NOT_APPLICABLE)]
    loud = [reading(), unmeasured(), reading(verdict=Verdict.WARN)]
    assert urgent([*quiet, *loud]) == tuple(loud)


def test_strip_of_nothing_is_drawn():
    assert interval_strip([]).data == ()


def test_verdict_first_then_how_far_beyond_the_limit_and_the_adversary_only_breaks_ties():
    far = reading(indicator_id="a.tpr_at_fpr", access=Access.API_LABEL, ci_high=Decimal("0.9"))
    mild = reading(indicator_id="b.tpr_at_fpr", ci_high=Decimal("0.05"))
    even = reading(indicator_id="c.tpr_at_fpr", ci_high=Decimal("0.05"), access=Access.API_LABEL)
    warned = reading(indicator_id="d.auc", verdict=Verdict.WARN, ci_high=Decimal("0.99"), limit=Decimal("0.55"))
    assert chosen([warned, even, mild, far, unmeasured()])[:4] == (far, mild, even, warned)


def test_figures_are_ranked_by_their_own_limits_whichever_way_is_worse():
    near = reading(indicator_id="a.auc", ci_high=Decimal("0.62"), limit=Decimal("0.6"))
    far = reading(indicator_id="b.tpr_at_fpr", ci_high=Decimal("0.06"), limit=Decimal("0.02"))
    error = {"indicator_id": "recon.error", "unit": "mse", "direction": "lower_is_worse", "limit": Decimal("0.9")}
    low = reading(**error, value=Decimal("0.1"), ci_low=Decimal("0.09"), ci_high=Decimal("0.2"))
    assert chosen([near, far, low]) == (low, far, near)


def test_the_bad_end_is_never_better_than_the_value():
    assert bad_end(reading(value=Decimal("0.5"), ci_low=Decimal(0), ci_high=Decimal(0))) == 0.5
    assert bad_end(reading(value=Decimal("0.01"), direction="lower_is_worse")) == -0.01


def test_a_note_stands_in_hover_and_table_and_is_inert():
    noted = reading(note=f"False-positive rate at most 2 %. {MARKUP}")
    hover = main_traces(interval_strip([noted]))[0].hovertemplate
    assert "False-positive rate at most 2 %" in hover
    assert "<b>x</b>" not in hover
    assert strip_table([noted])["Note"].to_list() == [noted.note]
    assert "Note" not in strip_table([reading()])


def test_a_figure_beyond_its_limit_never_reads_as_the_limit():
    over = reading(value=Decimal("0.01004"), ci_low=Decimal("0.0099"), ci_high=Decimal("0.011"), limit=Decimal("0.01"))
    assert "FAIL 1.004 % [0.99, 1.1] · limit 1 %" in strip_alt([over], "x")
    assert strip_table([over])["Value"].to_list() == ["1.004 %"]
    edge = reading(value=Decimal("0.009"), ci_low=Decimal("0.008"), ci_high=Decimal("0.01004"), limit=Decimal("0.01"))
    assert "[0.8, 1.01] · limit 1 %" in strip_alt([edge], "x")
    assert strip_table([edge])["Interval"].to_list() == ["[0.8 %, 1.01 %]"]


def test_of_two_reports_the_worse_is_drawn():
    first, rerun = reading(report_sha256="a"), reading(report_sha256="b", ci_high=Decimal("0.08"))
    assert chosen([first, rerun, unmeasured(report_sha256="c")]) == (rerun,)
    assert len(strip_table([first, rerun])) == 2


def test_only_the_worst_subgroup_is_drawn_but_all_are_in_the_table():
    groups = [reading(subgroup=f"age {n}", ci_high=Decimal(n) / 100) for n in (10, 50, 30)]
    assert [r.subgroup for r in chosen(groups)] == ["age 50"]
    assert len(strip_table(groups)) == 3


def test_different_scales_never_share_an_axis():
    groups = panels([reading(), reading(indicator_id="mem.canary.exposure", unit="bits", verdict=Verdict.PASS)])
    assert [p.unit for p in groups] == ["fraction", "bits"]


def test_table_never_shows_a_number_for_what_was_not_measured():
    row = strip_table([unmeasured()]).iloc[0]
    assert row["Value"] == "not measured"
    assert row["Why not"].startswith("needs 10,000")


def test_strip_escapes_labels_and_alt_names_each_row():
    chart = interval_strip([reading(label=MARKUP)])
    assert all("<a" not in a.text for a in chart.layout.annotations)
    assert "as of 2026-11-24" in strip_alt([reading()], "2026-11-24")
    assert "FAIL 4.8 % [3.5, 6.4] · limit 2 %" in strip_alt([reading()], "x")


POINTS = [
    Point("v6", 0.95, (0.93, 0.97), 0.015, (0.01, 0.019)),
    Point("v7", 0.97, (0.95, 0.98), 0.048, (0.035, 0.064), current=True),
    Point(MARKUP, 0.9, None, 0.01, None),
]
AXES = Axes("balanced accuracy (%)", "TPR at 1 % FPR (%)")


def test_utility_chart_has_units_intervals_and_limit():
    chart = utility_chart(POINTS, AXES, limit=0.02)
    assert list(chart.data[1].x) == [pytest.approx(4.8)]
    assert chart.data[1].marker.symbol == "star"
    assert chart.data[2].error_x.array is None
    assert chart.layout.xaxis.ticksuffix == " %"
    assert any(s.x0 == pytest.approx(2.0) for s in chart.layout.shapes)
    assert "<" not in chart.data[2].text[0]
    assert list(utility_table(POINTS, AXES)["Checkpoint"])[1] == "v7 (this one)"


def test_versions_chart_marks_decisions_and_gaps():
    points = [
        VersionPoint("v5", None, reason="no report"),
        VersionPoint("v6", 0.015, (0.01, 0.019), "approved for T2"),
        VersionPoint("v7", 0.048, (0.035, 0.064), current=True),
    ]
    chart = versions_chart(points, indicator="TPR at 1 % FPR", limit=0.02)
    assert list(chart.data[0].x) == ["v6", "v7"]
    assert chart.data[1].marker.symbol == "diamond-open"
    assert any("approved for T2" in a.text for a in chart.layout.annotations)
    assert list(versions_table(points)["Value"]) == ["not measured", "1.5 %", "4.8 %"]


def test_an_area_under_a_curve_is_drawn_as_it_is():
    axes = Axes("AUC, test set", "membership AUC", "", "")
    chart = utility_chart([Point("v1", 0.97, None, 0.55, (0.52, 0.58))], axes, limit=0.6)
    assert list(chart.data[0].x) == [pytest.approx(0.55)]
    assert chart.layout.xaxis.ticksuffix == ""
    strip = interval_strip([reading(indicator_id="mia.lira.auc", limit=Decimal("0.6"))])
    assert list(main_traces(strip)[0].x) == [pytest.approx(0.048)]


ROWS = [
    MatrixRow("weights", {Tier.T2: Disposition.ESCROW, Tier.T3: Disposition.SANDBOX}, Disposition.ALLOWED),
    MatrixRow("docs", dict.fromkeys(Tier, Disposition.ALLOWED), Disposition.ALLOWED),
    MatrixRow("optimizer", {}, None),
]


def test_tier_matrix_is_a_grid_of_words():
    chart = tier_matrix(ROWS, Tier.T2)
    words = chart.data[0].text
    assert words[0][2] == "<b>✕ escrow</b>"
    assert words[1][2] == "<b>✓ allowed</b>"
    assert list(words[2]) == ["denied"] * 6
    assert list(chart.data[0].y)[::2] == ["weights<br>asks: allowed", "optimizer<br>stays inside"]
    assert [more_open(row, Tier.T2) for row in ROWS] == [True, False, False]
    assert matrix_table(ROWS, Tier.T2)["Proposed for T2"].to_list() == ["allowed", "allowed", "stays inside"]


def test_treemap_says_what_leaves():
    pieces = [Piece("weights", "weights", 38_000, True), Piece(MARKUP, "optimizer state", 76_000, False)]
    chart = treemap(pieces)
    assert list(chart.data[0].values) == [38_000, 76_000]
    assert "leaves" in chart.data[0].text[0]
    assert "<" not in chart.data[0].labels[1]
    assert treemap_alt(pieces) == "Bytes by component: 114 kB in 2 components, of which 38 kB would leave."
    assert treemap_table(pieces)["Component"].iloc[0] == MARKUP


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def theme():
    return tomllib.loads((Path(__file__).resolve().parents[3] / ".streamlit/config.toml").read_text())["theme"]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_reaches_aa_on_every_ground(mode):
    colours = theme()[mode]
    grounds = [colours["backgroundColor"], colours["secondaryBackgroundColor"], colours["sidebar"]["backgroundColor"]]
    assert min(contrast(colours["textColor"], ground) for ground in grounds) >= 7
    assert min(contrast(colours["linkColor"], ground) for ground in grounds) >= 4.5
    for hue in ("green", "orange", "yellow", "red", "blue", "gray"):
        text = colours[f"{hue}TextColor"]
        assert min(contrast(text, ground) for ground in (*grounds, colours[f"{hue}BackgroundColor"])) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_faded_text_reaches_aa(mode):
    """Streamlit writes captions with 60 % of the text colour over the ground."""
    colours = theme()[mode]
    for ground in (colours["backgroundColor"], colours["sidebar"]["backgroundColor"]):
        mixed = "#" + "".join(
            f"{round(0.6 * int(colours['textColor'][i : i + 2], 16) + 0.4 * int(ground[i : i + 2], 16)):02x}"
            for i in (1, 3, 5)
        )
        assert contrast(mixed, ground) >= 4.5


def test_the_ink_of_charts_is_the_text_of_the_theme():
    assert {mode: theme()[mode]["textColor"] for mode in ("light", "dark")} == INK
    chart = inked(interval_strip([reading()]), "dark")
    assert chart.layout.font.color == INK["dark"]
    assert all(a.font.color == INK["dark"] for a in chart.layout.annotations)
    assert inked(interval_strip([reading()]), None).layout.font.color == INK["light"]


def test_nothing_is_fetched_and_no_error_details_are_shown():
    config = tomllib.loads((Path(__file__).resolve().parents[3] / ".streamlit/config.toml").read_text())
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"
    assert config["server"]["enableAgentApi"] is False
    assert "http" not in str(config["theme"])
