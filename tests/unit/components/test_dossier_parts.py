"""Parts of the dossier, from documents alone."""

# ruff: noqa: PLC0415 AppTest copies these functions into scripts of their own, which import for themselves
from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

from streamlit.testing.v1 import AppTest

from components.charts.interval_strip import chosen, heads, urgent
from components.comparison import manifest_changes, proposal_changes, reading_changes
from components.consequence import of_review, what_receivers_get
from components.dossier_exposure import readings_of, rest_of, rest_words
from components.dossier_leaves import leaves_table, matrix_rows
from components.dossier_utility import main_reading, same_reading
from components.findings import count_sentence, in_order
from components.indicator_cards import said_in_people
from exeat.model.tier import Access, Disposition, Tier
from exeat.policy.finding import Finding, Reading, Verdict
from tests.factories import assessment, component, finding, manifest, policy, proposal

HOSTILE = "<b>x</b> **bold** :smile: [l](https://evil.example) $x$ :material/home:"


def reading(**more):
    plain = {"indicator_id": "mia.lira.auc", "label": "AUC", "status": "measured", "verdict": Verdict.PASS}
    return Reading(**(plain | more))


def test_what_receivers_get_names_object_size_and_end():
    said = what_receivers_get(proposal(), manifest(), ("weights", "log"))
    assert said == (
        "Partner hospitals (T2, agreement) will be able to download weights (1.02 kB) and "
        "download, with portions masked, log (1.02 kB) until 2027-06-30."
    )


def test_nothing_approved_means_nothing_leaves():
    assert what_receivers_get(proposal(), manifest(), ()) == "Partner hospitals (T2, agreement) will get nothing."


def test_the_consequence_says_what_follows_this_review():
    votes = {"weights": "approve", "log": "request_changes"}
    first = of_review(proposal(), manifest(), votes, 0, 2)
    assert "approve for weights and request changes for log" in first
    assert "sealed until 1 more review is in" in first
    assert "download weights" in first
    assert "log (" not in first
    last = of_review(proposal(), manifest(), votes, 1, 2)
    assert "the reviews open, and if all agree it is decided" in last


def test_what_leaves_is_shown_against_the_policy():
    asked = proposal(
        components=[
            {"component_id": "weights", "disposition": "allowed"},
            {"component_id": "log", "disposition": "allowed"},
            {"component_id": "ghost", "disposition": "allowed"},
        ]
    )
    extra = [
        component(),
        component(component_id="log", kind="diagnostic_log"),
        component(component_id="rng", kind="rng_state"),
    ]
    rows = leaves_table(asked, manifest(components=extra), policy()).set_index("Component")
    assert rows["Policy allows"].to_dict() == {
        "weights": "✓ allowed",
        "log (diagnostic log)": "✕ masked",
        "rng (rng state)": "✓ denied",
        "ghost (not in the manifest)": "✕ denied",
    }
    assert rows.loc["rng (rng state)", "Proposed for T2"] == "stays inside"
    first = matrix_rows(asked, manifest(components=extra), policy())[0]
    assert first.allowed[Tier.T0] is Disposition.DENIED


def test_findings_blocking_first():
    blocking = finding(check="R1", gate="B", verdict=Verdict.NOT_MEASURED)
    conditional = finding(check="R3", gate="C")
    advisory = finding(check="R4", gate="A")
    passed = finding(check="A1", gate="B", verdict=Verdict.PASS)
    found = in_order([passed, advisory, conditional, blocking])
    assert [f.check for f in found] == ["R1", "R3", "R4", "A1"]
    said = count_sentence(assessment(passed, advisory, conditional, blocking))
    assert said == "2 fail · 1 not measured · 1 pass"


def test_a_figure_appears_once_under_its_worst_verdict():
    good, bad = reading(), reading(verdict=Verdict.FAIL)
    plain = {"question": "?", "gate": "C", "verdict": Verdict.FAIL, "headline": "h", "why": "w", "remedy": "r"}
    one = Finding(check="R1", readings=(good,), **plain)
    two = Finding(check="R3", readings=(bad, reading(subgroup="age 70")), **plain)
    found = readings_of(assessment(one, two))
    assert [(r.verdict, r.subgroup) for r in found] == [(Verdict.FAIL, None), (Verdict.PASS, "age 70")]


def test_each_sentence_in_people_is_said_once():
    twice = [reading(in_people="Between 1 and 2 people."), reading(in_people="Between 1 and 2 people."), reading()]
    assert len(said_in_people(twice)) == 1


def test_the_worst_sentence_stands_first_whoever_the_adversary_is():
    weak = reading(
        in_people="9 people.", access=Access.API_LABEL, verdict=Verdict.FAIL, value=0.5, limit=Decimal("0.1")
    )
    strong = reading(
        indicator_id="mia.rmia.tpr_at_fpr",
        in_people="2 people.",
        access=Access.WHITE_BOX,
        value=0.05,
        limit=Decimal("0.1"),
    )
    assert said_in_people([strong, weak]) == [weak, strong]


def test_attacks_that_find_the_same_are_said_once_and_by_the_worst():
    mild = reading(in_people="4 people.", value=Decimal("0.4"), limit=Decimal("0.5"))
    worst = reading(indicator_id="mia.rmia.auc", in_people="6 people.", value=Decimal("0.6"), limit=Decimal("0.5"))
    assert said_in_people([mild, worst]) == [worst]


def test_no_figure_is_lost_between_the_first_strip_and_the_rest():
    rate = {"fpr": Decimal("0.01"), "limit": Decimal("0.05")}
    names = [f"a{n}" for n in range(9)]
    found = tuple(
        reading(
            indicator_id=f"mia.{name}.tpr_at_fpr",
            label=name,
            value=Decimal(n) / 10,
            verdict=Verdict.FAIL if n > 4 else Verdict.PASS,
            **rate,
        )
        for n, name in enumerate(names)
    )
    first = heads(urgent(found))
    rest = rest_of(found, first)
    assert [one.label for one in first] == ["a8, worst of 4"]
    assert {one.label for one in rest} == set(names) - {"a8"}
    assert rest_words(rest) == "8 more figures: 3 fail, 5 pass"


def test_another_version_is_compared_on_the_same_kind_of_data():
    real, masked = reading(value=Decimal("0.5")), reading(label="AUC (masked data)", value=Decimal("0.9"))
    assert same_reading(a_case(real, masked), real) == real


def test_gaps_of_every_rate_are_one_row_and_other_data_keep_rows_of_their_own():
    gone = {"status": "not_measured", "verdict": Verdict.NOT_MEASURED, "indicator_id": "mia.lira.tpr_at_fpr"}
    gaps = [reading(**gone, label=f"TPR at {n}", fpr=Decimal(1) / n) for n in (1000, 10000, 100000)]
    assert [one.label for one in heads(gaps)] == ["TPR at 1000 and 2 more"]
    real, shifted = reading(label="AUC"), reading(label="AUC (shifted data)", value=Decimal("0.9"))
    assert set(chosen([real, shifted])) == {real, shifted}


def many_figures():
    from dataclasses import replace
    from decimal import Decimal

    from components.findings import show_finding
    from exeat.policy.finding import Reading, Verdict
    from tests.factories import finding

    one = Reading(indicator_id="mia.lira.auc", label="AUC", status="measured", verdict=Verdict.FAIL, value=Decimal(1))
    said = tuple(replace(one, label=f"AUC {n}", in_people=f"{n} people.") for n in range(40))
    show_finding(replace(finding(), readings=said))


def test_a_finding_on_many_figures_stays_short_and_scrolls_by_keyboard():
    app = AppTest.from_function(many_figures).run()
    assert not app.exception
    assert len([one for one in app.markdown if "In people" in one.value]) == 3
    assert any("37 more sentences" in one.value for one in app.markdown)
    assert len(app.dataframe[0].value) == 40
    assert not app.table


def a_case(*readings):
    return SimpleNamespace(assessment=assessment(replace(finding(), readings=readings)))


def test_charts_of_utility_and_versions_take_the_worst_reading():
    rate = {"indicator_id": "mia.lira.tpr_at_fpr", "unit": "fraction", "limit": Decimal("0.02"), "fpr": Decimal("0.01")}
    mild = reading(**rate, access=Access.WHITE_BOX, value=Decimal("0.01"), report_sha256="a")
    worse = reading(**rate, access=Access.API_LABEL, value=Decimal("0.05"), report_sha256="b", verdict=Verdict.FAIL)
    case = a_case(mild, worse)
    assert main_reading(case) == worse
    assert same_reading(case, mild) == worse


def with_a_note(text: str):
    from components.findings import show_finding
    from components.indicator_cards import show_cards
    from exeat.policy.finding import Finding, Reading, Verdict

    noted = Reading(
        indicator_id="mia.lira.auc",
        label="AUC",
        status="measured",
        verdict=Verdict.FAIL,
        in_people="9 people.",
        note=text,
    )
    show_cards([noted])
    words = {"question": "?", "headline": "h", "why": "w", "remedy": "r"}
    show_finding(Finding(check="R3", gate="C", verdict=Verdict.FAIL, readings=(noted,), **words))


def test_a_note_stands_beside_the_sentence_as_plain_text():
    test = AppTest.from_function(with_a_note, kwargs={"text": f"At most 2. {HOSTILE}"}, default_timeout=30).run()
    assert not test.exception
    said = [e.value for kind in ("markdown", "caption") for e in getattr(test, kind) if "At most 2" in e.value]
    assert len(said) == 2
    assert "At most 2" in test.dataframe[0].value.to_csv()
    assert not any("**bold**" in text or "<b>" in text for text in said)


def test_changes_between_versions():
    then = manifest()
    now = manifest(
        components=[component(bytes=2048)],
        epoch=30,
        metrics=[{"id": "auc", "value": "0.98", "unit": "fraction", "split": "test", "n": 114}],
    )
    changes = {c.what: (c.then, c.now) for c in manifest_changes(then, now)}
    assert changes["Component log"][1] == "not there"
    assert changes["Epoch"] == ("20", "30")
    assert changes["Utility: auc (test)"] == ("0.97", "0.98")
    assert manifest_changes(then, then) == []
    assert [c.what for c in proposal_changes(proposal(), proposal(tier="T3"))] == ["Tier"]


def test_exposure_changes_are_worst_first():
    then = [reading(label="a", value=0), reading(label="b", value=0)]
    now = [reading(label="a", value=0.1), reading(label="b", value=0.2), reading(label="c", value=0.15)]
    changes = reading_changes(then, now)
    assert [c.what for c in changes] == ["Exposure: b", "Exposure: c", "Exposure: a"]
    assert changes[1].then == "not reported"


def whole_story(text: str):
    from components.dossier_leaves import show_leaves
    from components.dossier_story import show_story
    from components.findings import show_findings
    from exeat.policy.finding import Finding, Verdict
    from tests.factories import assessment, manifest, policy, proposal

    long = f"{text} {'x' * 40}"
    said = proposal(purpose=long, recipients=text, risk_note=text)
    about = manifest(
        purpose=long,
        title=text,
        out_of_scope=text,
        org=text,
        contact=text,
        created_by=text,
        hyperparameters={text: text},
        safeguards=[{"id": "s", "kind": "dp_sgd", "stage": "training", "parameters": {text: text}}],
        masked=[{"component_id": "log", "what": text, "method": text, "reversible": "no"}],
        leakage_channels=[{"channel": text, "assessed": False, "mitigation": text}],
        dp={"claimed": True, "mechanism": text, "statement": text},
    )
    bad = Finding(
        check="R3",
        question=text,
        gate="B",
        verdict=Verdict.FAIL,
        headline=text,
        why=text,
        remedy=text,
        evidence=(text,),
    )
    show_leaves(said, about, policy())
    show_findings(assessment(bad))
    show_story(said, about)


def test_no_text_of_a_document_is_markup():
    test = AppTest.from_function(whole_story, kwargs={"text": HOSTILE}, default_timeout=30).run()
    assert not test.exception
    drawn = [e.value for kind in ("markdown", "caption", "header", "subheader") for e in getattr(test, kind)]
    drawn += [e.label for e in test.expander] + [cell for t in test.table for cell in t.value.to_numpy().ravel()]
    drawn += [column for t in test.table for column in t.value.columns]
    hostile = [text for text in map(str, drawn) if "evil" in text]
    assert len(hostile) > 15
    for text in hostile:
        assert "<b>" not in text
        assert "**bold**" not in text
        assert ":smile:" not in text
        assert "[l]" not in text
        assert "https://" not in text.replace("\\", "")
        assert ":material/home:" not in text.replace("\\", "")
