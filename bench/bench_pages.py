"""Each page's rerun at 10,000 releases against the same page at 100 (median): target 2x.

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

from bench.many_releases import REFERRED, WAITING, make_home
from components.navigation import PLACES, Place
from exeat.demo.people import load_people

ROOT = Path(__file__).resolve().parents[1]
SMALL, LARGE, TARGET, RUNS = 100, 10_000, 2.0, 15
OBJECT = {"release": {"release": WAITING}, "item": {"release": REFERRED}, "entry": {"checkpoint": "c-00050"}}


class Screen:
    """One page of the app on one home, as the first demo person who may open it."""

    def __init__(self, home: Path, place: Place) -> None:
        from streamlit.testing.v1 import AppTest  # noqa: PLC0415 after the warnings are set

        self.home = home
        self.app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        person = next(who for who in load_people() if who.can(place.permission))
        self.app.query_params["as"] = person.person_id
        self.run()
        self.app.switch_page(place.path)
        for name, value in {"as": person.person_id, **OBJECT.get(place.url, {})}.items():
            self.app.query_params[name] = value
        self.run()

    def run(self) -> float:
        """Run the page once and return the seconds it took; raise when it shows an error instead of itself."""
        os.environ |= {"EXEAT_HOME": str(self.home), "EXEAT_DEMO": "true"}
        start = time.perf_counter()
        self.app.run()
        seconds = time.perf_counter() - start
        problems = [element.value for element in (*self.app.exception, *self.app.error)]
        if problems:
            raise RuntimeError(f"{self.home.name}: {problems[0]}")
        return seconds


def medians(screens: list[Screen]) -> list[float]:
    """Return the median rerun of each screen, measured in turn so that both see the same load of the machine."""
    times = [[screen.run() for screen in screens] for _ in range(RUNS)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def main() -> int:
    """Print one line for each page; return 1 when one is over the target."""
    warnings.simplefilter("ignore")
    os.chdir(ROOT)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        homes = [Path(folder, name) for name in ("small", "large")]
        for home, count in zip(homes, (SMALL, LARGE), strict=True):
            start = time.perf_counter()
            make_home(home, count)
            print(f"home with {count:,} releases made in {time.perf_counter() - start:.0f} s", flush=True)
        for place in PLACES:
            few, many = medians([Screen(home, place) for home in homes])
            worst = max(worst, many / few)
            times = f"{SMALL:,}: {few * 1000:6.0f} ms   {LARGE:,}: {many * 1000:6.0f} ms"
            print(f"{place.url:12} {times}   {many / few:5.2f}x", flush=True)
    print(f"worst page {worst:.2f}x, target {TARGET:.1f}x")
    return int(worst > TARGET)


if __name__ == "__main__":
    sys.exit(main())
