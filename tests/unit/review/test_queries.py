from __future__ import annotations

import pytest

from exeat.errors import NotPermitted
from exeat.review.changes import Snapshot, changes_between, snapshot
from exeat.review.queries import QueueFilters
from tests import factories
from tests.factories import CHAIR, CUSTODIAN, RESEARCHER, SASHA, STAN, STELLA, SUBMITTER, finding
from tests.unit.review.desks import RELEASE, draft, office_in, opinion
from tests.unit.review.scenes import dossier

EVERYTHING = QueueFilters(awaiting_me=False, undecided=False)


@pytest.fixture
def office(tmp_path):
    with office_in(tmp_path) as open_office:
        yield open_office


def waiting(office, who):
    return list(office.review.mine(who).rows["release_id"])


def test_what_waits_for_whom_over_the_life_of_a_release(office):
    draft(office)
    assert waiting(office, SUBMITTER) == [RELEASE]
    assert waiting(office, STELLA) == []
    office.review.submit(SUBMITTER, RELEASE, **office.now())
    assert waiting(office, SUBMITTER) == []
    assert waiting(office, STELLA) == waiting(office, SASHA) == [RELEASE]
    office.seated()
    assert waiting(office, SASHA) == []
    office.reviewed(STELLA)
    assert waiting(office, STELLA) == []
    assert waiting(office, STAN) == [RELEASE]
    page = office.review.mine(STELLA)
    assert (page.total, page.awaiting_me, page.awaiting_others) == (0, 0, 1)
    office.reviewed(STAN)
    assert waiting(office, CUSTODIAN) == [RELEASE]
    office.review.suspend(STELLA, RELEASE, "Wait.", **office.now())
    assert waiting(office, STAN) == [RELEASE]
    assert waiting(office, CUSTODIAN) == []


def test_reviewers_who_disagree_and_the_board_are_awaited(office):
    office.submitted().seated().reviewed(STELLA)
    office.reviewed(STAN, votes={"weights": "reject", "log": "reject"}, rationale="No.")
    assert waiting(office, STELLA) == waiting(office, STAN) == [RELEASE]
    assert waiting(office, SASHA) == []
    office.review.refer(STELLA, RELEASE, "We differ.", **office.now())
    assert waiting(office, STELLA) == []
    assert waiting(office, CHAIR) == [RELEASE]


def test_contributors_are_not_asked_to_review(office):
    office.submitted()
    assert waiting(office, factories.person(person_id="sam")) == []


def test_who_declared_a_conflict_is_not_asked_again(office):
    office.submitted()
    office.review.start_review(STELLA, RELEASE, conflict="financial", **office.now())
    assert waiting(office, STELLA) == []
    assert waiting(office, STAN) == [RELEASE]


def test_submitters_see_their_own_and_researchers_nothing(office):
    office.submitted()
    stranger = factories.person(person_id="other", roles=SUBMITTER.roles)
    assert office.review.queue(SUBMITTER, EVERYTHING).total == 1
    assert office.review.queue(stranger, EVERYTHING).total == 0
    with pytest.raises(NotPermitted):
        office.review.queue(RESEARCHER, EVERYTHING)
    with pytest.raises(NotPermitted):
        office.review.earlier(SUBMITTER, RELEASE)


def many(office):
    manifest = office.take(factories.manifest_document())
    office.take(factories.policy_document())
    for number in range(7):
        release_id, tier = f"r-{number}", "T1" if number == 5 else "T2"
        title = "Ünïcode $me %_' OR 1=1" if number == 3 else f"Release {number}"
        office.take(
            factories.proposal_document(manifest_sha256=manifest, release_id=release_id, tier=tier, title=title)
        )
        office.review.submit(SUBMITTER, release_id, **office.now(release_id=release_id))
        office.clock.pass_days(4)


def test_order_by_risk_then_age_and_pages(office):
    many(office)
    rows = office.review.queue(STELLA).rows
    assert rows["risk"].tolist()[0] == "high"
    assert rows["release_id"].tolist() == ["r-5", "r-0", "r-1", "r-2", "r-3", "r-4", "r-6"]
    assert rows["waiting_days"].tolist()[1] == 28


def test_filters_are_bound_never_written_into_the_text(office):
    many(office)

    def found(**filters):
        return office.review.queue(STELLA, QueueFilters(**filters)).rows["release_id"].tolist()

    assert found(tier="T1") == ["r-5"]
    assert found(text="release 2") == ["r-2"]
    assert found(text="$me %_'") == ["r-3"]
    assert found(text="' OR 1=1 --") == []
    assert found(lineage="onco", text="r-6") == ["r-6"]
    assert found(lineage="'; DROP TABLE release; --") == []
    assert found(state="approved", awaiting_me=False) == []
    assert found(overdue=True) == ["r-0", "r-1"]
    assert office.review.queue(STELLA).overdue == 2


def test_earlier_releases_of_the_lineage_and_to_the_same_people(office):
    office.submitted().seated().reviewed()
    heart = factories.manifest_document(checkpoint_id="heart-v1", lineage={"run_family": "heart", "version": "1"})
    for release_id, checkpoint_id, manifest, recipients in (
        ("onco-t3", "onco-v1", factories.manifest_document(), "Somebody else"),
        ("heart-t2", "heart-v1", heart, "Partner hospitals"),
        ("heart-t3", "heart-v1", heart, "Somebody else"),
    ):
        digest = office.take(manifest)
        document = {"release_id": release_id, "checkpoint_id": checkpoint_id, "recipients": recipients}
        office.take(factories.proposal_document(manifest_sha256=digest, **document))
        office.review.submit(SUBMITTER, release_id, **office.now(release_id=release_id))
    rows = office.review.earlier(STELLA, "onco-t3")
    assert rows[["release_id", "why"]].values.tolist() == [["heart-t3", "recipients"], [RELEASE, "lineage"]]
    assert rows["components"].tolist()[1] == "log masked, weights allowed"
    seen = office.review.cases.load(STELLA, "onco-t3").scene.dossier.context.earlier
    assert [(one.release_id, [kind.value for kind in one.kinds]) for one in seen] == [
        (RELEASE, ["diagnostic_log", "weights"])
    ]


def test_what_changed_since_the_last_approved(office):
    office.submitted().seated().reviewed()
    assert office.review.since_last_approved(STELLA, RELEASE) is None
    newer = factories.manifest_document(
        checkpoint_id="onco-v2",
        lineage={"run_family": "onco", "version": "2"},
        components=[factories.component(), factories.component(component_id="adapter", kind="adapter")],
    )
    digest = office.take(newer)
    forms = [
        {"component_id": "weights", "disposition": "sandbox"},
        {"component_id": "adapter", "disposition": "masked"},
    ]
    changes = {"release_id": "onco-v2-t2", "checkpoint_id": "onco-v2", "components": forms}
    office.take(factories.proposal_document(manifest_sha256=digest, **changes))
    measured = factories.indicator(value="0.58", ci_low="0.55", ci_high="0.61")
    subject = {"checkpoint_id": "onco-v2", "component_sha256": [newer["components"][0]["sha256"]]}
    office.take(factories.report_document(report_id="r-v2", subject=subject, indicators=[measured]))
    former, found = office.review.since_last_approved(STELLA, "onco-v2-t2")
    assert former == RELEASE
    assert [(one.about, one.what.split(" ")[0]) for one in found] == [
        ("component", "adapter"),
        ("component", "log"),
        ("component", "weights"),
        ("indicator", "mia.lira.auc"),
    ]
    assert found[3].worse is True
    assert (found[3].before, found[3].after) == ("0.55 [0.52, 0.58] fraction", "0.58 [0.55, 0.61] fraction")


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ({"value": "0.5", "ci_high": "0.6"}, {"value": "0.4", "ci_high": "0.7"}, True),
        ({"value": "0.5", "ci_high": "0.6"}, {"value": "0.5", "ci_high": "0.55"}, False),
        ({"status": "not_measured"}, {"value": "0.5", "ci_high": "0.6"}, True),
        ({"value": "0.5", "ci_high": "0.6"}, {"status": "not_measured"}, None),
    ],
)
def test_worse_is_said_of_the_bad_end_and_never_of_what_was_not_measured(before, after, worse):
    def with_one(changes):
        absent = {"value": None, "ci_low": None, "ci_high": None, "reason": "too few"}
        figure = absent | changes if "status" in changes else changes | {"ci_low": "0.3"}
        return Snapshot({}, {"auc": factories.report(indicators=[factories.indicator(**figure)]).indicators[0]})

    (change,) = changes_between(with_one(before), with_one(after))
    assert change.worse is worse


def test_the_same_dossier_has_no_changes():
    same = snapshot(dossier(assessment=factories.assessment(finding())))
    assert changes_between(same, same) == ()
    assert opinion().votes
