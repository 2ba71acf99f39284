"""Join what the loop knows with what only people know, and list what is still missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.gaps import Gap, gaps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GUESSED = frozenset(
    {
        "run_id",
        "selection_rule",
        "model.family",
        "model.architecture",
        "model.inputs",
        "model.outputs",
        "training.hardware",
    }
    | {"model.instance_based", "dp.unit", "dp.statement", "dp.sampling", "dp.neighbouring", "no_safeguards_reason"}
)
"""Fields of which a person may know better; elsewhere a contradiction is a mistake."""
_GOVERNANCE = {
    "approval_ref": "Under which approval was the project trained?",
    "pia_ref": "Which impact assessment covers it? Leave it out when the data are not about people.",
    "pia_status": "Is the impact assessment validated: doing, refused, simple_validation, signed_validation, archived?",
    "pia_review_due": "When is the impact assessment reviewed next? A date.",
    "dpo_opinion": "What is the data protection officer's opinion: favourable, unfavourable or pending?",
    "monitoring": "How is the use of it watched?",
}
_SOURCE = {
    "digest": "Which SHA-256 has the data? Give (x, y) as tensors, and the recorder works it out.",
    "n_units": "Of how many persons are the records? Rows are no persons.",
    "max_records_per_unit": "How many records has one person at most?",
    "sensitivity": "How sensitive is the data: none, personal, special_category, children, small_population, linked?",
    "approval_ref": "Which approval of its owner covers the data?",
}
_DP = {
    "delta": "For which delta is epsilon to be stated? Give delta=, below one over the number of persons.",
    "sampling": "Were batches Poisson samples? Give the private DataLoader as train=.",
    "sample_rate": "With which probability is a record sampled? Give privacy_engine=.",
    "noise_multiplier": "How much noise was added, as a multiple of the clipping norm? Give privacy_engine=.",
    "tuning_accounted": "Are tuning runs on the same data accounted for? true or false.",
}


def with_about(known: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with a person's answers; raise BadInput where they contradict what the loop saw.

    ``data_sources`` in ``about`` may be a mapping of roles (``train``, ``test``, or ``all``) to fields, or a list of
    further sources; ``components`` maps ``weights``, ``config`` or ``training-trace`` to what is proposed for it. Other
    lists are added to, maps are joined.
    """
    given = dict(about)
    sources, parts = given.pop("data_sources", {}), given.pop("components", {})
    document = _joined(dict(known), given, "")
    document["components"] = [{**part, **_proposed(parts.get(part["id"], {}))} for part in known["components"]]
    if isinstance(sources, dict):
        unknown = set(sources) - {"all"} - {source["role"] for source in known["data_sources"]}
        if unknown:
            raise BadInput(f"about names data that is not recorded: {', '.join(sorted(unknown))}.",
                           "Name train, test or all; give other sources as a list.")  # fmt: skip
        document["data_sources"] = [
            _joined(_joined(dict(source), sources.get("all", {}), "data_sources"), sources.get(source["role"], {}),
                    f"data_sources[{source['role']}]")
            for source in known["data_sources"]
        ]  # fmt: skip
    else:
        document["data_sources"] = [*known["data_sources"], *sources]
    return document


def _proposed(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    if wrong := set(fields) - {"proposed_disposition", "sensitivity", "masked_ref"}:
        raise BadInput(
            f"about sets {', '.join(sorted(wrong))} of a file that the recorder wrote.",
            "Give its proposed_disposition, sensitivity or masked_ref; the rest is read off the file.",
        )
    return fields


def _joined(known: dict[str, Any], given: Mapping[str, Any], place: str) -> dict[str, Any]:
    result = dict(known)
    for name, value in given.items():
        path = f"{place}.{name}" if place else name
        before = result.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            result[name] = _joined(before, value, path)
        elif isinstance(before, list | tuple) and isinstance(value, list | tuple) and path not in _GUESSED:
            result[name] = [*before, *value]
        elif before is None or before == "" or path in _GUESSED or str(before) == str(value):
            result[name] = value
        else:
            raise BadInput(
                f"about says {path} is {str(value)[:60]!r}; the loop saw {str(before)[:60]!r}.",
                "Leave it out of about: the recorder fills it in.",
                place=f"$.{path}",
            )
    return result


def missing(document: Mapping[str, Any], needed: tuple[Gap, ...] | None = None) -> tuple[Gap, ...]:
    """Return what keeps the document from being a manifest (``needed``), then what its checklist will ask for."""
    needed = gaps_of(document) if needed is None else needed
    return tuple(dict.fromkeys([*needed, *_asked(document)]))


def _asked(document: Mapping[str, Any]) -> Iterator[Gap]:
    about_people = any(list(s.get("sensitivity") or ()) != ["none"] for s in document["data_sources"])
    for source in document["data_sources"]:
        path = f"data_sources[{source['id']}]"
        yield from (Gap(f"{path}.{name}", text) for name, text in _SOURCE.items() if not source.get(name))
    governance = document.get("governance") or {}
    for name, text in _GOVERNANCE.items():
        if not governance.get(name) and (about_people or not name.startswith(("pia", "dpo"))):
            yield Gap(f"governance.{name}", text)
    if not (document.get("retention") or {}).get("revocation_procedure"):
        yield Gap("retention.revocation_procedure", "How is a release taken back?")
    if not document.get("safeguards") and not document.get("no_safeguards_reason"):
        yield Gap("no_safeguards_reason", "Why was no protection applied?")
    dp = document.get("dp")
    if dp is not None and dp.get("claimed"):
        yield from (Gap(f"dp.{name}", text) for name, text in _DP.items() if dp.get(name) is None)


def as_text(gaps: tuple[Gap, ...]) -> str:
    """Return the list of what is missing, for a person."""
    if not gaps:
        return "# Nothing is missing\n"
    rows = "\n".join(f"- `{gap.path}`: {gap.sentence}" for gap in gaps)
    return (
        f"# What the training loop cannot know ({len(gaps)})\n\nGive it as `Recorder(..., about={{...}})` by these "
        f"paths, or answer it on the page *Prepare a release*.\n\n{rows}\n"
    )
