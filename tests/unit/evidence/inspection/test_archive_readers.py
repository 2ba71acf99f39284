"""An archive that passes is the same for every reader: ours, Python's and torch's, over thousands of damaged ones."""

from __future__ import annotations

import contextlib
import io
import random
import zipfile

import torch

from exeat.evidence.inspection.archive import CENTRAL, DESCRIPTOR, END, LOCAL, read_archive, unpack
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.opened import Opened
from exeat.evidence.inspection.streams import Judge
from exeat.evidence.inspection.window import Window
from tests.unit.evidence.corpus.shape import Mark
from tests.unit.evidence.corpus.zips import GOOD, ROWS, checkpoint, pack

SIGNATURES = (LOCAL, CENTRAL, END, DESCRIPTOR)


def ours(path, size):
    """The members by name, or None where the archive does not pass."""
    judge = Judge(Opened("zip", size), DEFAULT)
    with Window(path) as window:
        found = {entry.name: unpack(window, entry, 2**20) for entry in read_archive(window, judge)}
    return None if judge.opened.problems or None in found.values() else found


def of_python(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def of_torch(data):
    """The same without the folder that torch leaves out; None where torch refuses the archive."""
    with contextlib.suppress(RuntimeError, UnicodeDecodeError):
        reader = torch._C.PyTorchFileReader(io.BytesIO(data))
        return {name: bytes(reader.get_record(name)) for name in reader.get_all_records()}
    return None


def seeds():
    out = io.BytesIO()
    torch.save({"w": torch.ones(3)}, out)
    return [out.getvalue(), pack(checkpoint(GOOD)), pack(checkpoint(GOOD), zipfile.ZIP_DEFLATED)] * 4 + [
        make(Mark("/nowhere")) for *_, make, _ in ROWS
    ]


def damaged(chance, seed):
    """The archive with one to three bytes changed, mostly in its headers, or a few put in or left out."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 3)):
        at, kind = chance.randrange(len(data)), chance.randrange(10)
        starts = [i for i in range(len(data) - 4) if bytes(data[i : i + 4]) in SIGNATURES]
        if kind < 7 and starts:
            at = min(len(data) - 1, chance.choice(starts) + chance.randrange(60))
        if kind < 8:
            data[at] = chance.choice((0, 1, 255, chance.randrange(256)))
        elif kind == 8:
            data[at:at] = chance.randbytes(chance.randint(1, 30))
        else:
            del data[at : at + chance.randint(1, 20)]
    return bytes(data)


def test_every_reader_sees_the_members_that_we_see(tmp_path):
    chance, start, path = random.Random(5), seeds(), tmp_path / "file"  # noqa: S311 no secret
    passed = read_by_torch = 0
    for number in range(3000):
        data = damaged(chance, start[number % len(start)])
        path.write_bytes(data)
        found = ours(path, len(data))
        if found is None:
            continue
        passed += 1
        assert of_python(data) == found
        theirs = of_torch(data)
        if theirs is not None:
            read_by_torch += 1
            assert theirs == {name.split("/", 1)[1]: part for name, part in found.items() if "/" in name}
    assert passed > 50
    assert read_by_torch > 30
