"""A short run of the fuzzer over every inspector and reader, and proof that the fuzzer sees what it looks for."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from bench.fuzzing.mutate import CHANGES, MAX_BYTES, mutated
from tests.unit.evidence.inspection.factories_formats import ONE, safetensors

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
INPUTS = 3000


def python(*arguments, seconds=120):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=seconds, check=False
    )


def test_changed_real_files_neither_crash_nor_hang_nor_eat_memory():
    run = python(ROOT / "bench" / "fuzz_evidence.py", INPUTS, "--jobs", 1, "--seed", "ci")
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{INPUTS:,} inputs in" in run.stdout
    assert "no crash, no hang, no excess of memory" in run.stdout


FAILING = """
import json, os, sys, time
from pathlib import Path
from bench.fuzzing import worker
from bench.fuzzing.targets import Target
from bench.fuzz_evidence import Task, run
from exeat.errors import BadInput

def crash(data, seed):
    raise KeyError("a")

def refuse(data, seed):
    raise BadInput("Refused.", "Nothing.")

def hang(data, seed):
    while True:
        pass

def swallow(data, seed):
    try:
        hang(data, seed)
    except Exception:
        pass

def eat(data, seed):
    return len(bytearray(200_000_000))

def die(data, seed):
    os.abort()

worker.SECONDS, worker.MEMORY = 0.5, 2**27
found = {}
for attack in (crash, refuse, hang, swallow, eat, die):
    target = Target(attack.__name__, list, attack, 1)
    done = run([Task(target, [b"seed"], 1, "1")], 1, Path(sys.argv[1]))
    found[attack.__name__] = [failure.kind for _, counted in done for failure in counted.failures]
print(json.dumps(found))
"""


def test_the_fuzzer_sees_crashes_hangs_memory_and_deaths(tmp_path):
    run = python("-c", FAILING, tmp_path)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "crash": ["crash"],
        "refuse": [],
        "hang": ["hang"],
        "swallow": ["hang"],
        "eat": ["memory"],
        "die": ["death"],
    }
    kept = {path.name.split("-")[0] for path in tmp_path.iterdir()}
    assert kept == {"crash", "hang", "swallow", "eat", "die"}


def seeded(number):
    return random.Random(number)  # noqa: S311 repeatable on purpose


SEEDS = [safetensors(ONE), b'{"a": [1, 2, {"b": null}], "n": 12.5}', bytes(range(256)) * 4, b"x"]


def test_mutations_repeat_change_something_and_stay_small():
    one, two = ([mutated(seed, SEEDS, seeded(number)) for number in range(300) for seed in SEEDS] for _ in range(2))
    assert one == two
    assert max(map(len, one)) <= MAX_BYTES
    assert len(set(one)) > len(one) / 2
    assert sum(data not in SEEDS for data in one) > len(one) * 0.9


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_each_mutation_takes_any_bytes(change):
    for number in range(200):
        rng = seeded(number)
        data = bytearray(rng.choice([b"", b"1", SEEDS[1]]))
        change(data, SEEDS, rng)
        assert len(data) < 2**20


def test_the_inside_of_a_safetensors_header_is_changed_with_its_length():
    changed = [mutated(SEEDS[0], SEEDS, seeded(number)) for number in range(200)]
    honest = [data for data in changed if 8 + int.from_bytes(data[:8], "little") + 4 == len(data) and data != SEEDS[0]]
    assert len(honest) > 40
