"""Keys, tokens and passwords: by the prefix that their issuer gives them, or by the label that they stand under."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from exeat.evidence.inspection.recognisers.shape import Hit, Recogniser, compiled
from exeat.model.inspection import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FORMS = (
    ("AWS access key", r"A(?:KIA|SIA)[A-Z2-7]{16}(?![A-Za-z0-9])", ("AKIA", "ASIA")),
    ("GitHub token", r"gh[pousr]_[A-Za-z0-9]{36,255}(?![A-Za-z0-9])", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    ("GitHub token", r"github_pat_\w{22,255}", ("github_pat_",)),
    ("GitLab token", r"glpat-[\w-]{20,64}", ("glpat-",)),
    ("Hugging Face token", r"(?:hf|api_org)_[A-Za-z]{30,40}(?![A-Za-z0-9])", ("hf_", "api_org_")),
    (
        "Slack token",
        r"xox[abeoprs]-[A-Za-z0-9-]{10,250}",
        ("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-"),
    ),
    ("Slack address", r"hooks\.slack\.com/services/T\w{6,14}/B\w{6,14}/\w{20,30}", ("hooks.slack.com",)),
    ("OpenAI or Anthropic key", r"sk-(?:proj-|ant-|svcacct-)?[\w-]{32,200}", ("sk-",)),
    ("Google key", r"AIza[\w-]{35}(?![\w-])", ("AIza",)),
    ("npm token", r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])", ("npm_",)),
    ("PyPI token", r"pypi-AgE[\w-]{50,300}", ("pypi-AgE",)),
    ("Databricks token", r"dapi[0-9a-f]{32}(?![0-9a-f])", ("dapi",)),
    ("web token", r"eyJ(?<![\w-]eyJ)[\w-]{8,4000}\.eyJ[\w-]{8,8000}\.[\w-]{10,2000}", ("eyJ",)),
    ("private key", r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----", ("PRIVATE KEY",)),
)
_NOTHING = {
    *("none", "null", "true", "false", "yes", "no", "not set", "unset", "optional", "required", "changeme", "redacted"),
    *("password", "secret", "token", "string", "str", "hidden", "masked", "your_token", "your-token", "placeholder"),
    *("bearer", "basic", "default", "env", "auto", "secretstr"),
}
_PLACEHOLDERS = (
    "<",
    "${",
    "{{",
    "%(",
    "***",
    "xxx",
    "...",
    "os.environ",
    "env.",
    "getenv",
    "your",
    "•",
    "/",
    "./",
    "~",
)
_CHANGE = re.compile(r"(?<=[A-Za-z])[0-9]|(?<=[0-9])[A-Za-z]|(?<=[a-z])[A-Z]|(?<=[A-Z])[a-z]")
_MARKS = re.compile(r"[^A-Za-z0-9]+")
_CODE = re.compile(r"[A-Z][A-Z_]+|[\w.]+\(.*|_\w+")
MIN_SECRET = 6
MIN_CHANGES = 0.3
"""Changes between small letters, capitals and digits for each character: ``LicenseRef-w3c-2023`` has 0.2, keys 0.4."""
MIN_ENTROPY = 3.2
"""Bits per character; hexadecimal digits have at most 4, English words under one label about 2.5 to 3."""


def secret(text: str, start: int, what: str) -> Hit:
    """Return the hit of a secret: what it is and how long, none of its characters."""
    return Hit(Channel.SECRET, start, start + len(text), f"{what}, {len(text)} characters")


def is_secret_value(text: str) -> bool:
    """Return whether a value under a label such as ``password`` can be one and not a word that stands in for it."""
    lower = text.lower().strip()
    if len(lower) < MIN_SECRET or lower in _NOTHING or lower.startswith(_PLACEHOLDERS):
        return False
    return _CODE.fullmatch(text.strip()) is None


def is_random(text: str) -> bool:
    """Return whether a text looks drawn at random: 20 characters, kinds of characters in turns, entropy."""
    changes = len(_CHANGE.findall(_MARKS.sub("", text[:500]))) / len(text[:500] or " ")
    return len(text) >= 20 and changes >= MIN_CHANGES and " " not in text and entropy(text) >= MIN_ENTROPY  # noqa: PLR2004


def entropy(text: str) -> float:
    """Return Shannon's entropy of the characters of a text, in bits per character."""
    counts = Counter(text[:500]).values()
    total = sum(counts)
    return -sum(n / total * math.log2(n / total) for n in counts)


def _reader(what: str) -> Callable[[re.Match[str]], Iterator[Hit]]:
    def read(found: re.Match[str]) -> Iterator[Hit]:
        before = found.string[found.start() - 1 : found.start()]
        if not (before.isascii() and before.isalnum()):
            yield secret(found[0], found.start(), what)

    return read


RECOGNISERS = tuple(Recogniser(what, compiled(pattern), _reader(what), triggers) for what, pattern, triggers in _FORMS)
