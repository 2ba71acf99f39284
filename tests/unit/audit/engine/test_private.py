"""What is kept is its owner's alone, and only the owner's is believed."""

from __future__ import annotations

import os
import threading

import pytest

from exeat.audit.engine.private import private_folder, write_private
from exeat.errors import BadInput
from exeat.evidence.new_file import check_new

needs_limits = pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind this user")


def test_folder_and_file_are_the_owner_s(tmp_path):
    folder = private_folder(tmp_path / "a" / "kept")
    write_private(folder / "scores", b"1")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "scores").stat().st_mode & 0o777 == 0o600
    write_private(folder / "scores", b"22")
    assert (folder / "scores").read_bytes() == b"22"
    assert [path.name for path in folder.iterdir()] == ["scores"]


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o1777, 0o702])
def test_a_folder_where_others_write_is_not_believed(tmp_path, mode):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept").chmod(mode)
    with pytest.raises(BadInput, match="others may write to it"):
        private_folder(tmp_path / "kept")
    (tmp_path / "kept").chmod(0o755)
    assert private_folder(tmp_path / "kept") == tmp_path / "kept"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_not_believed(tmp_path):
    (tmp_path / "kept").mkdir(mode=0o700)
    os.chown(tmp_path / "kept", 12345, -1)
    with pytest.raises(BadInput, match="belongs to somebody else"):
        private_folder(tmp_path / "kept")


def test_what_cannot_be_a_folder_or_a_file_gets_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be made"):
        private_folder(tmp_path / "file" / "kept")
    (tmp_path / "name").mkdir()
    with pytest.raises(BadInput, match="cannot be written"):
        write_private(tmp_path / "name", b"1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "name"]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "scores").symlink_to(tmp_path / "theirs")
    write_private(tmp_path / "scores", b"ours")
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert (tmp_path / "scores").read_bytes() == b"ours"


def test_two_audits_in_one_folder_leave_whole_files(tmp_path):
    contents = [bytes([n]) * 200_000 for n in range(4)]
    bad = []

    def write(content):
        for _ in range(20):
            write_private(tmp_path / "scores", content)
            if (tmp_path / "scores").read_bytes() not in contents:
                bad.append(content[:1])

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bad == []
    assert [path.name for path in tmp_path.iterdir()] == ["scores"]


@needs_limits
def test_a_read_only_folder_is_found_before_the_work(tmp_path):
    (tmp_path / "shut").mkdir(mode=0o500)
    with pytest.raises(BadInput, match="cannot be written to"):
        check_new(tmp_path / "shut" / "report.json")
