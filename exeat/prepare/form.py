"""The manifest as a form: for each path what kind of answer it takes, read from the schema itself."""

from __future__ import annotations

import types
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from exeat.errors import BadInput
from exeat.evidence.gaps import ITEM_SENTENCES, SENTENCES
from exeat.evidence.manifest_path import LISTS, item, steps
from exeat.model.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo

Kind = Literal[
    "line", "text", "number", "count", "choice", "choices", "flag", "level", "date", "moment", "lines", "map", "list"
]
LONG = 1000
"""From here on a text gets an area instead of a line, in characters."""
GROUPS: Mapping[str, frozenset[str]] = {
    "What it is": frozenset(
        {"checkpoint_id", "run_id", "lineage", "title", "purpose", "out_of_scope", "limitations"}
        | {"created_at", "created_by", "org", "contact"}
    ),
    "Model and training": frozenset(
        {"model", "training", "hyperparameters", "units", "seeds", "epoch", "global_step", "total_epochs"}
        | {"selection_rule"}
    ),
    "Data": frozenset({"data_sources"}),
    "Files": frozenset({"components"}),
    "Protection": frozenset({"safeguards", "no_safeguards_reason", "masked", "dp"}),
    "What it achieves": frozenset({"metrics", "surrogate"}),
    "Exposure and reproduction": frozenset({"reproducibility", "leakage_channels"}),
    "Keeping and responsibility": frozenset({"intended_tier", "retention", "governance"}),
}
"""The parts of the form, in the order of the schema."""
WORDS: Mapping[str, str] = {
    "n_parameters": "number of parameters",
    "n": "number of records",
    "n_records": "number of records",
    "n_units": "number of people or units",
    "org": "organisation",
    "dp": "differential privacy",
    "sha256": "SHA-256",
    "ci_low": "lower end of the interval",
    "ci_high": "upper end of the interval",
    "ci_level": "level of the interval",
    "duo": "data use (DUO)",
    "pia_ref": "privacy impact assessment",
    "pia_status": "status of the privacy impact assessment",
}
"""Fields whose name says little to somebody who has not read the schema."""

QUESTIONS: Mapping[str, str] = {
    "created_at": "When was the checkpoint made? With time and zone; Z is UTC.",
    "hyperparameters": "Which hyperparameters were used?",
    "seeds": "Which random seeds were used? A value may be withheld.",
    "safeguards": "Which protections were applied?",
    "no_safeguards_reason": "Why was no protection applied?",
    "metrics": "What does it achieve?",
    "reproducibility": "What can be reproduced, and by whom?",
    "leakage_channels": "By which ways could records leak?",
    "masked": "Which portions are masked?",
}
"""Questions of the form where those about a file speak of lists and fields."""
LEVELS = 10
"""Up to here a whole number is chosen from a list."""


class Field(NamedTuple):
    """One answer of the form; ``most`` is the longest text or the largest number, 0 without a limit."""

    path: str
    kind: Kind
    label: str
    question: str
    choices: tuple[str, ...] = ()
    most: int = 0
    optional: bool = False

    @property
    def group(self) -> str:
        """Return the part of the form in which it stands."""
        first = steps(self.path)[0]
        return next((name for name, fields in GROUPS.items() if first in fields), "What it is")


def field_of(path: str) -> Field:
    """Return what the path takes; raise BadInput when it leads to no field of a manifest."""
    way = list(steps(path))
    model: type[BaseModel] = Manifest
    plain: list[str] = []
    while way:
        name = way.pop(0)
        info = model.model_fields.get(name)
        if info is None:
            break
        plain.append(name)
        inner = _part(info)
        if inner is not None and way and way[0].startswith("["):
            way.pop(0)
        if not way or inner is None:
            return _field(path, ".".join(plain), info, entry=bool(way))
        model = inner
    raise BadInput(f"{path[:80]!r} is not a field of the manifest.", "Choose one from the list.")


def _field(path: str, plain: str, info: FieldInfo, *, entry: bool) -> Field:
    """Return the field; ``entry`` says that the path leads into a map, or to one of several texts."""
    kind, choices = _kind(info)
    if entry and kind == "map":
        kind = "line"
    elif entry:
        path = path.rpartition("[")[0]
    question = QUESTIONS.get(plain) or SENTENCES.get(plain) or ITEM_SENTENCES.get(plain) or ""
    return Field(path, kind, label_of(path), question, choices, _most(info), not info.is_required())


def question_of(path: str, sentence: str) -> str:
    """Return what the form asks where the sentence is only that something is missing."""
    return QUESTIONS[path] if path in QUESTIONS and sentence == SENTENCES.get(path) else sentence


def label_of(path: str) -> str:
    """Return a path in words: ``Run family (lineage)``, ``Version (data source icu)``."""
    *before, last = steps(path)
    if last.startswith("["):
        return f"{last.strip('[]')} ({_one(before[-1])})" if before else last
    words = WORDS.get(last, last.replace("_", " "))
    words = words[:1].upper() + words[1:]
    if not before:
        return words
    inside = " ".join(_one(step) if not step.startswith("[") else step.strip("[]") for step in before)
    return f"{words} ({inside})"


def entry_word(name: str) -> str:
    """Return what one entry of a list is called: ``leakage channel``."""
    return {"masked": "masked portion", "reproducibility": "reproducible part"}.get(name) or _one(name)


def _one(name: str) -> str:
    """Return one of a list in words: ``data source`` of ``data_sources``."""
    words = WORDS.get(name, name.replace("_", " "))
    return words[:-1] if name in LISTS and words.endswith("s") else words


def _bare(annotation: Any) -> Any:
    """Return the type without ``Annotated`` and without None."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, types.UnionType):
            inner = [one for one in get_args(annotation) if one is not type(None)]
            if len(inner) != 1:
                return annotation
            annotation = inner[0]
        else:
            return annotation


def _part(info: FieldInfo) -> type[BaseModel] | None:
    """Return the class of a part or of the parts of a list, None for a plain field."""
    bare = _bare(info.annotation)
    if get_origin(bare) is tuple:
        bare = _bare(get_args(bare)[0])
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, "flag"),
    (int, "count"),
    (Decimal, "number"),
    (date, "date"),
)


def _kind(info: FieldInfo) -> tuple[Kind, tuple[str, ...]]:
    bare = _bare(info.annotation)
    if get_origin(bare) is tuple:
        inside = _bare(get_args(bare)[0])
        choices = _choices(inside)
        listed: Kind = "list" if isinstance(inside, type) and issubclass(inside, BaseModel) else "lines"
        return ("choices", choices) if choices else (listed, ())
    if choices := _choices(bare):
        return "choice", choices
    return _plain_kind(bare, _most(info)), ()


def _plain_kind(bare: Any, most: int) -> Kind:
    if get_origin(bare) is dict:
        return "map"
    if bare is AwareDatetime:
        return "moment"
    found = next((kind for cls, kind in _KINDS if isinstance(bare, type) and issubclass(bare, cls)), None)
    if found == "count" and 0 < most <= LEVELS:
        return "level"
    return found or ("text" if most >= LONG else "line")


def _choices(bare: Any) -> tuple[str, ...]:
    if get_origin(bare) is Literal:
        return tuple(map(str, get_args(bare)))
    return tuple(one.value for one in bare) if isinstance(bare, type) and issubclass(bare, StrEnum) else ()


def _most(info: FieldInfo) -> int:
    """Return the longest text or largest whole number that fits."""
    found = [*info.metadata, *_constraints(info.annotation)]
    inner = [one for meta in found for one in getattr(meta, "metadata", [])]
    limits = [getattr(meta, name, None) for meta in [*found, *inner] for name in ("max_length", "le")]
    return max((limit for limit in limits if isinstance(limit, int)), default=0)


def _constraints(annotation: Any) -> Iterator[Any]:
    """Yield what ``Annotated`` says inside an optional."""
    if get_origin(annotation) is Annotated:
        yield from get_args(annotation)[1:]
        yield from _constraints(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for one in get_args(annotation):
            yield from _constraints(one)


@cache
def required_of(name: str) -> tuple[str, ...]:
    """Return the fields that every entry of a list must have, beside its key."""
    part = _part(Manifest.model_fields[name])
    if part is None:
        return ()
    return tuple(n for n, info in part.model_fields.items() if info.is_required() and n != LISTS[name])


def addable(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every path that can be answered: fields of the manifest and of its parts, and of each entry of a list."""
    return tuple(_paths(Manifest, "", document))


def _paths(model: type[BaseModel], before: str, document: Mapping[str, Any]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        path, part = f"{before}{name}", _part(info)
        if name == "schema_":
            continue
        if part is None:
            yield path
        elif get_origin(_bare(info.annotation)) is not tuple:
            yield from _paths(part, f"{path}.", document.get(name) or {})
        elif path in LISTS:
            for entry in document.get(name) or ():
                if isinstance(entry, dict):
                    inside = item(path, str(entry.get(LISTS[path], "")))
                    yield from (p for p in _paths(part, f"{inside}.", entry) if p != f"{inside}.{LISTS[path]}")
