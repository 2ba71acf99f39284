"""The form follows the schema: every field of a manifest has a control that can hold what the schema takes."""

from __future__ import annotations

import pytest

from components.prepare_field import typed
from exeat.errors import BadInput
from exeat.evidence.gaps import SENTENCES
from exeat.evidence.manifest_path import LISTS, item
from exeat.model.manifest import Manifest
from exeat.prepare.form import GROUPS, addable, field_of, label_of

ENTRIES = {name: [{key: "one"}] for name, key in LISTS.items()}
PATHS = addable(ENTRIES)
SAMPLE = {"line": "x", "text": "x", "number": "0.5", "count": 3, "flag": True, "level": 2, "date": "2029-06-30"}
SAMPLE |= {"moment": "2026-11-20T09:14:03Z", "lines": "a\nb", "map": "a = 1\nb = x"}


def test_every_field_of_the_schema_can_be_answered():
    top = {path.split(".")[0].split("[")[0] for path in PATHS}
    assert top == set(Manifest.model_fields) - {"schema_"}
    assert len(PATHS) > 100


@pytest.mark.parametrize("path", PATHS)
def test_each_field_has_a_control_a_label_and_a_group(path):
    field = field_of(path)
    assert field.kind in {*SAMPLE, "choice", "choices"}
    assert field.label == label_of(path)
    assert field.group in GROUPS


@pytest.mark.parametrize("path", [path for path in SENTENCES if path not in LISTS])
def test_each_question_of_the_readers_has_a_field(path):
    assert field_of(path).question


def test_the_groups_hold_every_field_once():
    names = [name for group in GROUPS.values() for name in group]
    assert sorted(names) == sorted(set(Manifest.model_fields) - {"schema_"})


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("created_at", "moment"),
        ("retention.retain_until", "date"),
        ("model.n_parameters", "count"),
        ("dp.epsilon", "number"),
        ("dp.claimed", "flag"),
        ("data_sources[x].role", "choice"),
        ("data_sources[x].sensitivity", "choices"),
        ("components[w].sensitivity", "level"),
        ("components[w].kind", "choice"),
        ("hyperparameters", "map"),
        ("hyperparameters[lr]", "line"),
        ("governance.contributors", "lines"),
        ("purpose", "text"),
        ("title", "line"),
        ("seeds", "list"),
    ],
)
def test_the_kind_is_that_of_the_schema(path, kind):
    assert field_of(path).kind == kind


@pytest.mark.parametrize("path", ["schema", "nonsense", "dp.nonsense", "title.more", "components[w].nonsense"])
def test_what_is_no_field_has_no_control(path):
    with pytest.raises(BadInput):
        field_of(path)


@pytest.mark.parametrize(
    ("path", "raw", "value"),
    [
        ("title", "  A name ", "A name"),
        ("title", "   ", None),
        ("dp.epsilon", "6.0", "6.0"),
        ("model.n_parameters", 12, 12),
        ("hyperparameters", "lr = 0.001\nbatch = 64\nshuffle = true", {"lr": "0.001", "batch": 64, "shuffle": True}),
        ("governance.contributors", "a\n\n b ", ["a", "b"]),
        ("retention.retain_until", "2029-06-30", "2029-06-30"),
        ("components[w].sensitivity", 0, 0),
        ("dp.claimed", False, False),
    ],
)
def test_what_a_control_holds_becomes_a_value(path, raw, value):
    assert typed(field_of(path), raw) == value


@pytest.mark.parametrize(("path", "raw"), [("hyperparameters", "lr 0.001"), ("retention.retain_until", "30.06.2029")])
def test_what_does_not_fit_says_how_to_write_it(path, raw):
    with pytest.raises(BadInput) as refused:
        typed(field_of(path), raw)
    assert refused.value.what_to_do


def test_labels_are_words():
    assert label_of("model.n_parameters") == "Number of parameters (model)"
    assert label_of(item("data_sources", "icu", "version")) == "Version (data source icu)"
    assert label_of("hyperparameters[lr]") == "lr (hyperparameters)"
