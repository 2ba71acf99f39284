"""The README's ten lines and the example of docs/audit.md, word for word, in an empty folder."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from exeat.audit import attacks
from exeat.audit.engine.plan import ATTACKS, NEEDS_NO_SHADOWS, USUAL
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.risk_report import RiskReport

ROOT = Path(__file__).resolve().parents[3]
TRAIN = """
import torch
from safetensors.torch import save_file


def build():
    return torch.nn.Sequential(torch.nn.Linear(10, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))


def _data():
    generator = torch.Generator().manual_seed(3)
    return torch.randn(240, 10, generator=generator), torch.randint(0, 2, (240,), generator=generator)


def training_data():
    x, y = _data()
    return x[:120], y[:120]


def held_out_data():
    x, y = _data()
    return x[120:], y[120:]


if __name__ == "__main__":
    torch.manual_seed(1)
    model, (x, y) = build(), training_data()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for epoch in range(30):
        for rows in torch.randperm(120).split(32):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    save_file(model.state_dict(), "model.safetensors")
"""


def blocks(page, language):
    text = (ROOT / page).read_text("utf-8")
    section = text[text.index("Audit your own model") :]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def python(folder, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=240,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HOME": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done


@pytest.mark.slow
def test_a_new_user_audits_their_own_model_with_the_lines_of_the_readme(tmp_path):
    (tmp_path / "train.py").write_text(TRAIN)
    python(tmp_path, "train.py")
    (job,), (command,) = blocks("README.md", "python")[:1], blocks("README.md", "sh")[:1]
    assert len([line for line in job.splitlines() if line.strip()]) <= 10
    (tmp_path / "audit_target.py").write_text(job)
    program, *arguments = shlex.split(command)
    assert program == "exeat"
    done = python(tmp_path, "-m", "exeat", *arguments, "--shadows", "16")
    report = parse_document((tmp_path / "report.json").read_bytes(), RiskReport)
    assert report.subject.component_sha256 == (digest_of((tmp_path / "model.safetensors").read_bytes()),)
    areas = {one.indicator_id for one in report.indicators if one.indicator_id.endswith(".auc")}
    assert areas == {f"mia.{attack}.auc" for attack in USUAL}
    assert [one.indicator_id for one in report.indicators if one.status == "failed"] == []
    assert "times one training of the recipe" in done.stderr


@pytest.mark.slow
def test_the_example_of_the_documentation_runs_as_it_stands(tmp_path):
    (example,) = blocks("docs/audit.md", "python")
    (tmp_path / "example.py").write_text(example)
    said = python(tmp_path, "example.py").stdout
    report = parse_document((tmp_path / "report.json").read_bytes(), RiskReport)
    (area,) = (one for one in report.indicators if one.indicator_id == "mia.lira.auc" and one.regime == "real")
    assert area.ci_low > 0.6
    assert "16 shadow models, trained together" in said
    assert "Masked records (10 of 20 features set to their mean (seed 1))" in said


def test_every_attack_is_documented():
    page = (ROOT / "docs/audit.md").read_text("utf-8")
    assert [name for name in ATTACKS if f"`{name}`" not in page] == []


def test_the_plan_knows_the_attacks_that_there_are():
    assert set(ATTACKS) == set(attacks.ATTACKS)
    assert NEEDS_NO_SHADOWS == attacks.NEEDS_NO_SHADOWS


def test_importing_the_package_costs_no_torch():
    code = "import sys, exeat.audit, exeat.cli; sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=120).returncode == 0
