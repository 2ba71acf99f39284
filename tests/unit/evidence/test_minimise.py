"""Minimised files: what is kept bit for bit, what is dropped and said, what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from exeat.errors import BadInput, Unsafe
from exeat.evidence.inspection import inspect, open_checkpoint
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.second_opinion import Answer, SecondOpinion
from exeat.evidence.minimise import minimise
from exeat.evidence.proof import prove
from exeat.evidence.selection import Selection, of_components
from exeat.evidence.written import Written
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.inspection import Channel, PartKind, Verdict
from exeat.model.minimisation import Minimisation
from tests.factories import component, manifest

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "evidence" / "checkpoints"
LIGHTNING = SAMPLES / "c_lightning.ckpt"
ALONE = DEFAULT._replace(second_opinion=False)


def saved(folder, value, name="model.pt"):
    path = folder / name
    torch.save(value, path)
    return path


def minimised(path, **choice):
    """The record and the tensors, without asking torch."""
    out = path.parent / "out.safetensors" if os.access(path.parent, os.W_OK) else choice.pop("out")
    record = minimise(path, out, limits=ALONE, **choice)
    return record, load_file(out)


def by_torch(tensor):
    return "sha256:" + hashlib.sha256(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()).hexdigest()


def test_the_lightning_sample_keeps_its_weights_and_no_channel(tmp_path):
    out = tmp_path / "out.safetensors"
    record = minimise(LIGHTNING, out)
    assert record.left == ()
    after = inspect(out)
    assert (after.verdict, after.channels) == (Verdict.CLEAN, ())
    assert {one.channel for one in record.closed} >= {
        Channel.ABSOLUTE_PATH,
        Channel.MEMBER_INDICES,
        Channel.OPTIMIZER_STATE,
    }
    assert (record.source_bytes, record.output_bytes) == (LIGHTNING.stat().st_size, out.stat().st_size)
    assert record.source_sha256 == digest_of(LIGHTNING.read_bytes())
    assert record.output_sha256 == digest_of(out.read_bytes())
    with torch.serialization.safe_globals([type(Path())]):
        weights = torch.load(LIGHTNING, weights_only=True)["state_dict"]
    kept = load_file(out)
    assert {name: by_torch(tensor) for name, tensor in kept.items()} == {
        name: by_torch(tensor) for name, tensor in weights.items()
    }
    assert [(one.name, one.sha256) for one in record.kept] == [(n.name, by_torch(kept[n.name])) for n in record.kept]
    assert record.proof.identical == 4
    assert record.proof.torch == "not asked"
    assert "PosixPath" in record.proof.why_not
    dropped = {part.kind for part in record.dropped}
    assert {PartKind.OPTIMIZER_STATE, PartKind.MEMBER_INDICES, PartKind.HYPERPARAMETERS} <= dropped


def test_where_the_source_passes_torch_reads_the_same_bytes(tmp_path):
    record = minimise(SAMPLES / "a_good.pt", tmp_path / "out.safetensors")
    assert record.proof.torch == "same"
    assert record.proof.torch_version == torch.__version__
    assert record.proof.identical == 4


class Made:
    """Pickles as whatever call a test wants."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return self.parts


def test_a_source_that_torch_does_not_load_is_refused(tmp_path):
    path = saved(tmp_path, {"w": torch.ones(2), "size": Made(torch.Size, (("a",),))})
    assert inspect(path).verdict is Verdict.CLEAN
    with pytest.raises(Unsafe, match="torch could not load it"):
        minimise(path, tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_a_source_of_which_torch_gives_no_answer_is_refused(tmp_path):
    answers = iter([Answer(said=[]), Answer(failed="torch did not finish within 5 seconds")])

    class Silent(SecondOpinion):
        def start(self):
            pass

        def ask_about(self, *_, **__):
            return next(answers)

    path = saved(tmp_path, {"w": torch.ones(2)})
    with open_checkpoint(path) as opened, Silent() as child, pytest.raises(BadInput, match="nobody confirms"):
        prove(opened, [], Written((), 0, ""), child)


def test_values_that_loading_would_replace_are_never_written(tmp_path):
    shown = torch.zeros(4)._typed_storage(), 0, (4,), (1,), False, OrderedDict()
    state = torch.full((4,), 7.0), None, OrderedDict(), False, None
    path = saved(tmp_path, {"w": Made(torch._utils._rebuild_tensor_v2, shown, state)})
    with pytest.raises(Unsafe, match="sets the state"):
        minimise(path, tmp_path / "out.safetensors", limits=ALONE)


def test_the_record_is_a_canonical_document(tmp_path):
    record = minimise(LIGHTNING, tmp_path / "out.safetensors", limits=ALONE)
    assert parse_document(record.to_bytes(), Minimisation) == record
    assert str(tmp_path) not in record.to_bytes().decode()


def test_the_same_source_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        minimise(LIGHTNING, tmp_path / name, limits=ALONE)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_nothing_of_the_source_is_in_the_header(tmp_path):
    path = tmp_path / "meta.safetensors"
    save_file({"w": torch.ones(2)}, path, metadata={"author": "alice@example.org", "run": "/home/alice/run"})
    minimised(path)
    with safe_open(tmp_path / "out.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt"}
    assert b"alice" not in (tmp_path / "out.safetensors").read_bytes()


def test_every_type_and_layout_comes_out_as_torch_reads_it(tmp_path):
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    tensors = {
        "transposed": base.permute(2, 0, 1),
        "slice": base[:, 1, ::2],
        "expanded": torch.tensor([[7.0]]).expand(3, 4),
        "scalar": torch.tensor(3, dtype=torch.int64),
        "empty": torch.empty(0, 5),
        "flag": torch.tensor([True, False]),
        "half": torch.randn(3).half(),
        "brain": torch.randn(3).bfloat16(),
        "double": torch.randn(3).double(),
        "bytes": torch.arange(7, dtype=torch.uint8),
        "complex": torch.randn(3, dtype=torch.complex64),
        "tiny": torch.randn(3).to(torch.float8_e4m3fn),
    }
    record, kept = minimised(saved(tmp_path, tensors))
    assert set(kept) == set(tensors)
    for name, tensor in tensors.items():
        assert kept[name].shape == tensor.shape
        assert kept[name].dtype == tensor.dtype
        assert by_torch(kept[name]) == by_torch(tensor)
    assert record.kept_count == len(tensors)


def test_tied_weights_are_written_out_and_said(tmp_path):
    shared = torch.randn(4, 3)
    record, kept = minimised(saved(tmp_path, {"embed.weight": shared, "head.weight": shared, "bias": torch.ones(3)}))
    assert torch.equal(kept["embed.weight"], kept["head.weight"])
    assert len(record.notes) == 1
    assert "embed.weight, head.weight share bytes" in record.notes[0]


def test_a_view_leaves_the_rest_of_its_storage_behind(tmp_path):
    rows = torch.arange(1000, dtype=torch.float32)
    record, kept = minimised(saved(tmp_path, {"w": rows[10:12]}))
    assert kept["w"].tolist() == [10, 11]
    assert record.output_bytes < 200 < record.source_bytes


def test_a_whole_module_comes_out_under_the_names_of_its_state_dict(tmp_path):
    record = minimise(SAMPLES / "a2_fullmodule.pt", tmp_path / "out.safetensors", limits=ALONE)
    state = torch.load(SAMPLES / "a_good.pt", weights_only=True)
    kept = load_file(tmp_path / "out.safetensors")
    assert {name: by_torch(tensor) for name, tensor in kept.items()} == {
        name: by_torch(tensor) for name, tensor in state.items()
    }
    assert record.kept[0].source.startswith("_modules.")
    assert "__main__.MLP" in record.proof.why_not


def test_parts_and_prefixes_are_chosen(tmp_path):
    both = Selection(frozenset({PartKind.WEIGHTS, PartKind.OPTIMIZER_STATE}))
    record = minimise(LIGHTNING, tmp_path / "both", keep=both, limits=ALONE)
    assert record.kept_count > 4
    assert {one.part for one in record.kept} == {PartKind.WEIGHTS, PartKind.OPTIMIZER_STATE}
    assert Channel.OPTIMIZER_STATE in {one.channel for one in record.left}
    assert Channel.OPTIMIZER_STATE not in {one.channel for one in record.closed}
    first = Selection(prefixes=("state_dict.layers.0",))
    record = minimise(LIGHTNING, tmp_path / "first", keep=first, limits=ALONE)
    assert {one.name for one in record.kept} == {"layers.0.weight", "layers.0.bias"}
    assert any(part.kind is PartKind.WEIGHTS and "begins otherwise" in part.reason for part in record.dropped)


def test_the_proposals_components_say_what_is_kept():
    files = [
        component(),
        component(component_id="state", kind="optimizer_state"),
        component(component_id="log", kind="docs"),
    ]
    about = manifest(components=files)
    assert of_components(about, ["weights", "log"]) == Selection()
    assert of_components(about, ["weights", "state"]).kinds == {PartKind.WEIGHTS, PartKind.OPTIMIZER_STATE}
    with pytest.raises(BadInput, match="made of tensors"):
        of_components(about, ["log"])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_reduced_type_is_a_named_change(tmp_path, dtype):
    tensors = {"w": torch.randn(100) * 3, "steps": torch.tensor([1, 2]), "exact": torch.ones(2)}
    record, kept = minimised(saved(tmp_path, tensors), dtype=dtype)
    assert kept["w"].dtype is getattr(torch, dtype)
    assert torch.equal(kept["w"], tensors["w"].to(getattr(torch, dtype)))
    assert kept["steps"].dtype is torch.int64
    change = record.change
    assert (change.tensors, change.tensor) == (2, "w")
    largest = (kept["w"].double() - tensors["w"].double()).abs().max().item()
    assert float(change.max_abs_difference) == pytest.approx(largest, rel=1e-11)
    assert (record.proof.identical, record.proof.changed) == (1, 2)
    was = next(one.was for one in record.kept if one.name == "w")
    assert (was.dtype, was.bytes, was.sha256) == ("F32", 400, by_torch(tensors["w"]))


def test_without_asking_no_type_changes(tmp_path):
    record, _ = minimised(saved(tmp_path, {"w": torch.randn(3)}))
    assert record.change is None
    assert record.kept[0].was is None
    assert record.proof.changed == 0


@pytest.mark.parametrize("name", ["/home/alice/hospital_A/weight", "alice.smith@nhs.example.org.weight"])
def test_a_name_that_is_a_channel_is_reported_as_left(tmp_path, name):
    record, _ = minimised(saved(tmp_path, {name: torch.ones(2), "plain": torch.ones(2)}))
    assert {one.channel for one in record.left} & {Channel.ABSOLUTE_PATH, Channel.EMAIL}
    assert record.closed == ()


class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/exeat-was-run",)


def test_a_dangerous_source_is_refused_and_nothing_is_written(tmp_path):
    path = saved(tmp_path, {"w": torch.ones(2), "x": Bomb()})
    with pytest.raises(Unsafe, match="system"):
        minimise(path, tmp_path / "out.safetensors")
    assert [one.name for one in tmp_path.iterdir()] == ["model.pt"]


def test_a_damaged_source_is_refused(tmp_path):
    path = tmp_path / "cut.ckpt"
    path.write_bytes(LIGHTNING.read_bytes()[:-500])
    with pytest.raises(BadInput) as refused:
        minimise(path, tmp_path / "out.safetensors")
    assert refused.value.what_to_do
    assert [one.name for one in tmp_path.iterdir()] == ["cut.ckpt"]


def test_a_source_without_the_chosen_tensors_says_what_is_there(tmp_path):
    path = saved(tmp_path, OrderedDict(w=torch.ones(2)))
    with pytest.raises(BadInput, match="No tensor of rng state") as refused:
        minimise(path, tmp_path / "out", keep=Selection(frozenset({PartKind.RNG_STATE})), limits=ALONE)
    assert "1 of weights" in refused.value.what_to_do


def quantised():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (quantised, "quantised"),
        (lambda: torch.ones(3, dtype=torch.complex128), "no type"),
        (lambda: torch.ones(3, dtype=torch.complex64).conj(), "lazy view"),
        (lambda: torch.ones(1).expand(10**7), "room"),
    ],
)
def test_a_tensor_whose_bytes_say_too_little_is_refused(tmp_path, make, why):
    path = saved(tmp_path, {"w": make()})
    with pytest.raises(BadInput, match=why) as refused:
        minimise(path, tmp_path / "out", limits=ALONE)
    assert "minimise" in refused.value.what_to_do
    assert not (tmp_path / "out").exists()


def test_links_are_refused_on_both_sides(tmp_path):
    (tmp_path / "link.ckpt").symlink_to(LIGHTNING)
    with pytest.raises(BadInput, match="symbolic link"):
        minimise(tmp_path / "link.ckpt", tmp_path / "out")
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="already"):
        minimise(LIGHTNING, tmp_path / "out")
    assert not (tmp_path / "elsewhere").exists()


def test_a_second_run_changes_nothing(tmp_path):
    out = tmp_path / "out"
    minimise(LIGHTNING, out, limits=ALONE)
    before = out.read_bytes()
    with pytest.raises(BadInput, match="already"):
        minimise(SAMPLES / "a_good.pt", out, limits=ALONE)
    assert out.read_bytes() == before


def test_a_header_lies_aligned_and_sorted(tmp_path):
    path = saved(
        tmp_path, {"b": torch.ones(3), "a": torch.ones(3), "z": torch.ones(2).double(), "c": torch.ones(1).half()}
    )
    minimised(path)
    data = (tmp_path / "out.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    table = json.loads(data[8 : 8 + length])
    assert length % 8 == 0
    assert list(table) == ["__metadata__", "z", "a", "b", "c"]
    assert [table[name]["data_offsets"][0] for name in ("z", "a", "b", "c")] == [0, 16, 28, 40]
