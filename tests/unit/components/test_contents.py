# ruff: noqa: PLC0415 AppTest copies the function into a script of its own, which imports for itself

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from components.charts.contents import Held, contents_alt, contents_table, contents_treemap
from components.charts.palette import FAIL, INFO
from components.dossier_inspection import answer, channels_table, files_table, held, remedies_table
from components.dossier_minimised import Seen, before_after, change_sentence, dropped_table, sentence
from exeat.model.base import digest_of
from exeat.model.inspection import Inspection
from exeat.model.minimisation import Minimisation
from tests.factories import as_bytes, component, manifest

MARKUP = "<b>x</b><a href='https://evil.example'>%{y}</a>$x$"
PARTS = (Held("last.ckpt", "weights", 38_000, 0), Held("last.ckpt", MARKUP, 76_000, 2), Held("b.pt", "weights", 0, 0))


def found(channel="absolute_path", part="hyperparameters", **changes):
    return {
        "channel": channel,
        "part": part,
        "place": "hyper_parameters.path",
        "count": 2,
        "sample": "/m…v",
        "sentence": "It names a path.",
        "remedy": "Minimise the file.",
    } | changes


def inspection(*channels, verdict="clean", **changes):
    parts = [
        {"kind": "weights", "place": "state_dict", "bytes": 38_000, "tensors": 4},
        {"kind": "hyperparameters", "place": "hyper_parameters", "bytes": 500, "tensors": 0},
        {"kind": "hyperparameters", "place": "hparams_name", "bytes": 100, "tensors": 0},
    ]
    document = {
        "schema": "exeat-inspection/1",
        "file": "last.ckpt",
        "bytes": 38_600,
        "format": "torch-zip",
        "verdict": verdict,
        "parts": parts,
        "tensor_count": 4,
        "channels": list(channels),
    } | changes
    return Inspection.model_validate_json(as_bytes(document))


def record(**changes):
    closed = {"channel": "absolute_path", "part": "hyperparameters", "place": "hyper_parameters", "count": 2}
    document = {
        "schema": "exeat-minimisation/1",
        "tool": "exeat minimise",
        "tool_version": "1",
        "source": "last.ckpt",
        "source_format": "torch-zip",
        "source_bytes": 124_364,
        "source_sha256": digest_of(b"s"),
        "output": "model.safetensors",
        "output_bytes": 38_752,
        "output_sha256": digest_of(b"o"),
        "chosen": ["weights"],
        "kept_count": 4,
        "kept_sha256": digest_of(b"k"),
        "dropped": [
            {
                "kind": "optimizer_state",
                "place": "optimizer_states",
                "bytes": 77_000,
                "tensors": 12,
                "reason": "not chosen",
            }
        ],
        "closed": [closed, closed | {"channel": "optimizer_state"}],
        "proof": {"identical": 4, "torch": "same", "torch_version": "2.13.0"},
    } | changes
    return Minimisation.model_validate_json(as_bytes(document))


def test_the_treemap_marks_parts_with_channels_by_word_and_colour():
    (trace,) = contents_treemap(PARTS).data
    assert list(trace.ids) == ["all", "file 0", "file 1", "part 0", "part 1", "part 2"]
    assert list(trace.parents) == ["", "all", "all", "file 0", "file 0", "file 1"]
    assert list(trace.values) == [114_001, 114_000, 1, 38_000, 76_000, 1]
    assert list(trace.marker.colors)[3:] == [INFO, FAIL, INFO]
    assert trace.text[4] == "76 kB · ! 2 leakage channels"
    assert list(contents_treemap(PARTS[:2]).data[0].parents) == ["", "file 0", "file 0"]
    assert "<" not in "".join(trace.labels)
    assert contents_alt(PARTS) == "Bytes by part of 2 files: 114 kB in 3 parts, of which 76 kB carry a leakage channel."
    table = contents_table(PARTS)
    assert list(table["Part"]) == [MARKUP, "weights", "weights"]
    assert list(table["Carries"]) == ["! 2 leakage channels", "no leakage channel", "no leakage channel"]


def files(*ids):
    return manifest(components=[component(component_id=name) for name in ids]).components


def test_the_answer_says_what_would_leave():
    two = files("weights", "state")
    clean, leaky = inspection(), inspection(found(), found("email"))
    assert answer(two, frozenset({"weights"}), {}).startswith("No file of this checkpoint was inspected")
    assert "No leakage channel was found in what would leave" in answer(two, frozenset({"weights"}), {"weights": clean})
    said = answer(two, frozenset({"weights"}), {"weights": leaky})
    assert "2 sorts of leakage channel would leave in weights" in said
    said = answer(two, frozenset({"weights"}), {"weights": clean, "state": leaky})
    assert "staying inside: state" in said


def test_parts_are_added_up_by_kind():
    two = files("weights", "state")
    assert held(two, {"weights": inspection(found(), found("email"))}) == [
        Held("weights (weights.bin)", "weights", 38_000, 0),
        Held("weights (weights.bin)", "hyperparameters", 600, 2),
    ]


def test_the_channel_map_names_carrier_count_and_sample():
    (row,) = channels_table(files("weights"), frozenset({"weights"}), {"weights": inspection(found())}).to_dict(
        "records"
    )
    assert row == {
        "Channel": "absolute path",
        "Carried by": "weights: hyperparameters (hyper_parameters.path)",
        "Leaves": "yes",
        "Count": "2",
        "Sample (masked)": "/m…v",
    }


def test_each_remedy_stands_once_with_the_channels_that_it_closes():
    seen = {"weights": inspection(found(), found("email"), found("date", remedy="Leave dates out."))}
    assert remedies_table(files("weights"), seen).to_dict("records") == [
        {"Channel": "absolute path and e-mail address", "Remedy": "Minimise the file."},
        {"Channel": "date", "Remedy": "Leave dates out."},
    ]


@pytest.mark.parametrize(
    ("verdict", "word"), [("clean", "✓ clean"), ("unsafe", "✕ unsafe"), ("unreadable", "◇ unreadable")]
)
def test_each_file_has_its_verdict(verdict, word):
    (row,) = files_table(files("weights"), frozenset(), {"weights": inspection(verdict=verdict)}).to_dict("records")
    assert (row["Inspection"], row["Leaves"], row["Size"]) == (word, "no", "38.6 kB")


NOBODY = Seen()
BOTH = Seen("both", inspection(found(), found("email")), inspection(), "state")


def test_before_and_after_a_minimisation():
    rows = before_after(record(), BOTH).to_dict("records")
    assert [(row["Before"], row["After"]) for row in rows] == [
        ("124 kB", "38.8 kB"),
        ("4", "4"),
        ("absolute path and e-mail address", "none"),
    ]
    assert "by our own inspections: 2 sorts closed, none left" in sentence("weights", record(), BOTH)
    assert list(dropped_table(record())["Why"]) == ["not chosen"]


def test_what_nobody_compared_is_told_as_the_word_of_the_record():
    """A record may say anything: it is the uploader's."""
    rows = before_after(record(), NOBODY).to_dict("records")
    assert [(row["Before"], row["After"]) for row in rows] == [
        ("124 kB (says the record)", "38.8 kB (says the record)"),
        ("16 (says the record)", "4 (says the record)"),
        ("absolute path and optimizer state (says the record)", "none (says the record)"),
    ]
    parts = sentence("weights", record(), NOBODY).split(". ")
    assert len(parts) == 3
    assert all("the record says" in part.lower() for part in parts), parts
    assert "The record says" in change_sentence(record(change=CHANGE), NOBODY)


@pytest.mark.parametrize(
    ("checked", "fact", "told"),
    [
        ("both", "weights is 38.8 kB of the 124 kB of last.ckpt (its name in the record): 1 tensor, 1 of them", ""),
        ("output", "weights is 38.8 kB: 1 tensor.", "The record says that it was 124 kB as last.ckpt, and 1 of them"),
        ("no-file", "", "The record says that weights is 38.8 kB of the 124 kB"),
    ],
)
def test_a_fact_is_what_was_compared_here(checked, fact, told):
    one = {"name": "w", "part": "weights", "dtype": "F32", "shape": [1], "bytes": 4, "sha256": digest_of(b"w")}
    about = record(kept=[one], kept_count=1, proof={"identical": 1, "torch": "same", "torch_version": "9.9"})
    said = sentence("weights", about, Seen(checked))
    assert fact in said
    assert told in said
    assert "The record says that torch 9.9 reads the same bytes" in said
    assert "as the record says: 2 sorts closed, none left" in said


def test_tensors_that_a_record_does_not_list_were_not_compared():
    said = sentence("weights", record(), Seen("both"))
    assert "the 0 that the record lists were compared here. The record says 4 of them bit-identical" in said


def test_what_our_own_inspection_finds_outweighs_what_the_record_says():
    after = inspection(found("email", "weights"))
    only = Seen("output", None, after)
    assert "e-mail address left, by our own inspection; the record says 2 sorts closed" in sentence(
        "weights", record(), only
    )
    named = Seen("output", inspection(found("date")), after)
    assert "the record says 2 sorts closed" in sentence("weights", record(), named)
    both = before_after(record(), Seen("both", inspection(found("date")), after))
    assert both.iloc[2].to_list()[1:] == ["date", "e-mail address"]


def test_torch_that_did_not_confirm_the_bytes_is_not_said_to_be_unasked():
    said = sentence("weights", record(proof={"identical": 4, "torch": "not asked", "why_not": "It cannot."}), BOTH)
    assert "torch has not confirmed it: It cannot." in said
    assert "was not asked" not in said


CHANGE = {"dtype": "F16", "tensors": 4, "max_abs_difference": "0.000488"}


def test_a_change_of_type_is_said():
    assert change_sentence(record(), BOTH) == ""
    said = "Changed: 4 tensors to F16. The record says that the largest difference is 0.000488."
    assert change_sentence(record(change=CHANGE), BOTH) == said


def drawn(text):
    from types import SimpleNamespace

    from components.dossier_inspection import show_contents
    from exeat.policy.contents import Contents
    from tests.factories import component, manifest, proposal
    from tests.unit.components.test_contents import found, inspection, record

    seen = inspection(
        found(sample=text, place=text, remedy=text),
        verdict="unsafe",
        findings=[{"code": "x", "verdict": "unsafe", "sentence": text, "what_to_do": text, "place": text}],
    )
    about = manifest(components=[component(path="a.bin"), component(component_id="other", path="b.bin")])
    contents = Contents({"weights": seen}, {}, {"weights": record(source=text, notes=[text])})
    show_contents(SimpleNamespace(manifest=about, proposal=proposal(), contents=contents))


def test_no_text_of_a_file_is_markup():
    hostile = "<b>evil</b> **bold** :smile: [l](https://evil.example) :material/home: $x$"
    test = AppTest.from_function(drawn, kwargs={"text": hostile}, default_timeout=30).run()
    assert not test.exception
    said = [e.value for kind in ("markdown", "caption", "info", "subheader") for e in getattr(test, kind)]
    said += [e.label for e in test.expander] + [cell for t in test.table for cell in t.value.to_numpy().ravel()]
    evil = [text for text in map(str, said) if "evil" in text]
    assert len(evil) > 5
    for text in evil:
        assert "<b>" not in text
        assert "**bold**" not in text
        assert ":smile:" not in text
        assert "https://" not in text.replace("\\", "")
    assert any("Not inspected: other" in text.replace("\\", "") for text in said)
