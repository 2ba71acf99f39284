from decimal import Decimal

import numpy as np

from exeat.policy.finding import Verdict
from exeat.policy.interval import clopper_pearson
from exeat.policy.measured.groups import groups
from tests.factories import report_document
from tests.measured_reports import figures, matter_of, scores

FOUND = figures(scores(2.5))
GROUP = next(one for one in FOUND if one.get("subgroup") == "age >= 70")


def of(*indicators):
    return groups(matter_of(report_document(indicators=list(indicators))), "people")


def test_no_subgroup_is_none():
    assert of(*(one for one in FOUND if "subgroup" not in one)) is None


def test_worst_first_beside_everybody():
    found = of(*FOUND)
    assert [row.subgroup for row in found.rows] == ["age >= 70", "age < 70"]
    assert found.rows[0].verdict is Verdict.FAIL
    assert found.everybody.subgroup is None
    assert found.everybody.fpr == Decimal("0.01")
    assert found.limit == Decimal("0.16")
    assert "Even the low end of its interval lies above" in found.sentence
    assert "Worst group: age >= 70 (61 people)" in found.sentence


def test_a_group_under_ten_is_counted_never_shown():
    tiny = GROUP | {"subgroup": "site=small", "n_in": 9, "n_events": 9, "value": "1", "ci_low": "0.66", "ci_high": "1"}
    found = of(*FOUND, tiny)
    assert "site=small" not in [row.subgroup for row in found.rows]
    assert found.hidden == 1
    assert "site=small" not in found.sentence


def test_a_group_of_unknown_size_is_not_shown():
    unknown = {name: value for name, value in GROUP.items() if name not in ("n_in", "n_events")}
    found = of(*FOUND, unknown | {"subgroup": "who knows", "value": "1", "ci_high": "1"})
    assert "who knows" not in [row.subgroup for row in found.rows]


def test_a_rate_that_cannot_be_resolved_is_not_shown():
    rough = [one | {"n_out": 50} for one in FOUND if "subgroup" in one]
    assert of(*rough) is None


def test_the_true_records_come_before_other_data():
    mild, other = figures(scores(1.0)), [one | {"regime": "masked"} for one in FOUND]
    found = of(*mild, *other)
    assert found.everybody.label == "membership, LiRA, TPR at 1 % FPR"
    only = of(*other)
    assert "masked data" in only.rows[0].label


def test_without_everybody_nothing_is_compared():
    found = of(GROUP)
    assert found.everybody is None
    assert "not given beside it" in found.sentence


def test_a_wide_interval_says_that_the_group_may_fare_no_worse():
    plain = figures(scores(0.0))
    found = of(*plain)
    assert "may fare no worse" in found.sentence


def group(name, hits, n=60):
    low, high = clopper_pearson(hits, n)
    ends = {"value": f"{hits / n:.9f}", "ci_low": str(low), "ci_high": str(high)}
    return GROUP | {"subgroup": name, "n_in": n, "n_events": hits} | ends


def test_the_worst_of_many_equal_groups_is_seldom_called_worse():
    rng, called = np.random.default_rng(0), 0
    for _ in range(60):
        hits = rng.binomial(60, 0.1, 20)
        low, high = clopper_pearson(int(hits.sum()), 1200)
        ends = {"n_in": 1200, "n_events": int(hits.sum()), "ci_low": str(low), "ci_high": str(high)}
        everybody = {k: v for k, v in GROUP.items() if k != "subgroup"} | ends | {"value": f"{hits.sum() / 1200:.9f}"}
        found = of(everybody, *(group(f"site {i}", int(k)) for i, k in enumerate(hits)))
        called += "Even the low end" in found.sentence
    assert called <= 6


def test_the_error_is_shared_over_the_groups_it_was_picked_from():
    everybody = next(one for one in figures(scores(0.5)) if one.get("fpr") == "0.01" and "subgroup" not in one)
    alone = of(everybody, group("one", 4))
    assert "Even the low end of its interval lies above the rate of everybody." in alone.sentence
    among = of(everybody, group("one", 4), *(group(f"site {i}", 1) for i in range(30)))
    assert "as the worst of 31 figures: the group may fare no worse" in among.sentence
