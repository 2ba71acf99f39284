"""Every unsafe file exits 4 and nothing runs; every healthy file exits 0; a harmless class is refused by its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from exeat.evidence.inspection import inspect
from exeat.evidence.inspection.second_opinion import SecondOpinion
from exeat.model.inspection import Inspection, Verdict
from tests.unit.evidence.corpus import harmless
from tests.unit.evidence.corpus.build import healthy_cases, marker_of, unsafe_cases, write_healthy, write_unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[4]
UNSAFE = {case.name: case for case in unsafe_cases()}
HEALTHY = {case.name: case for case in healthy_cases()}
HARMLESS = {case.name: case for case in harmless.CASES}
UNREADABLE_IS_ENOUGH = {
    "safetensors-with-tail.safetensors": "safetensors refuses bytes after the tensors, and nothing unpickles them",
}
"""Files that nobody's reader loads, so that exit 3 says as much as exit 4."""
BY_COMMAND = (
    *("os-system.pkl", "truncated-after-call.pkl", "torch-zip-other-case.pt", "zip-wrong-crc.pt"),
    *("objects.npz", "dcp-metadata", "model.safetensors"),
)


Seen = dict[str, Inspection]


@pytest.fixture(scope="module")
def unsafe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("corpus") / "unsafe"
    write_unsafe(folder)
    return folder


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("corpus") / "healthy"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own words about its prototypes
        write_healthy(folder)
    return folder


@pytest.fixture(scope="module")
def child() -> Iterator[SecondOpinion]:
    """One process with torch for the whole module; starting it is what takes the time."""
    with SecondOpinion() as child:
        yield child


@pytest.fixture(scope="module")
def unsafe_seen(unsafe: Path, child: SecondOpinion) -> Seen:
    return {name: inspect(unsafe / name, child=child) for name in UNSAFE}


@pytest.fixture(scope="module")
def healthy_seen(healthy: Path, child: SecondOpinion) -> Seen:
    return {name: inspect(healthy / name, child=child) for name in HEALTHY}


def command(path: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "exeat", "inspect", str(path), "--json"],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(UNSAFE) == len(unsafe_cases()) >= 60
    assert len(HEALTHY) == len(healthy_cases()) >= 40
    assert all(case.reader or case.why for case in UNSAFE.values())


@pytest.mark.slow  # a process for each of the payloads
def test_the_payloads_are_live(tmp_path: Path) -> None:
    folder = tmp_path / "unsafe"
    write_unsafe(folder)
    run = subprocess.run(
        [sys.executable, "-m", "tests.unit.evidence.corpus.detonate", str(folder)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    ran = json.loads(run.stdout)
    assert len(ran) >= 150
    assert [name for name, went_off in ran.items() if not went_off] == []


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_file_is_refused_and_nothing_runs(unsafe: Path, unsafe_seen: Seen, name: str) -> None:
    seen = unsafe_seen[name]
    allowed = {Verdict.UNSAFE, Verdict.UNREADABLE} if name in UNREADABLE_IS_ENOUGH else {Verdict.UNSAFE}
    assert seen.verdict in allowed, [finding.sentence for finding in seen.findings]
    assert all(finding.sentence and finding.what_to_do for finding in seen.findings)
    assert seen.findings
    assert not Path(marker_of(unsafe, name).path).exists()


@pytest.mark.parametrize("name", BY_COMMAND)
def test_command_exits_with_4_for_an_unsafe_file(unsafe: Path, tmp_path: Path, name: str) -> None:
    run = command(unsafe / name, tmp_path)
    assert run.returncode == 4, run.stderr
    assert Inspection.model_validate_json(run.stdout).verdict is Verdict.UNSAFE
    assert not Path(marker_of(unsafe, name).path).exists()
    assert not list(tmp_path.iterdir())


def test_nothing_at_all_ran(unsafe: Path, unsafe_seen: Seen) -> None:
    assert len(unsafe_seen) == len(UNSAFE)
    assert list((unsafe.parent / "markers").iterdir()) == []


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_file_is_clean(healthy_seen: Seen, name: str) -> None:
    seen = healthy_seen[name]
    assert seen.verdict is Verdict.CLEAN, [finding.sentence for finding in seen.findings]


@pytest.mark.parametrize("name", ["adam.pt", "network-legacy.pt", "sharded", "model.gguf"])
def test_command_exits_with_0_for_a_healthy_file(healthy: Path, tmp_path: Path, name: str) -> None:
    run = command(healthy / name, tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert Inspection.model_validate_json(run.stdout).verdict is Verdict.CLEAN


@pytest.mark.filterwarnings("ignore:TypedStorage")  # torch's own, while it loads quantised tensors
@pytest.mark.parametrize("name", [case.name for case in HEALTHY.values() if case.reader == "weights_only"])
def test_torch_agrees_that_the_file_is_healthy(healthy: Path, name: str) -> None:
    assert torch.load(healthy / name, weights_only=True) is not None


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_class_is_refused_by_its_name(child: SecondOpinion, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    torch.save(HARMLESS[name].make(), path)
    seen = inspect(path, child=child)
    assert seen.verdict is Verdict.UNSAFE
    assert HARMLESS[name].needs in seen.globals
    named = [finding for finding in seen.findings if HARMLESS[name].needs in finding.sentence]
    assert named
    assert all(finding.what_to_do for finding in named)


@pytest.mark.parametrize("name", ["moved.txt", "innocent"])
def test_the_name_of_the_file_does_not_matter(
    unsafe: Path, healthy: Path, child: SecondOpinion, tmp_path: Path, name: str
) -> None:
    bad, good = tmp_path / name, tmp_path / f"good-{name}"
    bad.write_bytes((unsafe / "torch-zip.pt").read_bytes())
    good.write_bytes((healthy / "adam.pt").read_bytes())
    assert inspect(bad, child=child).verdict is Verdict.UNSAFE
    assert inspect(good, child=child).verdict is Verdict.CLEAN
