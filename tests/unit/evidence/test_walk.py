"""Finding and reading files: a stable order, no links, no devices, no waiting."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from exeat.errors import BadInput
from exeat.evidence.intake import KEPT_BYTES, Skipped
from exeat.evidence.walk import MAX_FOLDER_DEPTH, Found, again, find, read, shown, whole
from exeat.model.person import SYSTEM
from tests.unit.evidence.factories_evidence import as_bytes, manifest, sha


def names(path):
    return [one.name for one in find([path])]


def test_files_come_in_the_order_of_their_names_and_hidden_ones_are_said_to_be_skipped(tmp_path):
    for name in ("b", "a/z", "a/y", ".git/config", "a/.hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = list(find([tmp_path]))
    top = tmp_path.name
    assert [one.name for one in found] == [f"{top}/{name}" for name in (".git", "a/.hidden", "a/y", "a/z", "b")]
    assert [one.name for one in found if isinstance(one, Skipped)] == [f"{top}/.git", f"{top}/a/.hidden"]


def test_very_deep_folders_are_left_alone(tmp_path):
    deep = tmp_path.joinpath(*["d"] * (MAX_FOLDER_DEPTH + 3))
    deep.mkdir(parents=True)
    (deep / "f").write_bytes(b"")
    (only,) = find([tmp_path])
    assert isinstance(only, Skipped)


def test_links_pipes_sockets_and_devices_are_refused_at_once(home, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_bytes(as_bytes(manifest()))
    (home.inbox / "link").symlink_to(secret)
    (home.inbox / "loop").symlink_to(home.inbox)
    (home.inbox / "dangling").symlink_to("/nowhere")
    os.mkfifo(home.inbox / "pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(os.path.relpath(home.inbox / "socket"))
        result = home.desk.ingest(
            [home.inbox, Path("/dev/zero"), Path("/proc/self/mem"), home.inbox / "absent"], SYSTEM
        )
    said = {record.name.removeprefix("inbox/"): record.reason for record in result.rejected}
    assert set(said) == {"link", "loop", "dangling", "pipe", "socket", "zero", "mem", "absent"}
    assert all("symbolic link" in said[name] for name in ("link", "loop", "dangling"))
    assert all("not a regular file" in said[name] for name in ("pipe", "zero"))
    assert "cannot be read" in said["mem"]
    assert "no such file" in said["absent"]
    assert result.accepted == []


def test_a_link_given_by_name_is_refused_too(tmp_path, home):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "m").write_bytes(as_bytes(manifest()))
    (tmp_path / "door").symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in home.desk.ingest([tmp_path / "door"], SYSTEM).rejected[0].reason


@pytest.mark.parametrize("size", [0, 1, 2**20 - 1, 2**20, 2**20 + 1, KEPT_BYTES - 1, KEPT_BYTES, KEPT_BYTES + 1])
def test_any_size_is_hashed_whole_and_held_in_part(tmp_path, size):
    data = os.urandom(size)
    path = tmp_path / "f"
    path.write_bytes(data)
    source = read(Found(str(path), "f"))
    assert (source.size, source.sha256, source.head) == (size, sha(data), data[:KEPT_BYTES])
    assert source.data == (data if size <= KEPT_BYTES else None)
    assert again(source) == data[:KEPT_BYTES]


def test_a_file_that_changes_between_two_looks_is_refused(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"one")
    source = read(Found(str(path), "f"))
    path.write_bytes(b"two")
    with pytest.raises(BadInput, match="changed while"):
        again(source)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain.json", "plain.json"),
        ("a\nb\x1b[31m", "a\\x0ab\\x1b[31m"),
        ("\u202egnp.exe", "\\x202egnp.exe"),
        (os.fsdecode(b"caf\xe9"), "caf\\udce9"),
        ("x" * 999, "x" * 300),
    ],
)
def test_names_are_shown_as_plain_text(name, text):
    assert shown(name) == text


def test_an_upload_is_described_like_a_file():
    source = whole("f", b"x")
    assert (source.size, source.sha256, source.data, source.path) == (1, sha(b"x"), b"x", None)


def test_more_than_memory_should_hold_is_read_twice(home, monkeypatch):
    monkeypatch.setattr("exeat.evidence.batch.HELD_BYTES", 0)
    result = home.ingest(m=as_bytes(manifest()), w=b"weights", junk=b"junk")
    assert result.counts == {"accepted": 2, "known": 0, "rejected": 1, "skipped": 0}
    assert home.objects.reject_bytes(result.rejected[0].id) == b"junk"
