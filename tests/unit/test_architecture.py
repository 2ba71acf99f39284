"""The arrows of docs/architecture.md, walked through the syntax tree; sizes of files and functions; cold imports."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]

LEVEL = {
    "app": 9,
    "pages": 8,
    "components": 7,
    "exeat.cli": 7,
    "exeat.demo": 6,
    "exeat.demo.people": 2,
    "exeat.desk": 5,
    "exeat.storage": 4,
    "exeat.board": 3,
    "exeat.prepare": 3,
    "exeat.review": 3,
    "exeat.access": 3,
    "exeat.watch": 3,
    "exeat.evidence": 2,
    "exeat.audit": 2,
    "exeat.policy": 2,
    "exeat.ledger": 2,
    "exeat.settings": 1,
    "exeat.model": 1,
    "exeat.errors": 0,
    "exeat": 0,
}
"""A part may import parts at its own level or below, without circles."""

ONLY_FROM = {
    "exeat.storage": ("exeat.desk", "exeat.cli"),
    "exeat.settings": ("exeat.desk", "exeat.cli", "exeat.demo", "exeat.storage", "components"),
    "exeat.desk": ("exeat.cli", "exeat.demo", "components", "pages", "app"),
    "exeat.audit": ("exeat.cli",),
    "exeat.cli": ("exeat",),
    "pages": (),
    "app": (),
}
LIBRARY_ONLY_IN = {
    "streamlit": ("app", "pages", "components"),
    "plotly": ("components.charts",),
    "sqlmodel": ("exeat.storage",),
    "sqlalchemy": ("exeat.storage",),
    "psycopg": ("exeat.storage",),
    "sqlite3": ("exeat.storage",),
    "duckdb": ("exeat.storage",),
    "fsspec": ("exeat.storage",),
    "torch": ("exeat.audit",),
    "opacus": ("exeat.audit",),
    "typer": ("exeat.cli",),
    "rich": ("exeat.cli",),
    "pickle": (),
    "cloudpickle": (),
    "joblib": (),
    "dill": (),
    "marshal": (),
    "shelve": (),
}
NO_IO = {"os", "io", "pathlib", "shutil", "tempfile", "socket", "subprocess", "urllib", "requests", "httpx", "asyncio"}
NO_IO_IN = ("exeat.policy", "exeat.ledger")


class Source(NamedTuple):
    path: Path
    module: str
    tree: ast.Module


class Import(NamedTuple):
    source: Source
    line: int
    target: str
    for_types: bool

    def __str__(self) -> str:
        return f"{self.source.path.relative_to(ROOT)}:{self.line} imports {self.target}"


def inside(module: str, part: str) -> bool:
    return module == part or module.startswith(part + ".")


def part_of(module: str) -> str | None:
    """The longest known part that holds the module."""
    return max((part for part in LEVEL if inside(module, part)), key=len, default=None)


def sources() -> list[Source]:
    paths = [ROOT / "app.py", ROOT / "asgi.py"]
    paths += [path for top in ("pages", "components", "exeat") for path in sorted((ROOT / top).rglob("*.py"))]
    return [Source(path, _module(path), ast.parse(path.read_bytes())) for path in paths if path.exists()]


def _module(path: Path) -> str:
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return "app" if dotted == "asgi" else dotted


def _for_types(tree: ast.Module) -> set[int]:
    """Ids of the nodes under ``if TYPE_CHECKING``: they cost and do nothing at run time."""
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test).endswith("TYPE_CHECKING")]
    return {id(node) for block in blocks for statement in block.body for node in ast.walk(statement)}


def imports(source: Source) -> list[Import]:
    types = _for_types(source.tree)
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found += [Import(source, node.lineno, alias.name, id(node) in types) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.path}:{node.lineno}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            known = [name if _is_module(name) else str(node.module) for name in names]
            found += [Import(source, node.lineno, name, id(node) in types) for name in dict.fromkeys(known)]
    return found


def _is_module(dotted: str) -> bool:
    path = ROOT.joinpath(*dotted.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


SOURCES = sources()
IMPORTS = [found for source in SOURCES for found in imports(source)]


def test_the_walk_sees_the_code():
    assert len(SOURCES) > 20
    assert len(IMPORTS) > 100


def test_every_module_belongs_to_a_known_part():
    assert [source.module for source in SOURCES if part_of(source.module) is None] == []
    unknown = {f"exeat.{source.module.split('.')[1]}" for source in SOURCES if source.module.startswith("exeat.")}
    assert unknown - set(LEVEL) - {"exeat.__main__"} == set()


def wrong_arrow(found: Import) -> str | None:
    here, there = part_of(found.source.module), part_of(found.target)
    if here is None or there is None or here in (there, "exeat"):
        return None
    if LEVEL[there] > LEVEL[here]:
        return f"{found}: {here} may not import upwards"
    allowed = ONLY_FROM.get(there)
    if allowed is not None and not any(inside(found.source.module, part) for part in allowed):
        return f"{found}: only {', '.join(allowed) or 'nobody'} may"
    return None


def test_arrows_point_downwards():
    assert [message for found in IMPORTS if (message := wrong_arrow(found))] == []


def test_a_wrong_arrow_is_seen():
    source = Source(ROOT / "exeat/policy/x.py", "exeat.policy.x", ast.parse("from exeat.desk import Desk"))
    assert wrong_arrow(imports(source)[0])
    source = Source(ROOT / "pages/x.py", "pages.x", ast.parse("from exeat.storage.warehouse import Warehouse"))
    assert wrong_arrow(imports(source)[0])


def test_parts_on_one_level_form_no_circle():
    graph: dict[str, set[str]] = {}
    for found in IMPORTS:
        here, there = part_of(found.source.module), part_of(found.target)
        if here and there and here not in (there, "exeat") and not found.for_types:
            graph.setdefault(here, set()).add(there)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as exc:
        pytest.fail(f"a circle: {' -> '.join(exc.args[1])}")


def test_libraries_stay_where_they_belong():
    wrong = [
        f"{found}: only {', '.join(homes) or 'nobody'} may"
        for found in IMPORTS
        for library, homes in LIBRARY_ONLY_IN.items()
        if inside(found.target, library)
        and not found.for_types
        and not any(inside(found.source.module, home) for home in homes)
    ]
    assert wrong == []


def test_charts_know_nothing_of_streamlit():
    charts = [found for found in IMPORTS if inside(found.source.module, "components.charts")]
    assert [str(found) for found in charts if inside(found.target, "streamlit")] == []


def test_policy_and_ledger_do_no_io():
    pure = [source for source in SOURCES if any(inside(source.module, part) for part in NO_IO_IN)]
    used = [str(i) for s in pure for i in imports(s) if not i.for_types and i.target.split(".")[0] in NO_IO]
    opened = [
        f"{source.path.relative_to(ROOT)}:{node.lineno} opens a file"
        for source in pure
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
    ]
    assert used + opened == []


def test_pages_never_import_pages():
    assert [str(i) for i in IMPORTS if inside(i.source.module, "pages") and inside(i.target, "pages")] == []


def test_no_page_lies_directly_in_pages():
    """A cold server serves such a file at its URL without running app.py (tests/server/test_cold_server.py)."""
    assert [path.name for path in (ROOT / "pages").glob("*.py")] == []


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_are_small():
    everything = [path for top in ("tests", "tools", "bench", "data") for path in (ROOT / top).rglob("*.py")]
    everything += [source.path for source in SOURCES]
    assert [f"{path.relative_to(ROOT)}: {_lines(path)}" for path in everything if _lines(path) > 350] == []


def test_pages_are_thin():
    pages = [path for path in (ROOT / "pages").rglob("*.py") if _lines(path) > 80]
    assert [f"{path.relative_to(ROOT)}: {_lines(path)}" for path in pages] == []
    assert _lines(ROOT / "app.py") <= 60


def test_functions_are_short():
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [(s, n) for s in SOURCES for n in ast.walk(s.tree) if isinstance(n, kinds)]
    lengths = sorted((n.end_lineno or n.lineno) - n.lineno + 1 for _, n in found)
    long = [f"{s.path.relative_to(ROOT)}:{n.lineno} {n.name}" for s, n in found if n.end_lineno - n.lineno >= 60]
    assert long == []
    assert statistics.median(lengths) <= 9
    assert lengths[int(len(lengths) * 0.95)] <= 30


def test_the_app_starts_without_torch():
    """Neither the desk nor any component pays the second and a half that torch costs."""
    modules = [s.module for s in SOURCES if inside(s.module, "components") or inside(s.module, "exeat.desk")]
    code = f"""
import importlib, sys, warnings
warnings.simplefilter("ignore")
for name in {modules!r}:
    importlib.import_module(name)
heavy = sorted({{"torch", "opacus", "scipy.stats", "sklearn"}} & set(sys.modules))
sys.exit(f"imported at start: {{heavy}}" if heavy else 0)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]


def test_pages_import_nothing_heavy():
    heavy = {"torch", "scipy", "opacus", "sklearn", "dp_accounting"}
    pages = [i for i in IMPORTS if inside(i.source.module, "pages") or inside(i.source.module, "components")]
    assert [str(i) for i in pages if i.target.split(".")[0] in heavy] == []


def test_no_unsafe_html_and_no_unpickling():
    calls = [
        f"{source.path.relative_to(ROOT)}:{node.lineno}"
        for source in SOURCES
        for node in ast.walk(source.tree)
        if isinstance(node, ast.keyword)
        and (node.arg in ("unsafe_allow_html", "allow_pickle") or (node.arg == "weights_only"))
        and not (isinstance(node.value, ast.Constant) and node.value.value is (node.arg == "weights_only"))
    ]
    assert calls == []
