"""Report readers on hostile input: a sentence or a report, in bounded time and memory, and nothing unpickled."""

from __future__ import annotations

import io
import json
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exeat.errors import BadInput
from exeat.evidence.readers import report_npz as npz
from exeat.evidence.readers.reports import BY_NAME, convert, kind_of
from exeat.evidence.recognise import recognise
from exeat.model.risk_report import RiskReport
from tests.patience import ends
from tests.unit.evidence.factories_evidence import as_bytes, sha
from tests.unit.evidence.factories_reports import (
    LABELS,
    SCORES,
    all_samples,
    bound,
    edited,
    leakpro,
    opacus,
    privacy_meter,
    read,
    sample,
)

ALL = all_samples()
TRACE = Path("/tmp/exeat-report-was-here")
GUARD = "privacyguard/lira_analysis_node_output.json"
ROWS = json.loads(sample("dp-accounting/epsilon_rows.json"))
SCAN = "modelscan/a_good.pt.json"


class Runs:
    def __reduce__(self):
        return (Path.touch, (TRACE,))


def archive(method=zipfile.ZIP_STORED, **members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def array(values, head=None):
    buffer = io.BytesIO()
    np.save(buffer, values)
    plain = buffer.getvalue()
    return plain if head is None else plain[:10] + head.ljust(118).encode() + plain[128:]


def marks(**members):
    """The three arrays by which a Privacy Meter archive is recognised, and more."""
    base = {name: array(np.float64(0.5)) for name in ("auc", "one_tenth_fpr", "zero_fpr")}
    return {"method": members.pop("method", zipfile.ZIP_STORED)} | base | members


def bomb():
    zeros = array(np.zeros(1))[:10] + b"{'descr': '<f8', 'fortran_order': False, 'shape': (134217728,), }".ljust(118)
    return archive(**marks(method=zipfile.ZIP_DEFLATED, scores=zeros + bytes(2**28)))


HEADER = "{{'descr': '{0}', 'fortran_order': False, 'shape': {1}, }}"
REFUSED = {
    "no member": (as_bytes(leakpro(true_labels=[0] * 1600)), "0 members and 1,600 non-members"),
    "labels of text": (as_bytes(leakpro(true_labels=["1"] * 1600)), "not all 0 or 1"),
    "labels of truth": (as_bytes(leakpro(true_labels=[True] * 1600)), "not all 0 or 1"),
    "labels no list": (as_bytes(leakpro(true_labels={"a": 1})), "not a list"),
    "fewer scores": (as_bytes(leakpro(signal_values=[0.1, 0.2])), "2 scores and 1,600 labels"),
    "counts of others": (as_bytes(leakpro(signal_values=None, true_labels=[0, 1])), "contradict the labels"),
    "counts of halves": (as_bytes(leakpro(signal_values=None, tp=[0.5])), "does not hold counts"),
    "counts missing": (as_bytes(leakpro(signal_values=None, tp=None)), "neither finite scores nor counts"),
    "area of text": (as_bytes(leakpro(roc_auc="high")), "not a number"),
    "area above one": (as_bytes(leakpro(roc_auc=58.2)), "between 0 and 1"),
    "a rate unnamed": (as_bytes(leakpro(fixed_fpr={"TPR": 0.1})), "not a rate as LeakPro"),
    "a rate of no percent": (as_bytes(leakpro(fixed_fpr={"TPR@1e400%FPR": 0.1})), "not a rate as LeakPro"),
    "another result": (as_bytes(leakpro(result_type="GIAResults")), "not a membership attack"),
    "huge score": (as_bytes(leakpro(signal_values=[10**400] * 1600, tp=None)), "neither finite scores"),
    "guard area of text": (edited(GUARD, auc="0.6"), "not a number"),
    "guard one end": (edited(GUARD, auc_ci=[0.5]), "two ends"),
    "guard no people": (edited(GUARD, data_size={"train_size": 0, "test_size": 5}), "0 members"),
    "guard half a person": (edited(GUARD, data_size={"train_size": 1.5, "test_size": 5}), "not a count"),
    "guard sizes gone": (edited(GUARD, data_size=None), "not an object"),
    "dp other event": (as_bytes(ROWS | {"event": "LaplaceDpEvent(1)"}), "not Poisson-sampled Gaussian"),
    "dp event of dots": (as_bytes(ROWS | {"event": ROWS["event"].replace("3.0", "3.0.1")}), "not a number"),
    "dp row of text": (as_bytes({"rows": [*ROWS["rows"], "x"]}), "not an object"),
    "dp steps of halves": (as_bytes({"rows": [ROWS["rows"][0] | {"steps": 1.5}]}), "not a count"),
    "opacus history empty": (as_bytes(opacus(history=[], delta=1e-5)), "counted no step"),
    "opacus history of pairs": (as_bytes(opacus(history=[[1.0, 0.1]], delta=1e-5)), "is not (noise"),
    "scan of text": (edited(SCAN, issues="none"), "not a list"),
    "scan count below zero": (edited(SCAN, summary={"modelscan_version": "1", "total_issues": -1}), "not a count"),
    "picklescan without counts": (b"SCAN SUMMARY\nDangerous globals: 0\n", "lacks some of its counts"),
    "meter rate above one": (privacy_meter(auc=60.3), "not one rate"),
    "meter rate NaN": (privacy_meter(zero_fpr=np.nan), "not one rate"),
    "meter scores NaN": (privacy_meter(scores=np.where(SCORES > 2, np.nan, SCORES)), "no finite numbers"),
    "meter labels of two": (privacy_meter(memberships=LABELS * 2), "not all 0 or 1"),
    "meter fewer labels": (privacy_meter(memberships=LABELS[:9]), "1,600 scores and 9 labels"),
    "meter objects": (privacy_meter(scores=np.array([Runs()] * 3, dtype=object), pickled=True), "Python objects"),
    "meter objects elsewhere": (privacy_meter(note=np.array([Runs()], dtype=object), pickled=True), "Python objects"),
    "meter of text": (privacy_meter(scores=np.array(["a", "b"])), "does not hold plain numbers"),
    "meter a pickle inside": (archive(**marks(scores=pickle.dumps(Runs()))), "a pickle, which runs code"),
    "meter a pickle beside": (archive(**marks(hyper=pickle.dumps(Runs()))), "a pickle, which runs code"),
    "meter no array": (archive(**marks(scores=b"hello")), "no array"),
    "meter code as header": (archive(**marks(scores=array([1.0], "__import__('os').getcwd()"))), "not one that NumPy"),
    "meter deep header": (archive(**marks(scores=array([1.0], "(" * 118))), "not one that NumPy"),
    "meter huge shape": (
        archive(**marks(scores=array([1.0], HEADER.format("<f8", "(999999999999, 999999999999)")))),
        "another size than its header says",
    ),
    "meter fields": (archive(**marks(scores=array(np.zeros(2, [("a", "f8")])))), "not one that NumPy"),
    "meter bomb": (bomb(), "unpack to more than"),
    "meter many members": (archive(**marks(**{f"x{i}": array([1.0]) for i in range(70)})), "73 members"),
    "meter cut": (privacy_meter()[:9000] + privacy_meter()[-420:], "damaged"),
}


def ends_well(data):
    """The report, or the sentence of the refusal; anything else fails the test."""
    name = kind_of(data)
    assert name is not None
    try:
        return convert(name, data, bound(data), sha(data))
    except BadInput as exc:
        refused = exc
    assert refused.headline.endswith(".")
    assert refused.what_to_do
    return refused.headline


@pytest.mark.parametrize("name", REFUSED)
def test_each_ends_in_a_sentence_with_a_next_step(name):
    data, words = REFUSED[name]
    with ends():
        found = ends_well(data)
    assert isinstance(found, str), found
    assert words in found
    assert not TRACE.exists()


def test_refusals_quote_no_score_and_no_label():
    told = [REFUSED[name][0] for name in ("fewer scores", "meter scores NaN", "counts of others")]
    for data in told:
        sentence = ends_well(data)
        assert not [one for one in SCORES[:50].tolist() if str(one)[:8] in sentence]


def test_a_bomb_costs_no_more_memory_than_the_limit():
    data = bomb()
    assert len(data) < 2**20
    tracemalloc.start()
    ends_well(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * npz.MAX_UNPACKED


def test_overlapping_members_are_counted_together():
    """Forty members that unpack to 1 MiB each cost 40 MiB in all: refused, whatever each one is."""
    packed = array(np.zeros(2**17))
    data = archive(zipfile.ZIP_DEFLATED, **{f"a{i}": packed for i in range(40)})
    with pytest.raises(BadInput, match="unpack to more than"):
        npz.arrays(data, frozenset(f"a{i}" for i in range(40)))


@pytest.mark.parametrize(
    "data",
    [
        b'{"rows": ' + b"[" * 100_000,
        b'{"history": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b', "mechanism": "rdp"}',
        b'{"eps": ' + b"9" * 5000 + b"}",
        b'{"summary": {"modelscan_version": "1"}, "summary": {}}',
        b"SCAN SUMMARY Dangerous globals:" + b" " * 2**21,
    ],
    ids=["deep list", "deep object", "long number", "twice", "long text"],
)
def test_what_is_no_document_is_not_recognised(data):
    with ends():
        assert kind_of(data) is None
        with pytest.raises(BadInput):
            recognise(data)


def test_a_large_result_is_read_in_time():
    labels = np.tile([1, 0], 100_000)
    scores = np.random.default_rng(3).random(200_000)
    with ends():
        report = read(privacy_meter(scores=scores, memberships=labels, auc=0.5, one_tenth_fpr=0.0, zero_fpr=0.0))
    assert report.worst_records.n_records == 200_000


NASTY = [
    opacus(history=[[0.3, 0.9, 10**6]], delta=1e-9),
    opacus(history=[[0.011, 1.0, 10**9]], delta=0.5),
    opacus(history=[[0.5 + i / 50, 0.01, 1000] for i in range(20)], delta=1e-9),
    opacus(history=[[1.0 + i, 0.01, 1] for i in range(5000)], delta=1e-9),
    opacus(history=[[1.0, 0.5, 10**6]], delta=1e-300),
    opacus(history=[[1e4, 1e-12, 1]], delta=0.999),
]


@pytest.mark.parametrize("document", NASTY, ids=["loud", "loudest", "phases", "many", "tiny delta", "quiet"])
def test_accounting_is_bounded_whatever_the_parameters(document):
    read(as_bytes(opacus(delta=1e-4)))  # the accountants are imported once
    with ends():
        ends_well(as_bytes(document))


def leaves(value, path=()):
    if isinstance(value, dict):
        return [found for key, one in value.items() for found in leaves(one, (*path, key))] + [path]
    if isinstance(value, list):
        return [found for i, one in enumerate(value[:3]) for found in leaves(one, (*path, i))] + [path]
    return [path]


def replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


SMALL = leakpro(signal_values=[0.9, 0.8, 0.3, 0.2], true_labels=[1, 0, 1, 0], roc_auc=0.75)
SMALL |= {"tp": [1, 1, 2, 2], "fp": [0, 1, 1, 2], "tn": [2, 1, 1, 0], "fn": [1, 1, 0, 0], "tpr": [], "fpr": []}
DOCUMENTS = [json.loads(data) for name, data in ALL.items() if data[:1] == b"{" and name != "leakpro"] + [SMALL]
WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([[], {}, [[]], [{}], 2**70, -1, 1e-320, 1e308, "\ud800", "-1", "NaN", [None] * 3, {"": None}]),
)
EXAMPLES = int(os.environ.get("EXEAT_FUZZ_EXAMPLES", "300"))
FUZZ = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@FUZZ
@given(data=st.data())
def test_a_changed_document_ends_in_a_report_or_a_sentence(data):
    document = data.draw(st.sampled_from(DOCUMENTS))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(leaves(document)))
        document = replaced(document, path, data.draw(WRONG))
    changed = json.dumps(document).encode()
    with ends():
        name = kind_of(changed)
        if name is not None:
            assert isinstance(ends_well(changed), RiskReport | str)


BINARY = [data for data in ALL.values() if len(data) < 50_000]


@FUZZ
@given(data=st.data())
def test_changed_bytes_end_in_a_report_or_a_sentence(data):
    content = bytearray(data.draw(st.sampled_from(BINARY)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(min_size=0, max_size=4))
        content[place : place + data.draw(st.integers(0, 8))] = piece
        content = content or bytearray(b"x")
    changed = bytes(content)
    try:
        name = recognise(changed)
    except BadInput:
        return
    if name in BY_NAME:
        ends_well(changed)
    assert not TRACE.exists()
