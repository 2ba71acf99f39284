"""One dossier passes everything; each row changes one thing in it and names the finding that answers."""

from datetime import date

import pytest

from exeat.model.inspection import Channel
from exeat.model.inspection import Verdict as FileVerdict
from exeat.model.tier import ComponentKind, Tier
from exeat.policy.context import EarlierRelease, InspectedFile, ReviewerFact
from exeat.policy.finding import Barrier, Verdict
from tests.unit.policy.factories_policy import assessed, component, context, finding, manifest, proposal, report, simple

SHA = "sha256:" + "e" * 64


def source(**changes):
    return manifest(**{f"data_sources__0__{name}": value for name, value in changes.items()})


def part(**changes):
    return manifest(**{f"components__0__{name}": value for name, value in changes.items()})


def scan(value, suffix="", unit="flag"):
    return report(indicators=[simple(f"scan.modelscan{suffix}", value, None, None, unit=unit)])


def governed(**changes):
    return manifest(**{f"governance__{name}": value for name, value in changes.items()})


def with_part(form, **fields):
    """A manifest with one more component, and a proposal that it leaves in that form."""
    extra = component(name="extra", **({"sha256": SHA} | fields))
    proposed = proposal(
        components=[
            {"component_id": "weights", "disposition": "sandbox"},
            {"component_id": "extra", "disposition": form},
        ]
    )
    return {"of": manifest(components=[component(), extra]), "proposed": proposed}


def earlier(checkpoint="onco-v6", kind=ComponentKind.WEIGHTS):
    return context(earlier=(EarlierRelease(release_id="r", checkpoint_id=checkpoint, tier=Tier.T3, kinds=(kind,)),))


MASK = {"component_id": "extra", "what": "rows", "method": "noise", "reversible": "no"}
LOG = {"kind": "diagnostic_log", "format": "csv", "contains": ["loss per epoch"]}
CHANNEL = {"channel": "log", "component_id": "extra", "assessed": True}
DP_SGD = {"id": "dp", "kind": "dp_sgd", "stage": "training"}
STAND_IN = {
    "of": "onco-v7",
    "method": "GAN",
    "approximation_metric": "TSTR",
    "approximation_value": "0.9",
    "limitations": "Small.",
}


def masked(**changes):
    changed = with_part("masked", **LOG)
    return changed | {"of": changed["of"].model_copy(update={"masked": _parsed(masked=[MASK | changes]).masked})}


def logged(form="sandbox", channels=(CHANNEL,), **fields):
    changed = with_part(form, **(LOG | fields))
    return changed | {"of": changed["of"].model_copy(update={"leakage_channels": _channels(channels)})}


def _channels(channels):
    parts = [component(), component(name="extra", sha256=SHA)]
    return manifest(components=parts, leakage_channels=list(channels)).leakage_channels


def _parsed(**changes):
    return manifest(components=[component(), component(name="extra", sha256=SHA)], **changes)


def stand_in(described=True, reports=()):
    changed = with_part("allowed", kind="synthetic_data", format="parquet")
    surrogate = manifest(surrogate=STAND_IN).surrogate if described else None
    return changed | {"of": changed["of"].model_copy(update={"surrogate": surrogate}), "reports": (report(), *reports)}


def own_test(high):
    figures = [simple("mia.lira.auc", "0.5", "0.45", high)]
    return report(report_id="own", subject__component_sha256=[SHA], indicators=figures)


def inspected(verdict, *channels, reports=(), found="", **fields):
    """The weights are a torch file that our own inspection has looked into."""
    what, of = FileVerdict(verdict), part(**({"format": "torch", "contains": [], "scan": None} | fields))
    seen = InspectedFile(verdict=what, reason="It needs os.system.", channels=frozenset(channels), format=found)
    return {"of": of, "reports": reports, "knowing": context(inspections={"weights": seen})}


P, F, N, W, X = Verdict.PASS, Verdict.FAIL, Verdict.NOT_MEASURED, Verdict.WARN, Verdict.NOT_APPLICABLE
ROWS_OF_CHECKS = [
    ("P4", N, {"of": source(approval_ref=None)}),
    ("P4", N, {"of": governed(approval_ref=None)}),
    ("P4", F, {"proposed": proposal(purpose_duo=["DUO:0000011"])}),
    ("P4", P, {"of": source(duo=["DUO:0000042"])}),
    ("P4", F, {"knowing": context(owner_agreed={"registry": False})}),
    ("P4", P, {"knowing": context(owner_agreed={"registry": True}), "of": source(approval_ref=None)}),
    ("D1", N, {"of": source(digest=None)}),
    ("D1", N, {"of": manifest(lineage__base_model="resnet")}),
    ("D2", N, {"of": source(sensitivity=[])}),
    ("D2", P, {"of": source(sensitivity=["children"])}),
    ("D2", F, {"of": manifest(data_sources__0__sensitivity=["children"], governance__pia_status="doing")}),
    ("D4", N, {"of": source(n_units=None)}),
    ("D4", F, {"of": source(n_units=5)}),
    ("D4", X, {"of": source(regime="synthetic")}),
    ("M1", W, {"of": manifest(model__instance_based=True)}),
    ("M1", W, {"of": manifest(model__architecture="k-NN, k = 5")}),
    ("M1", F, {"of": manifest(model__family="SVM"), "proposed": proposal(components__0__disposition="allowed")}),
    ("M1", P, {"of": manifest(model__family="SVM"), "proposed": proposal(components__0__disposition="query_only")}),
    ("M1", W, {"reports": (report(indicators=[simple("struct.instance_based", "1", None, None, unit="flag")]),)}),
    ("M2", N, {"of": manifest(model__family="tree", model__architecture="decision tree")}),
    ("M2", F, {"reports": (report(indicators=[simple("struct.smallgroup", "1", None, None, unit="flag")]),)}),
    ("M2", P, {"reports": (report(indicators=[simple("struct.smallgroup", "0", None, None, unit="flag")]),)}),
    ("M3", F, {"of": part(contains=["tensors", "optimizer_states"])}),
    ("M3", F, {"of": part(contains=["train_indices"])}),
    ("M3", F, {"of": part(contains=["absolute paths"])}),
    ("M3", N, {"of": part(contains=[], format="pickle")}),
    ("M3", F, {"knowing": context(unlisted_files=("notes.ipynb",))}),
    ("M4", N, {"of": part(format="torch", scan=None)}),
    ("M4", N, {"of": part(format="safetensors", scan=None)}),
    ("M4", P, {"of": part(format="torch", scan={"tool": "s", "version": "1", "result": "clean"})}),
    ("M4", N, {"of": part(format="torch", scan={"tool": "s", "version": "1", "result": "not_assessed"})}),
    ("M4", F, {"of": part(scan={"tool": "s", "version": "1", "result": "unsafe"})}),
    ("M4", F, {"reports": (scan("1"),)}),
    ("M4", P, {"reports": (scan("0"),)}),
    ("M4", W, {"reports": (scan("2", ".suspicions", "count"),)}),
    ("M4", N, {"of": part(format="torch", scan=None), "reports": (scan("0"),)}),
    ("M4", N, {"of": part(format="torch", scan=None), "reports": (scan("2", ".suspicions", "count"),)}),
    ("M3", P, inspected("clean")),
    ("M3", P, inspected("clean", Channel.DATE, Channel.RECORD_LIKE_TENSOR)),
    ("M3", F, inspected("clean", Channel.ABSOLUTE_PATH)),
    ("M3", F, inspected("clean", Channel.MEMBER_INDICES, contains=["weights"])),
    ("M3", F, inspected("clean", Channel.OPTIMIZER_STATE)),
    ("M3", P, inspected("clean", Channel.OPTIMIZER_STATE, kind="optimizer_state")),
    ("M3", F, inspected("clean", Channel.EMAIL, kind="optimizer_state")),
    ("M3", N, inspected("unreadable")),
    ("M4", P, inspected("clean")),
    ("M4", P, inspected("clean", found="safetensors", format="safetensors")),
    ("M4", F, inspected("clean", found="pickle", format="safetensors")),
    ("M4", P, inspected("clean", found="torch-zip")),
    ("M4", F, inspected("unsafe")),
    ("M4", F, inspected("unsafe", format="safetensors")),
    ("M4", F, inspected("unsafe", scan={"tool": "s", "version": "1", "result": "clean"})),
    ("M4", F, inspected("clean", scan={"tool": "s", "version": "1", "result": "unsafe"})),
    ("M4", F, inspected("clean", reports=(scan("1"),))),
    ("M4", W, inspected("clean", reports=(scan("2", ".suspicions", "count"),))),
    ("M4", N, inspected("unreadable")),
    ("M4", N, inspected("unreadable", scan={"tool": "s", "version": "1", "result": "clean"})),
    ("M5", F, {"proposed": proposal(manifest_sha256=SHA)}),
    ("M5", F, {"proposed": proposal(checkpoint_id="other")}),
    ("M5", F, {"knowing": context(file_digests={"weights": SHA})}),
    ("M5", N, {"reports": ()}),
    ("M5", N, {"proposed": None}),
    ("M5", P, {"reports": (), "knowing": context(file_digests={"weights": "sha256:" + "a" * 64})}),
    ("S1", N, with_part("masked", **LOG)),
    ("S1", P, masked()),
    ("S1", F, masked(reversible="by_key")),
    ("S1", P, masked(reversible="by_key", key_holder="custodian")),
    ("S1", F, masked(reversible="by_combination")),
    ("S2", P, {"of": manifest(safeguards=[DP_SGD])}),
    ("S2", F, {"of": manifest(safeguards=[DP_SGD], seeds=[{"name": "noise", "released": True}])}),
    ("S2", N, {"of": manifest(safeguards=[DP_SGD], seeds=[])}),
    ("S2", F, {"of": manifest(safeguards=[DP_SGD], hyperparameters={"seed": 3})}),
    ("S3", P, logged()),
    ("S3", N, logged(channels=())),
    ("S3", N, logged(channels=[CHANNEL | {"assessed": False}])),
    ("S3", F, logged(form="allowed", contains=["per_example_loss"])),
    ("S4", N, {"of": manifest(metrics=[])}),
    ("S4", F, {"of": manifest(metrics__0__n=9)}),
    ("S5", N, stand_in(described=False)),
    ("S5", N, stand_in()),
    ("S5", P, stand_in(reports=[own_test("0.55")])),
    ("S5", F, stand_in(reports=[own_test("0.7")])),
    ("S6", N, {"knowing": context(earlier=None)}),
    ("S6", N, {"knowing": earlier()}),
    ("S6", P, {"knowing": earlier(checkpoint="onco-v7")}),
    ("S6", P, {"knowing": earlier(kind=ComponentKind.DOCS)}),
    ("S6", P, {"knowing": earlier(), "reports": (report(indicators=[simple("mia.delta.auc", "0.5", "0.4", "0.55")]),)}),
    ("S6", F, {"knowing": earlier(), "reports": (report(indicators=[simple("mia.delta.auc", "0.6", "0.5", "0.7")]),)}),
    ("T1", F, {"proposed": proposal(components__0__disposition="allowed")}),
    ("T1", F, {"proposed": proposal(components__0__component_id="ghost")}),
    ("T2", N, {"proposed": proposal(agreement=None)}),
    ("T2", N, {"proposed": None}),
    ("T2", F, {"proposed": proposal(agreement__signed=False)}),
    ("T2", F, {"proposed": proposal(agreement__named_persons=0)}),
    ("T2", F, {"proposed": proposal(agreement__incident_contact=None)}),
    ("T2", F, {"proposed": proposal(agreement__quota_downloads=None)}),
    ("T2", F, {"proposed": proposal(agreement__deletion_due="2026-10-31")}),
    ("T2", X, {"tier": Tier.T1}),
    ("T4", N, {"of": manifest(reproducibility=[])}),
    ("T4", F, {"of": manifest(reproducibility__0__requires_tier="T5")}),
    ("G1", N, {"of": governed(pia_ref=None)}),
    ("G1", F, {"of": governed(pia_status="refused")}),
    ("G1", F, {"of": governed(dpo_opinion="unfavourable")}),
    ("G1", N, {"of": governed(dpo_opinion="pending")}),
    ("G1", F, {"of": governed(pia_review_due="2026-10-31")}),
    ("G1", N, {"of": governed(pia_review_due=None)}),
    ("G1", X, {"of": source(sensitivity=["none"])}),
    ("G2", N, {"knowing": context(reviewers=None)}),
    ("G2", P, {"knowing": context(reviewers=(ReviewerFact(person_id="rita"),))}),
    ("G2", F, {"knowing": context(reviewers=(ReviewerFact(person_id="ada"),))}),
    ("G2", F, {"knowing": context(reviewers=(ReviewerFact(person_id="sam"),))}),
    ("G2", F, {"knowing": context(reviewers=(ReviewerFact(person_id="rita", conflict="financial"),))}),
    ("G3", F, {"of": manifest(retention__retain_until="2026-01-01")}),
    ("G3", N, {"of": manifest(retention__revocation_procedure="")}),
    ("G3", F, {"proposed": proposal(until="2029-02-01")}),
    ("G3", F, {"proposed": proposal(until="2026-10-31")}),
    ("G3", F, {"proposed": proposal(until="2028-12-01")}),
    ("G3", F, {"proposed": proposal(components__0__disposition="escrow")}),
    ("G4", N, {"of": governed(monitoring=" ")}),
    ("G4", F, {"knowing": context(monitored=False)}),
]


def test_the_dossier_passes():
    done = assessed()
    assert {f.check: f.headline for f in done.findings if f.verdict not in {P, X}} == {}
    assert done.passes


@pytest.mark.parametrize(
    ("check", "verdict", "change"), ROWS_OF_CHECKS, ids=[f"{c}-{v}-{i}" for i, (c, v, _) in enumerate(ROWS_OF_CHECKS)]
)
def test_one_change_gives_its_verdict(check, verdict, change):
    found = finding(check, **change)
    assert found.verdict is verdict, found.headline
    assert found.headline.endswith(".")


def test_a_finding_names_the_components_it_concerns():
    assert finding("T1", proposed=proposal(components__0__disposition="allowed")).components == ("weights",)
    assert finding("S3", **logged(channels=())).components == ("extra",)


def test_the_impact_assessment_blocks_only_when_the_data_are_sensitive():
    plain = finding("G1", of=governed(pia_ref=None))
    assert (plain.gate, plain.barrier) == ("C", Barrier.CONDITIONAL)
    children = manifest(governance__pia_ref=None, data_sources__0__sensitivity=["children"])
    assert (finding("G1", of=children).gate, finding("G1", of=children).barrier) == ("B", Barrier.BLOCKING)


def test_what_only_the_desk_knows_is_not_asked_of_files():
    files = context(scope="files", reviewers=None, earlier=None)
    for check in ("G2", "S6", "T2"):
        assert finding(check, knowing=files, proposed=None).verdict is X


def test_findings_are_ordered_blocking_first():
    done = assessed(of=manifest(metrics=[], governance__pia_ref=None, reproducibility=[]), reports=())
    order = list(Barrier)
    places = [order.index(f.barrier) for f in done.findings]
    assert places == sorted(places)
    blocking = [f.verdict for f in done.barred_by(Barrier.BLOCKING)]
    assert blocking == sorted(blocking, key=list(Verdict).index)
    assert done.findings[-1].verdict is X


def test_a_report_of_weights_is_nothing_when_no_weights_leave():
    only_docs = proposal(components=[{"component_id": "config", "disposition": "allowed"}])
    done = {f.check: f.verdict for f in assessed(proposed=only_docs).findings}
    assert {done[c] for c in ("R1", "R2", "R3", "R5", "R7", "R8", "R10", "R11")} == {X}


def test_the_policy_date_is_the_day_asked_about():
    assert assessed(knowing=context(today=date(2026, 12, 24))).as_of == date(2026, 12, 24)
