"""What people know joins what the loop saw; contradictions are mistakes, gaps are questions."""

import pytest

from exeat.audit.recorder.about import as_text, missing, with_about
from exeat.errors import BadInput

KNOWN = {
    "checkpoint_id": "a", "run_id": "run-1", "hyperparameters": {"learning_rate": "0.1"}, "epoch": 3,
    "model": {"family": "neural network", "n_parameters": 10}, "components": [{"id": "weights", "bytes": 7}],
    "data_sources": [{"id": "a-train", "role": "train", "n_records": 5}, {"id": "a-test", "role": "test"}],
    "safeguards": [{"id": "weight-decay"}],
}  # fmt: skip


def test_maps_are_joined_and_lists_added_to():
    found = with_about(KNOWN, {"model": {"task": "t"}, "safeguards": [{"id": "dedup"}], "title": "T"})
    assert found["model"] == {"family": "neural network", "n_parameters": 10, "task": "t"}
    assert [one["id"] for one in found["safeguards"]] == ["weight-decay", "dedup"]
    assert found["title"] == "T"


def test_sources_are_named_by_role_or_all():
    about = {"data_sources": {"all": {"version": "2"}, "train": {"n_units": 5}}}
    train, test = with_about(KNOWN, about)["data_sources"]
    assert train == {"id": "a-train", "role": "train", "n_records": 5, "version": "2", "n_units": 5}
    assert test == {"id": "a-test", "role": "test", "version": "2"}


def test_a_list_of_sources_is_added():
    found = with_about(KNOWN, {"data_sources": [{"id": "base", "role": "pretrain"}]})
    assert [one["id"] for one in found["data_sources"]] == ["a-train", "a-test", "base"]


@pytest.mark.parametrize(("about", "place"), [
    ({"epoch": 4}, "$.epoch"), ({"model": {"n_parameters": 11}}, "$.model.n_parameters"),
    ({"hyperparameters": {"learning_rate": "0.2"}}, "$.hyperparameters.learning_rate"),
    ({"data_sources": {"train": {"n_records": 6}}}, "$.data_sources[train].n_records"),
])  # fmt: skip
def test_what_contradicts_the_loop_is_refused_with_its_place(about, place):
    with pytest.raises(BadInput, match="the loop saw") as told:
        with_about(KNOWN, about)
    assert told.value.place == place


def test_the_same_said_twice_is_no_contradiction():
    assert with_about(KNOWN, {"epoch": 3, "hyperparameters": {"learning_rate": "0.1"}})["epoch"] == 3


def test_a_guess_gives_way_to_a_person():
    found = with_about(KNOWN, {"run_id": "r-7", "model": {"family": "radial basis network"}})
    assert (found["run_id"], found["model"]["family"]) == ("r-7", "radial basis network")


def test_of_a_file_only_what_is_proposed_may_be_said():
    found = with_about(KNOWN, {"components": {"weights": {"proposed_disposition": "query_only"}}})
    assert found["components"] == [{"id": "weights", "bytes": 7, "proposed_disposition": "query_only"}]
    with pytest.raises(BadInput, match="sets bytes"):
        with_about(KNOWN, {"components": {"weights": {"bytes": 8}}})


def test_data_that_is_not_recorded_is_named():
    with pytest.raises(BadInput, match="validation"):
        with_about(KNOWN, {"data_sources": {"validation": {"version": "1"}}})


def test_data_about_nobody_needs_no_impact_assessment():
    paths = {gap.path for gap in missing(with_about(KNOWN, {"data_sources": {"all": {"sensitivity": ["none"]}}}))}
    assert "governance.pia_ref" not in paths
    assert "governance.pia_ref" in {gap.path for gap in missing(with_about(KNOWN, {}))}


def test_each_gap_is_a_path_and_a_question():
    gaps = missing(with_about(KNOWN, {}))
    text = as_text(gaps)
    assert all(f"`{gap.path}`: {gap.sentence}" in text for gap in gaps)
    assert as_text(()) == "# Nothing is missing\n"
