import numpy as np
import pytest
import torch

from exeat.audit.pilots.exposure import ATTACKS, Shadows, against, attack_all, label_signal
from exeat.audit.signals import shadow_halves
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
    return trained(members, seed=99, epochs=epochs), Shadows(models, inside), x, y


MODEL, STACK, X, Y = everything()


def areas(access, model=MODEL, shadows=STACK):
    found = attack_all(model, shadows, X, Y, 80, access)
    return {i.indicator_id.split(".")[1]: i for i in found if i.indicator_id.endswith(".auc")}


def test_a_network_that_learned_by_heart_is_seen_through_each_form():
    assert {name for name, i in areas(Access.WHITE_BOX).items() if i.ci_low > 0.5} >= {"lira", "label", "gradient"}
    assert set(areas(Access.API_LABEL)) == {"label"}
    assert "gradient" not in areas(Access.API_CONF)


def test_an_untrained_network_gives_nothing_away():
    torch.manual_seed(3)
    nobody = Shadows([Net().eval() for _ in range(SHADOWS)], STACK.inside)
    covered = [i.ci_low <= 0.5 <= i.ci_high for i in areas(Access.WHITE_BOX, Net().eval(), nobody).values()]
    assert sum(covered) >= len(covered) - 1


def test_who_sees_more_can_do_all_that_who_sees_less_can():
    names = [{attack.name for attack in ATTACKS[a]} for a in (Access.API_LABEL, Access.API_CONF, Access.WHITE_BOX)]
    assert names[0] < names[1] < names[2]


def test_each_figure_says_what_the_attacker_saw_and_how_many_shadows_there_were():
    for found in attack_all(MODEL, STACK, X, Y, 80, Access.API_CONF):
        assert found.adversary.access is Access.API_CONF
        assert found.attack_params.get("shadow_models", "8") == "8"
        assert found.status in ("measured", "not_measured")
    lira = areas(Access.API_CONF)["lira"]
    assert "the protection" in lira.adversary.knowledge


def test_only_models_that_never_saw_a_record_are_compared():
    inside = np.array([[True, False], [False, True]])
    seen = np.array([[100.0, 1.0], [2.0, 100.0]])
    found = against(np.array([5.0, 5.0]), seen, Shadows([], inside))
    assert np.isfinite(found).all()
    assert found[1] > found[0] > 0


def test_labels_are_asked_for_under_noise_and_the_same_each_time():
    found = label_signal(MODEL, X, Y)
    assert np.array_equal(found, label_signal(MODEL, X, Y))
    assert len(set(found.tolist())) > 4
    assert found.min() >= 0
    assert found.max() <= 1


def test_inputs_that_are_no_numbers_are_asked_about_once():
    class Words(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(5, 2)

        def forward(self, x):
            return self.table(x).mean(dim=1)

    words = torch.randint(0, 5, (9, 3), generator=torch.Generator().manual_seed(0))
    assert set(label_signal(Words(), words, torch.zeros(9, dtype=torch.long))) <= {0.0, 1.0}


@pytest.mark.parametrize("keep", [np.arange(160) < 120, np.arange(160) % 2 == 0])
def test_some_of_the_records_can_be_left_out(keep):
    assert STACK.only(keep).inside.shape == (SHADOWS, keep.sum())
