"""Each page's rerun at 10,000 releases against the same page at 100 (median of 5): target 2x.

The homes are made through the real intake and the real ledger: one manifest, report and proposal for each release.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from bench.many_releases import make_home
from components.navigation import PLACES
from exeat.demo.people import load_people

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
SMALL, LARGE, TARGET, RUNS = 100, 10_000, 2.0, 5


def opened(home: Path, url: str) -> AppTest:
    """Return the app on this home at the page, as the first demo person who may open it, after its first run."""
    from streamlit.testing.v1 import AppTest  # noqa: PLC0415 after the warnings are set

    place = next(place for place in PLACES if place.url == url)
    person = next(who for who in load_people() if who.can(place.permission))
    os.environ |= {"EXEAT_HOME": str(home), "EXEAT_DEMO": "true"}
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.query_params |= {"as": person.person_id, "id": "r-00050", "release": "r-00050", "checkpoint": "c-00050"}
    app.run()
    app.switch_page(place.path)
    app.run()
    if app.exception:
        raise RuntimeError(f"{url}: {app.exception[0].value}")
    return app


def rerun_seconds(home: Path, url: str) -> float:
    """Return the median time of a rerun; the first run, which opens the stores, is not counted."""
    app = opened(home, url)
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        app.run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> int:
    """Print one line for each page; return 1 when one is over the target."""
    warnings.simplefilter("ignore")
    os.chdir(ROOT)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        for home, count in ((small, SMALL), (large, LARGE)):
            start = time.perf_counter()
            make_home(home, count)
            print(f"home with {count:,} releases made in {time.perf_counter() - start:.0f} s", flush=True)
        for place in PLACES:
            few, many = rerun_seconds(small, place.url), rerun_seconds(large, place.url)
            worst = max(worst, many / few)
            times = f"{SMALL:,}: {few * 1000:6.0f} ms   {LARGE:,}: {many * 1000:6.0f} ms"
            print(f"{place.url:12} {times}   {many / few:5.2f}x", flush=True)
    print(f"worst page {worst:.2f}x, target {TARGET:.1f}x")
    return int(worst > TARGET)


if __name__ == "__main__":
    sys.exit(main())
