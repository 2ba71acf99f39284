from decimal import Decimal

import numpy as np
import pytest
import torch
from safetensors.torch import load

from exeat.audit.pilots import generator
from exeat.audit.pilots.protection import ProtectionFailed
from exeat.audit.pilots.synthetic import Synthetic, Table, closeness, draw, own_test
from exeat.audit.target import Records
from exeat.errors import BadInput
from tests.unit.audit.pilots.scene import records


def pairs(n=400, seed=0):
    """Two classes whose columns hang together in opposite directions; one column has three values."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    a = rng.normal(size=n)
    b = np.where(y == 1, 1, -1) * (0.9 * a + 0.4 * rng.normal(size=n))
    return np.column_stack([a, b, rng.choice([0.0, 1.0, 5.0], n, p=[0.5, 0.3, 0.2])]), y


def test_each_class_keeps_its_own_pairs_and_values():
    x, y = pairs()
    made, labels = generator.sample(generator.fit(x, y), 4000, 1)
    for label, sign in ((0, -1), (1, 1)):
        assert sign * np.corrcoef(made[labels == label, 0], made[labels == label, 1])[0, 1] > 0.8
    assert set(made[:, 2]) == {0.0, 1.0, 5.0}
    assert np.mean(made[:, 2] == 5.0) == pytest.approx(0.2, abs=0.06)
    assert abs(labels.mean() - y.mean()) < 0.05


def test_no_single_person_sets_the_ends():
    x, y = pairs()
    x[0, 0] = 1e6
    made, _ = generator.sample(generator.fit(x, y), 2000, 1)
    assert made[:, 0].max() <= 1e6 / 10 + 10
    assert not set(made[:, 0]) & set(x[:, 0])


def test_values_of_few_people_are_not_generated():
    x, y = pairs()
    x[:3, 2] = 9.0
    made, _ = generator.sample(generator.fit(x, y), 2000, 1)
    assert 9.0 not in made[:, 2]


def test_classes_of_few_people_are_left_out_or_refused():
    x, y = pairs()
    y[:5] = 2
    assert [one.label for one in generator.fit(x, y)] == [0, 1]
    with pytest.raises(ProtectionFailed, match="20 records"):
        generator.fit(x[:15], y[:15])


def test_more_columns_than_records_still_work():
    x = np.random.default_rng(0).normal(size=(30, 60))
    x[:, 3] = 7.0
    made, _ = generator.sample(generator.fit(x, np.zeros(30, dtype=np.int64)), 10, 1)
    assert np.isfinite(made).all()
    assert set(made[:, 3]) == {7.0}


def test_a_table_follows_the_seed_and_its_file_holds_it():
    members = records(1, 120)
    first, again, other = (draw(Synthetic(), members, seed) for seed in (1, 1, 2))
    assert first.file == again.file != other.file
    held = load(first.file)
    assert torch.equal(held["x"], first.x)
    assert first.x.shape == members.x.shape
    assert first.x.dtype == members.x.dtype


def figure(found, name):
    return next(i for i in found if i.indicator_id == name)


def test_a_table_of_copies_is_recognised_as_such():
    members, others = records(1, 150), records(2, 150)
    copied = Table(members.x.clone(), members.y.clone(), b"")
    found = own_test(copied, members, others)
    assert figure(found, "mia.dcr.auc").value > 0.99
    copies = figure(found, "x_synthetic.exact_copies")
    assert (copies.value, copies.n_events, copies.baseline_value) == (1, 150, 0)


def test_a_table_drawn_from_quantiles_tells_little():
    members, others = records(1, 150), records(2, 150)
    found = own_test(draw(Synthetic(), members, 3), members, others)
    assert figure(found, "mia.dcr.auc").ci_low < 0.55
    assert figure(found, "x_synthetic.exact_copies").value == 0


def test_closeness_tells_a_good_table_from_a_bad_one():
    members, others = records(1, 200), records(2, 200)
    good = draw(Synthetic(), members, 3)
    bad = Table(good.x * 3 + 2, good.y, b"")
    near, far = closeness(good, others, 0), closeness(bad, others, 0)
    assert [m.id for m in near] == ["marginal-distance", "correlation-distance"]
    assert near[0].value < Decimal("0.2") < far[0].ci_low
    assert all(m.ci_low <= m.value <= m.ci_high for m in (*near, *far))


def test_words_and_wild_ratios_are_refused():
    words = Records(torch.zeros(50, 3, dtype=torch.long), torch.zeros(50, dtype=torch.long))
    with pytest.raises(ProtectionFailed, match="real numbers"):
        draw(Synthetic(), words, 0)
    with pytest.raises(BadInput):
        Synthetic(ratio=0)
