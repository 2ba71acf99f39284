"""What the entry of a catalogue says about figures that are not shown."""

# ruff: noqa: PLC0415 AppTest copies the function into a script of its own, which imports for itself
from __future__ import annotations

from streamlit.testing.v1 import AppTest


def entry_with_hidden_cells():
    from datetime import date, datetime
    from types import SimpleNamespace

    import pandas as pd

    from components.catalogue_entry import show_exposure
    from exeat.access.abstraction import Shown
    from exeat.model.tier import Tier

    cell = {"indicator_id": "mia.lira.auc", "label": "AUC", "unit": "fraction", "access": "white_box", "method": "LiRA"}
    cell |= dict.fromkeys(("value", "ci_low", "ci_high", "reason"), None) | {"limit": 0.6}
    rows = [
        cell | {"subgroup": "age=90", "status": "suppressed", "band": "suppressed"},
        cell | {"subgroup": "age=50", "status": "withheld", "band": "near its limit"},
    ]
    shown = Shown(pd.DataFrame(rows), 1, exact=True, smallest=25, withheld=1)
    when = {"as_of": date(2026, 11, 24), "newest_report": datetime(2026, 11, 2)}  # noqa: DTZ001 as the warehouse gives it
    show_exposure(SimpleNamespace(indicators=shown, judged_for=Tier.T2, **when))


def test_hidden_figures_are_named_with_the_policys_own_number_and_the_day():
    test = AppTest.from_function(entry_with_hidden_cells, default_timeout=30).run()
    assert not test.exception
    said = test.caption[0].value
    assert "As of 2026-11-24; newest report 2026-11-02." in said
    assert "Suppressed: 1 subgroup figure on fewer than 25 people." in said
    assert "give the others away: 1 more." in said
    assert list(test.table[0].value["Value"]) == ["suppressed", "withheld"]


def entry_with_many_attacks():
    from datetime import date, datetime
    from types import SimpleNamespace

    import pandas as pd

    from components.catalogue_entry import show_exposure
    from exeat.access.abstraction import Shown
    from exeat.model.tier import Tier

    cell = {"indicator_id": "mia.adv", "label": "membership, advantage", "unit": "fraction", "band": "beyond its limit"}
    cell |= dict.fromkeys(("value", "ci_low", "ci_high", "limit", "reason", "subgroup"))
    rows = [cell | {"access": access} for access in ("api_conf", "api_conf", "white_box", "api_conf")]
    shown = Shown(pd.DataFrame(rows), 0, exact=False, smallest=10)
    when = {"as_of": date(2026, 11, 24), "newest_report": datetime(2026, 11, 2)}  # noqa: DTZ001 as the warehouse gives it
    show_exposure(SimpleNamespace(indicators=shown, judged_for=Tier.T2, **when))


def test_attacks_that_say_the_same_in_bands_are_one_row_and_the_attacker_is_said_in_words():
    test = AppTest.from_function(entry_with_many_attacks, default_timeout=30).run()
    assert not test.exception
    assert list(test.table[0].value["Adversary"]) == ["sees confidences", "has the weights"]
