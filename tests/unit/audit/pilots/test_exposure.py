from dataclasses import replace

import numpy as np
import pytest
import torch

from exeat.audit.pilots.exposure import ATTACKS, Shadows, attack_all
from exeat.audit.signals import shadow_halves
from exeat.audit.target import Target
from exeat.model.tier import Access
from tests.unit.audit.pilots.scene import Net, records, trained

SHADOWS = 8


def everything(n=80, epochs=120):
    members, others = records(1, n), records(2, n)
    x, y = torch.cat([members.x, others.x]), torch.cat([members.y, others.y])
    inside = shadow_halves(2 * n, SHADOWS, 0)
    models = []
    for i, row in enumerate(inside):
        half = torch.from_numpy(row)
        models.append(trained(type(members)(x[half], y[half]), seed=i, epochs=epochs))
    return Target(trained(members, seed=99, epochs=epochs), members, others, "net-v1", ()), Shadows(models, inside)


TARGET, STACK = everything()


def areas(access, target=TARGET, shadows=STACK):
    found = attack_all(target, shadows, access, 3, protected=True)
    return {i.indicator_id.split(".")[1]: i for i in found if i.indicator_id.endswith(".auc")}


def test_a_network_that_learned_by_heart_is_seen_through_each_form():
    assert {name for name, i in areas(Access.WHITE_BOX).items() if i.ci_low > 0.5} >= {"lira", "label", "gradient"}
    assert set(areas(Access.API_LABEL)) == {"label"}
    assert "gradient" not in areas(Access.API_CONF)


def test_an_untrained_network_gives_nothing_away():
    torch.manual_seed(3)
    nobody = Shadows([Net().eval() for _ in range(SHADOWS)], STACK.inside)
    covered = [
        i.ci_low <= 0.5 <= i.ci_high
        for i in areas(Access.WHITE_BOX, replace(TARGET, model=Net().eval()), nobody).values()
    ]
    assert sum(covered) >= len(covered) - 1


def test_who_sees_more_can_do_all_that_who_sees_less_can():
    names = [set(ATTACKS[access]) for access in (Access.API_LABEL, Access.API_CONF, Access.WHITE_BOX)]
    assert names[0] < names[1] < names[2]


def test_no_attack_claims_to_see_more_than_it_reads():
    """A gate asks how strong the attacker in the evidence was; an attack on labels is one on labels."""
    access = {name: found.adversary.access for name, found in areas(Access.WHITE_BOX).items()}
    assert access["label"] is Access.API_LABEL
    assert access["lira_bounded"] is access["loss"] is Access.API_CONF
    assert access["gradient"] is Access.WHITE_BOX


def test_the_adversary_knew_the_protection_where_there_was_one():
    original = attack_all(TARGET, STACK, Access.API_CONF, 3, protected=False)
    assert not any("the protection" in word for found in original for word in found.adversary.knowledge)
    assert any("the protection" in word for word in areas(Access.API_CONF)["lira"].adversary.knowledge)
    assert areas(Access.API_CONF)["lira"].attack_params["shadow_models"] == str(SHADOWS)


def test_cutting_log_odds_takes_the_spread_from_a_few_answers_of_great_confidence():
    """Two shadow models that are overconfident about everything; a spread for all records suffers from them."""
    wild = [trained(TARGET.non_members, seed=s, epochs=400) for s in (70, 71)]
    for model in wild:
        with torch.no_grad():
            model.last.weight.mul_(30)
    inside = np.vstack([STACK.inside, shadow_halves(160, 2, 9)])
    found = areas(Access.API_CONF, shadows=Shadows([*STACK.models, *wild], inside))
    assert found["lira_bounded"].value > found["lira"].value


def test_tokens_are_asked_about_once():
    class Words(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(5, 2)

        def forward(self, x):
            return self.table(x).mean(dim=1)

    words = [replace(side, x=torch.randint(0, 5, (80, 3))) for side in (TARGET.members, TARGET.non_members)]
    target = Target(Words(), *words, "words-v1", ())
    found = attack_all(
        target, Shadows([Words() for _ in range(4)], STACK.inside[:4]), Access.API_LABEL, 1, protected=True
    )
    assert found[0].indicator_id == "mia.label_gap.auc"


@pytest.mark.parametrize("keep", [np.arange(160) < 120, np.arange(160) % 2 == 0])
def test_some_of_the_records_can_be_left_out(keep):
    assert STACK.only(keep).inside.shape == (SHADOWS, keep.sum())
