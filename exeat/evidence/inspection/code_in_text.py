"""Texts of a checkpoint that a loader runs as code: chat templates (Jinja) and references to Python files.

A chat template is rendered by whoever serves the model; one that reaches for Python's inner attributes escapes the
renderer of readers without a sandbox (CVE-2024-34359, llama-cpp-python).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exeat.evidence.inspection.streams import Judge

_JINJA = re.compile(r"\{[{%]")
_ESCAPES = re.compile(r"__\w{2,40}__|\|\s*attr\s*\(|\\x5f|\bpopen\b|\bos\.system\b")
REMOVE = "Take the template out, or use the one of the model's family, and save it again."


def judge_template(judge: Judge, place: str, text: str) -> None:
    """Tell when a text is a template that reaches for Python's inner attributes."""
    if "template" not in place.lower() or not _JINJA.search(text):
        return
    found = _ESCAPES.search(text)
    if found:
        sentence = f"The chat template in {place} uses {found[0]}, by which templates run commands."
        judge.problem("template-code", sentence, REMOVE, place)
