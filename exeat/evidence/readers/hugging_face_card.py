"""Hugging Face model card: the YAML between the ``---`` lines, and the sections of the template below it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.manifest_path import item
from exeat.evidence.readers import conventions, markdown, metrics, values
from exeat.evidence.readers.own import tell_own
from exeat.evidence.readers.saying import Saying, brief
from exeat.evidence.readers.shape import Reader
from exeat.evidence.readers.yaml_text import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.markdown import Section
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "hugging-face-card"
OWN = "exeat"
"""Front-matter key under which our exporter writes what the format has no field for."""
KEYS = frozenset(
    {
        "base_model",
        "datasets",
        "eval_results",
        "extra_gated_fields",
        "extra_gated_prompt",
        "inference",
        "language",
        "library_name",
        "license",
        "license_link",
        "license_name",
        "metrics",
        "model-index",
        "model_name",
        "pipeline_tag",
        "tags",
        "thumbnail",
        "widget",
    }
)
WITHOUT_PLACE = ("language", "tags", "extra_gated_prompt", "extra_gated_fields", "license_link")
USES = ("uses", "use", "intended use", "intended uses", "direct use", "downstream use", "intended uses & limitations")
OUT_OF_SCOPE = ("out-of-scope use", "out-of-scope uses", "out of scope", "out-of-scope")
LIMITATIONS = ("bias, risks, and limitations", "limitations", "limitations and bias", "risks and limitations")
_MARKER = "**out of scope"
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}(?: #\d{1,3})?")


def recognises(peek: Peek) -> bool:
    """Return whether the file begins with front matter that has a key of the card format."""
    if not peek.data.startswith(b"---") or peek.text is None:
        return False
    parts = markdown.front_matter(peek.text.replace("\r\n", "\n"))
    names = {line.partition(":")[0] for line in parts[0].split("\n")} if parts else set()
    return bool(names & (KEYS | {OWN}))


def read(bundle: Bundle) -> Partial:
    """Read a card; raise BadInput when its YAML is not readable."""
    saying = Saying(NAME, bundle)
    try:
        parts = markdown.front_matter(bundle.data().decode().replace("\r\n", "\n"))
    except UnicodeDecodeError as exc:
        raise BadInput(f"The card is not UTF-8 text (byte {exc.start}).", "Save it as UTF-8.") from exc
    yaml = parse_yaml(parts[0]) if parts else None
    if parts is None or not isinstance(yaml, dict):
        raise BadInput("The card has no front matter.", "A model card begins with YAML between two lines of ---.")
    own = values.table(yaml.get(OWN))
    tell_own(saying, own, f"{OWN}.")
    _front(saying, yaml)
    _datasets(saying, yaml.get("datasets"), own)
    for i, entry in enumerate(values.entries(yaml.get("model-index"))):
        _model_index(saying, entry, f"model-index[{i}]")
    _body(saying, markdown.sections(parts[1]), titled=bool(values.entries(yaml.get("model-index"))))
    return saying.partial()


def _front(saying: Saying, yaml: dict[str, Any]) -> None:
    licence = "license_name" if yaml.get("license") in ("other", None) else "license"
    saying.takes("governance.licence", yaml.get(licence), licence, values.line)
    saying.takes("model.task", yaml.get("pipeline_tag"), "pipeline_tag", values.line)
    saying.takes("training.framework", yaml.get("library_name"), "library_name", values.framework)
    base = values.entries(yaml.get("base_model"))
    saying.takes("lineage.base_model", ", ".join(map(brief, base)), "base_model", values.line)
    for name in WITHOUT_PLACE:
        if yaml.get(name):
            saying.note(f"{name} has no place in the manifest: {_shown(yaml[name])}.")
    for name, value in yaml.items():
        if name not in KEYS and name != OWN and not conventions.tell(saying, name, value, name):
            saying.note(f"{brief(name)} has no place in the manifest: {_shown(value)}.")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(brief(name) for name in list(value)[:12])
    return ", ".join(brief(part, 100) for part in values.entries(value)[:12])


def _datasets(saying: Saying, names: Any, own: Mapping[str, Any]) -> None:
    """Take the data sets the model was trained on; those our own block lists by the same name are told there."""
    told = {part.get("name") for part in values.entries(own.get("data_sources")) if isinstance(part, dict)}
    for i, name in enumerate(values.entries(names)):
        key = values.slug(str(name).rsplit("/", 1)[-1]) if isinstance(name, str) else None
        if key is None:
            saying.note(f"datasets[{i}] is not a name.")
        elif values.line(name) not in told:
            saying.says(item("data_sources", key, "name"), values.line(name), f"datasets[{i}]")
            saying.says(item("data_sources", key, "role"), "train", f"datasets[{i}]")


def _model_index(saying: Saying, entry: Any, place: str) -> None:
    if not isinstance(entry, dict):
        saying.note(f"{place} is not an entry of results.")
        return
    saying.takes("title", entry.get("name"), f"{place}.name", values.line)
    for i, result in enumerate(values.entries(entry.get("results"))):
        if isinstance(result, dict):
            _result(saying, result, f"{place}.results[{i}]")


def _result(saying: Saying, result: dict[str, Any], place: str) -> None:
    data = values.table(result.get("dataset"))
    split = metrics.split_of(str(data.get("split", ""))) if data else None
    if data and data.get("revision"):
        saying.note(f"{place}.dataset: measured on {_shown(data.get('name'))}, revision {brief(data['revision'])}.")
    for i, metric in enumerate(values.entries(result.get("metrics"))):
        if isinstance(metric, dict):
            _metric(saying, metric, f"{place}.metrics[{i}]", split)
    source = result.get("source")
    if isinstance(source, dict) and source.get("url"):
        saying.note(f"{place}.source: the figures are said to come from {brief(source.get('name') or 'a report')}.")


def _metric(saying: Saying, metric: dict[str, Any], place: str, split: str | None) -> None:
    name = brief(metric.get("type") or metric.get("name") or "metric", 80)
    arguments = values.table(metric.get("args"))
    if name in ("dp_epsilon", "epsilon"):
        conventions.tell_dp(saying, {"epsilon": metric.get("value"), **arguments}, place)
    elif metrics.is_risk(name):
        metrics.note_risk(saying, name, metric.get("value"), place)
    else:
        key = str(arguments.get("id") or "")
        key = key if _KEY.fullmatch(key) else values.slug(key) or ""
        metrics.tell_metric(saying, name, metric.get("value"), f"{place}.value", split=split, key=key)


def _body(saying: Saying, found: Sequence[Section], *, titled: bool) -> None:
    uses: list[str] = []
    for section in found:
        name = section.title.lower().strip(" :*_")
        if section.level == 1 and not titled:
            saying.takes("title", section.title.removeprefix("Model Card for "), "# heading", values.line)
            titled = True
        if name in USES:
            uses.append(section.text)
        elif name in OUT_OF_SCOPE:
            saying.takes("out_of_scope", section.text, f"section {section.title}", values.text)
        elif name in LIMITATIONS:
            saying.takes("limitations", section.text, f"section {section.title}", values.text)
        elif section.text and section.level:
            saying.note(f'The section "{section.title[:80]}" is prose; nothing in it is read as a figure.')
    _uses(saying, "\n\n".join(part for part in uses if part))


def _uses(saying: Saying, text: str) -> None:
    start = text.lower().find(_MARKER)
    if start >= 0:
        outside = text[start + len(_MARKER) :].lstrip(":* \n")
        saying.takes("out_of_scope", outside, "section Uses, out of scope", values.text)
        text = text[:start]
    saying.takes("purpose", text.strip(), "section Uses", values.text)


READER = Reader(NAME, "a Hugging Face model card", recognises, read)
