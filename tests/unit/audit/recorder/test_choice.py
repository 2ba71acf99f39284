"""Which epoch the record is about, and what happens when the loop does something unforeseen."""

import json

import pytest
import torch
from safetensors.torch import load_file

from exeat.audit.recorder import Recorder, read_lines
from exeat.errors import BadInput
from exeat.model.base import digest_of
from tests.unit.audit.recorder.runs import halves, network, one_epoch, recorded_run, unlimited


def begun(folder, epochs=3, **options):
    train, test = halves()
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    recorder = Recorder(folder, model, optimizer, checkpoint_id="a", train=train, test=test, **options)
    unlimited(recorder)
    for _ in range(epochs):
        one_epoch(model, optimizer, train)
        recorder.epoch()
    return recorder, model, optimizer, train


def about(recorded):
    return json.loads((recorded.written.manifest or recorded.written.draft).read_bytes())


def test_an_epoch_that_was_chosen_is_the_one_that_is_written(tmp_path):
    recorder, *_ = begun(tmp_path / "run", keep="all")
    recorded = recorder.finish(select=2)
    document = about(recorded)
    assert (document["epoch"], document["global_step"]) == (2, 6)
    assert document["selection_rule"] == "chosen by the submitter"
    row = read_lines(tmp_path / "run")[1]
    report = json.loads(recorded.written.report.read_bytes())
    assert report["subject"]["component_sha256"] == [row["weights_sha256"]]
    test = next(one for one in document["metrics"] if one["split"] == "test")
    assert float(test["value"]) == pytest.approx(row["test_accuracy"])


def test_the_recommended_epoch_says_that_its_figures_chose_it(tmp_path):
    recorded, _ = recorded_run(tmp_path / "run", 30, select="recommended", rate=0.05, margin=0.5)
    report = json.loads(recorded.written.report.read_bytes())
    assert report["trace"]["recommendation"] == recorded.recommendation.sentence
    assert recorded.epoch == (recorded.recommendation.epoch or 30)
    chose = recorded.epoch != 30
    assert ("too good" in report["notes"]) is chose
    kept = {path.name for path in (tmp_path / "run" / "epochs").iterdir()}
    assert kept == {f"epoch-{epoch:06d}.safetensors" for epoch in {recorded.epoch, 30}}


def test_keeping_all_keeps_all(tmp_path):
    recorder, *_ = begun(tmp_path / "run", keep="all")
    recorder.finish()
    kept = sorted((tmp_path / "run" / "epochs").iterdir())
    assert [digest_of(path.read_bytes()) for path in kept] == [
        row["weights_sha256"] for row in read_lines(tmp_path / "run")]  # fmt: skip


def test_restored_weights_of_a_recorded_epoch_are_recognised(tmp_path):
    recorder, model, *_ = begun(tmp_path / "run", keep="all")
    model.load_state_dict(load_file(tmp_path / "run" / "epochs" / "epoch-000001.safetensors"))
    assert recorder.finish().epoch == 1


def test_weights_of_no_recorded_epoch_are_refused(tmp_path):
    recorder, model, optimizer, train = begun(tmp_path / "run")
    one_epoch(model, optimizer, train)
    with pytest.raises(BadInput, match="changed after the last epoch") as told:
        recorder.finish()
    assert "epoch()" in told.value.what_to_do
    recorder.epoch()
    assert recorder.finish().epoch == 4


def test_an_epoch_that_was_not_recorded_cannot_be_chosen(tmp_path):
    recorder, *_ = begun(tmp_path / "run")
    with pytest.raises(BadInput, match="Epoch 7 was not recorded"):
        recorder.finish(select=7)


def test_no_epoch_is_no_record(tmp_path):
    recorder, *_ = begun(tmp_path / "run", epochs=0)
    with pytest.raises(BadInput, match="No epoch was recorded"):
        recorder.finish()


def test_after_the_end_there_is_no_more(tmp_path):
    recorder, model, optimizer, train = begun(tmp_path / "run")
    recorder.finish()
    steps = recorder._steps
    one_epoch(model, optimizer, train)
    assert recorder._steps == steps
    for call in (recorder.epoch, recorder.finish):
        with pytest.raises(BadInput, match="has finished"):
            call()


def fails(folder, train, test):
    with Recorder(folder, network(), checkpoint_id="a", train=train, test=test) as recorder:
        recorder.epoch()
        raise ZeroDivisionError


def test_a_with_block_finishes_or_keeps_what_there_is(tmp_path):
    train, test = halves()
    with Recorder(tmp_path / "good", network(), checkpoint_id="a", train=train, test=test) as recorder:
        recorder.epoch()
    assert (tmp_path / "good" / "report.json").exists()
    with pytest.raises(ZeroDivisionError):
        fails(tmp_path / "bad", train, test)
    assert len(read_lines(tmp_path / "bad")) == 1
    assert not (tmp_path / "bad" / "report.json").exists()


def test_going_back_to_an_earlier_checkpoint_goes_on_from_there(tmp_path):
    recorder, model, optimizer, train = begun(tmp_path / "run", epochs=4)
    one_epoch(model, optimizer, train)
    recorder.epoch(3)
    assert [row["epoch"] for row in recorder._journal.rows] == [1, 2, 3]
    assert recorder.finish().epoch == 3


def test_epochs_may_be_numbered_by_the_loop(tmp_path):
    recorder, *_ = begun(tmp_path / "run", epochs=0)
    for number in (10, 20):
        recorder.epoch(number)
    assert recorder.finish().epoch == 20


class OneWay(torch.autograd.Function):
    """A function that knows no derivative."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()


class Cut(torch.nn.Module):
    """Has a derivative while it trains, and none afterwards."""

    def __init__(self):
        super().__init__()
        self.net = network()

    def forward(self, x):
        return self.net(x) if self.training else OneWay.apply(self.net(x))


def test_a_model_without_gradients_per_example_is_recorded_without_them(tmp_path):
    recorded, _ = recorded_run(tmp_path / "run", 2, model=Cut())
    first, second = read_lines(tmp_path / "run")
    assert first["note"].startswith("no gradient per example")
    assert "gradient_norm_q50" not in first | second
    assert recorded.epoch == 2


def test_a_run_that_diverges_goes_on_and_says_so(tmp_path):
    recorder, model, _, _ = begun(tmp_path / "run", keep="all")
    with torch.no_grad():
        model[0].weight.fill_(torch.nan)
    recorder.epoch()
    recorder.step(torch.tensor(torch.nan))
    recorder.epoch()
    assert recorder._journal.rows[3]["note"].endswith("not finite")
    assert recorder._journal.rows[4]["running_loss"] is None
    with pytest.raises(BadInput, match="diverged") as told:
        recorder.finish()
    assert "chosen by its epoch" in told.value.what_to_do
    assert recorder.finish(select=3).epoch == 3


@pytest.mark.parametrize("wrong", [
    {"checkpoint_id": "Ward model"}, {"optimizer": [1]}, {"record_loss": lambda outputs, y: outputs.sum()},
    {"about": {"hyperparameters": {"learning_rate": "7"}}}, {"about": {"model": {"n_parameters": 1}}},
    {"share": 0}, {"keep": "some"}, {"train": (torch.zeros(4, 8), torch.zeros(4, 9))},
])  # fmt: skip
def test_mistakes_show_before_training_and_leave_no_folder(tmp_path, wrong):
    train, test = halves()
    model = network()
    given = {"optimizer": torch.optim.SGD(model.parameters(), lr=0.1), "checkpoint_id": "a", "train": train}
    with pytest.raises(BadInput) as told:
        Recorder(tmp_path / "run", model, **(given | {"test": test} | wrong))
    assert told.value.what_to_do
    assert not (tmp_path / "run").exists()
