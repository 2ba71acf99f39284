"""Valid reports with senseless numbers: the dossier draws something or nothing, and never falls over."""

from __future__ import annotations

import copy
import json
import random
from decimal import Decimal
from functools import cache

import pytest
from pydantic import ValidationError

from components.measured import missing, panels
from exeat.errors import BadInput
from exeat.policy.measured.case import measured
from tests.factories import report_document
from tests.measured_reports import CLAIM, curve, figures, full_report, matter_of, scores, subject, trace

EXTREMES = ["0", "1", "-5", "1" + "0" * 30, "0." + "0" * 29 + "1", "0.5", "700", "0.999999999"]


@cache
def whole():
    return json.dumps(full_report(subject(), delta=Decimal("0.001")))


def numbers(value, path=()):
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(inner, (*path, key))
    elif isinstance(value, str) and value.replace(".", "", 1).replace("-", "", 1).isdigit():
        yield path


def hostile(rng):
    """The full report, cut down, with a few numbers replaced by extremes."""
    document = json.loads(whole())
    for name, most in (("indicators", 12), ("curves", 2), ("pilots", 3)):
        document[name] = rng.sample(document[name], rng.randint(1, most))
    for _ in range(rng.randint(1, 3)):
        *way, last = rng.choice(list(numbers(document)))
        inner = document
        for key in way:
            inner = inner[key]
        inner[last] = rng.choice(EXTREMES)
    return document


def drawn(matter):
    made = panels(measured(matter), "people")
    for one in made:
        assert one.sentence
        if one.chart is not None:
            one.chart.to_json()
    missing(measured(matter))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_senseless_numbers_do_not_break_the_page(seed):
    rng, read = random.Random(seed), 0  # noqa: S311 the same numbers at each run
    while read < 5:
        try:
            matter = matter_of(hostile(rng), dp=CLAIM | {"epsilon": rng.choice(EXTREMES)})
        except (ValidationError, BadInput):
            continue
        read += 1
        drawn(matter)


@pytest.mark.parametrize(
    "changes",
    [
        {"resolution": "0", "n_out": 0},
        {"n_in": 0, "n_out": 0},
        {"resolution": "1"},
        {"points": [{"fpr": "0", "tpr": "0", "tpr_low": "0", "tpr_high": "1"}] * 2},
        {"points": [{"fpr": "1", "tpr": "1", "tpr_low": "0", "tpr_high": "1"}] * 2},
    ],
)
def test_a_curve_that_shows_nothing_is_drawn_as_nothing(changes):
    assert [one.key for one in drawn(matter_of(report_document(curves=[curve(scores(1.0)) | changes])))] == ["roc"]


@pytest.mark.parametrize("bits", ["-5", "1" + "0" * 30, "65"])
def test_an_exposure_that_is_no_rank_is_said_to_be_none(bits):
    epochs = copy.deepcopy(trace(epochs=3))
    epochs["epochs"][-1] |= {"canary_exposure": bits}
    epochs["recommended_epoch"] = 3
    made = drawn(matter_of(report_document(trace=epochs)))
    assert "no possible rank" in next(one.sentence for one in made if one.key == "trace")


def test_certainty_is_not_taken_at_its_word():
    sure = [one | {"ci_level": "1"} for one in figures(scores(2.5)) if "ci_level" in one]
    assert drawn(matter_of(report_document(indicators=sure)))


def test_a_parameter_or_a_remark_of_megabytes_is_cut():
    document = json.loads(whole())
    document["pilots"][1]["parameters"] = {"setting": "v" * 1_000_000}
    document["x_simulated"] = "x" * 1_000_000
    matter = matter_of(document)
    texts = [str(value) for one in drawn(matter) for value in one.frame.to_numpy().ravel()]
    assert max(map(len, (*texts, *measured(matter).simulated))) < 2000
