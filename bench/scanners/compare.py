"""Run every scanner over the corpus of tests/unit/evidence/corpus and write RESULTS.md beside this file.

python bench/scanners/compare.py VENVS [TOOL…]: VENVS holds one virtual environment for each scanner, named after it:
modelscan (Python < 3.13), picklescan (with py7zr and numpy), fickling (with typing_extensions, which 0.1.12 imports
and does not require), modelaudit. Verdicts are kept in bench/out/scanners/verdicts.json; a tool named on the command
line runs again, the others only on files without a verdict.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.scanners.tools import CLEAN, FOUND, NOT_ASSESSED, TOOLS, start
from tests.unit.evidence.corpus import build

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "out" / "scanners"
Verdicts = dict[str, dict[str, str]]


class Item(NamedTuple):
    """One file of the corpus."""

    half: str
    name: str
    family: str

    @property
    def key(self) -> str:
        """Return its path in the corpus."""
        return f"{self.half}/{self.name}"


def corpus(folder: Path) -> list[Item]:
    """Write the corpus and list it; markers of an earlier run stay."""
    for half in ("unsafe", "healthy"):
        shutil.rmtree(folder / half, ignore_errors=True)
    unsafe = build.write_unsafe(folder / "unsafe")
    healthy = build.write_healthy(folder / "healthy")
    return [Item("unsafe", case.name, case.family) for case in unsafe] + [
        Item("healthy", case.name, case.family) for case in healthy
    ]


def collect(folder: Path, items: list[Item], venvs: Path, again: set[str]) -> Verdicts:
    """Return a verdict for each tool and file, kept as it goes."""
    kept = OUT / "verdicts.json"
    verdicts: Verdicts = json.loads(kept.read_text()) if kept.exists() else {}
    for tool in TOOLS:
        known = {} if tool.name in again else verdicts.get(tool.name, {})
        verdicts[tool.name] = known
        with tempfile.TemporaryDirectory() as scratch:
            for item in items:
                if item.key not in known:
                    known[item.key] = start(tool, folder / item.key, venvs, Path(scratch))
        kept.write_text(json.dumps(verdicts, indent=1, sort_keys=True))
        print(tool.name, dict(Counter(known.values())), flush=True)
    return verdicts


def cell(verdicts: dict[str, str], items: Iterable[Item]) -> str:
    """Return found / missed / not assessed."""
    count = Counter(verdicts[item.key] for item in items)
    return f"{count[FOUND]} / {count[CLEAN]} / {count[NOT_ASSESSED]}"


def table(verdicts: Verdicts, items: list[Item], title: str) -> list[str]:
    """Return one table with a row for each family and one for all."""
    families: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        families[item.family].append(item)
    rows = [f"| {title} | files | " + " | ".join(verdicts) + " |", "|---|--:|" + "--:|" * len(verdicts)]
    for family, part in [*sorted(families.items()), ("**all**", items)]:
        rows.append(f"| {family} | {len(part)} | " + " | ".join(cell(each, part) for each in verdicts.values()) + " |")
    return rows


def page(verdicts: Verdicts, items: list[Item], ran: set[str]) -> str:
    """Return the document."""
    unsafe = [item for item in items if item.half == "unsafe"]
    healthy = [item for item in items if item.half == "healthy"]
    versions = ", ".join(dict.fromkeys(tool.package for tool in TOOLS))
    executed = f"the payloads of {sum(bool(case.reader) for case in build.unsafe_cases())} of them were seen to run"
    return "\n".join(
        [
            "# Scanners on the same files",
            "",
            f"{versions}; Python {sys.version.split()[0]}, {datetime.now(UTC):%Y-%m-%d}.",
            "Written by `bench/scanners/compare.py`; how an answer is read stands in `bench/scanners/tools.py`.",
            "The corpus is ours, and `exeat inspect` was made to pass it: no contest on neutral ground.",
            "",
            f"Unsafe files ({executed} with pickle, torch, numpy or joblib): found / missed / not assessed.",
            "",
            *table(verdicts, unsafe, "Family"),
            "",
            "Healthy files: false alarm / clean / not assessed.",
            "",
            *table(verdicts, healthy, "Family"),
            "",
            *([f"Payloads that ran while a scanner looked: {', '.join(sorted(ran))}.", ""] if ran else
              ["No payload ran while a scanner looked.", ""]),
        ]
    )  # fmt: skip


def main(venvs: Path, again: set[str]) -> None:
    """Compare and write."""
    folder = OUT / "corpus"
    items = corpus(folder)
    verdicts = collect(folder, items, venvs, again)
    ran = {marker.name for marker in (folder / "markers").iterdir()}
    (HERE / "RESULTS.md").write_text(page(verdicts, items, ran))


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    main(Path(sys.argv[1]).resolve(), set(sys.argv[2:]))
