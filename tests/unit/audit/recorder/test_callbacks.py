"""The callbacks, driven hook by hook in the documented order; and by the real libraries where they are installed.

Neither library is among the project's dependencies, so the last two tests are skipped where they are missing.
"""

from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from exeat.audit.recorder.lightning import LightningHooks, lightning_callback
from exeat.audit.recorder.transformers import TrainerHooks, trainer_callback
from exeat.errors import BadInput
from tests.unit.audit.recorder.runs import halves, network

TRAIN, TEST = halves()


def setting():
    model = network()
    return model, torch.optim.SGD(model.parameters(), lr=0.1), DataLoader(TensorDataset(*TRAIN), batch_size=40)


def batches(model, optimizer, loader):
    for x, y in loader:
        optimizer.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        yield loss


def test_the_hooks_of_lightning_record(tmp_path):
    model, optimizer, loader = setting()
    hooks = LightningHooks(tmp_path / "run", "ward-v1", test=TEST)
    trainer = SimpleNamespace(
        is_global_zero=True, train_dataloader=loader, optimizers=[optimizer], max_epochs=3, current_epoch=0
    )
    hooks.on_train_start(trainer, model)
    for trainer.current_epoch in range(3):
        for i, loss in enumerate(batches(model, optimizer, loader)):
            hooks.on_train_batch_end(trainer, model, {"loss": loss}, None, i)
        hooks.on_train_epoch_end(trainer, model)
    hooks.on_train_end(trainer, model)
    assert hooks.recorded.epoch == 3
    rows = hooks.recorder._journal.rows
    assert [row["step"] for row in rows] == [3, 6, 9]
    assert all(row["running_loss"] > 0 for row in rows)


def test_the_events_of_the_trainer_record(tmp_path):
    model, optimizer, loader = setting()
    hooks = TrainerHooks(tmp_path / "run", "ward-v1", test=TEST)
    state = SimpleNamespace(is_world_process_zero=True, epoch=0.0)
    args = SimpleNamespace(num_train_epochs=2, load_best_model_at_end=False)
    wrapped = SimpleNamespace(optimizer=optimizer)
    hooks.on_train_begin(args, state, None, model=model, optimizer=wrapped, train_dataloader=loader)
    for state.epoch in (1.0, 2.0):
        list(batches(model, optimizer, loader))
        hooks.on_epoch_end(args, state, None, model=model)
    hooks.on_train_end(args, state, None, model=model)
    assert hooks.recorded.epoch == 2
    assert [row["step"] for row in hooks.recorder._journal.rows] == [3, 6]


def test_a_trainer_that_loads_foreign_weights_at_the_end_is_recorded_to_the_last_kept_epoch(tmp_path):
    model, optimizer, loader = setting()
    hooks = TrainerHooks(tmp_path / "run", "ward-v1", test=TEST)
    state = SimpleNamespace(is_world_process_zero=True, epoch=1.0)
    args = SimpleNamespace(num_train_epochs=1, load_best_model_at_end=True)
    hooks.on_train_begin(args, state, None, model=model, optimizer=optimizer, train_dataloader=loader)
    hooks.recorder._budget.affords = lambda task: True
    list(batches(model, optimizer, loader))
    hooks.on_epoch_end(args, state, None)
    model.load_state_dict(network(seed=9).state_dict())
    hooks.on_train_end(args, state, None)
    assert hooks.recorded.epoch == 1


def test_other_processes_record_nothing(tmp_path):
    hooks = LightningHooks(tmp_path / "run", "ward-v1")
    hooks.on_train_start(SimpleNamespace(is_global_zero=False), None)
    hooks.on_train_epoch_end(None, None)
    hooks.on_train_end(None, None)
    other = TrainerHooks(tmp_path / "run", "ward-v1")
    other.on_train_begin(None, SimpleNamespace(is_world_process_zero=False), None)
    other.on_epoch_end(None, None, None)
    other.on_train_end(None, None, None)
    assert not (tmp_path / "run").exists()


def test_a_failed_fit_keeps_its_epochs(tmp_path):
    model, optimizer, loader = setting()
    hooks = LightningHooks(tmp_path / "run", "ward-v1", test=TEST)
    hooks.on_train_start(
        SimpleNamespace(is_global_zero=True, train_dataloader=loader, optimizers=[optimizer], max_epochs=-1), model
    )
    list(batches(model, optimizer, loader))
    hooks.on_train_epoch_end(SimpleNamespace(current_epoch=0), model)
    hooks.on_exception(None, model, RuntimeError())
    assert (tmp_path / "run" / "trace.jsonl").read_text().count("\n") == 1


@pytest.mark.parametrize("make", [lightning_callback, trainer_callback])
def test_a_library_that_is_missing_is_named(make, tmp_path, monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(BadInput, match="not installed"):
        make(tmp_path, checkpoint_id="a")


@pytest.mark.filterwarnings("ignore")
def test_with_lightning_itself(tmp_path):
    pl = pytest.importorskip("pytorch_lightning", reason="Lightning is no dependency of the project")

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = network()

        def forward(self, x):
            return self.net(x)

        def training_step(self, batch, index):
            return cross_entropy(self(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=0.02)

    def fitted(callbacks):
        torch.manual_seed(2)
        model, loader = Module(), DataLoader(TensorDataset(*TRAIN), batch_size=40, shuffle=True)
        quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
        trainer = pl.Trainer(max_epochs=3, callbacks=callbacks, accelerator="cpu", **quiet)
        trainer.fit(model, loader)
        return model

    callback = lightning_callback(tmp_path / "run", checkpoint_id="ward-v1", test=TEST)
    recorded, plain = fitted([callback]), fitted([])
    assert all(torch.equal(a, b) for a, b in zip(recorded.parameters(), plain.parameters(), strict=True))
    assert callback.recorded.epoch == 3
    assert callback.recorder._journal.rows[-1]["step"] == 9


@pytest.mark.filterwarnings("ignore")
def test_with_transformers_itself(tmp_path):
    hf = pytest.importorskip("transformers", reason="transformers is no dependency of the project")
    pytest.importorskip("accelerate")
    ids = torch.randint(5, 60, (60, 12), generator=torch.Generator().manual_seed(0))
    records = [{"input_ids": row, "labels": int(row[0] > 30)} for row in ids]
    config = hf.BertConfig(
        vocab_size=64, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )

    def trained(callbacks):
        torch.manual_seed(3)
        model = hf.BertForSequenceClassification(config)
        args = hf.TrainingArguments(
            str(tmp_path / "hf"), num_train_epochs=2, per_device_train_batch_size=10, use_cpu=True, report_to=[],
            save_strategy="no", disable_tqdm=True,
        )  # fmt: skip
        hf.Trainer(model, args, train_dataset=records[:30], callbacks=callbacks).train()
        return model

    callback = trainer_callback(tmp_path / "run", checkpoint_id="bert-v1", test=records[30:])
    recorded, plain = trained([callback]), trained([])
    assert all(torch.equal(a, b) for a, b in zip(recorded.parameters(), plain.parameters(), strict=True))
    assert callback.recorded.epoch == 2
    assert callback.recorder._journal.rows[-1]["step"] == 6
