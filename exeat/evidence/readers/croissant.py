"""Croissant (JSON-LD): one data set with its version, digest, terms of use and RAI fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.manifest_path import item
from exeat.evidence.readers import values
from exeat.evidence.readers.saying import Saying, brief
from exeat.evidence.readers.shape import Reader
from exeat.model.documents import parse_json

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "croissant"
_DUO = re.compile(r"(?:.*[/#])?DUO[_:](\d{7})", re.IGNORECASE)
SPECIAL = ("health data", "genetic data", "biometric data", "religion", "ethnicity", "sexual orientation")
"""Values of rai:personalSensitiveInformation that are special categories (GDPR Art. 9)."""
IN_WORDS = (
    "rai:dataCollection",
    "rai:dataUseCases",
    "rai:dataLimitations",
    "rai:dataBiases",
    "rai:dataReleaseMaintenancePlan",
    "rai:dataPreprocessingProtocol",
    "description",
    "license",
)


def recognises(peek: Peek) -> bool:
    """Return whether the JSON-LD says that it conforms to Croissant."""
    if b"mlcommons.org/croissant" not in peek.data or not isinstance(peek.json, dict):
        return False
    return any("mlcommons.org/croissant" in str(part) for part in values.entries(_any(peek.json, "conformsTo")))


def _any(found: dict[str, Any], name: str) -> Any:
    """Return a field by its short or its prefixed name."""
    for key in (name, f"dct:{name}", f"sc:{name}", f"http://purl.org/dc/terms/{name}"):
        if key in found:
            return found[key]
    return None


def read(bundle: Bundle) -> Partial:
    """Read one data set; raise BadInput when it has no name."""
    saying = Saying(NAME, bundle)
    found = values.table(parse_json(bundle.data(), lenient_numbers=True))
    key = values.slug(_any(found, "name"))
    if key is None:
        raise BadInput("The Croissant file gives the data set no name.", "Fill in name.", place="$.name")
    saying.takes(item("data_sources", key, "name"), _any(found, "name"), "name", values.line)
    saying.takes(item("data_sources", key, "version"), _any(found, "version"), "version", values.line)
    saying.takes(item("data_sources", key, "period"), found.get("temporalCoverage"), "temporalCoverage", values.line)
    _digest(saying, key, values.entries(found.get("distribution")))
    _duo(saying, key, values.entries(found.get("usageInfo")))
    _sensitivity(saying, key, values.entries(found.get("rai:personalSensitiveInformation")))
    for name in IN_WORDS:
        if found.get(name):
            shown = ", ".join(brief(part, 120) for part in values.entries(found[name])[:6])
            saying.note(f"{name} is prose; nothing in it is read as a field: {shown}.")
    return saying.partial()


def _digest(saying: Saying, key: str, files: list[Any]) -> None:
    """Take the digest when the data set is one file; several files have no digest in common."""
    digests = [part for part in files if isinstance(part, dict) and part.get("sha256")]
    if len(digests) == 1 and len(files) == 1:
        path = item("data_sources", key, "digest")
        saying.takes(path, digests[0]["sha256"], "distribution[0].sha256", values.sha256)
    elif digests:
        saying.note(f"distribution lists {len(digests):,} digests; the manifest has one for each data source.")


def _duo(saying: Saying, key: str, terms: list[Any]) -> None:
    codes = []
    for i, term in enumerate(terms):
        match = _DUO.fullmatch(str(values.table(term).get("termCode") or "")[:200])
        if match:
            codes.append(f"DUO:{match[1]}")
        elif isinstance(term, dict) and "odrl" in str(term.get("@type", "")).lower():
            saying.note(f"usageInfo[{i}] is an ODRL policy; its terms belong to the agreement, not to the manifest.")
        else:
            saying.note(f"usageInfo[{i}] is no term of the Data Use Ontology.")
    saying.says(item("data_sources", key, "duo"), codes or None, "usageInfo")


def _sensitivity(saying: Saying, key: str, said: list[Any]) -> None:
    """Take the listed kinds: any makes the data personal, health and the like a special category."""
    words = [brief(part) for part in said if isinstance(part, str) and part.strip()]
    if not words or all(word.lower() in ("none", "no") for word in words):
        return
    special = any(word.lower().startswith(SPECIAL) for word in words)
    found = ["personal", "special_category"] if special else ["personal"]
    saying.says(item("data_sources", key, "sensitivity"), found, "rai:personalSensitiveInformation")
    saying.note(f"rai:personalSensitiveInformation says: {', '.join(words[:12])}.")


READER = Reader(NAME, "a Croissant data set", recognises, read)
