"""The zip directory is read by our own code, and nothing that two readers could see differently passes."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib

import numpy as np
import pytest
import torch

from exeat.evidence.inspection.archive import END64, LOCATOR64, read_archive, unpack
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.opened import Opened
from exeat.evidence.inspection.streams import Judge
from exeat.evidence.inspection.window import Window
from tests.unit.evidence.corpus.zips import CENTRAL, END, LOCAL, pack, patch

MEMBERS = [("a/data.pkl", b"N."), ("a/data/0", b"\x00" * 300), ("a/version", b"3\n")]


def read(tmp_path, data, **limits):
    path = tmp_path / "file"
    path.write_bytes(data)
    limits = DEFAULT._replace(**limits)
    judge = Judge(Opened("zip", len(data)), limits)
    with Window(path) as window:
        entries = read_archive(window, judge)
        content = {entry.name: unpack(window, entry, 2**20) for entry in entries}
    return content, [problem.code for problem in judge.opened.problems]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_ordinary_archive_gives_its_members(tmp_path, method):
    assert read(tmp_path, pack(MEMBERS, method)) == (dict(MEMBERS), [])


def test_archives_of_torch_and_numpy_are_ordinary(tmp_path):
    out = io.BytesIO()
    torch.save({"w": torch.ones(3)}, out)
    content, codes = read(tmp_path, out.getvalue())
    assert codes == []
    assert content["archive/data/0"] == struct.pack("<3f", 1, 1, 1)
    for save in (np.savez, np.savez_compressed):
        out = io.BytesIO()
        save(out, w=np.ones(3))
        assert read(tmp_path, out.getvalue())[1] == []


def test_members_in_zip64_form_are_read(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a/data.pkl", "w", force_zip64=True) as member:
        member.write(b"N.")
    assert read(tmp_path, out.getvalue()) == ({"a/data.pkl": b"N."}, [])


def test_sizes_after_the_member_are_read(tmp_path):
    class Pipe(io.RawIOBase):
        """A stream that cannot seek, so that zipfile writes data descriptors."""

        def __init__(self):
            self.parts = []

        def writable(self):
            return True

        def write(self, data):
            self.parts.append(bytes(data))
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        archive.writestr("a/data.pkl", b"N.")
        archive.writestr("a/version", b"3\n")
    data = b"".join(pipe.parts)
    assert read(tmp_path, data) == ({"a/data.pkl": b"N.", "a/version": b"3\n"}, [])
    at = data.index(b"PK\x07\x08")
    assert read(tmp_path, data[: at + 4] + b"\x00" + data[at + 5 :])[1] == ["zip-mismatch"]


def zip64_end(data, **changes):
    """The archive with a zip64 end record before its end record."""
    at = data.index(END)
    count, size, offset = struct.unpack("<HII", data[at + 10 : at + 20])
    told = {"count": count, "size": size, "offset": offset} | changes
    record = END64 + struct.pack(
        "<QHHIIQQQQ", 44, 45, 45, 0, 0, told["count"], told["count"], told["size"], told["offset"]
    )
    return data[:at] + record + LOCATOR64 + struct.pack("<IQI", 0, at, 1) + data[at:]


def test_a_zip64_end_record_must_say_the_same(tmp_path):
    data = pack(MEMBERS)
    assert read(tmp_path, zip64_end(data))[1] == []
    assert read(tmp_path, zip64_end(data, count=2))[1] == ["zip-broken"]
    assert read(tmp_path, zip64_end(data, offset=0))[1] == ["zip-broken"]


def local(name, content):
    """A member without a place in any directory."""
    head = struct.pack(
        "<4s5H3I2H", LOCAL, 20, 0, 0, 0, 0, zlib.crc32(content), len(content), len(content), len(name), 0
    )
    return head + name + content


def with_extra(extra, *, central=False):
    """The archive with an extra field at its first member, in its header or only in the directory."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in MEMBERS:
            info = zipfile.ZipInfo(name)
            info.extra = extra if name == "a/data.pkl" and not central else b""
            archive.writestr(info, content)
            info.extra = extra if name == "a/data.pkl" else b""
    return out.getvalue()


def field(kind, content):
    return struct.pack("<HH", kind, len(content)) + content


TEXT = b"jane.doe@hospital.example 943 476 5919"
HIDING = {
    "text for torch's padding": field(0x4246, TEXT),
    "a kind that nobody writes": field(0x9999, TEXT),
    "text as 64-bit sizes": field(1, TEXT[:24]),
    "text after the fields": field(0x5455, b"\x01abcd") + TEXT[:3],
    "a field beyond the end": struct.pack("<HH", 0x4246, 60) + b"Z" * 20,
    "a time as long as a text": field(0x5455, TEXT),
    "two fields of times": field(0x5455, TEXT[:13]) * 2,
}


@pytest.mark.parametrize("central", [False, True])
@pytest.mark.parametrize("name", HIDING)
def test_bytes_beside_a_member_are_refused(tmp_path, name, central):
    assert read(tmp_path, with_extra(HIDING[name], central=central)) == ({}, ["unlisted-bytes"])


@pytest.mark.parametrize("central", [False, True])
@pytest.mark.parametrize(
    "extra", [field(0x4246, b"Z" * 50), field(0x5455, b"\x01abcd"), field(0x7875, b"\x01\x04abcd\x04abcd")]
)
def test_padding_times_and_owners_pass(tmp_path, extra, central):
    assert read(tmp_path, with_extra(extra, central=central)) == (dict(MEMBERS), [])


def moved(data, extra):
    """The archive with bytes between its members and its directory."""
    at = data.index(CENTRAL)
    return patch(data[:at] + extra + data[at:], END, 16, struct.pack("<I", at + len(extra)))


PLAIN = pack(MEMBERS)
DEFLATED = pack(MEMBERS, zipfile.ZIP_DEFLATED)
BAD = {
    "cut off": (PLAIN[:-30], "zip-cut"),
    "bytes after the end": (PLAIN + b"x", "trailing-bytes"),
    "bytes before the start": (b"x" + PLAIN, "zip-broken"),
    "bytes between members and directory": (moved(PLAIN, b"x" * 9), "unlisted-bytes"),
    "a member in no directory": (moved(PLAIN, local(b"a/data.pkl", b"N.")), "unlisted-bytes"),
    "another name in the directory": (patch(PLAIN, CENTRAL, 46, b"a/DATA.pkl"), "zip-mismatch"),
    "another size in the header": (patch(PLAIN, LOCAL, 18, struct.pack("<II", 1, 1)), "zip-mismatch"),
    "another method in the header": (patch(PLAIN, LOCAL, 8, b"\x08\x00"), "zip-mismatch"),
    "another checksum in the directory": (patch(PLAIN, CENTRAL, 16, b"\x01\x02\x03\x04"), "zip-mismatch"),
    "another disk": (patch(PLAIN, CENTRAL, 34, b"\x01\x00"), "zip-broken"),
    "too many entries told": (patch(PLAIN, END, 8, struct.pack("<HH", 9, 9)), "zip-broken"),
    "a directory elsewhere": (patch(PLAIN, END, 16, struct.pack("<I", 3)), "zip-broken"),
    "one name twice": (pack([*MEMBERS, ("a/data.pkl", b"N.")]), "zip-duplicate"),
    "one name in two cases": (pack([*MEMBERS, ("a/DATA.pkl", b"N.")]), "zip-duplicate"),
    "a path upwards": (pack([("a/../../x", b"N.")]), "zip-names"),
    "a path from the root": (pack([("/etc/x", b"N.")]), "zip-names"),
    "a drive": (pack([("c:/x", b"N.")]), "zip-names"),
    "a control character": (pack([("a/x\x01y", b"N.")]), "zip-names"),
    "encrypted": (patch(patch(PLAIN, LOCAL, 6, b"\x01\x00"), CENTRAL, 8, b"\x01\x00"), "zip-encrypted"),
    "an odd method": (patch(patch(PLAIN, LOCAL, 8, b"\x0c\x00"), CENTRAL, 10, b"\x0c\x00"), "zip-method"),
    "a file that says it is a folder": (patch(PLAIN, CENTRAL, 38, b"\x10"), "zip-mismatch"),
    "a folder with bytes": (pack([("a/", b"N.")]), "zip-mismatch"),
    "a version that does not exist": (patch(PLAIN, CENTRAL, 6, b"\xff"), "zip-method"),
    "the same in the header": (patch(PLAIN, LOCAL, 4, b"\x14\x01"), "zip-method"),
    "a bomb": (pack([("a/data.pkl", b"\x00" * 2**22)], zipfile.ZIP_DEFLATED), "compression-bomb"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_readers_could_see_differently_is_a_problem(tmp_path, name):
    data, code = BAD[name]
    content, codes = read(tmp_path, data)
    assert content == {}
    assert codes == [code]


def test_members_that_overlap_are_refused(tmp_path):
    """The zip bomb of D. Fifield: many entries of the directory share the bytes of one member."""
    at, end = PLAIN.index(CENTRAL), PLAIN.index(END)
    first = PLAIN[at : PLAIN.index(CENTRAL, at + 1)]
    data = PLAIN[:end] + first.replace(b"a/data.pkl", b"b/data.pkl") + PLAIN[end:]
    data = patch(data, END, 8, struct.pack("<HHI", 4, 4, end - at + len(first)))
    assert read(tmp_path, data)[1] in (["zip-mismatch"], ["unlisted-bytes"])


def test_a_wrong_checksum_gives_no_content(tmp_path):
    both = patch(patch(PLAIN, LOCAL, 14, b"\x01\x02\x03\x04"), CENTRAL, 16, b"\x01\x02\x03\x04")
    content, codes = read(tmp_path, both)
    assert codes == []
    assert content["a/data.pkl"] is None


def test_the_number_of_members_is_capped(tmp_path):
    assert read(tmp_path, PLAIN, members=2)[1] == ["too-many-members"]


@pytest.mark.parametrize("source", [PLAIN, DEFLATED])
def test_a_damaged_archive_never_raises(tmp_path, source):
    chance = random.Random(3)  # noqa: S311 no secret
    good = 0
    for _ in range(400):
        data = bytearray(source)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        content, codes = read(tmp_path, bytes(data))
        good += not codes and None not in content.values()
    assert good < 200, "most damage is seen: only dates, versions and attributes may change unnoticed"
