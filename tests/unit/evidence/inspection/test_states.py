"""What a pickle sets on an object after it has made it never replaces the values that the inspection shows."""

from __future__ import annotations

import inspect
import io
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch

from exeat.evidence.inspection import open_checkpoint
from exeat.evidence.inspection.states import OF_TENSORS
from tests.unit.evidence.corpus.opcodes import Call, Glob, emit, proto
from tests.unit.evidence.corpus.zips import pack

SHOWN, LOADED = torch.zeros(4), torch.full((4,), 7.0)
REFUSED = {"odd-state", "refused-arguments"}


class Made:
    """Pickles as whatever call a test wants."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return self.parts


def plain():
    return SHOWN._typed_storage(), 0, (4,), (1,), False, OrderedDict()


def rebuilt(state):
    return Made(torch._utils._rebuild_tensor_v2, plain(), state)


def with_state(state):
    return Made(torch._utils._rebuild_parameter_with_state, (SHOWN, False, OrderedDict(), state))


def from_type(func, args, state, kind=torch.Tensor):
    return Made(torch._tensor._rebuild_from_type_v2, (func, kind, args, state))


def codes(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)
    with open_checkpoint(path) as opened:
        return {problem.code for problem in opened.problems}


def saved(value):
    out = io.BytesIO()
    torch.save({"w": value}, out)
    return out.getvalue()


REPLACED = {
    "build of a tensor": lambda: rebuilt((LOADED, None, OrderedDict(), False, None)),
    "build of a tensor, storage": lambda: rebuilt((LOADED._typed_storage(), 0, (4,), (1,))),
    "data of a parameter": lambda: with_state({"data": LOADED}),
    "data of a type": lambda: from_type(torch._utils._rebuild_tensor_v2, plain(), {"data": LOADED}),
    "data in slots": lambda: with_state((None, {"data": LOADED})),
    "data, one call deeper": lambda: from_type(
        torch._utils._rebuild_parameter_with_state, (SHOWN, False, OrderedDict(), {"data": LOADED}), None
    ),
    "build of a parameter": lambda: Made(torch.nn.Parameter, (SHOWN,), (LOADED, None, OrderedDict(), False, None)),
}


@pytest.mark.parametrize("name", REPLACED)
def test_values_that_loading_would_replace_are_refused(tmp_path, name):
    data = saved(REPLACED[name]())
    assert codes(tmp_path, data) & REFUSED
    loaded = torch.load(io.BytesIO(data), weights_only=False)["w"]
    assert torch.equal(loaded.detach(), LOADED)


@pytest.mark.parametrize(
    "state",
    [
        {"grad": LOADED},
        {"__class__": torch.Tensor},
        {"real": LOADED},
        {"detach": torch.Size},
        {"_backward_hooks": OrderedDict()},
        {1: 2},
    ],
)
def test_attributes_that_torch_knows_and_functions_are_refused(tmp_path, state):
    assert "refused-arguments" in codes(tmp_path, saved(with_state(state)))


def test_hooks_are_refused(tmp_path):
    hooks = Made(torch._utils._rebuild_parameter, (SHOWN, False, OrderedDict({0: 1})))
    assert "refused-arguments" in codes(tmp_path, saved(hooks))


def test_every_attribute_that_torch_computes_is_known():
    for kind in (torch.Tensor, torch.nn.Parameter):
        found = {name for name in dir(kind) if hasattr(inspect.getattr_static(kind, name), "__set__")}
        assert {name for name in found if not name.startswith("__")} <= OF_TENSORS


def test_a_dict_that_hides_its_own_items_is_refused(tmp_path):
    hidden = Made(OrderedDict, (), {"items": torch.Size}, None, iter([("w", SHOWN)]))
    assert "odd-state" in codes(tmp_path, saved(hidden))
    assert codes(tmp_path, saved(torch.nn.Linear(2, 2).state_dict())) == set()


def test_changes_after_the_call_do_not_change_what_is_shown(tmp_path):
    """A list of sizes may grow after torch has read it; torch writes tuples."""
    made = Made(torch._utils._rebuild_tensor_v2, (SHOWN._typed_storage(), 0, [4], (1,), False, OrderedDict()))
    assert "odd-tensor" in codes(tmp_path, saved(made))


def test_a_tensor_that_is_made_and_dropped_is_refused(tmp_path):
    again = Made(OrderedDict, (), None, None, iter([("w", SHOWN), ("w", LOADED)]))
    assert "odd-tensor" in codes(tmp_path, saved(again))


@pytest.mark.parametrize(("kind", "found"), [(torch.float32, set()), (torch.float16, {"odd-tensor"})])
def test_a_tensor_of_a_device_has_the_type_that_is_shown(tmp_path, kind, found):
    """Otherwise torch converts the numbers when it moves them."""
    made = Made(torch._utils._rebuild_device_tensor_from_cpu_tensor, (SHOWN, kind, "cpu", False))
    assert codes(tmp_path, saved(made)) == found


def test_one_storage_has_one_type(tmp_path):
    """torch reads both tensors with the type that it meets first."""
    values = torch.ones(2)
    both = OrderedDict(w=values, x=torch.tensor([2**30 + 5, 7], dtype=torch.int32))
    out = io.BytesIO()
    torch.save(both, out)
    data = out.getvalue()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist() if not name.endswith("data/1")]
    members = [(n, d.replace(b"X\x01\x00\x00\x001", b"X\x01\x00\x00\x000")) for n, d in members]
    mixed = pack(members)
    assert codes(tmp_path, data) == set()
    assert torch.load(io.BytesIO(mixed), weights_only=True)["x"].dtype is torch.float32
    assert "storage-contradiction" in codes(tmp_path, mixed)


@pytest.mark.parametrize("new", [True, False])
def test_a_storage_that_no_tensor_shows_is_told(tmp_path, new):
    path = tmp_path / "file"
    torch.save({"w": SHOWN, "more": LOADED.untyped_storage()}, path, _use_new_zipfile_serialization=new)
    with open_checkpoint(path) as opened:
        assert [member.bytes for member in opened.unlisted] == [16]
        assert opened.problems == []


def test_metadata_that_torch_does_not_know_is_refused(tmp_path):
    assert "odd-tensor" in codes(tmp_path, saved(Made(torch._utils._rebuild_tensor_v2, (*plain(), {"other": True}))))


def test_what_torch_itself_writes_passes(tmp_path):
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter._is_hf_initialized = True
    parameter.scale = torch.ones(1)
    assert codes(tmp_path, saved(parameter)) == set()
    old = Made(torch.nn.Parameter, (SHOWN, True), (True, False, OrderedDict()))  # torch 0.3
    assert codes(tmp_path, saved(old)) == set()
    assert codes(tmp_path, saved(torch.ones(2, dtype=torch.complex64).conj())) == set()


@pytest.mark.parametrize("name", ["torch.FloatTensor", "torch.Tensor"])
def test_tensors_are_made_by_rebuild_functions_only(tmp_path, name):
    made = Call(Glob(*name.split(".")), ([1, 2],))
    assert "refused-arguments" in codes(tmp_path, proto(4) + emit(made) + b".")


@pytest.mark.parametrize("made", [b"\x81", b"}\x92"])
def test_a_dict_that_runs_no_constructor_is_refused(tmp_path, made):
    """It stays empty when it is loaded."""
    data = proto(4) + emit(Glob("collections", "OrderedDict")) + emit(([("w", 1)],)) + made + b"."
    assert pickle.loads(data) == {}  # noqa: S301 our own bytes
    assert "refused-arguments" in codes(tmp_path, data)


MESH = "torch.distributed.device_mesh"


def test_device_meshes_are_made_without_their_constructor(tmp_path):
    """The constructor joins a process group, over the network."""
    called = proto(4) + emit(Call(Glob(MESH, "DeviceMesh"), ("cpu", [0]))) + b"."
    assert "refused-arguments" in codes(tmp_path, called)
    made = proto(4) + emit(Glob(MESH, "DeviceMesh")) + b")\x81" + emit({"_rank": 0}) + b"b."
    assert codes(tmp_path, made) == set()
    with_slots = proto(4) + emit(Glob(MESH, "DeviceMesh")) + b")\x81" + emit((None, {"_rank": 0})) + b"b."
    assert "odd-state" in codes(tmp_path, with_slots)


def numpy_type(name, *state):
    kind = emit(Call(Glob("numpy", "dtype"), (name, False, True))) + emit(tuple(state)) + b"b"
    array = emit(Call(Glob("numpy._core.multiarray", "_reconstruct"), (Glob("numpy", "ndarray"), (0,), b"b")))
    return proto(4) + array + b"(" + emit(1) + emit((2,)) + kind + emit(False) + emit(b"A" * 16) + b"tb."


@pytest.mark.parametrize(
    "parts",
    [
        ("f8", 3, "<", None, None, None, -1, -1, 0x3F),
        ("f8", 3, "<", None, None, None, 8, 8, 0),
        ("V8", 3, "|", None, None, None, 8, 1, 0x3F),
        ("V8", 3, "|", None, None, None, 8, 1, 1),
        ("V8", 3, "|", None, None, None, 2**31 - 1, 1, 0),
        ("S8", 3, "|", None, None, None, -8, 1, 0),
        ("U4", 3, "<", None, None, None, 7, 1, 0),
        ("f8", 3, "<", None, None, None, -1, -1, 0, (None, (b"ns", 1, 1, 1))),
        ("M8", 4, "<", None, None, None, -1, -1, 0, ({"a": 1}, (b"ns", 1, 1, 1))),
        ("f8", 3, "john.doe@example.org", None, None, None, -1, -1, 0),
    ],
)
def test_numpy_types_with_sizes_or_flags_of_others_are_refused(tmp_path, parts):
    assert "refused-arguments" in codes(tmp_path, numpy_type(*parts))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "kind", ["f8", "i4", "?", "c16", "f2", "longdouble", "S3", "U4", "V8", ">f8", ">U2", "M8[ns]", "m8[25us]", "M8"]
)
def test_numpy_types_as_numpy_writes_them_pass(tmp_path, kind, protocol):
    values = np.ones(3, dtype=kind)
    assert codes(tmp_path, pickle.dumps([values, values[0]], protocol)) == set()
