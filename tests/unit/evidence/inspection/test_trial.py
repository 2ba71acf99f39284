"""The loosest reading misses nothing that any unpickler would run, and takes weights and texts for what they are."""

from __future__ import annotations

import contextlib
import io
import pickle
import random
import resource
import struct
from pathlib import Path

import pytest

from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.pickle_walk import Budget, Walk
from exeat.evidence.inspection.trial import Held, may_import, try_pickle
from tests.unit.evidence.corpus.opcodes import Call, Glob, stream
from tests.unit.evidence.corpus.polyglots import safetensors_and_pickle
from tests.unit.evidence.inspection.factories_formats import seen
from tests.unit.evidence.inspection.test_against_cpython import mutated, seeds

RUN = b"cposix\nsystem\n(S'true'\ntR."
ODD = (
    b"I010\n",
    b"I5\x00x\n",
    b"L7\x00L\n",
    b"F nan\n",
    b"F1e3\x00\n",
    rb"S'\q'" + b"\n",
    b"S'a\n",
    b"Va\\u12\n",
    b"p7\n",
    b"g7\n",
    b"p7\x00x\n",
    b"\x95\x03\x00\x00\x00\x00\x00\x00\x00",
    b"\x95\x04\x00\x00\x00\x00\x00\x00\x00",
    b"\x95\xff\x00\x00\x00\x00\x00\x00\x00",
    b"Ip\n",
)


def runs(base, data):
    """Whether an unpickler makes or calls anything that it imported."""
    used = []

    class Stub:
        def __new__(cls, *args, **kwargs):
            used.append((args, kwargs))
            return object.__new__(cls)

        def __init__(self, *args, **kwargs):
            """Take anything."""

    class Recorder(base):
        def find_class(self, _module, _name):
            return Stub

        def persistent_load(self, _id):
            return "storage"

    for file in (io.BytesIO(data), io.BufferedReader(io.BytesIO(data))):
        with contextlib.suppress(Exception):
            Recorder(file).load()
    return bool(used)


def tried(data, most=2**20):
    return try_pickle(Held(data), 0, most)


@contextlib.contextmanager
def little_memory():
    """Let a memo index of billions fail instead of filling the machine: 256 MiB above what is used now."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**28, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_whatever_an_unpickler_runs_the_trial_sees():
    chance, start = random.Random(12), [*seeds(), RUN]  # noqa: S311 no secret
    ran = missed_by_the_walk = 0
    for number in range(6000):
        data = bytearray(mutated(chance, start[number % len(start)], start))
        for _ in range(chance.randint(0, 2)):
            data[(at := chance.randrange(min(len(data), 20) + 1)) : at] = chance.choice(ODD)
        data = bytes(data)
        with little_memory():
            used = runs(pickle._Unpickler, data) or runs(pickle.Unpickler, data)
        if used:
            ran += 1
            assert tried(data).at is not None, data
            missed_by_the_walk += not Walk(data, 0, Budget(DEFAULT)).run().globals
    assert ran > 300
    assert missed_by_the_walk > 10, "the trial is looser than the walk"


@pytest.mark.parametrize(
    "before",
    [
        b"(" * 100_000,
        b"N" * 100_000,
        b"Nr" + struct.pack("<I", 2**32 - 1) + b"0",
        b"Np99999999999\n0",
        b"\x95" + b"\xff" * 8,
        b"X" + struct.pack("<I", 2**22) + b"\x00" * 2**22 + b"0",
        b"V" + b"x" * 2**20 + b"\n0",
        b"S'" + b"x" * 2**20 + b"'\n0",
        b"I" + b" " * 2**17 + b"5\n0",
        b"N." * 50,
        b"L" + b"9" * 5000 + b"L\n0",
    ],
)
def test_nothing_before_it_hides_the_payload(before):
    assert tried(before + RUN).at is not None
    assert tried(before + RUN[:-2]).at is None, "but for the call itself"


def test_a_pickle_that_imports_by_number_or_by_what_another_reader_hands_out_is_seen():
    assert tried(b"\x82\x07)R.").at is not None
    assert tried(b"N0(NtQ\x8c\x06system\x93)R.").at is not None


def test_a_cap_counts_only_where_an_import_could_follow():
    assert tried(b"N" * 1000, most=100).at is None
    assert tried(b"N" * 1000 + RUN, most=100).at is not None
    assert not may_import(Held(b"\x00" * 2**18), 5)
    assert may_import(Held(b"\x00" * 2**18 + b"\x93"), 5)


@pytest.mark.parametrize(
    "data",
    [
        b"cat\ndog\nfox\n",
        b"Some text.\nIt is in lines.\n",
        b"I am here\nFor now\n",
        b"1,2,3\n4,5,6\n",
        b"\x80\x3f" * 500,
        b"(" * 4096,
        b"",
        b"X",
        b"c",
    ],
)
def test_texts_and_numbers_are_no_pickles(data):
    assert tried(data).at is None


def test_random_weights_are_no_pickles():
    chance = random.Random(3)  # noqa: S311 no secret
    assert not any(tried(chance.randbytes(400)).at is not None for _ in range(20_000))


def test_a_payload_beyond_what_is_read_of_a_pickle_is_found(tmp_path):
    size = DEFAULT.pickle_bytes + 100
    payload = b"B" + struct.pack("<I", size) + b"\x00" * size + b"0" + RUN
    found = {problem.code for problem in seen(tmp_path / "x", safetensors_and_pickle(payload)).problems}
    assert {"hidden-pickle", "two-formats"} <= found


def test_a_pickle_of_which_only_the_beginning_is_read_is_unsafe_where_it_runs_later(tmp_path):
    size = DEFAULT.pickle_bytes
    long = b"B" + struct.pack("<I", size) + b"\x00" * size + b"0"
    for after, verdict in ((RUN, "unsafe"), (b"N.", "unreadable")):
        found = seen(tmp_path / "x", long + after)
        assert {problem.verdict for problem in found.problems} >= {verdict}
        assert ("unsafe" in {problem.verdict for problem in found.problems}) == (verdict == "unsafe")


def test_a_name_that_ends_with_the_file_is_one(tmp_path):
    found = seen(tmp_path / "x", b"(S'true'\niposix\nsystem#")
    assert "dangerous-global" in {problem.code for problem in found.problems}


def test_a_pickle_in_a_string_of_a_pickle_hides_behind_nothing(tmp_path):
    inner = b"\x80\x02" + b"(" * 250 + RUN
    found = seen(tmp_path / "x", stream({"state": inner}, 4)).problems
    assert "nested-pickle" in {problem.code for problem in found}


def test_a_call_in_a_long_pickle_costs_no_more_than_the_cap():
    long = b"]" * 3000 + stream(Call(Glob("posix", "system"), ("true",)), 0)
    assert tried(long, most=2000).cost == 2000
