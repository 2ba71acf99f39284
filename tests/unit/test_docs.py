"""Documents that can fail: each command, setting, statement kind, checklist item and word must be described."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from exeat.cli import app
from exeat.cli.schema import NAMES
from exeat.model.inspection import Channel
from exeat.model.person import Role
from exeat.model.tier import ComponentKind, Disposition, Tier
from exeat.policy.adoption import load_default
from exeat.policy.finding import Verdict
from exeat.review.lifecycle import Kind, State
from exeat.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
POLICY = tomllib.loads(load_default().decode())


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def commands(group: object, prefix: str = "exeat") -> dict[str, object]:
    """Every command of the program by what a person types."""
    found = {}
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        full = f"{prefix} {name}"
        found |= commands(command, full) if hasattr(command, "commands") else {full: command}
    return found


COMMANDS = commands(get_command(app))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_documented(name):
    assert f"## `{name}" in text("cli.md")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_is_documented(name):
    section = text("cli.md").split(f"## `{name}", 1)[1].split("\n## ", 1)[0]
    flags = [max(p.opts, key=len) for p in COMMANDS[name].params if p.opts[0].startswith("-") and p.name != "help"]
    assert [flag for flag in flags if flag not in section] == []


def test_each_command_has_a_help_line():
    assert [name for name, command in COMMANDS.items() if not (command.help or "").strip()] == []


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_each_setting_is_documented(name):
    assert f"| `{name}` | `EXEAT_{name.upper()}` |" in text("settings.md")


def _kinds_in(path: Path) -> set[object]:
    """Literals passed as ``kind``, and every constant of the files that say what stands on the ledger."""
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    passed = [k.value for node in nodes if isinstance(node, ast.Call) for k in node.keywords if k.arg == "kind"]
    said = nodes if path.name in ("statements.py", "record.py") else passed
    return {node.value for node in said if isinstance(node, ast.Constant)}


def statement_kinds() -> set[str]:
    """Each kind that the code can write."""
    found = {value for path in (ROOT / "exeat").rglob("*.py") for value in _kinds_in(path)}
    kinds = {value for value in found if isinstance(value, str)} | {kind.value for kind in Kind}
    return {kind for kind in kinds if re.fullmatch(r"genesis|[a-z_]+\.[a-z_]+", kind)}


def test_the_search_for_kinds_finds_them():
    assert {"genesis", "checkpoint.registered", "report.attached", "decision.approved"} <= statement_kinds()


def test_each_statement_kind_is_documented():
    documented = set(re.findall(r"^\| `([a-z_.]+)` \|", text("statements.md"), re.MULTILINE))
    assert statement_kinds() - documented == set()


@pytest.mark.parametrize("item", [item["id"] for item in POLICY["checklist"]])
def test_each_checklist_item_is_documented(item):
    assert re.search(rf"^\| {item} \|", text("indicators.md"), re.MULTILINE)


@pytest.mark.parametrize("threshold", [threshold["indicator"] for threshold in POLICY["thresholds"]])
def test_each_threshold_names_a_documented_indicator(threshold):
    documented = re.findall(r"^\| `([a-z0-9_.*]+)`", text("indicators.md"), re.MULTILINE)
    stem = threshold.replace("*", "")
    assert any(name == threshold or name.replace("*", "").startswith(stem.rstrip(".")) for name in documented)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_document_has_its_section(name):
    assert f"\n## {name}\n" in text("schemas.md")


@pytest.mark.parametrize(
    ("page", "tool", "function"),
    [("schemas.md", "make_schema_docs", "markdown"), ("indicators.md", "make_checklist_docs", "page")],
)
def test_written_pages_are_up_to_date(page, tool, function):
    code = f"from tools.{tool} import {function}; print({function}(), end='')"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == text(page), f"run: python tools/{tool}.py"


DESIGN_WORDS = [
    "checkpoint",
    "component",
    "lineage",
    "manifest",
    "indicator",
    "tier",
    "policy",
    "assessment",
    "finding",
    "release",
    "review",
    "decision",
    "alert",
    "statement",
    "receipt",
    "grant",
    "suspension",
    "recused",
    "quorum",
    "evidence",
    "warehouse",
    "vault",
    "override",
    "docket",
]


def test_the_glossary_has_our_words():
    words = text("glossary.md").lower()
    rows = re.findall(r"^\| ([^|]+) \|", words, re.MULTILINE)
    assert [word for word in DESIGN_WORDS if not any(word in row for row in rows)] == []
    kinds = [k.title for k in ComponentKind] + [d.title for d in Disposition] + [s.title for s in State]
    kinds += [v.title for v in Verdict] + [f"{t.value} {t.title}" for t in Tier]
    kinds += [r.title.split()[0] for r in Role if r is not Role.SYSTEM]
    assert [word for word in kinds if word.lower() not in words] == []


def test_links_lead_somewhere():
    pages = [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), ROOT / "data" / "README.md"]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8"))]
    broken = [f"{p.name}: {link}" for p, link in links if "://" not in link and not (p.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("channel", Channel)
def test_each_leakage_channel_is_documented(channel):
    row = next(line for line in text("leakage-channels.md").splitlines() if line.startswith(f"| `{channel.value}` |"))
    assert all(len(cell.strip()) >= 9 for cell in row.strip("|").split("|")[1:]), row


def test_the_readme_gives_the_two_commands_on_its_first_screen():
    first = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:25])
    assert "docs/img/release.png" in first
    assert "make run" in first
    assert "make test" in first


def test_make_help_names_each_recipe():
    recipes = set(re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split())
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20).stdout
    assert [recipe for recipe in sorted(recipes) if f"make {recipe} " not in shown] == []


def test_documents_name_no_machine_of_ours():
    pages = [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), ROOT / "constraints.txt", ROOT / "pyproject.toml"]
    hosts = re.compile(r"/work/|/opt/|find-links|index-url|/root/")
    assert [page.name for page in pages if hosts.search(page.read_text("utf-8"))] == []


def test_constraints_pin_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [n for extra in project["optional-dependencies"].values() for n in extra]
    names = {re.split(r"[\[<>=!;]", need)[0].lower().replace("_", "-") for need in wanted} - {"exeat"}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert names - pinned == set()
