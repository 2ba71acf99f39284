from __future__ import annotations

import pytest

from exeat.access.ledger_view import Search
from exeat.access.sentences import SENTENCES, sentence
from exeat.errors import NotFound, NotPermitted
from exeat.review.lifecycle import Kind
from tests.factories import AUDITOR, MEMBER, STAN, STELLA, person
from tests.unit.review.desks import RELEASE


@pytest.mark.parametrize("kind", list(Kind))
def test_every_statement_about_a_release_has_a_sentence(kind):
    assert sentence(kind, f"release:{RELEASE}", "Stella").startswith(("Stella", "Release", "The "))
    assert kind in SENTENCES


def test_an_unknown_kind_is_named_as_it_is():
    assert sentence("new.kind", "other", "Stella") == "Stella recorded new.kind about other."


def test_entries_read_as_sentences_newest_first(views):
    views.office.submitted().seated()
    page = views.ledger.page(STELLA, Search(case=f"release:{RELEASE}"))
    assert page.total == 4
    said = list(page.rows["sentence"])
    assert said[0] == f"Name of stan (stan) took a reviewer's seat for release {RELEASE}."
    assert said[-1] == f"System drafted release {RELEASE}."
    assert list(page.rows["seq"]) == sorted(page.rows["seq"], reverse=True)


def test_names_are_opened_only_for_those_who_may_see_them(views):
    views.office.submitted().seated()
    search = Search(case=f"release:{RELEASE}")
    assert "Name of stan" in views.ledger.page(AUDITOR, search).rows["sentence"].iloc[0]
    assert views.ledger.page(MEMBER, search).rows["sentence"].iloc[0].startswith("Stan took")


def test_an_erased_name_leaves_the_id(views):
    from tests.factories import CUSTODIAN  # noqa: PLC0415

    views.office.submitted().seated()
    entry = views.office.ledger.case("person:stan")[0]
    views.office.ledger.erase(entry.seq, "name", CUSTODIAN, "left")
    page = views.ledger.page(STELLA, Search(case=f"release:{RELEASE}"))
    assert page.rows["sentence"].iloc[0].startswith("Stan took")


@pytest.mark.parametrize(
    ("search", "kinds"),
    [
        (Search(kind="release.submitted"), {"release.submitted"}),
        (Search(text="REVIEW.STARTED"), {"review.started"}),
        (Search(text="nothing like this"), set()),
        (Search(text="' OR 1=1 --"), set()),
    ],
)
def test_search_narrows(views, search, kinds):
    views.office.submitted().seated()
    assert set(views.ledger.page(STELLA, search).rows["kind"]) == kinds


def test_one_entry_keeps_its_seals(views):
    views.office.submitted().seated().reviewed(STELLA, rationale="A secret rationale.")
    last = views.office.ledger.size() - 1
    entry, said = views.ledger.entry(AUDITOR, last)
    assert "recorded a review" in said
    assert b"secret" not in entry.line
    with pytest.raises(NotFound):
        views.ledger.entry(AUDITOR, last + 1)


def test_whoever_is_involved_reads_no_review_before_the_answer(views):
    office, carla = views.office, person(person_id="carla")
    split = {"votes": {"weights": "approve", "log": "reject"}, "rationale": "Not the log."}
    office.submitted().seated().reviewed(STELLA).reviewed(STAN, **split)
    entries = office.ledger.case(f"release:{RELEASE}")
    hidden = [one.seq for one in entries if one.kind in ("review.recorded", "reviews.opened")]
    assert len(hidden) == 3
    for seq in hidden:
        with pytest.raises(NotPermitted, match="not open to you yet"):
            views.ledger.entry(carla, seq)
        assert views.ledger.entry(STELLA, seq)[0].seq == seq
    with pytest.raises(NotPermitted, match=RELEASE):
        views.ledger.check_can_export(carla)
    views.ledger.check_can_export(AUDITOR)
    office.review.return_to_submitter(STELLA, RELEASE, "Without the log.", **office.now())
    assert views.ledger.entry(carla, hidden[-1])[0].body["reviews"]
    views.ledger.check_can_export(carla)


def test_intake_lists_what_came_in(views):
    views.office.submitted()
    kinds = dict(zip(views.intake.kinds(STELLA)["kind"], views.intake.kinds(STELLA)["n"], strict=True))
    assert kinds == {"manifest": 1, "policy": 1, "release proposal": 1, "risk report": 2}
    page = views.intake.page(STELLA, kind="risk report", size=1)
    assert (len(page.rows), page.total) == (1, 2)
    assert page.rows["sha256"].iloc[0].startswith("sha256:")
