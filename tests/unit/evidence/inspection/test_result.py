"""The assembled inspection: verdict, digests, what was looked at; nothing that a file holds ends it with an error."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from blake3 import blake3

from exeat.errors import BadInput
from exeat.evidence.inspection import inspect, result
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.second_opinion import Answer
from exeat.model.documents import parse_document
from exeat.model.inspection import Inspection, Verdict
from tests.patience import ends
from tests.unit.evidence.corpus.opcodes import Call, Glob, stream
from tests.unit.evidence.inspection.factories_formats import ONE, safetensors

SAMPLES = Path(__file__).parents[3] / "data" / "evidence" / "checkpoints"
ALONE = DEFAULT._replace(second_opinion=False)
RUNS = stream(Call(Glob("os", "system"), ("true",)), 4)


def alone(path):
    return inspect(path, limits=ALONE)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors(ONE))
    return path


def test_a_clean_file_with_both_digests(model):
    found = alone(model)
    data = model.read_bytes()
    assert (found.verdict, found.findings, found.format) == (Verdict.CLEAN, (), "safetensors")
    assert found.sha256 == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert found.blake3 == f"blake3:{blake3(data).hexdigest()}"
    assert (found.file, found.bytes, found.tensor_count) == ("model.safetensors", len(data), 1)
    assert sum(part.bytes for part in found.parts) == len(data)


def test_the_document_can_be_read_back(model):
    found = alone(model)
    assert parse_document(found.to_bytes(), Inspection) == found


def test_the_place_of_the_file_does_not_enter_the_document(model, tmp_path):
    assert str(tmp_path) not in alone(model).to_bytes().decode()


def test_unsafe_comes_before_unreadable(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "a").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    (folder / "b").write_bytes(RUNS)
    found = alone(folder)
    assert found.verdict is Verdict.UNSAFE
    assert [finding.verdict for finding in found.findings] == ["unsafe", "unreadable"]
    assert "posix.system" in found.globals or "os.system" in found.globals


def test_a_folder_lists_its_files(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    for name in ("b", "a"):
        (folder / name).write_bytes(name.encode())
    found = alone(folder)
    assert [file.name for file in found.files] == ["a", "b"]
    lines = "".join(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in "ab")
    assert found.sha256 == f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


@pytest.mark.parametrize("name", ["no such file", "with\0zero"])
def test_a_path_that_cannot_be_read_is_an_error(tmp_path, name):
    with pytest.raises(BadInput) as raised:
        inspect(tmp_path / name)
    assert raised.value.what_to_do


def test_a_device_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="regular file"):
        inspect(tmp_path / "pipe")


@pytest.mark.parametrize("change", ["written", "replaced", "gone"])
def test_a_file_that_changes_meanwhile_is_not_vouched_for(model, monkeypatch, change):
    """The change comes after the file was opened and before the answer."""

    def parts(opened):
        if change == "written":
            model.write_bytes(safetensors(ONE, b"4321"))
            os.utime(model, ns=(1, 1))
        elif change == "replaced":
            other = model.with_name("other")
            shutil.copy2(model, other)
            other.replace(model)
        else:
            model.unlink()
        return result._one_part(opened)

    monkeypatch.setattr(result, "parts_of", parts)
    monkeypatch.setattr(result, "channels_of", lambda *_: ())
    found = alone(model)
    assert found.verdict is Verdict.UNREADABLE
    assert "changed" in [finding.code for finding in found.findings]
    assert found.sha256 is None


@pytest.mark.parametrize("where", ["open_path", "parts_of", "channels_of", "digests_of"])
def test_an_error_of_ours_is_a_finding_never_clean(model, monkeypatch, where):
    def fails(*_args):
        raise RecursionError

    monkeypatch.setattr(result, where, fails)
    found = alone(model)
    assert found.verdict is Verdict.UNREADABLE
    assert [finding.code for finding in found.findings] == [result.UNFORESEEN]
    assert "RecursionError" in found.findings[0].sentence
    assert found.findings[0].what_to_do


def test_torch_is_asked_about_a_file_that_passes_and_the_answer_counts():
    class Disagrees:
        def ask_about(self, *_args, **_keywords):
            return Answer(["os.system"])

    found = inspect(SAMPLES / "a_good.pt", child=Disagrees())
    assert found.verdict is Verdict.UNSAFE
    assert [finding.code for finding in found.findings] == ["second-opinion"]


def test_torch_is_asked_about_each_file_of_a_folder_that_it_can_read(tmp_path):
    asked = []

    class Agrees:
        def ask_about(self, window, format_):
            asked.append((window.name, format_))
            return Answer([])

    folder = tmp_path / "f"
    folder.mkdir()
    for name in ("one.bin", "two.bin"):
        shutil.copy(SAMPLES / "a_good.pt", folder / name)
    (folder / "three.safetensors").write_bytes(safetensors(ONE))
    found = inspect(folder, child=Agrees())
    assert found.verdict is Verdict.CLEAN
    assert asked == [("one.bin", "torch-zip"), ("two.bin", "torch-zip")]
    assert any("2 files" in line for line in found.looked_at)


def test_torch_is_not_asked_about_a_file_that_is_refused_already():
    class Never:
        def ask_about(self, *_args, **_keywords):
            raise AssertionError

    found = inspect(SAMPLES / "a2_fullmodule.pt", child=Never())
    assert found.verdict is Verdict.UNSAFE
    assert result.UNFORESEEN not in [finding.code for finding in found.findings]
    assert any("was not asked" in line for line in found.not_looked_at)


def test_without_a_second_opinion_the_result_says_so():
    found = alone(SAMPLES / "a_good.pt")
    assert found.verdict is Verdict.CLEAN
    assert any("switched off" in line for line in found.not_looked_at)


def zeros(count):
    return b"\x80\x02}(" + b"X\x01\x00\x00\x00a]" + b"K\x00a" * count + b"u."


def test_hyperparameters_of_ten_million_entries_are_refused_in_time(tmp_path):
    path = tmp_path / "bomb"
    path.write_bytes(zeros(10_000_000))
    with ends():
        found = alone(path)
    assert found.verdict is Verdict.UNSAFE
    assert "bomb" in found.findings[0].code


def test_texts_that_unicode_does_not_know_can_be_written(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(stream({"a": 1}, 4)[:-1] + b"X\x03\x00\x00\x00\xed\xa0\x80" + b"\x93.")
    found = alone(path)
    assert found.verdict is Verdict.UNSAFE
    assert result.UNFORESEEN not in [finding.code for finding in found.findings]
    found.to_bytes().decode()
