"""What must hold for every figure: worse evidence never helps, missing evidence never passes."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from exeat.model.policy import Threshold
from exeat.model.risk_report import Indicator
from exeat.policy.finding import Verdict
from exeat.policy.reading import SEVERITY, judge
from tests.unit.policy.factories_policy import (
    assessed,
    context,
    indicator,
    manifest,
    matter,
    passing_indicators,
    policy,
    proposal,
    report,
)

rates = st.decimals(0, 1, places=4)
directions = st.sampled_from(["higher_is_worse", "lower_is_worse"])


def judged(low, value, high, *, limit, effect="fail", direction="higher_is_worse", unit="fraction"):
    interval = {} if low is None else {"ci_low": str(low), "ci_high": str(high)}
    made = {"indicator_id": "mia.lira.auc", "value": str(value), "unit": unit, "direction": direction, "fpr": None}
    bare = {"ci_low": None, "ci_high": None, "ci_level": None} if low is None else interval
    found = Indicator.model_validate(indicator(**(made | bare)), strict=False)
    threshold = Threshold(
        id="t", check="R3", indicator="mia.*.auc", limit=limit, unit=unit, effect=effect, direction=direction
    )
    return judge(found, [threshold], policy()).verdict


@given(rates, rates, rates, rates, rates, directions, st.sampled_from(["fail", "warn"]))
def test_a_worse_interval_never_improves_a_verdict(a, b, c, worse, limit, direction, effect):
    low, value, high = sorted([a, b, c])
    before = judged(low, value, high, limit=limit, direction=direction, effect=effect)
    if direction == "higher_is_worse":
        after = judged(low, value, max(high, worse), limit=limit, direction=direction, effect=effect)
    else:
        after = judged(min(low, worse), value, high, limit=limit, direction=direction, effect=effect)
    assert SEVERITY[after] <= SEVERITY[before]


@given(rates, rates, rates, rates, directions)
def test_taking_the_interval_away_never_makes_a_pass(a, b, c, limit, direction):
    low, value, high = sorted([a, b, c])
    before = judged(low, value, high, limit=limit, direction=direction)
    after = judged(None, value, None, limit=limit, direction=direction)
    assert after is not Verdict.PASS
    assert SEVERITY[after] <= SEVERITY[Verdict.NOT_MEASURED]
    assert before in {Verdict.PASS, Verdict.FAIL}


@given(rates, rates, rates, rates, rates)
def test_a_stricter_limit_never_improves_a_verdict(a, b, c, limit, stricter):
    low, value, high = sorted([a, b, c])
    before = judged(low, value, high, limit=max(limit, stricter))
    assert SEVERITY[judged(low, value, high, limit=min(limit, stricter))] <= SEVERITY[before]


def scaled(item, factor):
    """The indicator with value and interval moved towards worse by a factor, within [0, 1]."""
    if item.get("unit") != "fraction" or "value" not in item:
        return item
    moved = {k: str(min(Decimal(item[k]) * factor, Decimal(1))) for k in ("value", "ci_low", "ci_high") if k in item}
    return {k: v for k, v in item.items() if k != "n_events"} | moved


@settings(max_examples=40, deadline=None)
@given(st.decimals(1, 60, places=2), st.lists(st.booleans(), min_size=6, max_size=6))
def test_worse_figures_never_improve_any_finding(factor, which):
    figures = passing_indicators()
    worse = [scaled(item, factor) if hit else item for item, hit in zip(figures, which, strict=True)]
    before = {f.check: f.verdict for f in assessed(reports=(report(),)).findings}
    after = {f.check: f.verdict for f in assessed(reports=(report(indicators=worse),)).findings}
    assert [c for c in before if SEVERITY[after[c]] > SEVERITY[before[c]]] == []


TAKE_AWAY = {
    "digest": {"data_sources__0__digest": None},
    "counts": {"data_sources__0__n_units": None},
    "sensitivity": {"data_sources__0__sensitivity": []},
    "approval": {"data_sources__0__approval_ref": None},
    "project approval": {"governance__approval_ref": None},
    "assessment": {"governance__pia_ref": None},
    "opinion": {"governance__dpo_opinion": None},
    "next review": {"governance__pia_review_due": None},
    "monitoring": {"governance__monitoring": ""},
    "metrics": {"metrics": []},
    "reproducibility": {"reproducibility": []},
    "revocation": {"retention__revocation_procedure": ""},
    "contents": {"components__0__contains": []},
    "epsilon": {"dp__epsilon": None},
    "noise": {"dp__noise_multiplier": None},
    "delta": {"dp__delta": None},
    "sampling": {"dp__sampling": None},
    "tuning": {"dp__tuning_accounted": None},
}
WRONG_DP = {
    "claimed": True,
    "epsilon": "0.1",
    "delta": "0.5",
    "sampling": "shuffle",
    "noise_multiplier": "1.0",
    "sample_rate": "0.0356",
    "steps": 1680,
    "tuning_accounted": False,
}
FAULTS = {
    "dp": {"dp": WRONG_DP},
    "metrics": {"metrics__0__n": 3},
    "counts": {"data_sources__0__max_records_per_unit": 1, "data_sources__0__n_units": 7},
    "children": {"data_sources__0__sensitivity": ["children"], "governance__pia_status": "doing"},
    "format": {"components__0__format": "pickle"},
}


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.sampled_from(sorted(TAKE_AWAY))),
    st.sets(st.sampled_from(sorted(FAULTS))),
    st.sets(st.integers(0, len(passing_indicators()) - 1)),
    st.booleans(),
)
def test_taking_evidence_away_never_turns_anything_into_a_pass(gone, faults, figures, no_ledger):
    wrong = {k: v for name in sorted(faults) for k, v in FAULTS[name].items()} | {"dp": WRONG_DP}
    less = {k: v for name in sorted(gone) for k, v in TAKE_AWAY[name].items()}
    kept = [item for i, item in enumerate(passing_indicators()) if i not in figures]
    knowing = context(earlier=None, reviewers=None) if no_ledger else context()
    before = {f.check: f.verdict for f in assessed(of=manifest(**wrong), reports=(report(),)).findings}
    reports = (report(indicators=kept),) if kept else ()
    after = assessed(of=manifest(**(wrong | less)), reports=reports, knowing=knowing).findings
    assert [f.check for f in after if f.verdict is Verdict.PASS and before[f.check] is not Verdict.PASS] == []


def test_not_measured_never_passes_a_gate():
    done = assessed(reports=(), proposed=proposal(agreement=None), knowing=context(earlier=None, reviewers=None))
    unmeasured = [f for f in done.findings if f.verdict is Verdict.NOT_MEASURED]
    assert len(unmeasured) > 10
    assert all(f.barrier != "none" for f in unmeasured if f.gate in "BC")
    assert not done.passes


def test_the_order_of_reports_does_not_matter():
    a, b = report(), report(report_id="rr-9", tool__version="2")
    assert assessed(reports=(a, b)) == assessed(reports=(b, a)) == assessed(reports=(b, a, b))


def test_the_matter_keeps_every_measurement():
    assert len(matter(reports=(report(),)).measurements) == len(passing_indicators())
