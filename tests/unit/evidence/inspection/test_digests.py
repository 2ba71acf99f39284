"""Both digests of one reading are those of the tools that everybody has."""

from __future__ import annotations

import hashlib
import subprocess
from threading import Event

import pytest
from blake3 import blake3

from exeat.errors import BadInput
from exeat.evidence.inspection.digests import BUFFERS, CHUNK, Stopped, digests_of, digests_of_folder
from exeat.evidence.inspection.window import Window


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK * BUFFERS, CHUNK * (BUFFERS + 2) + 17])
def test_digests_of_any_size(tmp_path, size):
    data = hashlib.shake_128(b"seed").digest(size)
    path = tmp_path / "x"
    path.write_bytes(data)
    with Window(path) as window:
        found = digests_of(window)
    assert found.sha256 == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert found.blake3 == f"blake3:{blake3(data).hexdigest()}"


@pytest.mark.parametrize("size", [1000, 3 * CHUNK])
def test_a_file_that_becomes_shorter_is_no_digest(tmp_path, size):
    path = tmp_path / "x"
    path.write_bytes(bytes(size))
    with Window(path) as window:
        path.write_bytes(bytes(size - 1))
        with pytest.raises(BadInput, match="shorter"):
            digests_of(window)


def test_a_digest_that_nobody_wants_stops(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(bytes(3 * CHUNK))
    stop = Event()
    stop.set()
    with Window(path) as window, pytest.raises(Stopped):
        digests_of(window, stop)


def test_the_digest_of_a_folder_is_that_of_its_sha256sum_lines(tmp_path):
    (tmp_path / "b").mkdir()
    files = {"b/c": b"1", "b.txt": b"2", "A": b"3", "ü": b"4"}
    found = {}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        with Window(tmp_path / name) as window:
            found[name] = digests_of(window)
    command = r"find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum"
    run = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert digests_of_folder(found).sha256 == f"sha256:{run.stdout.split()[0]}"
