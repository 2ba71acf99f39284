"""Small training runs for the tests of the recorder; everything follows from the seed."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from exeat.audit.recorder import Recorder


def blobs(n=240, features=8, seed=0):
    """Two noisy classes that a network can learn by heart."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, features, generator=generator)
    return x, ((x[:, 0] + 0.8 * torch.randn(n, generator=generator)) > 0).long()


def network(seed=0, features=8, width=32, outputs=2):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(features, width), nn.Tanh(), nn.Dropout(0.2), nn.Linear(width, outputs))


def halves(n=240):
    x, y = blobs(n)
    return (x[: n // 2], y[: n // 2]), (x[n // 2 :], y[n // 2 :])


def one_epoch(model, optimizer, data, recorder=None, size=40):
    model.train()
    for rows in torch.randperm(len(data[0])).split(size):
        optimizer.zero_grad()
        loss = cross_entropy(model(data[0][rows]), data[1][rows])
        loss.backward()
        optimizer.step()
        if recorder is not None:
            recorder.step(loss)


def recorded_run(folder, epochs=6, *, model=None, select="last", everything=True, rate=0.02, **options):
    """Train and record; ``everything`` gives the recorder time for each epoch, whatever the machine does."""
    train, test = halves()
    model = model or network()
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    recorder = Recorder(
        folder, model, optimizer, **{"checkpoint_id": "ward-v1", "train": train, "test": test} | options
    )
    if everything:
        unlimited(recorder)
    for _ in range(epochs):
        one_epoch(model, optimizer, train, recorder)
        recorder.epoch()
    return recorder.finish(select=select), model


def unlimited(recorder):
    """Let the recorder measure every epoch: tests must not depend on how fast the machine is."""
    recorder._budget.affords = lambda task: True


ABOUT = {
    "lineage": {"run_family": "ward", "version": "1"},
    "title": "Ward model",
    "purpose": "Predict which ward a patient needs, so that beds in the region can be planned.",
    "out_of_scope": "No decisions about single patients.",
    "created_by": "Modelling group",
    "org": "Northmoor",
    "contact": "registry@northmoor.example",
    "model": {"task": "classification"},
    "data_sources": {
        "all": {"name": "Ward stays", "version": "1", "sensitivity": ["personal"], "approval_ref": "A-1"},
        "train": {"n_units": 120, "max_records_per_unit": 1},
        "test": {"n_units": 120, "max_records_per_unit": 1},
    },
    "components": {
        "weights": {"proposed_disposition": "query_only"},
        "config": {"proposed_disposition": "denied"},
    },
    "reproducibility": [
        {"part": "training", "level": "statistical", "requires_tier": "T2", "authorization": "custodian",
         "sandbox_data": "real", "depends_on_confidential": True},
    ],
    "intended_tier": "T2",
    "no_safeguards_reason": "The first version, trained as a reference.",
}  # fmt: skip
"""What only people know; dates are added where they are used."""
