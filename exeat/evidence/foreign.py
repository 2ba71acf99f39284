"""Take in foreign reports: bound to a checkpoint by a sidecar, converted, both versions kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence import files, sacroml, statements
from exeat.evidence.binding import BoundFile, parse_binding, unbound
from exeat.evidence.canonical import bound_manifest, check_new_report_id
from exeat.evidence.intake import Item
from exeat.evidence.readers import report_npz, reports
from exeat.evidence.recognise import BINDING, RECORD_ARRAYS
from exeat.model.base import digest_of

if TYPE_CHECKING:
    from exeat.evidence.intake import Source
    from exeat.evidence.run import Run
    from exeat.ledger.statement import Draft
    from exeat.model.risk_report import RiskReport

ZIP = b"PK\x03\x04"


def take_binding(run: Run, source: Source) -> None:
    """Remember which files of this ingest the binding is about; it is kept with the first report it binds."""
    binding = parse_binding(run.bytes_of(source))
    run.check_speaks_of(binding.checkpoint_id)
    bound_manifest(run, binding.subject)
    for name, sha256 in binding.files.items():
        other = run.bindings.get(sha256)
        if other is not None and other.binding.subject != binding.subject:
            raise BadInput(
                f"Another binding of this ingest ties {name} to {other.binding.checkpoint_id} or to other model files.",
                "A report is about one checkpoint: remove the wrong binding.",
                place=f"$.files.{name}",
            )
    if run.register.subject_of(source.sha256) is not None:
        run.know(source, BINDING, binding.checkpoint_id)
    else:
        run.stores.objects.put(run.bytes_of(source), source.sha256)
        item = Item(source.name, BINDING, source.sha256, binding.checkpoint_id)
        run.accept(source, item, statements.bound(run.by, binding.checkpoint_id, source.sha256))
    run.bindings |= {sha256: BoundFile(name, binding, source.sha256) for name, sha256 in binding.files.items()}


def take_sacroml(run: Run, source: Source) -> None:
    """Convert each attack of a SACRO-ML report that a binding ties to a checkpoint; keep source and conversion."""
    bound = run.bindings.get(source.sha256)
    if bound is None:
        error, rows = unbound(source.sha256), sacroml.ROWS in run.bytes_of(source)
        run.reject(source, error, kind="sacroml", keep=not rows)
        return
    converted, refused = sacroml.read_all(run.bytes_of(source), bound, source.sha256)
    drafts: list[Draft] = []
    for report in converted:
        try:
            drafts.append(_attach(run, source, bound, report))
        except BadInput as exc:
            refused.append(exc)
    for error in refused:
        run.reject(source, error, kind="sacroml")
    if drafts:
        run.stores.objects.put(run.bytes_of(source), source.sha256)
        note = f"SACRO-ML: {len(drafts)} attack{'s' if len(drafts) > 1 else ''} converted"
        item = Item(source.name, "sacroml", source.sha256, bound.binding.checkpoint_id, note)
        run.accept(source, item, *drafts)


def take_report(run: Run, source: Source, name: str) -> None:
    """Convert a report of any other tool that a binding ties to a checkpoint; keep source and conversion.

    What is refused is not kept when its format holds per-record rows: membership data stay where they are.
    """
    bound = run.bindings.get(source.sha256)
    if bound is None and files.is_component(run, source):
        files.take_unknown(run, source)
        return
    try:
        if bound is None:
            raise unbound(source.sha256)
        data = run.bytes_of(source)
        draft = _attach(run, source, bound, reports.convert(name, data, bound, source.sha256))
        run.stores.objects.put(data, source.sha256)
        run.accept(source, Item(source.name, name, source.sha256, bound.binding.checkpoint_id), draft)
    except BadInput as exc:
        run.reject(source, exc, kind=name, keep=not reports.BY_NAME[name].per_record)


def take_arrays(run: Run, source: Source) -> None:
    """Keep per-record scores that a binding lists, and read no value of them; leave all others outside."""
    bound = run.bindings.get(source.sha256)
    if bound is None or files.is_component(run, source):
        files.take_arrays(run, source)
        return
    note = "per-record scores, sensitivity 4: kept as evidence, no value of them is read or copied"
    item = Item(source.name, RECORD_ARRAYS, source.sha256, bound.binding.checkpoint_id, note)
    try:
        run.check_speaks_of(bound.binding.checkpoint_id)
        if run.stores.objects.has(source.sha256):
            run.result.known.append(item)
            return
        bound_manifest(run, bound.binding.subject)
        data = run.bytes_of(source)
        if data.startswith(ZIP):
            report_npz.arrays(data, frozenset())
    except BadInput as exc:
        run.reject(source, exc, kind=RECORD_ARRAYS, keep=False)
        return
    run.stores.objects.put(data, source.sha256)
    run.accept(source, item)


def take_pickled(run: Run, source: Source) -> None:
    """Refuse a report that is a pickle; keep it only when a manifest lists it as a component."""
    if not files.is_component(run, source):
        raise reports.refuse_pickled()
    files.take_checkpoint_file(run, source)


def _attach(run: Run, source: Source, bound: BoundFile, report: RiskReport) -> Draft:
    manifest = bound_manifest(run, report.subject)
    check_new_report_id(run, report)
    data = report.to_bytes()
    digest = run.stores.objects.put(data, digest_of(data))
    digests = {"report": digest, "source": source.sha256, "binding": bound.binding_sha256, "manifest": manifest}
    return statements.attached(run.by, report, digests)
