"""What pilots may not say: another figure of the checkpoint than the report itself, or the same pilot twice."""

from __future__ import annotations

import pytest

from exeat.errors import BadInput
from exeat.model.documents import parse_document
from exeat.model.risk_report import RiskReport
from tests.factories import as_bytes, report_document
from tests.measured_reports import figures, pilot, pilots, scores


def read(found, of):
    return parse_document(as_bytes(report_document(indicators=figures(of), pilots=found)), RiskReport)


def test_the_original_s_figures_are_the_report_s_own():
    assert len(read(pilots(), scores(2.5)).pilots) == 7
    harmless = [pilot("original", "original", 0.0, 380, seed=2), *pilots()[1:]]
    with pytest.raises(BadInput, match="of the pilot that is the original does not stand among the report's own"):
        read(harmless, scores(2.5))


def test_there_is_one_original_and_each_pilot_once():
    with pytest.raises(BadInput, match="the pilot clipping is named twice"):
        read([*pilots(), pilots()[2]], scores(2.5))
    with pytest.raises(BadInput, match="only one pilot is the original"):
        read([*pilots(), pilots()[0] | {"pilot_id": "other"}], scores(2.5))
