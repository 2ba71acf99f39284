"""Beside membership: each kind of exposure has its figures, or a reason why not; none ends the others."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from exeat.audit import Attribute, Linkable, Recipe
from exeat.audit.engine import beyond
from exeat.audit.engine.beyond import Beyond, Extras
from exeat.audit.engine.plan import Plan
from exeat.audit.engine.progress import Progress
from exeat.model.manifest import DpClaim
from tests.unit.audit.engine.toys import network, toy


def measured(plan=None, recipe=None, folder=None, target=None, **extras):
    progress = Progress({}, lambda _line: None)
    found = Beyond(target or toy(), recipe, plan or Plan(), Extras(**extras), folder, progress).measured()
    by_name = {}
    for one in found:
        by_name.setdefault(one.indicator_id, []).append(one)
    return by_name


@pytest.fixture(scope="module")
def plain():
    return measured()


def test_structure_and_reconstruction_need_nothing_more(plain):
    assert plain["struct.dof"][0].value == 1
    assert plain["recon.error"][0].status == "measured"
    assert plain["recon.rero_bound"][0].status == "not_applicable"


def test_what_nobody_named_is_not_measured_with_the_next_step(plain):
    for name, function in (("attr.adv_over_imputation", "attributes()"), ("reid.rate", "linkable()")):
        (one,) = plain[name]
        assert one.status == "not_measured"
        assert function in one.reason


@pytest.fixture
def quick(monkeypatch):
    """Without the search, which takes seconds."""
    monkeypatch.setattr(Beyond, "_reconstruction", lambda self: [])


def test_attributes_and_linkage_are_measured_where_they_are_named(quick):
    target = toy()
    rows = target.members.x.double().numpy()
    truth = np.arange(len(rows))
    found = measured(
        attributes=(Attribute(name="first", columns=(0,), quantitative=True),),
        linkable=Linkable(released=rows, table=rows + 0.01, truth=truth),
    )
    assert found["attr.bounds_excess"][0].attack_params["attribute"] == "first"
    assert found["reid.rate"][0].value > Decimal("0.9")


def test_one_that_breaks_is_named_and_the_others_go_on(quick, monkeypatch):
    def broken(_self):
        raise RuntimeError("no patient 4711\nand more")

    monkeypatch.setattr(Beyond, "_structure", broken)
    found = measured()
    assert found["struct.instance_based"][0].status == "failed"
    assert found["struct.instance_based"][0].reason.startswith("RuntimeError; what it said may quote")
    assert "reid.rate" in found


def test_a_bound_of_the_mechanism_follows_from_claim_or_recipe():
    claim = DpClaim(
        claimed=True, epsilon=Decimal(1), delta=Decimal("1e-5"), noise_multiplier=Decimal(4),
        sample_rate=Decimal("0.5"), steps=20,
    )  # fmt: skip
    recipe = Recipe(build=network, epochs=10, batch_size=30, learning_rate=0.1, noise_multiplier=4.0, clip_norm=1.0)
    by_claim = Beyond(toy(), None, Plan(claim=claim), Extras(), None, Progress({}))._private()
    by_recipe = Beyond(toy(), recipe, Plan(), Extras(), None, Progress({}))._private()
    assert by_claim == by_recipe
    assert Beyond(toy(), None, Plan(), Extras(), None, Progress({}))._private() is None


def test_reconstruction_is_kept_and_found_again(tmp_path, monkeypatch):
    first = measured(folder=tmp_path)
    monkeypatch.setattr(Beyond, "_reconstruction", lambda self: pytest.fail("it was run again"))
    assert measured(folder=tmp_path) == first
    (path,) = tmp_path.glob("beyond/*.json")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_is_computed_again(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(Beyond, "_reconstruction", lambda self: ran.append(1) or [])
    measured(folder=tmp_path)
    (path,) = tmp_path.glob("beyond/*.json")
    path.write_text("[{]")
    measured(folder=tmp_path)
    assert len(ran) == 2


def test_other_models_have_other_figures(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(Beyond, "_reconstruction", lambda self: ran.append(1) or [])
    measured(folder=tmp_path)
    measured(folder=tmp_path, target=replace(toy(), model=network(8)))
    assert len(ran) == 2


def test_membership_alone_leaves_them_out():
    assert measured(plan=Plan(only_membership=True)) == {}
    assert set(beyond.UNITS) == {"structure", "reconstruction", "attributes", "linkage"}
