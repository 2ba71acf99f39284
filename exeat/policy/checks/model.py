"""M: what the model is, what the files hold, and whether they are the files of the manifest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from exeat.model.inspection import Channel
from exeat.model.inspection import Verdict as FileVerdict
from exeat.model.tier import ComponentKind, Disposition
from exeat.policy.checks.registry import check
from exeat.policy.contents import HOLD_TENSORS
from exeat.policy.figures import counted, listed
from exeat.policy.finding import Verdict
from exeat.policy.matter import (
    RECORD_LIKE,
    TRAINING_STATE,
    WEIGHTS,
    Leaving,
    Matter,
    Outcome,
    failed,
    not_applicable,
    not_measured,
    passed,
    warned,
)
from exeat.policy.reading import readings, worst

if TYPE_CHECKING:
    from collections.abc import Mapping

_STORES_RECORDS = re.compile(
    r"\bk-?nn\b|nearest.?neighbo|\bsv[mcr]\b|support.?vector|gaussian.?process|prototyp|case.?bas|retriev|\brag\b",
    re.IGNORECASE,
)
_NEURAL = re.compile(
    r"neural|\bmlp\b|\bcnn\b|\brnn\b|lstm|transformer|perceptron|\bresnet|\bvae\b|\bgan\b|linear", re.IGNORECASE
)
_NEVER = re.compile(
    r"indices|indexes|sample ids?|member|user ?name|e-?mail|\bpaths?\b|host ?name|notebook|training data",
    re.IGNORECASE,
)
_TRAINING = re.compile(r"optimi[sz]er|\brng\b|random state|\bbatch|example|per (sample|record)|gradient", re.IGNORECASE)
_MAY_HOLD_TRAINING = TRAINING_STATE | RECORD_LIKE - {ComponentKind.EMBEDDING} | {ComponentKind.SCHEDULER}
SAFE_FORMATS = frozenset(
    {"safetensors", "json", "jsonl", "toml", "yaml", "yml", "txt", "text", "md", "markdown", "csv", "parquet", "onnx"}
)
"""Formats that run no code when they are loaded."""
_HOLDS_ONLY_TENSORS = frozenset({"safetensors", "onnx"})
_NO_FORMAT = ("", "unknown")
_PLAIN_TEXT = SAFE_FORMATS - _HOLDS_ONLY_TENSORS


_NEVER_CHANNELS = frozenset(
    {
        *(Channel.ABSOLUTE_PATH, Channel.USER_NAME, Channel.HOST_NAME, Channel.EMAIL, Channel.NHS_NUMBER),
        *(Channel.RECORD_NUMBER, Channel.IBAN, Channel.PHONE, Channel.SECRET, Channel.MEMBER_INDICES),
    }
)
_TRAINING_CHANNELS = frozenset({Channel.OPTIMIZER_STATE, Channel.RNG_STATE})
_STRUCTURE_WORDS = {
    Verdict.FAIL: "Over the limit",
    Verdict.WARN: "Near the limit",
    Verdict.NOT_MEASURED: "Not measured",
}


@check("M1")
def stores_records(matter: Matter) -> Outcome:
    """Check that no copy leaves of a model that stores records by design; queries and a sandbox stay open."""
    parts = matter.of_kinds(WEIGHTS)
    if not parts:
        return not_applicable("No weights leave.")
    model = matter.manifest.model
    flagged = [m for m in matter.under("struct.instance_based") if m.indicator.value]
    named = _STORES_RECORDS.search(f"{model.family} {model.architecture}")
    if not (model.instance_based or flagged or named):
        return passed(f"{model.architecture} stores no records by design.")
    copies = tuple(p.component.id for p in parts if p.disposition.openness > Disposition.QUERY_ONLY.openness)
    said = "" if model.instance_based else " although the manifest says it does not"
    if copies:
        return failed(f"{model.architecture} stores training records{said}, and a copy would leave.", components=copies)
    if any(p.disposition is Disposition.SANDBOX for p in parts):
        return warned(f"{model.architecture} stores training records{said}; in the sandbox they can be read.")
    return passed(f"{model.architecture} stores training records; only queries leave.")


@check("M2")
def structure(matter: Matter) -> Outcome:
    """Check structural indicators (smallest group, class disclosure, degrees of freedom) against their limits."""
    if not matter.of_kinds(WEIGHTS):
        return not_applicable("No weights leave.")
    found = readings(matter, "M2", matter.under("struct."))
    judged = [r for r in found if r.verdict is not Verdict.NOT_APPLICABLE]
    if not judged:
        model = matter.manifest.model
        if _NEURAL.search(f"{model.family} {model.architecture}"):
            return not_applicable("A neural or linear model has no leaves or rules to count people in; see R1 to R5.")
        return not_measured("No structural report is attached.", readings=found)
    verdict = worst(r.verdict for r in judged)
    bad = [r.label.removeprefix("structure, ") for r in judged if r.verdict is verdict]
    if verdict is Verdict.PASS:
        return passed(f"{counted(len(judged), 'structural figure')} within limits.", readings=found)
    return Outcome(verdict, f"{_STRUCTURE_WORDS[verdict]}: {listed(bad)}.", readings=found)


@check("M3")
def minimum(matter: Matter) -> Outcome:
    """Check that each leaving file lists what it contains, and holds nothing beyond its kind."""
    if extra := matter.context.unlisted_files:
        return failed(f"{counted(len(extra), 'file')} beside the checkpoint is not in the manifest: {listed(extra)}.")
    surplus = {part.component.id: found for part in matter.leaving if (found := _surplus(matter, part))}
    if surplus:
        name, found = next(iter(surplus.items()))
        return failed(f"{name} also holds {listed(found)}.", components=tuple(surplus))
    closed = tuple(part.component.id for part in matter.leaving if not _inspected(matter, part))
    if closed:
        return not_measured(f"What is inside {listed(closed)} is not stated.", components=closed)
    return passed(f"{counted(len(matter.leaving), 'component')}, none with anything beyond its kind.")


def _surplus(matter: Matter, part: Leaving) -> list[str]:
    """Return contents that the kind is not about, stated or found by an inspection.

    Rows and batches in logs and traces are S3's question.
    """
    training = part.component.kind in _MAY_HOLD_TRAINING
    patterns = (_NEVER,) if training else (_NEVER, _TRAINING)
    stated = [item for item in part.component.contains if any(p.search(item.replace("_", " ")) for p in patterns)]
    seen = matter.context.inspections.get(part.component.id)
    surplus = _NEVER_CHANNELS if training else _NEVER_CHANNELS | _TRAINING_CHANNELS
    found = sorted(channel.title for channel in seen.channels & surplus) if seen else []
    return stated + [f"{title} (found by inspection)" for title in found]


def _inspected(matter: Matter, part: Leaving) -> bool:
    seen = matter.context.inspections.get(part.component.id)
    looked = seen is not None and seen.verdict is not FileVerdict.UNREADABLE
    return looked or bool(part.component.contains) or _format(part) in SAFE_FORMATS


def _format(part: Leaving) -> str:
    return part.component.format.lower().removeprefix(".").split()[0]


@check("M4")
def safe_to_load(matter: Matter) -> Outcome:
    """Check that each leaving file has a format that runs no code, or a clean scan; no scanner's report says otherwise.

    Exeat's own inspection is the strongest word: unsafe fails whatever the format or a scanner says, clean stands for
    a scan, and another format than the manifest says fails. A file of tensors that nobody inspected or scanned is not
    measured: the manifest's word for its format is its author's. A clean report of a block-list scanner changes nothing
    here: it is no inspection.
    """
    if danger := _danger(matter):
        return danger
    if found := _inspected_as(matter, FileVerdict.UNREADABLE):
        reason = matter.context.inspections[found[0]].reason
        return not_measured(f"An inspection cannot read {listed(found)}. {reason}".rstrip(), components=found)
    clean = _inspected_as(matter, FileVerdict.CLEAN)
    if unseen := _not_looked_at(matter):
        return not_measured(
            f"Nobody has looked into {listed(unseen)}: a format's name proves nothing. Ingest inspects each file.",
            components=unseen,
        )
    open_ = tuple(
        p.component.id
        for p in matter.leaving
        if _format(p) not in SAFE_FORMATS and p.component.id not in clean and not _is_clean(p)
    )
    if open_:
        formats = listed(sorted({p.component.format for p in matter.leaving if p.component.id in open_}))
        return not_measured(
            f"{listed(open_)} ({formats}) may run code when loaded and was not scanned.", components=open_
        )
    if scanned := _scanned(matter, suspicions=True):
        return warned(f"{scanned.tool} finds {listed(scanned.components)} suspicious; read its report.")
    inspected = f", {len(clean):,} of them inspected" if clean else ""
    return passed(f"{counted(len(matter.leaving), 'file')} in a safe format or scanned clean{inspected}.")


def _danger(matter: Matter) -> Outcome | None:
    """Return the failure when an inspection, the manifest's scan or a scanner's report speaks against a file."""
    if found := _inspected_as(matter, FileVerdict.UNSAFE):
        reason = matter.context.inspections[found[0]].reason
        return failed(f"An inspection finds {listed(found)} unsafe to load. {reason}".rstrip(), components=found)
    unsafe = tuple(p.component.id for p in matter.leaving if p.component.scan and p.component.scan.result == "unsafe")
    if unsafe:
        return failed(f"A scan found unsafe content in {listed(unsafe)}.", components=unsafe)
    if scanned := _scanned(matter, suspicions=False):
        return failed(
            f"{scanned.tool} found unsafe content in {listed(scanned.components)}.", components=scanned.components
        )
    return _other_format(matter)


def _other_format(matter: Matter) -> Outcome | None:
    """Return the failure when a file that is said to be in a safe format was found in another one."""
    seen = matter.context.inspections
    about = [part for part in matter.leaving if part.component.id in seen and _format(part) in SAFE_FORMATS]
    wrong = [part for part in about if seen[part.component.id].format not in (*_NO_FORMAT, _format(part))]
    if not wrong:
        return None
    first = wrong[0].component
    return failed(
        f"The manifest calls {first.id} {first.format}; an inspection finds {seen[first.id].format}.",
        components=tuple(part.component.id for part in wrong),
    )


def _not_looked_at(matter: Matter) -> tuple[str, ...]:
    """Return files of tensors in a format said to be safe that were neither inspected nor scanned."""
    seen = matter.context.inspections
    return tuple(
        part.component.id
        for part in matter.of_kinds(HOLD_TENSORS)
        if part.component.id not in seen and _format(part) in SAFE_FORMATS and not _is_clean(part)
    )


def _inspected_as(matter: Matter, verdict: FileVerdict) -> tuple[str, ...]:
    """Return the leaving components whose bytes an inspection judged so."""
    seen = matter.context.inspections
    ids = (part.component.id for part in matter.leaving)
    return tuple(name for name in ids if name in seen and seen[name].verdict is verdict)


class _Scanned(NamedTuple):
    """Which tool has a finding about which leaving components."""

    tool: str
    components: tuple[str, ...]


def _scanned(matter: Matter, *, suspicions: bool) -> _Scanned | None:
    """Return the first finding of a scanner's report (``scan.<tool>``, or its suspicions) about a leaving component."""
    for item in matter.under("scan."):
        about = item.source.report.subject.component_sha256
        parts = tuple(part.component.id for part in matter.leaving if part.component.sha256 in about)
        if parts and item.indicator.value and item.indicator.indicator_id.endswith(".suspicions") is suspicions:
            return _Scanned(item.source.report.tool.name, parts)
    return None


def _is_clean(part: Leaving) -> bool:
    return part.component.scan is not None and part.component.scan.result == "clean"


@check("M5")
def same_files(matter: Matter) -> Outcome:
    """Check that the proposal names this manifest, and that a report or the files confirm the weights' digests."""
    asked = matter.proposal
    if asked and (
        asked.manifest_sha256 != matter.manifest_sha256 or asked.checkpoint_id != matter.manifest.checkpoint_id
    ):
        return failed("The proposal is about another manifest.")
    seen = matter.context.file_digests or {}
    wrong = tuple(
        p.component.id for p in matter.leaving if seen.get(p.component.id, p.component.sha256) != p.component.sha256
    )
    if wrong:
        return failed(f"The bytes of {listed(wrong)} differ from the manifest.", components=wrong)
    if not asked and not matter.from_files:
        return not_measured("No proposal names this manifest.")
    blind = _unseen(matter, seen)
    if blind:
        return not_measured(f"Nobody but the manifest has seen the digest of {listed(blind)}.", components=blind)
    named = "The proposal names this manifest; nothing" if asked else "Nothing"
    return passed(f"{named} seen contradicts its digests.")


def _unseen(matter: Matter, seen: Mapping[str, str]) -> tuple[str, ...]:
    """Return weights whose digest neither a report nor the files on hand confirm."""
    witnessed = {digest for bound in matter.reports.used for digest in bound.report.subject.component_sha256}
    parts = [part.component for part in matter.of_kinds(WEIGHTS)]
    return tuple(c.id for c in parts if c.id not in seen and c.sha256 not in witnessed)
