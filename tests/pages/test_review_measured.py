"""The dossier shows the figures behind the exposure: all of them, some, or one quiet line; to whom the case is open."""

from __future__ import annotations

from decimal import Decimal

import pytest

from components.dossier_measured import _drawn
from exeat.errors import NotFound, NotPermitted
from exeat.model.base import digest_of
from exeat.model.person import SYSTEM
from tests.factories import as_bytes, manifest_document
from tests.measured_reports import SIMULATED, full_report, second_report
from tests.pages.conftest import CLEAN, _propose, opened, person
from tests.pages.test_review_release import RELEASE, words

SUBJECT = {"checkpoint_id": "onco-v1", "component_sha256": [digest_of(b"weights of v1")]}
TITLES = [
    "How many would be recognised",
    "Claimed and measured ε",
    "Who is exposed most",
    "On other data, by other attackers",
    "Protections tried on copies",
    "While it was trained",
    "Second opinion",
]


def take(home, *documents):
    with opened(home) as desk:
        for one in documents:
            assert not desk.evidence.ingest_bytes("report", as_bytes(one), SYSTEM).rejected


@pytest.fixture
def audited(home):
    """The small organisation, whose first checkpoint was audited by two tools."""
    take(home, full_report(SUBJECT, delta=Decimal("0.00001")), second_report(SUBJECT))
    return home


def section(app):
    """What stands under the heading: subheadings of this section, and everything said on the page."""
    return [one.value for one in app.subheader if one.value in TITLES], words(app)


def test_every_figure_has_its_sentence_and_its_table(sign_in, audited):
    app = sign_in("stella", RELEASE, release=CLEAN)
    assert not app.exception
    titles, said = section(app)
    assert titles == TITLES
    assert "Of 100 records that were used, an attacker who wrongly accuses 1 of 100 records from outside" in said
    assert "any claim below ε" in said
    assert "Worst group: age >= 70 (61 records)" in said
    assert "Measured on copies; this release is the ringed one" in said
    assert "look-alikes" in said
    assert f"Simulated, not measured: {SIMULATED}." in said
    tables = [one.label for one in app.expander if one.label.startswith("As a table: ")]
    assert len([label for label in tables if any(title[1:] in label for title in TITLES)]) == 6


def test_single_figures_leave_one_quiet_line(sign_in):
    app = sign_in("stella", RELEASE, release=CLEAN)
    assert not app.exception
    titles, said = section(app)
    assert titles == []
    assert "exeat audit" in said
    assert "Not measured is not zero" in said
    assert len([one for one in app.caption if "exeat.audit.Recorder" in one.value.replace("\\", "")]) == 1


def test_without_a_report_the_next_step_is_named(sign_in, home):
    about = as_bytes(manifest_document(checkpoint_id="bare-v1", lineage={"run_family": "bare", "version": "1"}))
    take(home, manifest_document(checkpoint_id="bare-v1", lineage={"run_family": "bare", "version": "1"}))
    with opened(home) as desk:
        _propose(desk, "bare-v1-t2", "bare-v1", digest_of(about))
    app = sign_in("stella", RELEASE, release="bare-v1-t2")
    assert not app.exception
    assert "No report measures these files. Next step: run exeat audit" in words(app)


def test_new_evidence_shows_at_the_next_run(sign_in, home):
    app = sign_in("stella", RELEASE, release=CLEAN)
    assert section(app)[0] == []
    take(home, full_report(SUBJECT, delta=Decimal("0.00001")))
    app.run()
    assert not app.exception
    assert section(app)[0] == TITLES


def test_the_figures_of_the_same_evidence_are_made_once(sign_in, audited):
    with opened(audited) as desk:
        case = desk.review.case(person("stella"), CLEAN)
        key = (case.release_id, case.basis, "light")
        assert _drawn(key, case.dossier) is _drawn(key, case.dossier)
        dark = _drawn((*key[:2], "dark"), case.dossier)
    inks = {one.panels[0].chart.layout.font.color for one in (_drawn(key, case.dossier), dark)}
    assert len(inks) == 2


@pytest.mark.parametrize("name", ["sam", "auda"])
def test_whoever_may_open_the_case_sees_the_same(sign_in, audited, name):
    assert section(sign_in(name, RELEASE, release=CLEAN))[0] == TITLES


def test_nobody_else_reaches_the_reports(audited):
    with opened(audited) as desk, pytest.raises((NotPermitted, NotFound)):
        desk.review.case(person("rex"), CLEAN)
