"""docs/readers.md can fail: each reader has its section, and its table lists exactly what the reader says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exeat.evidence.describe import describe
from exeat.evidence.given import files_of
from exeat.evidence.manifest_path import flatten
from exeat.evidence.readers import conventions
from exeat.evidence.readers.manifests import READERS
from exeat.evidence.readers.reports import REPORT_READERS, kind_of
from exeat.evidence.readers.shape import Bundle, Given, Members, Peek
from tests.unit.evidence.factories_reports import all_samples, read
from tests.unit.evidence.readers.factories_checkpoints import distributed, opacus_file, sharded
from tests.unit.evidence.readers.factories_readers import (
    BOM,
    CARD,
    CROISSANT,
    LIGHTNING,
    MLMODEL,
    ODRL,
    RUN,
    SAFETENSORS,
    SIGNATURE,
    folder,
    given,
    made,
    safetensors,
)
from tests.unit.evidence.test_report_readers import digests_of
from tests.unit.evidence.test_sacroml_attacks import FILES, report_of

DOCS = (Path(__file__).parents[4] / "docs" / "readers.md").read_text(encoding="utf-8")
FREE = {"mlflow-model", "mlflow-run", "cyclonedx-ml-bom", "safetensors"}
"""Formats with fields in which the names of conventions.py are understood."""
SPEC = {f"modelspec.{name}": "x" for name in ("title", "description", "architecture", "license")}
RUN_TAGS = {"mlflow.note.content": "a purpose", "mlflow.source.git.commit": "abc"}
SUPPLIED = {
    "bomFormat": "CycloneDX",
    "metadata": {
        "component": {
            "type": "machine-learning-model",
            "name": "m",
            "manufacturer": {"name": "North Hospital"},
            "modelCard": {
                "quantitativeAnalysis": {"performanceMetrics": [{"type": "f1", "value": "0.5", "slice": "age>=90"}]}
            },
        }
    },
}
PERIOD = {"conformsTo": "http://mlcommons.org/croissant/1.0", "name": "d", "temporalCoverage": "2019/2024"}
DECLARED = {"schema": "exeat-manifest/1", "components": [{"id": "log", "path": "train.log"}]}


def sample_sets(tmp: Path) -> list[list[Given]]:
    """Files that between them make every reader say all it can."""
    distributed(tmp / "dcp")
    sharded(tmp / "sharded")
    one = opacus_file(tmp / "one", [(1.0, 0.1, 5)])
    two = opacus_file(tmp / "two", [(1.0, 0.1, 5), (2.0, 0.1, 5)])
    tags = [made(text, f"tags/{name}") for name, text in RUN_TAGS.items()]
    singles = [given(name) for name in (CARD, MLMODEL, BOM, CROISSANT, SAFETENSORS, ODRL, SIGNATURE, LIGHTNING)]
    singles += [
        given("checkpoints/a_good.pt"),
        made(SUPPLIED),
        made(PERIOD),
        Given("1", path=str(one)),
        Given("2", path=str(two)),
    ]
    singles.append(made(safetensors(metadata={**SPEC, "modelspec.date": "2026-11-20"})))
    singles.append(made("lr: 0.1\nseed: 3\nnoise_multiplier: 1.1\n"))
    run = [file for file in folder(RUN) if not file.name.startswith("tags/")]
    sets = [[file] for file in singles]
    sets += [[*run, *tags], list(files_of([tmp / "dcp"])), list(files_of([tmp / "sharded"]))]
    return [*sets, [made(DECLARED, "manifest.json"), made("epoch 1", "train.log")]]


def pattern(path: str) -> str:
    return re.sub(r"\[[^\]]*\]", "[…]", path)


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What each reader says on the samples, by reader."""
    found: dict[str, set[str]] = {}
    for files in sample_sets(tmp_path_factory.mktemp("samples")):
        for partial in describe(files).merged.partials:
            paths = {pattern(path) for fact in partial.facts for path, _ in flatten(fact.path, fact.value)}
            found.setdefault(partial.reader, set()).update(paths)
    return found


def section(name: str) -> str:
    assert f"\n## {name}\n" in DOCS, f"docs/readers.md has no section {name}"
    return DOCS.split(f"\n## {name}\n", 1)[1].split("\n#", 1)[0]


def rows(name: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", section(name), re.MULTILINE)) - {"Field of our manifest"}


def free_paths() -> set[str]:
    paths = {path for path, _ in conventions.NAMES.values()} | {f"dp.{field}" for field, _ in conventions.DP.values()}
    return paths | {"dp.claimed", "seeds[…].value"} | {f"masked[…].{name}" for name in conventions.MASKED}


DESCRIBED = [*(reader.name for reader in READERS if reader.name != "exeat-manifest"), "listed-file"]


@pytest.mark.parametrize("name", DESCRIBED)
def test_the_table_of_a_reader_is_what_it_says_on_the_samples(name, said):
    table, heard = rows(name), said.get(name, set())
    assert heard - table - (free_paths() if name in FREE else set()) == set(), "said and not documented"
    assert table - heard - (free_paths() if name in FREE else set()) == set(), "documented and never said"


def test_our_own_manifest_has_its_section_and_says_every_field(said):
    assert section("exeat-manifest")
    assert "components[…].id" in said["exeat-manifest"]


def test_each_name_of_free_fields_is_documented():
    text = section("Names in free fields")
    named = {
        name for line in re.findall(r"^\| (.+?) \|", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", line)
    }
    fields = set(re.findall(r"`([^`]+)`", "\n".join(re.findall(r"\| ([^|]+) \|$", text, re.MULTILINE))))
    assert set(conventions.NAMES) | set(conventions.DP) <= named
    assert {f"masked:WHAT:{name}" for name in conventions.MASKED} <= named
    assert fields == free_paths()


def attack_pattern(indicator_id: str) -> str:
    return re.sub(
        r"^mia\.(?:(?:lira|worstcase|qmia|meta|rmia|unnamed)\.)?(auc|tpr_at_fpr|fdif)", r"mia.ATTACK.\1", indicator_id
    )


@pytest.fixture(scope="module")
def indicators():
    """Indicator ids of each report reader on the samples."""
    found: dict[str, set[str]] = {}
    for data in all_samples().values():
        name = kind_of(data)
        extra = {"component_sha256": digests_of(data)} if name == "modelaudit" else {}
        found.setdefault(name, set()).update(attack_pattern(i.indicator_id) for i in read(data, **extra).indicators)
    for attack in FILES:
        found.setdefault("sacroml", set()).update(attack_pattern(i.indicator_id) for i in report_of(attack).indicators)
    return found


@pytest.mark.parametrize("name", [*(reader.name for reader in REPORT_READERS), "sacroml"])
def test_the_table_of_a_report_reader_is_what_it_gives_on_the_samples(name, indicators):
    assert rows(name) == indicators[name]


def test_the_example_of_the_docs_is_a_reader():
    code = re.search(r"```python\n(.+?)```", DOCS, re.DOTALL)[1]
    names: dict[str, object] = {}
    exec(compile(code, "readers.md", "exec"), names)  # noqa: S102 our own document
    reader = names["READER"]
    card = {
        "model_details": {"name": "m", "overview": "for research"},
        "considerations": {},
        "quantitative_analysis": {"performance_metrics": [{"type": "accuracy", "value": "0.9", "slice": "test"}]},
    }
    file = made(card)
    assert reader.recognises(Peek.of(file))
    assert not any(other.recognises(Peek.of(file)) for other in READERS)
    facts = {fact.path: fact.value for fact in reader.read(Bundle(file, Members())).facts}
    assert facts["title"] == "m"
    assert facts["metrics[test-accuracy].value"] == "0.9"
