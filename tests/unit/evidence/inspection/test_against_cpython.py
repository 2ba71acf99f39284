"""What the walk passes asks CPython's unpicklers for allowed names only: thousands of damaged and crafted streams."""

from __future__ import annotations

import contextlib
import io
import pickle
import random
import zipfile

import pytest
import torch

from exeat.evidence.inspection.allowed import ALLOWED, translate
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.opened import Opened
from exeat.evidence.inspection.streams import Judge
from tests.unit.evidence.corpus.shape import Mark
from tests.unit.evidence.corpus.streams import ROWS

BASES = {"c": pickle.Unpickler, "python": pickle._Unpickler}


class Stub:
    """Stands for whatever a stream asks for, and lets everything be done to it."""

    def __init__(self, *args, **kwargs):
        """Take anything."""

    def __call__(self, *args, **kwargs):
        return self

    def __setstate__(self, state):
        """Take anything."""

    def __hash__(self):
        return 1

    append = extend = add = update = __setitem__ = __call__


def names_asked(base, data):
    """The names that an unpickler looks up before it ends or fails; none of them is looked up for real."""
    asked = set()

    class Recorder(base):
        def find_class(self, module, name):
            asked.add(".".join(translate(module, name)))
            return Stub

        def persistent_load(self, _id):
            return Stub()

    for stream in (io.BytesIO(data), io.BufferedReader(io.BytesIO(data))):  # C reads ahead only where it can peek
        with contextlib.suppress(Exception):
            Recorder(stream).load()
    return asked


def passes(data):
    opened = Opened("pickle", len(data))
    Judge(opened, DEFAULT).pickle(data, "pickle")
    return not opened.problems


def torch_pickle():
    out = io.BytesIO()
    layer = torch.nn.Linear(2, 3)
    torch.save({"model": layer.state_dict(), "lr": 0.1, "layers": [1, (2, "x")], "raw": b"abc"}, out)
    with zipfile.ZipFile(out) as archive:
        return archive.read("archive/data.pkl")


def seeds():
    mark = Mark("/nowhere")
    plain = [pickle.dumps({"a": [1, (2.5, "x")], "b": {3}, "c": 2**70}, protocol) for protocol in range(6)]
    return [torch_pickle()] * 8 + plain + [data for *_, make, _ in ROWS if len(data := make(mark)) < 3000]


SPLICED = (
    b"cposix\nsystem\n",
    b"\x93",
    b"R",
    b"\x94",
    b"h\x00",
    b"q\x00",
    b"0",
    b"2",
    b"(",
    b"t",
    b"b",
    b"\x81",
    b"i",
    b".",
    b"\x95\x05\x00\x00\x00\x00\x00\x00\x00",
    b"\x95\x20\x00\x00\x00\x00\x00\x00\x00",
)


def mutated(chance, seed, others):
    data = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0 if data:
                data[at % len(data)] = chance.randrange(256)
            case 1:
                data[at:at] = chance.choice(SPLICED)
            case 2:
                del data[at : at + chance.randint(1, 8)]
            case _:
                other = chance.choice(others)
                data[at:at] = other[chance.randrange(len(other)) :][: chance.randint(1, 60)]
    return bytes(data)


@pytest.mark.parametrize("base", BASES)
def test_a_stream_that_passes_asks_for_allowed_names_only(base):
    chance, start = random.Random(11), seeds()  # noqa: S311 no secret
    passed = foreign = 0
    for number in range(6000):
        data = mutated(chance, start[number % len(start)], start)
        if passes(data):
            passed += 1
            assert names_asked(BASES[base], data) <= ALLOWED, data
        else:  # C reserves memory for any memo index, which is one of the reasons to refuse a stream
            foreign += not names_asked(BASES["python"], data) <= ALLOWED
    assert passed > 100, "the streams are not all broken"
    assert foreign > 1000, "and many of them are hostile"
