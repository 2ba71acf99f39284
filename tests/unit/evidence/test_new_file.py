from __future__ import annotations

import resource
import signal

import pytest

from exeat.errors import BadInput
from exeat.evidence.new_file import NewFile


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def leave_half(target):
    with NewFile(target) as file:
        file.write(b"half")
        raise ZeroDivisionError


def lose_the_name(target):
    with NewFile(target) as file:
        file.write(b"ours")
        target.write_bytes(b"theirs")
        file.finish()


def write(target, data):
    with NewFile(target) as file:
        file.write(data)


def test_a_finished_file_has_its_bytes_and_is_its_owners(tmp_path):
    target = tmp_path / "out.safetensors"
    with NewFile(target) as file:
        file.write(b"one ")
        file.write(memoryview(b"two"))
        assert not target.exists()
        file.finish()
    assert target.read_bytes() == b"one two"
    assert target.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["out.safetensors"]


def test_leaving_early_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError):
        leave_half(tmp_path / "out")
    assert names(tmp_path) == []


@pytest.mark.parametrize("there", ["file", "folder", "link", "dangling link"])
def test_nothing_that_stands_there_is_touched(tmp_path, there):
    target, other = tmp_path / "out", tmp_path / "other"
    other.write_bytes(b"kept")
    if there == "file":
        target.write_bytes(b"kept")
    elif there == "folder":
        target.mkdir()
    else:
        target.symlink_to(other if there == "link" else tmp_path / "nothing")
    with pytest.raises(BadInput, match="already"):
        NewFile(target)
    assert other.read_bytes() == b"kept"
    assert names(tmp_path) == ["other", "out"]


def test_a_name_taken_meanwhile_is_left_alone(tmp_path):
    target = tmp_path / "out"
    with pytest.raises(BadInput, match="already"):
        lose_the_name(target)
    assert target.read_bytes() == b"theirs"
    assert names(tmp_path) == ["out"]


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(BadInput, match="no folder"):
        NewFile(tmp_path / "nowhere" / "out")


def test_a_full_disk_is_said(tmp_path):
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(BadInput, match="cannot be written"):
            write(tmp_path / "out", b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert names(tmp_path) == []
