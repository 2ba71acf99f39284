from exeat.model.base import digest_of
from exeat.policy.measured.trace import traced
from tests.factories import report_document
from tests.measured_reports import matter_of, trace

MILD = {"epochs": [{"epoch": 1, "train_loss": "0.5"}, {"epoch": 2, "train_loss": "0.4"}], "n_train": 80}


def of(*traces, **changes):
    dated = [
        report_document(report_id=f"r-{day}", date=f"2026-11-0{day}T08:00:00Z", trace=one)
        for day, one in enumerate(traces, start=1)
    ]
    return traced(matter_of(*dated, **changes), "people")


def test_without_a_trace_there_is_nothing():
    assert traced(matter_of(report_document()), "people") is None


def test_the_newest_counts_and_the_older_are_counted():
    found = of(MILD, trace(epochs=8))
    assert len(found.trace.epochs) == 8
    assert found.others == 1


def test_the_epoch_that_leaves_is_known_by_its_weights_before_the_manifest():
    weights = digest_of(b"weights")
    assert of(trace(epochs=30, weights_sha256=weights)).released == 30
    assert of(trace(epochs=30)).released == 20
    assert of(trace(epochs=8)).released is None


def test_exposure_is_said_as_look_alikes_and_the_recommendation_beside_it():
    found = of(trace(epochs=20))
    exposure = found.trace.epochs[-1].canary_exposure
    assert f"1 of about {float(2**exposure):.2g} look-alikes" in found.sentence
    assert "Epoch 6 is recommended, where it is 1 of about" in found.sentence


def test_an_exposure_that_chance_explains_says_so():
    one = {"epoch": 20, "canary_exposure": "1.1", "canary_exposure_low": "0.4", "canary_exposure_high": "2"}
    assert "may be chance" in of({"epochs": [one], "n_train": 80}).sentence


def test_without_canaries_the_attack_speaks_and_without_either_nobody_does():
    one = {"epoch": 20, "mia_auc": "0.634"}
    found = of({"epochs": [one], "n_train": 80, "recommended_epoch": 20})
    assert "about 63 of 100 such pairs" in found.sentence
    assert "No other epoch is recommended" in found.sentence
    assert "Memorization was not measured" in of(MILD).sentence
