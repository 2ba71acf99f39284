"""Records as another attacker has them: same people, other values; labelled as what they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from exeat.audit import Records, Regime
from exeat.audit.regimes import masked, shifted
from exeat.errors import BadInput
from tests.unit.audit.engine.toys import toy


def test_masking_hides_the_same_features_of_everybody_and_changes_no_other():
    target = toy()
    found = masked(target, seed=3)
    changed = (found.members.x != target.members.x).any(dim=0)
    assert int(changed.sum()) == 3
    assert torch.equal(changed, (found.non_members.x != target.non_members.x).any(dim=0))
    hidden = torch.cat([found.members.x, found.non_members.x])[:, changed]
    assert torch.allclose(hidden, torch.cat([target.members.x, target.non_members.x])[:, changed].mean(dim=0))
    assert found.kind == "masked"
    assert found.detail == "3 of 6 features set to their mean (seed 3)"


def test_shifting_keeps_people_apart_and_repeats_by_seed():
    target = toy()
    found, again = shifted(target, seed=3), shifted(target, seed=3)
    assert torch.equal(found.members.x, again.members.x)
    assert not torch.equal(found.members.x, shifted(target, seed=4).members.x)
    noise = found.members.x - target.members.x
    assert 0.3 < float(noise.std()) < 0.7
    assert found.kind == "shifted"


def test_labels_and_groups_stay():
    target = toy()
    found = masked(target)
    assert torch.equal(found.members.y, target.members.y)
    assert found.target(target).model is target.model


def test_whole_numbers_cannot_be_averaged():
    target = toy()
    whole = replace(target, members=Records(target.members.x.long(), target.members.y))
    with pytest.raises(BadInput, match="whole numbers"):
        masked(replace(whole, non_members=Records(target.non_members.x.long(), target.non_members.y)))


def test_a_regime_of_other_length_is_refused():
    target = toy()
    short = Regime("synthetic", "made", Records(target.members.x[:50], target.members.y[:50]), target.non_members)
    with pytest.raises(BadInput, match="50 members and 60 non-members"):
        short.target(target)
