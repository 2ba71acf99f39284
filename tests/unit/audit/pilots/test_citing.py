import json
from dataclasses import replace

import pytest

from exeat.audit.pilots.catalogue import ALL, BY_NAME, read
from exeat.audit.pilots.citing import entries
from exeat.audit.pilots.finetune import DpFinetune
from exeat.audit.pilots.outputs import TopK
from exeat.audit.pilots.stand_in import report_of_copy
from exeat.audit.pilots.study import study
from exeat.audit.pilots.synthetic import Synthetic
from exeat.audit.pilots.weights import Pruning, WeightNoise
from exeat.errors import BadInput, NotFound
from exeat.model.base import digest_of
from exeat.model.manifest import DpClaim, Safeguard, Surrogate
from exeat.policy.epsilon import recompute
from tests.unit.audit.pilots.scene import DATE, case

TRIED = (
    Pruning(), TopK(), DpFinetune(epochs=4), DpFinetune(epochs=4, start="fresh"), WeightNoise(scale=1e39), Synthetic(),
)  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    home = tmp_path_factory.mktemp("cited")
    target, how, path = case(home / "checkpoint", epochs=20)
    return study(
        target, replace(how, epochs=20), TRIED, seed=2, folder=home / "p", shadows=2, originals=[path], date=DATE
    )


def cited(report):
    return {entry["pilot"]: entry for entry in entries(report, digest_of(report.to_bytes()))}


def test_each_pilot_that_worked_can_be_pasted_into_a_manifest(report):
    found = cited(report)
    assert set(found) == {"pruning", "top-k", "dp-finetune-epochs-4", "dp-finetune-epochs-4-start-fresh", "synthetic"}
    for entry in found.values():
        for guard in entry.get("safeguards", ()):
            read_back = Safeguard.model_validate_json(json.dumps(guard))
            assert read_back.piloted_on == report.subject.checkpoint_id
            assert read_back.reversible_pilot
            assert read_back.evidence_sha256 == digest_of(report.to_bytes())
            assert "Accuracy" in read_back.effect_on_utility
            assert "(paired)" in read_back.effect_on_utility


def test_fine_tuning_is_never_cited_as_differential_privacy_of_the_model(report):
    found = cited(report)
    assert found["dp-finetune-epochs-4"]["safeguards"][0]["kind"] == "gradient_perturbation"
    assert "dp" not in found["dp-finetune-epochs-4"]
    fresh = found["dp-finetune-epochs-4-start-fresh"]
    assert fresh["safeguards"][0]["kind"] == "dp_sgd"
    claim = DpClaim.model_validate_json(json.dumps(fresh["dp"]))
    assert recompute(claim).tightest == claim.epsilon
    assert claim.tuning_accounted is False


def test_a_stand_in_is_described_with_its_closeness_and_limits(report):
    entry = cited(report)["synthetic"]
    stand_in = Surrogate.model_validate_json(json.dumps(entry["surrogate"]))
    assert stand_in.of == "net-v1"
    assert stand_in.ci_low <= stand_in.approximation_value <= stand_in.ci_high
    assert stand_in.limitations
    assert "safeguards" not in entry


def test_a_copy_s_own_report_is_about_its_own_file(report):
    own = report_of_copy(report, "synthetic")
    pilot = next(p for p in report.pilots if p.pilot_id == "synthetic")
    assert own.subject.component_sha256 == (pilot.copy_sha256,)
    assert own.indicators == pilot.indicators
    assert (own.report_id, own.pilots) == ("net-v1-pilots-synthetic", ())


@pytest.mark.parametrize("name", ["top-k", "weight-noise-scale-1e39", "original"])
def test_what_has_no_file_cannot_leave_as_one(report, name):
    with pytest.raises(BadInput, match="no file of its own"):
        report_of_copy(report, name)
    with pytest.raises(NotFound):
        report_of_copy(report, "nothing")


def test_all_names_each_protection_and_at_least_five_forms():
    assert {name.split(":")[0] for name in ALL} == set(BY_NAME)
    found = read("all")
    assert len({tried.pilot_id for tried in found}) == len(found) == len(ALL)


def test_settings_are_read_from_the_list():
    assert read("pruning:share=0.8, dp_finetune:start=fresh:epochs=3,top-k") == [
        Pruning(share=0.8), DpFinetune(start="fresh", epochs=3), TopK(),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prunning", "no protection 'prunning'"),
        ("", "nothing to try"),
        ("pruning:part=1", "no setting 'part=1'"),
        ("pruning:share", "no setting 'share'"),
        ("pruning:share=half", "share of pruning is no number"),
        ("pruning:share=2", "cannot be pruned"),
        ("clipping:start=middle", "cannot start from"),
        ("label_only:k=1", "Its settings: none"),
    ],
)
def test_a_name_or_setting_that_is_not_known_is_said(text, said):
    with pytest.raises(BadInput) as refused:
        read(text)
    assert said in str(refused.value)
