"""The forms in which data may be given, and what the recorder takes of them."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from exeat.audit.engine.digests import records_digest
from exeat.audit.recorder.data import split_of
from exeat.audit.target import Records
from exeat.errors import BadInput
from tests.unit.audit.recorder.runs import blobs


class Rows(Dataset):
    """Records that are made when they are asked for, with random noise."""

    def __len__(self):
        return 50

    def __getitem__(self, i):
        return {"input_ids": torch.full((4,), i), "noise": torch.rand(2), "labels": i % 2}


class Stream(IterableDataset):
    def __iter__(self):
        return iter(zip(*blobs(), strict=True))


def taken(given, most=1000):
    return split_of(given, most=most, seed=0, name="training")


def test_every_form_of_two_tensors_is_the_same_data():
    x, y = blobs(60)
    whole = TensorDataset(torch.cat([x, x]), torch.cat([y, y]))
    forms = [(x, y), (x.numpy(), y.numpy()), TensorDataset(x, y), DataLoader(TensorDataset(x, y), batch_size=7),
             Subset(whole, range(60))]  # fmt: skip
    expected = records_digest(Records(x, y))
    for form in forms:
        split = taken(form)
        assert (split.n_records, split.digest) == (60, expected)
        assert torch.equal(split.sample.x, x)
    assert taken(forms[3]).batch_size == 7


def test_the_sample_is_drawn_once_and_by_the_seed():
    x, y = blobs(60)
    first, second = taken((x, y), most=20), taken((x, y), most=20)
    assert len(first.sample) == 20
    assert first.n_records == 60
    assert torch.equal(first.sample.x, second.sample.x)
    assert not torch.equal(split_of((x, y), most=20, seed=1, name="training").sample.x, first.sample.x)


def test_records_by_name_are_put_together_without_moving_the_random_state():
    state = torch.get_rng_state()
    split = taken(Rows(), most=10)
    assert torch.equal(torch.get_rng_state(), state)
    assert split.sample.x["input_ids"].shape == (10, 4)
    assert split.sample.y.tolist() == [i % 2 for i in split.sample.x["input_ids"][:, 0].tolist()]
    assert split.digest is None
    assert split.n_records == 50


@pytest.mark.parametrize("given", [
    (torch.zeros(3, 2), torch.zeros(2)), (torch.zeros(0, 2), torch.zeros(0)), Stream(), 7,
    [(torch.zeros(2), 0), (torch.zeros(3), 1)], [{"x": torch.zeros(2)}],
])  # fmt: skip
def test_what_is_no_data_is_refused_with_the_next_step(given):
    with pytest.raises(BadInput) as told:
        taken(given)
    assert told.value.what_to_do


def test_tensors_by_name_are_taken_as_they_are():
    x, y = blobs(30)
    split = taken(({"values": x, "mask": torch.ones_like(x)}, y), most=10)
    assert split.n_records == 30
    assert split.sample.x["mask"].shape == (10, 8)
    assert split.digest != taken(({"values": x, "mask": torch.zeros_like(x)}, y)).digest
    with pytest.raises(BadInput, match="differ in number"):
        taken(({"values": x[:5]}, y))


def test_parts_of_a_sample_are_its_rows():
    x, y = blobs(10)
    part = taken((x, y)).sample.part(slice(2, 5))
    assert np.array_equal(part.x.numpy(), x[2:5].numpy())
    assert part.to(torch.device("cpu")).y.tolist() == y[2:5].tolist()
