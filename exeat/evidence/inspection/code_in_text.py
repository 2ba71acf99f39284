"""Texts of a checkpoint that a loader runs as code: chat templates (Jinja) and references to Python files.

A chat template is rendered by whoever serves the model; one that reaches for Python's inner attributes escapes the
renderer of readers without a sandbox (CVE-2024-34359, llama-cpp-python).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exeat.evidence.inspection.streams import Judge

_JINJA = re.compile(r"\{[{%]")
_ESCAPES = re.compile(r"__\w{2,40}__|\|\s*attr\s*\(|\\x5f|\bpopen\b|\bos\.system\b")
_REMOTE = re.compile(r"\"auto_map\"\s*:")
CODE = (".py", ".pyw", ".sh", ".bat", ".ps1", ".js", ".ipynb")
REVIEW = "Release code apart from weights, after a review of its own; take it out of this folder."
REMOVE = "Take the template out, or use the one of the model's family, and save it again."


def judge_text(judge: Judge, name: str, text: str) -> None:
    """Tell when a file of a folder is code, or has a loader run code: Python files, ``auto_map``, templates."""
    base = name.rsplit("/", 1)[-1].lower()
    if base.endswith(CODE):
        judge.problem("code-file", f"The folder carries the program {name}, which a loader may run.", REVIEW, name)
    elif base.endswith(".json"):
        if _REMOTE.search(text):
            sentence = f"{name} names Python code (auto_map) that Transformers runs with trust_remote_code."
            judge.problem("remote-code", sentence, REVIEW, name)
        for template in _templates(text):
            judge_template(judge, f"{name}: chat_template", template)
    elif "template" in base or base.endswith(".jinja"):
        judge_template(judge, f"{name}: template", text)


def _templates(text: str) -> list[str]:
    """Return the chat templates of a tokenizer configuration: one text, or a list of named ones."""
    if "chat_template" not in text:
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    value = found.get("chat_template") if isinstance(found, dict) else None
    rows = value if isinstance(value, list) else [{"template": value}]
    return [row["template"] for row in rows if isinstance(row, dict) and isinstance(row.get("template"), str)]


def judge_template(judge: Judge, place: str, text: str) -> None:
    """Tell when a text is a template that reaches for Python's inner attributes."""
    if "template" not in place.lower() or not _JINJA.search(text):
        return
    found = _ESCAPES.search(text)
    if found:
        sentence = f"The chat template in {place} uses {found[0]}, by which templates run commands."
        judge.problem("template-code", sentence, REMOVE, place)
