"""Write the checklist of the default policy into docs/indicators.md; tests/unit/test_docs.py fails when it lags."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from exeat.policy.adoption import load_default  # noqa: E402 the checkout first

PAGE = ROOT / "docs" / "indicators.md"
BEGIN, END = "<!-- checklist -->\n", "<!-- /checklist -->"


def table() -> str:
    """Return the checklist as Markdown."""
    items = tomllib.loads(load_default().decode())["checklist"]
    rows = [f"| {i['id']} | {i['gate']} | {i['mode']} | {i['question']} | {i['why']} |" for i in items]
    return "\n".join(["| Id | Gate | Mode | Question | Why |", "|---|---|---|---|---|", *rows, ""])


def page() -> str:
    """Return docs/indicators.md with the checklist as it is now."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN, 1)
    return before + BEGIN + table() + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
