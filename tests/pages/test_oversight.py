from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from components.navigation import PLACES
from exeat.access.ledger_view import Search
from exeat.errors import NotPermitted
from exeat.model.base import digest_of
from exeat.model.person import SYSTEM
from tests.factories import as_bytes, manifest_document, policy_document
from tests.pages.conftest import PEOPLE, opened, person
from tests.unit.access.events import event

EXPOSURE, ACCESS = "pages/oversight/exposure.py", "pages/oversight/access.py"
LEDGER, INTAKE = "pages/oversight/ledger.py", "pages/oversight/intake.py"
NINE = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=2)
PERMISSION = {place.path: place.permission for place in PLACES}


def labels(app):
    return [button.label for button in app.button]


def watched(home):
    with opened(home) as desk:
        unmapped = event(3, ts=NINE, checkpoint_id="?")
        lines = [event(1, ts=NINE), event(2, ts=NINE, principal="ben", outcome="denied"), unmapped]
        data = b"\n".join(one.model_dump_json(by_alias=True).encode() for one in lines)
        assert not desk.evidence.ingest_bytes("access.jsonl", data, SYSTEM).rejected


@pytest.mark.parametrize("name", list(PEOPLE))
@pytest.mark.parametrize("page", [EXPOSURE, ACCESS, LEDGER, INTAKE])
def test_each_page_opens_for_those_who_may_and_for_nobody_else(sign_in, name, page):
    if person(name).can(PERMISSION[page]):
        app = sign_in(name, page)
        assert not app.exception
        assert not app.error
        assert app.title[0].value in {"Exposure", "Access", "Ledger", "Intake"}
        return
    with pytest.raises(ValueError, match="page"):
        sign_in(name, page)


def test_the_domain_refuses_too(home):
    with opened(home) as desk:
        rex, window = person("rex"), desk.patterns.span(person("stella"))
        for ask in (
            lambda: desk.exposure.points(rex),
            lambda: desk.patterns.matrix(rex, window),
            lambda: desk.ledger_view.page(rex, Search()),
            lambda: desk.intake_view.page(rex),
            lambda: desk.evidence.rejects(rex),
        ):
            with pytest.raises(NotPermitted):
                ask()


def test_exposure_answers_draws_and_lists(sign_in):
    app = sign_in("stella", EXPOSURE)
    assert "1 of 2 checkpoints cross a limit" in app.markdown[0].value
    assert len(app.get("plotly_chart")) >= 1
    assert "not measured" in app.caption[0].value
    assert any("As a table" in box.label for box in app.expander)
    app.segmented_control(key="view").set_value("over time").run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1


def test_one_checkpoint_of_the_chart_opens_by_keyboard(sign_in):
    app = sign_in("stella", EXPOSURE, checkpoint="onco-v2")
    assert not app.exception
    assert app.selectbox(key="checkpoint").value == "onco-v2"
    assert "0\\.63" in app.table[-1].value.to_csv()


@pytest.mark.parametrize("odd", ["<b>", "onco-v9", "", "'"])
def test_odd_choices_in_the_address_fall_back(sign_in, odd):
    app = sign_in("stella", EXPOSURE, family=odd, view=odd, checkpoint=odd)
    assert not app.exception
    assert app.title[0].value == "Exposure"


def test_access_without_events_says_the_next_step(sign_in):
    app = sign_in("stella", ACCESS)
    assert "exeat ingest" in app.info[0].value
    assert not app.get("plotly_chart")


def test_access_shows_its_charts_and_that_they_are_simulated(home, sign_in):
    watched(home)
    app = sign_in("stella", ACCESS)
    assert not app.exception
    assert "2 principals touched 2 checkpoints 3 times" in app.markdown[0].value
    assert "Simulated data" in app.warning[0].value
    heads = [head.value for head in app.header if head.value != "Sources"]
    assert len(heads) == 5
    assert all(head.endswith("(simulated events)") for head in heads)
    twins = [box.label for box in app.expander if box.label.startswith("As a table")]
    assert len(twins) == 4
    assert all("simulated events" in label for label in twins)
    assert "1 event names no known checkpoint" in app.caption[0].value
    assert len(app.get("plotly_chart")) == 4
    app.selectbox(key="principal").set_value("ada").run()
    assert not app.exception
    app.selectbox(key="days").set_value("own").run()
    assert not app.exception


def test_the_ledger_verifies_and_reads_as_sentences(sign_in):
    app = sign_in("stella", LEDGER)
    assert "Verified up to entry" in app.success[0].value
    shown = app.dataframe[0].value
    assert shown["Entry"].is_monotonic_decreasing
    assert any("submitted release" in one for one in shown["What"])
    app.selectbox(key="ledger-entry").set_value(int(shown["Entry"].iloc[0])).run()
    assert not app.exception
    assert any(f"Receipt of entry {shown['Entry'].iloc[0]}" in one.label for one in app.get("download_button"))


def test_the_ledger_is_searched(sign_in):
    app = sign_in("stella", LEDGER, find="report.attached")
    assert set(app.dataframe[0].value["Kind"]) == {"report.attached"}
    app.text_input(key="find").set_value("nothing like this").run()
    assert "No entry matches" in app.info[0].value


def test_names_stay_sealed_for_the_board(sign_in):
    opened_names = sign_in("stella", LEDGER).dataframe[0].value["What"]
    sealed = sign_in("mira", LEDGER).dataframe[0].value["What"]
    assert any("Sam (" in one for one in opened_names)
    assert not any("Sam (" in one for one in sealed)


def test_a_tampered_log_is_said_in_words(home, sign_in):
    import sqlite3  # noqa: PLC0415

    with sqlite3.connect(home / "ledger.db") as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            database.execute(f"DROP TRIGGER {name}")
        line = "CAST(replace(CAST(line AS TEXT), 'release.submitted', 'release.withdrawn') AS BLOB)"
        database.execute(f"UPDATE statement SET line = {line} WHERE kind = 'release.submitted'")  # noqa: S608
    database.close()
    app = sign_in("auda", LEDGER)
    assert not app.exception
    assert app.error


def test_intake_lists_and_names_refusals(home, sign_in):
    with opened(home) as desk:
        desk.evidence.ingest_bytes("<b>broken</b>.json", b'{"schema": "exeat-manifest/1"}', SYSTEM)
    app = sign_in("stella", INTAKE)
    assert "1 file was refused" in app.markdown[0].value
    refused = app.dataframe[-1].value
    assert refused["Why"].iloc[0]
    assert refused["What to do"].iloc[0]


def test_intake_narrows_to_a_kind(sign_in):
    app = sign_in("stella", INTAKE, document="risk report")
    assert set(app.dataframe[0].value["Kind"]) == {"risk report"}


def test_an_upload_is_taken_in_by_those_who_may(sign_in):
    app = sign_in("stella", INTAKE)
    data = as_bytes(manifest_document(checkpoint_id="lung-v1"))
    app.get_by_key("intake-files").set_value([("lung.json", data, "application/json")])
    app.button[labels(app).index("Take in")].click().run()
    assert not app.exception
    assert "taken in" in app.success[0].value


def test_an_auditor_reads_the_intake_and_cannot_upload(sign_in):
    app = sign_in("auda", INTAKE)
    assert "Take in" not in labels(app)
    assert any("Only stewards and custodians" in caption.value for caption in app.caption)


def test_the_app_test_is_the_real_app(sign_in):
    assert isinstance(sign_in("stella", LEDGER), AppTest)


def test_a_second_person_puts_a_policy_into_force(home, sign_in):
    data = as_bytes(policy_document(version="9"))
    with opened(home) as desk:
        desk.evidence.ingest_bytes("attachments/notes.txt", data, person("stella"))
        assert desk.evidence.policy()[1] != digest_of(data)
    key = f"adopt-{digest_of(data)[7:19]}"
    first = sign_in("stella", INTAKE)
    assert next(button for button in first.button if button.key == key).disabled
    assert any("second person" in plain_words(caption.value) for caption in first.caption)
    second = sign_in("stan", INTAKE)
    second.button(key=key).click().run()
    second.button(key=f"{key}:yes").click().run()
    assert not second.exception
    with opened(home) as desk:
        assert desk.evidence.policy()[1] == digest_of(data)
        entry = desk.ledger.case("policy")[-1]
        assert (entry.actor, entry.body["proposed_by"]) == (person("stan").person_id, person("stella").person_id)


def plain_words(text):
    return text.replace("\\", "")
