"""Exports pass the validators of the projects whose format it is, and read back to the same manifest."""

from __future__ import annotations

import json
import os

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from huggingface_hub import ModelCard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from exeat.cli import app
from exeat.errors import BadInput
from exeat.evidence.describe import describe
from exeat.evidence.exporters import FORMATS, export
from exeat.evidence.partial import complete
from exeat.model.manifest import Manifest
from tests.unit.evidence.readers.factories_readers import MANIFESTS, made

SAMPLES = {path.parent.name: Manifest.model_validate_json(path.read_bytes()) for path in MANIFESTS}
STRICT = JsonStrictValidator(SchemaVersion.V1_7)


def read_back(data):
    return complete(describe([made(data)]).merged)


def card_of(data):
    """The card as huggingface_hub understands it; it raises for what it cannot read."""
    return ModelCard(data.decode()).data


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_comes_back_as_the_same_bytes(name, form):
    data = export(SAMPLES[name], form)
    assert describe([made(data)]).merged.contradictions == ()
    assert read_back(data).to_bytes() == SAMPLES[name].to_bytes()


@pytest.mark.parametrize("name", SAMPLES)
def test_the_bill_of_materials_is_valid_cyclonedx(name):
    assert STRICT.validate_str(export(SAMPLES[name], "cyclonedx").decode()) is None


def test_the_validator_can_say_no():
    broken = json.loads(export(SAMPLES["onco-mlp-v3"], "cyclonedx"))
    broken["metadata"]["component"]["modelCard"]["modelParameters"]["colour"] = "blue"
    assert STRICT.validate_str(json.dumps(broken)) is not None


@pytest.mark.parametrize("name", SAMPLES)
def test_huggingface_hub_reads_the_card_and_every_metric(name):
    manifest = SAMPLES[name]
    data = card_of(export(manifest, "hugging-face"))
    assert data.model_name == manifest.title
    assert data.license_name == manifest.governance.licence
    found = [(one.metric_type, one.dataset_split, one.metric_value) for one in data.eval_results]
    assert found[: len(manifest.metrics)] == [(m.id, m.split, float(m.value)) for m in manifest.metrics]
    assert ModelCard(str(ModelCard(export(manifest, "hugging-face").decode()))).data.to_dict() == data.to_dict()


def test_the_formats_own_fields_are_used_where_they_exist():
    manifest = SAMPLES["digits-mlp-v4"]
    card = export(manifest, "hugging-face").decode()
    assert f"## Uses\n{manifest.purpose}" in card
    front = yaml.safe_load(card.split("---")[1])
    assert "purpose" not in front["exeat"]
    assert "title" not in front["exeat"]
    model = json.loads(export(manifest, "cyclonedx"))["metadata"]["component"]
    assert model["modelCard"]["considerations"]["useCases"] == [manifest.purpose]
    assert "exeat:purpose" not in {one["name"] for one in model["modelCard"]["properties"]}
    claimed = [m for m in model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"] if m["type"] == "dp.epsilon"]
    assert bool(claimed) is (manifest.dp is not None and manifest.dp.epsilon is not None)


@pytest.mark.parametrize(
    ("form", "old", "new", "path"),
    [
        ("hugging-face", "value: 0.996478873", "value: 0.999", "metrics[accuracy].value"),
        ("hugging-face", "    framework: torch\n", "    framework: JAX\n", "training.framework"),
        ("cyclonedx", '"name": "model.safetensors"', '"name": "other.safetensors"', None),
        ("cyclonedx", '"lowerBound"', '"lowerBound"', None),
    ],
)
def test_an_edit_of_one_place_shows(form, old, new, path):
    text = export(SAMPLES["onco-mlp-v3"], form).decode()
    assert old in text
    merged = describe([made(text.replace(old, new, 1))]).merged
    if path is not None:
        assert path in {one.path for one in merged.contradictions}
    elif old != new:
        assert {gap.path.partition("].")[0] for gap in merged.gaps} == {"components[other.safetensors"}


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=60).filter(str.strip)
EXAMPLES = int(os.environ.get("EXEAT_FUZZ_EXAMPLES", "12"))
PROSE = st.one_of(
    TEXT,
    st.sampled_from(
        [
            "# heading\ntext",
            "<!-- x -->",
            "**Out of scope:** y",
            "[More Information Needed]",
            "```\n# x\n```",
            " a ",
            "---",
        ]
    ),
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXT,
        "purpose": PROSE.map(lambda text: text + " " + "a purpose of forty characters or more" * 2),
        "out_of_scope": PROSE,
        "limitations": PROSE,
        "created_by": TEXT,
        "contact": TEXT,
        "seeds": st.just([]),
        "metrics": st.just([]),
        "hyperparameters": st.dictionaries(
            st.from_regex(r"[a-z][a-z0-9_.]{0,20}", fullmatch=True), st.one_of(TEXT, st.integers(-9, 9), st.booleans())
        ),
        "units": st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), TEXT, max_size=2),
        "x_note": st.one_of(TEXT, st.lists(st.integers()), st.dictionaries(st.text("ab.[", max_size=3), st.booleans())),
        "selection_rule": TEXT,
    },
)


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(SAMPLES)), CHANGES)
def test_whatever_the_words_are_the_manifest_comes_back(form, name, changes):
    document = json.loads(SAMPLES[name].to_bytes()) | changes
    manifest = Manifest.model_validate_json(json.dumps(document))
    data = export(manifest, form)
    assert read_back(data) == manifest
    if form == "cyclonedx":
        assert STRICT.validate_str(data.decode()) is None
    else:
        assert card_of(data).to_dict()["exeat"]["checkpoint_id"] == manifest.checkpoint_id


def test_what_a_format_cannot_carry_is_refused_and_not_written(tmp_path):
    document = json.loads(SAMPLES["onco-mlp-v3"].to_bytes())
    document["hyperparameters"]["betas[0]"] = "0.9"
    manifest = Manifest.model_validate_json(json.dumps(document))
    with pytest.raises(BadInput, match="cannot carry this manifest"):
        export(manifest, "cyclonedx")
    (tmp_path / "m.json").write_text(json.dumps(document))
    arguments = ["export", str(tmp_path / "m.json"), "--as", "cyclonedx", "-o", str(tmp_path / "out")]
    assert CliRunner().invoke(app, arguments).exit_code == 3
    assert not (tmp_path / "out").exists()


def test_the_command_writes_the_file_and_says_so(tmp_path):
    arguments = ["export", str(MANIFESTS[0]), "--as", "hugging-face", "-o", str(tmp_path / "README.md")]
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "is written" in result.stderr
    assert (tmp_path / "README.md").read_bytes() == export(SAMPLES[MANIFESTS[0].parent.name], "hugging-face")


@pytest.mark.parametrize(
    ("arguments", "code"), [(["nowhere.json", "--as", "cyclonedx"], 3), (["x", "--as", "spdx"], 2)]
)
def test_usage_and_what_cannot_be_read(arguments, code, tmp_path):
    result = CliRunner().invoke(app, ["export", *arguments, "-o", str(tmp_path / "out")])
    assert result.exit_code == code
