from __future__ import annotations

import pytest

from exeat.access.catalogue import Filters
from exeat.errors import NotFound
from exeat.model.person import Role
from exeat.model.tier import Tier
from tests.factories import CUSTODIAN, STELLA, indicator, manifest_document, report_document
from tests.factories import person as person_with
from tests.unit.review.desks import RELEASE, draft


def researcher(tier):
    return person_with(person_id="rex", roles=(Role.RESEARCHER,), tier=tier)


T1, T2, T3 = researcher(Tier.T1), researcher(Tier.T2), researcher(Tier.T3)
SMALL = indicator(value="0.71", ci_low="0.60", ci_high="0.80", n_in=7, n_out=90, subgroup="age=over 90")
LARGE = indicator(value="0.56", ci_low="0.50", ci_high="0.61", n_in=70, n_out=90, subgroup="age=under 90")
OTHER = indicator(value="0.57", ci_low="0.50", ci_high="0.61", n_in=70, n_out=90, subgroup="sex=f")


def active(views):
    views.office.submitted().seated().reviewed()
    views.office.review.activate(CUSTODIAN, RELEASE, **views.office.now())
    return views


def held(entry):
    return {one.component_id: one for one in entry.holdings}


def test_what_exists_is_listed_before_anything_is_released(views):
    draft(views.office)
    found = views.catalogue.browse(T1, Filters())
    assert (found.total, found.available) == (1, 0)
    entry = views.catalogue.entry(T1, "onco-v1")
    assert entry.answer == "Nothing of it is released yet; you can ask."
    assert held(entry)["weights"].why.startswith("Not released. The policy denies weights to T1; T2")


def test_an_approved_release_is_no_offer_until_it_is_active(views):
    views.office.submitted().seated().reviewed()
    entry = views.catalogue.entry(T2, "onco-v1")
    assert not held(entry)["weights"].available
    assert "not active yet" in held(entry)["weights"].why


def test_availability_follows_the_tier(views):
    active(views)
    below, within = views.catalogue.entry(T1, "onco-v1"), views.catalogue.entry(T2, "onco-v1")
    assert below.answer == "Not available to you: diagnostic log (masked), weights from T2; you are T1."
    assert "your access has to be raised from T1 (registered)" in below.ask
    assert within.answer == "Available to you: diagnostic log (masked), weights."
    assert held(within)["weights"].until.isoformat() == "2027-06-30"
    assert (views.catalogue.browse(T1, Filters()).available, views.catalogue.browse(T2, Filters()).available) == (0, 1)
    assert views.catalogue.browse(T1, Filters(available=True)).total == 0


def test_suspension_and_expiry_end_an_offer_at_once(views):
    active(views)
    assert views.catalogue.browse(T3, Filters()).available == 1
    views.office.clock.now = views.office.clock.now.replace(year=2027, month=7, day=1)
    assert views.catalogue.browse(T3, Filters()).available == 0
    views.office.clock.now = views.office.clock.now.replace(year=2026, month=12, day=1)
    assert views.catalogue.browse(T3, Filters()).available == 1
    views.office.review.suspend(STELLA, RELEASE, "Data were withdrawn.", **views.office.now())
    assert views.catalogue.browse(T3, Filters()).available == 0
    assert views.catalogue.entry(T3, "onco-v1").answer == "Nothing of it is released yet; you can ask."


def test_lower_tiers_see_bands_and_never_a_figure(views):
    draft(views.office)
    shown = views.catalogue.entry(T1, "onco-v1").indicators
    assert not shown.exact
    assert set(shown.rows["band"]) == {"near its limit"}
    for column in ("value", "ci_low", "ci_high", "limit", "n_in", "n_out", "producer", "report_id"):
        assert shown.rows[column].isna().all(), column
    exact = views.catalogue.entry(T3, "onco-v1").indicators
    assert list(exact.rows["value"]) == [0.55, 0.55]


def test_small_cells_are_suppressed_and_the_rest_does_not_give_them_away(views):
    draft(views.office)
    views.office.take(report_document(report_id="r-sub", indicators=[indicator(n_in=77), SMALL, LARGE, OTHER]))
    shown = views.catalogue.entry(T3, "onco-v1").indicators
    rows = {row["subgroup"]: row for row in shown.rows[shown.rows["report_id"] == "r-sub"].to_dict("records")}
    small, large = rows["age=over 90"], rows["age=under 90"]
    assert (shown.suppressed, shown.withheld, shown.smallest) == (1, 1, 10)
    assert (small["status"], small["band"], small["reason"]) == ("suppressed", "suppressed", "")
    assert (large["status"], large["band"]) == ("withheld", "measured, no limit set")
    assert all(row[name] != row[name] for row in (small, large) for name in ("value", "ci_low", "ci_high", "n_in"))
    assert rows["sex=f"]["value"] == 0.57
    steward = views.catalogue.entry(STELLA, "onco-v1").indicators
    assert (steward.suppressed, steward.withheld) == (0, 0)
    assert {0.71, 0.56} <= set(steward.rows["value"])


def test_groups_that_name_no_split_count_as_one(views):
    draft(views.office)
    names = ("over 90", "under 90")
    cells = [one | {"subgroup": name} for one, name in zip((SMALL, LARGE), names, strict=True)]
    views.office.take(report_document(report_id="r-sub", indicators=cells))
    shown = views.catalogue.entry(T3, "onco-v1").indicators
    assert shown.rows.set_index("subgroup").loc[list(names), "value"].isna().all()


def test_no_figure_is_cut_from_the_sentence_or_the_entry(views):
    draft(views.office)
    many = [indicator(indicator_id=f"mia.a{n}.auc") for n in range(2100)]
    views.office.take(report_document(report_id="r-many", indicators=many))
    shown = views.catalogue.entry(STELLA, "onco-v1").indicators
    assert len(shown.rows) == 2102
    said = views.catalogue.browse(STELLA, Filters()).rows["exposure"].iloc[0]
    assert said == shown.sentences()["onco-v1"] == "2102 near it"


def test_the_list_says_what_the_entry_says_to_each_person(views):
    draft(views.office)
    fail = indicator(indicator_id="mia.rmia.auc", value="0.7", ci_low="0.6", ci_high="0.8")
    views.office.take(report_document(report_id="r-sub", indicators=[fail, SMALL, LARGE]))
    for who in (T1, T3, STELLA):
        said = views.catalogue.browse(who, Filters()).rows["exposure"].iloc[0]
        assert said == views.catalogue.entry(who, "onco-v1").indicators.sentences()["onco-v1"]
        assert said.startswith("1 beyond the limit")


def test_an_entry_says_how_current_it_is(views):
    draft(views.office)
    entry = views.catalogue.entry(T1, "onco-v1")
    assert entry.as_of == views.office.clock().date()
    assert entry.newest_report == max(entry_dates(views)).replace(tzinfo=None)


def entry_dates(views):
    return list(views.catalogue.entry(STELLA, "onco-v1").indicators.rows["reported_at"])


def test_a_subgroup_of_unknown_size_counts_as_small(views):
    draft(views.office)
    views.office.take(report_document(report_id="r-sub", indicators=[indicator(n_in=None, subgroup="somebody")]))
    assert views.catalogue.entry(T3, "onco-v1").indicators.suppressed == 1


def test_small_cells_of_utility_are_suppressed(views):
    metric = {"id": "auc", "value": "0.5", "unit": "fraction", "split": "test", "n": 4, "subgroup": "age over 90"}
    views.office.take(manifest_document(metrics=[metric]))
    shown = views.catalogue.entry(T3, "onco-v1").metrics
    assert (shown.suppressed, list(shown.rows["status"])) == (1, ["suppressed"])
    assert shown.rows["value"].isna().all()
    assert list(views.catalogue.entry(STELLA, "onco-v1").metrics.rows["value"]) == [0.5]


def test_a_superseded_report_no_longer_speaks(views):
    draft(views.office)
    newer = report_document(report_id="r-new", supersedes="r-0", indicators=[indicator(value="0.53")])
    views.office.take(newer)
    shown = views.catalogue.entry(STELLA, "onco-v1").indicators
    assert set(shown.rows["report_id"]) == {"r-1", "r-new"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"onco-v1", "lung-v1"}),
        ({"text": "LUNG"}, {"lung-v1"}),
        ({"text": "spirometry"}, {"lung-v1"}),
        ({"text": "%"}, set()),
        ({"text": "no such word"}, set()),
        ({"task": "regression"}, {"lung-v1"}),
        ({"source": "Spirometry"}, {"lung-v1"}),
        ({"regime": "masked"}, {"lung-v1"}),
        ({"lineage": "onco"}, {"onco-v1"}),
        ({"protection": "none", "lineage": "lung"}, set()),
        ({"protection": "early stop"}, {"lung-v1"}),
        ({"tier": "none"}, {"onco-v1", "lung-v1"}),
        ({"tier": "T2"}, set()),
    ],
)
def test_search_and_facets_narrow(views, filters, expected):
    two_checkpoints(views)
    found = views.catalogue.browse(T1, Filters(**filters))
    assert set(found.rows["checkpoint_id"]) == expected
    assert found.total == len(expected)


def two_checkpoints(views):
    draft(views.office)
    lung = manifest_document(
        checkpoint_id="lung-v1",
        title="Lung function",
        lineage={"run_family": "lung", "version": "1"},
        model={"family": "mlp", "architecture": "10-16-2", "n_parameters": 210, "task": "regression"},
        data_sources=[{"id": "sp", "name": "Spirometry", "version": "1", "role": "train", "regime": "masked"}],
        safeguards=[{"id": "s", "kind": "early_stop", "stage": "training"}],
    )
    views.office.take(lung)


def test_facets_count_what_there_is(views):
    two_checkpoints(views)
    facets = views.catalogue.facets(T1, Filters())
    assert facets["task"] == {"classification": 1, "regression": 1}
    assert facets["tier"] == {"none": 2}
    assert facets["source"] == {"Breast cancer": 1, "Spirometry": 1}


def test_pages_do_not_overlap(views):
    two_checkpoints(views)
    pages = [views.catalogue.browse(T1, Filters(), page=number, size=1) for number in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [1, 1, 0]
    assert len({page.rows["checkpoint_id"].iloc[0] for page in pages[:2]}) == 2


def test_siblings_are_of_the_same_lineage(views):
    two_checkpoints(views)
    views.office.take(manifest_document(checkpoint_id="onco-v2", lineage={"run_family": "onco", "version": "2"}))
    assert views.catalogue.siblings(T1, "onco-v1") == {"onco-v2": "2"}


def test_an_unknown_checkpoint_is_not_found(views):
    with pytest.raises(NotFound):
        views.catalogue.entry(T1, "nothing")
