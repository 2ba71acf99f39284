"""Take in foreign reports: bound to a checkpoint by a sidecar, converted, both versions kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence import sacroml, statements
from exeat.evidence.binding import BoundFile, parse_binding, unbound
from exeat.evidence.canonical import bound_manifest, check_new_report_id
from exeat.evidence.intake import Item
from exeat.evidence.recognise import BINDING
from exeat.model.base import digest_of

if TYPE_CHECKING:
    from exeat.evidence.intake import Source
    from exeat.evidence.run import Run
    from exeat.ledger.statement import Draft
    from exeat.model.risk_report import RiskReport


def take_binding(run: Run, source: Source) -> None:
    """Remember which files of this ingest the binding is about; it is kept with the first report it binds."""
    binding = parse_binding(run.bytes_of(source))
    bound_manifest(run, binding.subject)
    for name, sha256 in binding.files.items():
        other = run.bindings.get(sha256)
        if other is not None and other.binding.subject != binding.subject:
            raise BadInput(
                f"Another binding of this ingest ties {name} to {other.binding.checkpoint_id} or to other model files.",
                "A report is about one checkpoint: remove the wrong binding.",
                place=f"$.files.{name}",
            )
        run.bindings[sha256] = BoundFile(name, binding, source.sha256)
    if run.register.subject_of(source.sha256) is not None:
        run.know(source, BINDING, binding.checkpoint_id)
        return
    run.stores.objects.put(run.bytes_of(source), source.sha256)
    item = Item(source.name, BINDING, source.sha256, binding.checkpoint_id)
    run.accept(source, item, statements.bound(run.by, binding.checkpoint_id, source.sha256))


def take_sacroml(run: Run, source: Source) -> None:
    """Convert each attack of a SACRO-ML report that a binding ties to a checkpoint; keep source and conversion."""
    bound = run.bindings.get(source.sha256)
    if bound is None:
        raise unbound(source.sha256)
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


def _attach(run: Run, source: Source, bound: BoundFile, report: RiskReport) -> Draft:
    manifest = bound_manifest(run, report.subject)
    check_new_report_id(run, report)
    data = report.to_bytes()
    digest = run.stores.objects.put(data, digest_of(data))
    digests = {"report": digest, "source": source.sha256, "binding": bound.binding_sha256, "manifest": manifest}
    return statements.attached(run.by, report, digests)
