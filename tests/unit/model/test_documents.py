"""Canonical documents: strict, exact, and wrong input named by its place."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exeat.errors import BadInput
from exeat.model.base import digest_of
from exeat.model.documents import MAX_DOCUMENT_BYTES, SCHEMAS, parse_document, parse_json
from exeat.model.risk_report import RiskReport


def indicator(**changes):
    base = {
        "indicator_id": "mia.lira.auc",
        "status": "measured",
        "value": "0.58",
        "unit": "fraction",
        "ci_low": "0.55",
        "ci_high": "0.61",
        "ci_level": "0.95",
        "ci_method": "hanley_mcneil",
        "method": "LiRA",
        "adversary": {"access": "white_box"},
    }
    return {key: value for key, value in (base | changes).items() if value is not ...}


def report(**changes):
    base = {
        "schema": "exeat-risk-report/1",
        "report_id": "r-1",
        "date": "2026-11-01T00:00:00Z",
        "author": "checker",
        "independent": True,
        "subject": {"checkpoint_id": "onco-v1", "component_sha256": ["sha256:" + "0" * 64]},
        "tool": {"name": "simple", "version": "1"},
        "indicators": [indicator()],
    }
    return json.dumps(base | changes).encode()


def test_a_good_report_survives_a_round_trip():
    parsed = parse_document(report(), RiskReport)
    assert parse_document(parsed.to_bytes(), RiskReport) == parsed
    assert parsed.indicators[0].value == Decimal("0.58")


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"value": 0.58}, "$.indicators[0].value", "decimals as text"),
        ({"value": "58"}, "$.indicators[0]", "outside its own interval"),
        ({"value": "58", "ci_low": ..., "ci_high": ...}, "$.indicators[0]", "looks like percent"),
        ({"value": "NaN"}, "$.indicators[0].value", ""),
        ({"value": "1e999"}, "$.indicators[0].value", "1e30"),
        ({"value": ...}, "$.indicators[0]", "value is missing"),
        ({"status": "not_measured"}, "$.indicators[0]", "a value that was not measured is null"),
        ({"status": "not_measured", "value": ...}, "$.indicators[0]", 'say why in "reason"'),
        ({"ci_low": ...}, "$.indicators[0]", "both ends"),
        ({"surprise": 1}, "$.indicators[0]", "unknown field 'surprise'"),
        ({"fpr": "1.5"}, "$.indicators[0].fpr", ""),
        ({"n_in": "898"}, "$.indicators[0].n_in", ""),
        ({"method": "a\u0000b"}, "$.indicators[0].method", ""),
    ],
)
def test_a_wrong_indicator_is_refused_at_its_place(changes, place, words):
    with pytest.raises(BadInput) as caught:
        parse_document(report(indicators=[indicator(**changes)]), RiskReport)
    assert caught.value.place == place
    assert words in caught.value.headline
    assert "exeat schema exeat-risk-report/1" in caught.value.what_to_do


def test_own_fields_start_with_x():
    parsed = parse_document(report(x_site="north"), RiskReport)
    assert parsed.model_extra == {"x_site": "north"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "is not JSON"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b"[" * 100_000, "nested deeper"),
        (b"[" * 60 + b"]" * 60, "nested deeper"),
        (b'{"a": ', "line 1, column"),
        (b"\xff\xfe{}", "not"),
        (b"", "not valid JSON"),
        (b" " * (MAX_DOCUMENT_BYTES + 1), "the limit is"),
        (b"1" * 5000, "not valid JSON"),
    ],
)
def test_json_that_is_no_json_gets_a_sentence(data, words):
    with pytest.raises(BadInput, match=words.replace("(", "\\(")):
        parse_json(data)


@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_document_or_a_sentence(data):
    for kind in SCHEMAS.values():
        with pytest.raises(BadInput):
            parse_document(data, kind)


@given(st.data())
def test_a_report_with_one_byte_changed_never_crashes(data):
    raw = bytearray(report())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        parsed = parse_document(bytes(raw), RiskReport)
    except BadInput as exc:
        assert exc.headline  # noqa: PT017 the point is that nothing else is raised
    else:
        assert parsed.schema_ == "exeat-risk-report/1"


def test_every_schema_prints():
    for name, kind in SCHEMAS.items():
        schema = kind.model_json_schema(by_alias=True)
        assert schema["properties"]["schema"]["const"] == name


def test_digest_is_sha256_of_the_bytes():
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"schema = " + b"1" * 5000, "longer than 1000 bytes"),
        (b"a" + b".a" * 400 + b" = 1", "exeat-policy/1 is not valid"),
        (b"x = " + b"9" * 900, "exeat-policy/1 is not valid"),
        (b"#" * 300_000, "the limit is"),
        (b"a = [", "not valid TOML"),
    ],
)
def test_a_policy_that_is_no_toml_gets_a_sentence(data, words):
    with pytest.raises(BadInput) as caught:
        parse_document(data, SCHEMAS["exeat-policy/1"])
    assert words in caught.value.headline


def test_many_keys_are_refused_before_they_cost_anything():
    twice = "{" + ",".join(f'"k{i}":1' for i in range(200_000)) + ',"k199999":2}'
    with pytest.raises(BadInput, match="'k199999' stands twice"):
        parse_json(twice.encode())
    many = "{" + ",".join(f'"k{i}":1' for i in range(200_000)) + "}"
    with pytest.raises(BadInput, match="200,000 keys"):
        parse_json(many.encode())
