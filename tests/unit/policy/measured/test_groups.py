from decimal import Decimal

from exeat.policy.finding import Verdict
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
