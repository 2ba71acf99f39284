"""What every test shares: under CI a test that needs PostgreSQL, Chromium or Node may not be skipped."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator

settings.register_profile("exeat", deadline=None)  # a busy machine is not a wrong answer
settings.load_profile("exeat")

MUST_RUN = {"browser", "postgres", "oidc"}


def pytest_collection_finish() -> None:
    """Take what collecting made out of the collector's sight: it stays to the end.

    Streamlit collects garbage after each run of a page, and 1.5 million objects of 9,500 tests cost it 0.8 s each time.
    """
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    needed = MUST_RUN & {mark.name for mark in item.iter_markers()}
    if report.skipped and needed and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        names = "/".join(sorted(needed))
        report.longrepr = f"{item.nodeid} was skipped, and CI must run every {names} test: {report.longrepr}"
    return report
