"""The scanners: how each is started on one file, and what its answer means. Exit codes as their documentation says.

"Nothing scanned" and "failed to parse" are not assessed: neither found nor clean.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from exeat import __version__
from exeat.evidence.inspection import inspect
from exeat.evidence.inspection.second_opinion import SecondOpinion

if TYPE_CHECKING:
    from collections.abc import Callable

FOUND, CLEAN, NOT_ASSESSED = "found", "clean", "not assessed"
SECONDS = 120


class Run(NamedTuple):
    """What one run left behind."""

    code: int
    output: str
    report: dict[str, object]


class Tool(NamedTuple):
    """One scanner: name, package with version, arguments before and after the file, and its reading."""

    name: str
    package: str
    command: Callable[[Path, Path, Path], list[str]]
    reads: Callable[[Run], str]


def modelscan(run: Run) -> str:
    """Return the verdict: issues count, and a file that was skipped is not clean."""
    summary = run.report.get("summary")
    if not isinstance(summary, dict):
        return NOT_ASSESSED
    if summary["total_issues"]:
        return FOUND
    scanned = summary["scanned"]["total_scanned"]
    return CLEAN if run.code == 0 and scanned and not run.report.get("errors") else NOT_ASSESSED


def picklescan(run: Run) -> str:
    """Return the verdict: exit 1 found, 0 clean where it scanned anything without an error."""
    if run.code == 1:
        return FOUND
    broken = "Scanned files: 0" in run.output or "ERROR" in run.output
    return NOT_ASSESSED if run.code or broken else CLEAN


def fickling(run: Run) -> str:
    """Return the verdict: exit 1 found, unless it is a traceback."""
    if "Traceback" in run.output:
        return NOT_ASSESSED
    return {0: CLEAN, 1: FOUND}.get(run.code, NOT_ASSESSED)


def modelaudit(run: Run) -> str:
    """Return the verdict: warnings and critical issues count, as its exit code does."""
    issues = run.report.get("issues")
    if not isinstance(issues, list):
        return NOT_ASSESSED
    if any(issue["severity"] in {"warning", "critical"} for issue in issues):
        return FOUND
    return CLEAN if run.code == 0 else NOT_ASSESSED


def exeat(run: Run) -> str:
    """Return the verdict: 0 clean, 4 unsafe, 3 unreadable."""
    return {0: CLEAN, 4: FOUND}.get(run.code, NOT_ASSESSED)


@cache
def torch_of_ours() -> SecondOpinion:
    """Return the one process with torch for all files."""
    child = SecondOpinion()
    atexit.register(child.stop)
    return child


def own(file: Path) -> str:
    """Return our own verdict: what `exeat inspect` exits with, without a new interpreter for each file."""
    return exeat(Run(inspect(file, child=torch_of_ours()).verdict.exit_code, "", {}))


TOOLS = (
    Tool(
        "modelscan",
        "modelscan 0.8.8",
        lambda file, venvs, report: [
            f"{venvs}/modelscan/bin/modelscan",
            "-p",
            str(file),
            "-r",
            "json",
            "-o",
            str(report),
        ],
        modelscan,
    ),
    Tool(
        "picklescan",
        "picklescan 1.0.5",
        lambda file, venvs, _: [f"{venvs}/picklescan/bin/picklescan", "-p", str(file)],
        picklescan,
    ),
    Tool(
        "picklescan --strict",
        "picklescan 1.0.5",
        lambda file, venvs, _: [f"{venvs}/picklescan/bin/picklescan", "--strict", "-p", str(file)],
        picklescan,
    ),
    Tool(
        "fickling",
        "fickling 0.1.12",
        lambda file, venvs, report: [
            *(f"{venvs}/fickling/bin/fickling", "--check-safety", "-p", "--json-output", str(report), str(file)),
        ],
        fickling,
    ),
    Tool(
        "modelaudit",
        "modelaudit 0.2.54",
        lambda file, venvs, report: [
            *(f"{venvs}/modelaudit/bin/modelaudit", "scan", str(file), "--no-cache", "--format", "json"),
            *("-o", str(report)),
        ],
        modelaudit,
    ),
    Tool("exeat inspect", f"exeat {__version__}", lambda *_: [], exeat),
)


def start(tool: Tool, file: Path, venvs: Path, scratch: Path) -> str:
    """Return one scanner's verdict on one file; a run over the time limit is not assessed."""
    if tool.name == "exeat inspect":
        return own(file)
    report = scratch / "report.json"
    report.unlink(missing_ok=True)
    environment = os.environ | {
        "PYTHONPATH": "",
        "OMP_NUM_THREADS": "1",
        "NO_ANALYTICS": "1",
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
    }
    try:
        run = subprocess.run(
            tool.command(file, venvs, report),
            cwd=scratch,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return NOT_ASSESSED
    try:
        document = json.loads(report.read_text())
    except (OSError, ValueError):
        document = {}
    return tool.reads(Run(run.returncode, run.stdout + run.stderr, document if isinstance(document, dict) else {}))
