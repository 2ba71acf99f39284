"""The report of an audit in this process: bound, honest about what it could not measure, names no record."""

from __future__ import annotations

import io
from functools import partial

import pandas as pd
import pytest
import torch

from exeat.audit import Records, Target, digests_of
from exeat.audit import audit as audit_all
from exeat.audit.engine.plan import digest_of_values
from exeat.errors import BadInput
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.risk_report import RiskReport
from tests.unit.audit.engine.toys import network, save, toy


def quiet(_line):
    pass


audit = partial(audit_all, only_membership=True)


@pytest.fixture(scope="module")
def report():
    return audit(toy(), say=quiet, seed=4)


def figures(report, name):
    return [one for one in report.indicators if one.indicator_id == name]


def test_a_model_that_learned_noise_by_heart_is_found_out(report):
    (area,) = figures(report, "mia.loss.auc")
    assert area.ci_low > 0.6
    (gap,) = figures(report, "gen.gap")
    assert gap.ci_low > 0


def test_what_sixty_records_cannot_resolve_has_no_value(report):
    rates = {one.fpr: one for one in figures(report, "mia.loss.tpr_at_fpr")}
    assert [str(fpr) for fpr, one in rates.items() if one.status == "not_measured"] == ["0.01", "0.001"]
    assert all(one.value is None and "60 non-members" in one.reason for one in rates.values() if one.value is None)


def test_the_report_names_its_settings_and_is_a_valid_document(report):
    again = parse_document(report.to_bytes(), RiskReport)
    settings = again.__pydantic_extra__["x_settings"]
    assert again.tool.name == "exeat-audit"
    assert again.tool.config_sha256 == digest_of_values(settings)
    assert settings["plan"]["seed"] == again.seed == 4
    assert again.subject.component_sha256 == ("sha256:" + "a" * 64,)


def test_the_same_seed_gives_the_same_figures(report):
    assert audit(toy(), say=quiet, seed=4).indicators == report.indicators


def test_scores_of_single_records_are_in_a_private_file_that_the_report_names(tmp_path):
    found = audit(toy(), folder=tmp_path / "kept", say=quiet)
    named = found.worst_records.withheld_sha256
    path = tmp_path / "kept" / f"{named.removeprefix('sha256:')}.withheld.parquet"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert digest_of(path.read_bytes()) == named
    frame = pd.read_parquet(io.BytesIO(path.read_bytes()))
    assert frame.groupby("member").size().to_dict() == {False: 60, True: 60}
    assert list(frame.columns[:3]) == ["member", "position", "loss"]


def test_without_a_folder_no_file_is_named(report):
    assert report.worst_records.withheld_sha256 is None


def test_the_files_bind_the_report_and_must_hold_the_weights(tmp_path):
    path = save(toy(), tmp_path)
    found = audit(toy(digest=""), files=[path], say=quiet)
    assert found.subject.component_sha256 == digests_of(path)
    with pytest.raises(BadInput, match="are not those of the checkpoint"):
        audit(toy(digest="", model=network(9)), files=[path], say=quiet)
    with pytest.raises(BadInput, match="are not the digests of the checkpoint's files"):
        audit(toy(), files=[path], say=quiet)


def test_a_model_in_training_mode_is_asked_as_it_answers_and_left_as_it_was():
    target = toy()
    dropping = torch.nn.Sequential(target.model, torch.nn.Dropout(0.9)).train()
    found = audit(toy(model=dropping), say=quiet)
    assert figures(found, "mia.loss.auc") == figures(audit(target, say=quiet), "mia.loss.auc")
    assert dropping.training


def test_records_may_come_as_arrays_with_other_whole_numbers(report):
    target = toy()
    members = Records(target.members.x.numpy(), target.members.y.int(), {"half": torch.arange(60) < 30})
    found = audit(toy(members=members), say=quiet, seed=4)
    assert figures(found, "mia.loss.auc") == figures(report, "mia.loss.auc")


def test_a_program_for_one_size_of_batch_is_refused_with_the_way_out():
    target = toy()
    program = torch.export.export(target.model, (target.members.x[:2],))
    with pytest.raises(BadInput, match="does not take the members' inputs") as caught:
        audit(toy(model=program), say=quiet)
    assert "dynamic_shapes" in caught.value.what_to_do


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_refused_before_anything_runs():
    with pytest.raises(BadInput, match="There is no cuda here"):
        audit(toy(), say=quiet, device="cuda")


def test_a_model_that_is_none_is_refused():
    with pytest.raises(BadInput, match="model is a str"):
        audit(toy(model="model.pt"), say=quiet)


def test_a_program_of_torch_export_needs_no_code():
    target = toy()
    sizes = {0: torch.export.Dim("n")}
    program = torch.export.export(target.model, (target.members.x[:2],), dynamic_shapes=(sizes,))
    found = audit(toy(model=program), say=quiet)
    (area,), (same,) = figures(found, "mia.loss.auc"), figures(audit(target, say=quiet), "mia.loss.auc")
    assert area.value == same.value


def test_threads_are_pinned_meanwhile_and_given_back():
    before, seen = torch.get_num_threads(), []

    class Counting(torch.nn.Module):
        def forward(self, x):
            seen.append(torch.get_num_threads())
            return x[:, :2]

    target = toy(model=Counting())
    torch.set_num_threads(2)
    try:
        audit(target, say=quiet)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}


def test_the_public_names_cost_no_torch():
    assert Records.__module__ == Target.__module__ == "exeat.audit.target"
