"""MLflow run folder: ``meta.yaml`` with ``params/``, ``metrics/`` and ``tags/`` beside it, one small file per entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence.readers import conventions, metrics, values
from exeat.evidence.readers.saying import Saying, brief
from exeat.evidence.readers.shape import Reader
from exeat.evidence.readers.yaml_text import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "mlflow-run"
MARKERS = frozenset({"run_id", "artifact_uri", "experiment_id", "lifecycle_stage"})
FOLDERS = ("params", "metrics", "tags")
MAX_ENTRIES = 5000
MAX_ENTRY_BYTES = 64 * 2**10
MAX_HISTORY_BYTES = 8 * 2**20
TAGS = {
    "mlflow.note.content": ("purpose", values.text),
    "mlflow.source.git.commit": ("training.code_ref", values.line),
    "checkpoint_id": ("checkpoint_id", values.slug),
}
PERSONAL = ("mlflow.user", "user_id")


def recognises(peek: Peek) -> bool:
    """Return whether the YAML has the four keys by which MLflow marks a run."""
    if peek.text is None or not peek.whole or "artifact_uri" not in peek.text:
        return False
    return {line.partition(":")[0] for line in peek.text.split("\n")} >= MARKERS


def read(bundle: Bundle) -> Partial:
    """Read ``meta.yaml`` and the entries beside it."""
    saying = Saying(NAME, bundle)
    meta = parse_yaml(bundle.data().decode("utf-8", "replace"))
    if not isinstance(meta, dict):
        raise BadInput("The run file is not a table of names and values.", "Take meta.yaml of the run as it is.")
    saying.takes("run_id", meta.get("run_id"), "meta.yaml: run_id", values.slug)
    saying.takes("title", meta.get("run_name"), "meta.yaml: run_name", values.line)
    saying.takes("training.started_at", meta.get("start_time"), "meta.yaml: start_time", values.moment)
    saying.takes("training.ended_at", meta.get("end_time"), "meta.yaml: end_time", values.moment)
    saying.takes("training.code_ref", meta.get("source_version"), "meta.yaml: source_version", values.line)
    for name in ("artifact_uri", "user_id"):
        if meta.get(name):
            saying.note(f"meta.yaml: {name} names a place or an account; it is left out of the manifest.")
    _params(saying, bundle)
    for name, content in _entries(saying, bundle, "metrics", MAX_HISTORY_BYTES):
        _metric(saying, name, content)
    for name, content in _entries(saying, bundle, "tags", MAX_ENTRY_BYTES):
        _tag(saying, name, content)
    return saying.partial()


def _entries(saying: Saying, bundle: Bundle, folder: str, limit: int) -> Iterator[tuple[str, str]]:
    names = sorted(name for name in bundle.members if name.startswith(f"{folder}/"))
    if len(names) > MAX_ENTRIES:
        saying.note(f"{folder}/ has {len(names):,} entries; the first {MAX_ENTRIES:,} are read.")
    for name in names[:MAX_ENTRIES]:
        data = bundle.members[name].first(limit + 1)
        if len(data) > limit:
            saying.note(f"{name} is larger than {limit:,} bytes and is not read.")
        else:
            yield name.removeprefix(f"{folder}/"), data.decode("utf-8", "replace")


def _params(saying: Saying, bundle: Bundle) -> None:
    """Take the parameters: all as hyperparameters, those of differential privacy and the epochs also as such."""
    for name, content in _entries(saying, bundle, "params", MAX_ENTRY_BYTES):
        conventions.tell_settings(saying, {name: content.strip("\n")}, "params")
        if name in conventions.TRAINING_DP:
            field, convert = conventions.DP[name]
            saying.takes(f"dp.{field}", content.strip(), f"params/{name}", convert)
        if name in ("epochs", "max_epochs", "total_epochs"):
            saying.takes("total_epochs", content.strip(), f"params/{name}", values.integer)


def _metric(saying: Saying, name: str, content: str) -> None:
    """Take the last value of a history; each line is time in milliseconds, value, step."""
    lines = content.strip().rsplit("\n", 1)
    parts = lines[-1].split()
    if len(parts) not in (2, 3):
        saying.note(f"metrics/{brief(name)}: the last line is not time, value and step.")
    elif metrics.is_risk(name):
        metrics.note_risk(saying, name, parts[1], f"metrics/{name}")
    else:
        metrics.tell_metric(saying, name, parts[1], f"metrics/{name}, last line")
    if len(parts) == 3:  # noqa: PLR2004 time, value, step
        saying.note(f"metrics/{brief(name)}: measured at step {brief(parts[2])}; MLflow does not say of what.")


def _tag(saying: Saying, name: str, content: str) -> None:
    place = f"tags/{name}"
    if name in TAGS:
        path, convert = TAGS[name]
        saying.takes(path, content.strip(), place, convert)
    elif name in PERSONAL:
        saying.note(f"{place} names an account; it is left out of the manifest.")
    elif not conventions.tell(saying, name, content.strip(), place):
        saying.note(f"{brief(place)} has no place in the manifest: {brief(content.strip())}.")


READER = Reader(NAME, "an MLflow run", recognises, read, folder=True)
