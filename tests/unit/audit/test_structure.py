"""Structure of real models: a nearest-neighbour table, prototypes, a plain network."""

from decimal import Decimal

import numpy as np
import pytest
import torch

from exeat.audit.structure import degrees_of_freedom, groups, measure, nearest_prototype, stored_records
from exeat.audit.target import Records, Target
from exeat.errors import BadInput


def people(seed, n=60, width=5):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, width, generator=generator), torch.randint(0, 2, (n,), generator=generator)


class Neighbours(torch.nn.Module):
    """The nearest stored record's class: the model is its training data."""

    def __init__(self, x, y, form=lambda x: x):
        super().__init__()
        self.register_buffer("kept", form(x))
        self.register_buffer("classes", torch.nn.functional.one_hot(y, 2).float())

    def forward(self, x):
        return self.classes[torch.cdist(x, self.kept).argmin(dim=1)]


def target(model, *, seed=0, n=60):
    x, y = people(seed, 2 * n)
    return Target(model, Records(x[:n], y[:n]), Records(x[n:], y[n:]), "m", ("sha256:" + "0" * 64,))


def by_id(found):
    return {i.indicator_id: i for i in found}


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))


def test_a_plain_network_has_no_cells_and_stores_nobody():
    found = by_id(measure(target(network())))
    assert found["struct.k_anonymity"].status == found["struct.smallgroup"].status == "not_applicable"
    assert "smooth" in found["struct.k_anonymity"].reason
    assert found["struct.instance_based"].value == 0
    assert found["struct.stored_fraction"].value == 0
    assert found["struct.dof"].value == 1
    assert "60 members minus 66 parameters = -6" in found["struct.dof"].bound_note


FORMS = {
    "as given": lambda x: x,
    "transposed": lambda x: x.T,
    "in half precision": lambda x: x.half(),
    "in bfloat16": lambda x: x.bfloat16(),
    "flattened": lambda x: x.flatten(),
    "between other columns": lambda x: torch.cat([torch.ones(len(x), 2), x, torch.zeros(len(x), 1)], dim=1),
    "scaled to length one": lambda x: x / x.norm(dim=1, keepdim=True),
    "centred and scaled": lambda x: (x - x[:60].mean(dim=0)) / x[:60].std(dim=0, unbiased=False),
}


@pytest.mark.parametrize("form", FORMS)
def test_training_rows_are_found_however_they_are_kept(form):
    x, _ = people(0, 120)
    kept = FORMS[form](x[:60])
    flag, share = stored_records({"some.buffer": kept, "counts": torch.arange(5)}, x[:60], x[60:])
    assert flag.value == 1
    assert (share.value, share.n_events, share.baseline_value) == (1, 60, 0)
    assert "some.buffer (60)" in share.bound_note


def test_a_model_of_support_vectors_stores_a_share():
    x, y = people(0, 120)
    model = Neighbours(x[:15], y[:15])
    found = by_id(measure(target(model)))
    assert found["struct.instance_based"].value == 1
    assert found["struct.stored_fraction"].value == Decimal("0.25")
    assert found["struct.stored_fraction"].n_events == 15


def test_noise_on_the_rows_is_no_longer_the_row():
    x, _ = people(0, 120)
    flag, _ = stored_records({"kept": x[:60] + 0.01}, x[:60], x[60:])
    assert flag.value == 0


def test_rows_that_never_vary_prove_nothing():
    zeros = torch.zeros(20, 5)
    flag, share = stored_records({"bias": torch.zeros(5)}, zeros, zeros)
    assert flag.status == share.status == "not_measured"
    x, _ = people(1, 40)
    mixed = torch.cat([x[:20], zeros])
    _, share = stored_records({"bias": torch.zeros(5)}, mixed, x[20:])
    assert (share.value, share.n_in) == (0, 20)


def test_rows_that_strangers_share_are_chance():
    grid = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(20, 1)
    flag, share = stored_records({"table": grid[:2]}, grid[:20], grid[20:])
    assert share.value == share.baseline_value == 1
    assert flag.value == 0


def test_cells_are_counted_by_size_and_class():
    cells = np.array([7] * 30 + [3] * 12 + [5] * 2)
    labels = np.array([0] * 15 + [1] * 15 + [1] * 12 + [0, 1])
    found = by_id(groups(cells, labels))
    assert (found["struct.k_anonymity"].value, found["struct.k_anonymity"].unit) == (2, "records")
    assert found["struct.k_anonymity"].direction == "lower_is_worse"
    assert found["struct.smallgroup"].value == 1
    assert "1 of 3 cells, 2 members" in found["struct.smallgroup"].bound_note
    assert (found["struct.class_disclosure"].value, found["struct.low_values"].value) == (1, 1)
    wide = by_id(groups(np.zeros(40, dtype=int), np.arange(40) % 2))
    assert {wide[name].value for name in wide if name != "struct.k_anonymity"} == {0}
    assert wide["struct.k_anonymity"].value == 40


def test_prototypes_make_the_cells():
    model = target(network())
    x = model.members.x
    prototypes = torch.stack([x[:30].mean(dim=0), x[30:].mean(dim=0), torch.full((5,), 50.0)])
    cells = nearest_prototype(x, prototypes)
    assert set(cells) == {0, 1}
    assert all((x[i] - prototypes[c]).norm() <= (x[i] - prototypes[1 - c]).norm() for i, c in enumerate(cells))
    found = by_id(measure(model, cells=cells))
    assert found["struct.k_anonymity"].status == "measured"
    assert int(found["struct.k_anonymity"].value) == np.bincount(cells).min()


def test_a_predicted_share_of_zero_discloses_a_class():
    model = target(network())
    certain = np.tile([1.0, 0.0], (60, 1))
    assert by_id(measure(model, shares=certain))["struct.class_disclosure"].value == 1
    soft = np.tile([0.9, 0.1], (60, 1))
    assert by_id(measure(model, shares=soft))["struct.class_disclosure"].value == 0


@pytest.mark.parametrize(("parameters", "flag"), [(50, 0), (51, 1)])
def test_the_floor_of_degrees_of_freedom(parameters, flag):
    assert degrees_of_freedom(parameters, 60).value == flag


def test_cells_that_are_not_one_per_member_are_refused():
    with pytest.raises(BadInput, match="3 cells for 4 members"):
        groups(np.zeros(3, dtype=int), np.zeros(4, dtype=int))
