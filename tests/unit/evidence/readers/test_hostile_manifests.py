"""Manifest readers on hostile input: a description or a sentence, in bounded time; nothing is built or executed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exeat.errors import BadInput
from exeat.evidence.describe import describe
from exeat.evidence.exporters import export
from exeat.evidence.partial import complete
from exeat.model.manifest import Manifest
from tests.patience import ends
from tests.unit.evidence.corpus.healthy_training import gguf, onnx
from tests.unit.evidence.readers.factories_checkpoints import distributed, opacus_file, sharded
from tests.unit.evidence.readers.factories_readers import (
    BOM,
    CARD,
    CROISSANT,
    DATA,
    LIGHTNING,
    MANIFESTS,
    MLMODEL,
    ODRL,
    RUN,
    SAFETENSORS,
    SIGNATURE,
    made,
    notes,
    safetensors,
    value,
)

if TYPE_CHECKING:
    import random

EXAMPLES = int(os.environ.get("EXEAT_FUZZ_EXAMPLES", "120"))
TRACE = Path("/tmp/exeat-manifest-was-here")
SAMPLES = [
    CARD,
    MLMODEL,
    BOM,
    CROISSANT,
    SAFETENSORS,
    ODRL,
    SIGNATURE,
    LIGHTNING,
    f"{RUN}/meta.yaml",
    "checkpoints/a_good.pt",
]


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """A real file of every format."""
    tmp = tmp_path_factory.mktemp("originals")
    distributed(tmp / "dcp")
    onnx(tmp / "onnx")
    gguf(tmp / "gguf")
    files = [DATA / name for name in SAMPLES] + [tmp / "onnx", tmp / "gguf"]
    files += [tmp / "dcp" / ".metadata", sharded(tmp / "sharded") / "model.safetensors.index.json"]
    files += [opacus_file(tmp / "opacus", [(1.0, 0.1, 5)]), MANIFESTS[0]]
    found = [path.read_bytes() for path in files]
    manifest = Manifest.model_validate_json(MANIFESTS[0].read_bytes())
    return [
        *found,
        *(export(manifest, form) for form in ("hugging-face", "cyclonedx")),
        b"lr: 0.1\nseed: 3\nlayers: [1, 2]\n",
    ]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Bytes of a real file, changed as a broken disk, a careless editor or an attacker would."""
    pieces = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(pieces) or 1)
        what = dice.randrange(6)
        if what == 0:
            pieces[at : at + 1] = bytes([dice.randrange(256)])
        elif what == 1:
            del pieces[at : at + dice.randint(1, 40)]
        elif what == 2:
            pieces[at:at] = pieces[dice.randrange(len(pieces) or 1) :][: dice.randint(1, 60)]
        elif what == 3:
            pieces[at:at] = dice.choice(WORDS)
        elif what == 4:
            del pieces[at:]
        else:
            end = at + dice.randint(1, 12)
            pieces[at:end] = dice.choice(WORDS)
    return bytes(pieces)


WORDS = [
    *(b"null", b"[]", b"{}", b"-1", b"1e999", b"NaN", b"9" * 5000, b'"\\ud800"', b"\xff\xfe", b"\x00", b"[" * 200),
    *(
        b"&a *a",
        b"!!python/object/apply:os.system",
        b"../" * 9,
        b"/etc/passwd",
        b"\x1b[2J",
        b"---\n",
        b": ",
        b"\n- ",
        b'{"a":' * 60,
    ),
    *(b"true", b"]", b"}", b"\x80\x04", b"K\xff.", b"components[x].id", b"exeat:", b"]].", b" #2"),
]


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_a_changed_file_ends_in_a_description_or_a_sentence(originals, number, dice):
    data = mutated(originals[number % len(originals)], dice)
    with ends():
        described = describe([made(data)])
        assert len(described.read) + len(described.reports) + len(described.unread) == 1
        assert all(one.sentence and one.what_to_do for one in described.unread)
        json.dumps(described.merged.document(), default=str)
        for gap in described.merged.gaps:
            assert gap.sentence


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


def replaced(value, at, new):
    """The JSON value with its ``at``-th node replaced."""
    count = 0

    def walk(node):
        nonlocal count
        count += 1
        if count == at:
            return new
        if isinstance(node, dict):
            return {key: walk(part) for key, part in node.items()}
        return [walk(part) for part in node] if isinstance(node, list) else node

    return walk(value)


@pytest.mark.parametrize("sample", [BOM, CROISSANT, ODRL, SIGNATURE, "manifest"])
@settings(max_examples=max(10, EXAMPLES // 6), suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 400), JSON)
def test_any_value_anywhere_in_json_is_survived(sample, at, new):
    path = MANIFESTS[0] if sample == "manifest" else DATA / sample
    described = describe([made(json.dumps(replaced(json.loads(path.read_bytes()), at, new)))])
    assert len(described.read) + len(described.reports) + len(described.unread) == 1
    assert isinstance(described.merged.gaps, tuple)


@pytest.mark.parametrize("sample", [CARD, MLMODEL])
@settings(max_examples=max(10, EXAMPLES // 6), suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 60), JSON)
def test_any_value_anywhere_in_yaml_is_survived(sample, at, new):
    text = (DATA / sample).read_text()
    front = text.split("---\n")[1] if text.startswith("---") else text
    changed = yaml.safe_dump(replaced(yaml.safe_load(front), at, new))
    described = describe([made(f"---\n{changed}---\nbody\n" if text.startswith("---") else changed)])
    assert len(described.read) + len(described.reports) + len(described.unread) == 1
    assert isinstance(described.merged.gaps, tuple)


ALIASES = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{c}: &{c} [{','.join([f'*{p}'] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)
REFUSED = {
    "yaml aliases": (f"---\nlicense: mit\n{ALIASES}---\n", "more than 100,000 nodes"),
    "yaml depth": ("---\nlicense: mit\nx: " + "[" * 5000 + "\n---\n", "nested deeper"),
    "yaml twice": ("---\nlicense: mit\nlicense: x\n---\n", "stands twice"),
    "yaml size": ("---\nlicense: mit\nx: " + "y" * 2**20 + "\n---\n", "more than 1,048,576 bytes"),
    "yaml documents": ("lr: 1\n---\nlr: 2\n", "several YAML documents"),
    "json depth": ('{"bomFormat": "CycloneDX", "x": ' + "[" * 100_000, "nested deeper|not valid JSON"),
    "json twice": ('{"schema": "exeat-manifest/1", "title": "a", "title": "b"}', "stands twice"),
    "bom without model": ('{"bomFormat": "CycloneDX", "components": []}', "describes no machine-learning model"),
    "index of nothing": ('{"weight_map": {}}', "names no shard"),
    "header too long": ((2**40).to_bytes(8, "little") + b'{"a"', "not a format|header"),
    "header cut": ((5000).to_bytes(8, "little") + b'{"a": ', "header"),
    "shape of 2^60": (safetensors(tensors={"w": {"dtype": "F32", "shape": [2**60], "data_offsets": [0, 8]}}), "w"),
    "payload no base64": (
        '{"dsseEnvelope": {"payloadType": "application/vnd.in-toto+json", "payload": "%"}}',
        "not Base64",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why_at_once(name):
    data, sentence = REFUSED[name]
    with ends():
        (unread,) = describe([made(data)]).unread
        assert any(words in unread.sentence for words in sentence.split("|")), unread


def test_an_object_in_yaml_is_named_and_not_built():
    card = f"---\nlicense: !!python/object/apply:pathlib.Path.touch [{TRACE}]\nx: !!python/name:os.system\n---\n"
    assert "a Python object (python/object/apply:pathlib.Path.touch)" in notes(made(card))
    assert not TRACE.exists()


class Runs:
    def __reduce__(self):
        return (Path.touch, (TRACE,))


@pytest.mark.parametrize("key", ["hyper_parameters", "state_dict", "callbacks", "epoch"])
def test_a_checkpoint_that_would_run_code_is_described_and_does_not(tmp_path, key):
    path = tmp_path / "x"
    torch.save({"epoch": 1, "global_step": 2, "pytorch-lightning_version": "2", "state_dict": {}, key: Runs()}, path)
    described = describe([made(path.read_bytes())])
    assert described.read == (("file-17", "a PyTorch Lightning checkpoint"),)
    assert "exeat inspect says more" in notes(made(path.read_bytes()))
    assert not TRACE.exists()


OUTSIDE = ["/etc/passwd", "../secret", "a/../../b", "C:\\x", "\\\\server\\share", "file:///x", ""]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_list_cannot_lead_out_of_the_folder(name):
    bom = json.loads((DATA / BOM).read_bytes())
    bom["components"][0]["name"] = name
    document = describe([made(bom)]).merged.document()
    assert [part["path"] for part in document["components"]] == ["diagnostics.parquet"]


def test_a_name_cannot_become_a_path_of_the_manifest():
    block = {"schema": "exeat-manifest/1", "hyperparameters": {"a].b[c": 1, "x" * 999: 2}, "dp": {"a.b": 1, "[": 2}}
    merged = describe([made(block)]).merged
    assert set(merged.document().get("hyperparameters", {})) <= {"a).b(c", "x" * 200}
    assert "is not a path of a manifest" in notes(made(block)) or "a.b" in str(merged.document())


def test_too_many_files_and_facts_are_refused():
    with pytest.raises(BadInput, match="files are too many"):
        describe([made(b"x")] * 5001)
    many = {"schema": "exeat-manifest/1", "hyperparameters": {f"k{i}": i for i in range(5000)}}
    with pytest.raises(BadInput, match="facts"):
        describe([made(many, f"{i}") for i in range(11)])


def test_what_a_stranger_typed_is_judged_as_strictly_as_a_file():
    merged = describe([made(json.loads(MANIFESTS[0].read_bytes()))]).merged
    for path, answer in {"epoch": -1, "intended_tier": "T9", "title": "a\nb", "contact": "x" * 301}.items():
        answered = merged.with_answers({path: answer})
        assert [gap.path for gap in answered.gaps] == [path]
        with pytest.raises(BadInput):
            complete(answered)


def test_a_figure_is_never_guessed():
    figures = "    - {type: accuracy, value: 86.1}\n    - {type: f1, value: high}\n"
    card = f"---\nmodel-index:\n- results:\n  - metrics:\n{figures}---\n"
    assert value("metrics[unknown-accuracy].unit", made(card)) is None
    assert "'high' does not fit metrics[unknown-f1].value" in notes(made(card))
