"""What the parent asks of the child: plain JSON on its standard input, one line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from exeat.audit.engine.plan import Plan

REPORT, TABLE, REFUSED, ESTIMATE = "report.json", "records.parquet", "refused.json", "estimate.json"
"""Names of what the child may leave in its results folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the target comes from: a job file, or a program of ``torch.export`` with files of records."""

    job: Path | None = None
    program: Path | None = None
    members: tuple[Path, ...] = ()
    non_members: tuple[Path, ...] = ()

    @property
    def code(self) -> Path:
        """Return the file whose bytes say what is audited and how."""
        found = self.job or self.program
        if found is None:
            msg = "a source is a job or a program"
            raise ValueError(msg)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One audit: the source, the files it is about with their digests, the plan and the folders."""

    source: Source
    code_sha256: str
    files: tuple[Path, ...]
    file_sha256: tuple[str, ...]
    checkpoint_id: str
    plan: Plan
    folder: Path
    results: Path
    task: Literal["audit", "estimate"] = "audit"

    def to_line(self) -> bytes:
        """Return the request as one line of JSON."""
        values: dict[str, Any] = {
            "job": _text(self.source.job), "program": _text(self.source.program),
            "members": _texts(self.source.members), "non_members": _texts(self.source.non_members),
            "code_sha256": self.code_sha256, "files": _texts(self.files), "file_sha256": list(self.file_sha256),
            "checkpoint_id": self.checkpoint_id, "plan": self.plan.as_values(), "folder": str(self.folder),
            "results": str(self.results), "task": self.task,
        }  # fmt: skip
        return json.dumps(values).encode() + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Request:
        """Return the request that ``to_line`` wrote."""
        from exeat.audit.engine.plan import Plan  # noqa: PLC0415

        values = json.loads(line)
        source = Source(
            job=_path(values["job"]), program=_path(values["program"]), members=_paths(values["members"]),
            non_members=_paths(values["non_members"]),
        )  # fmt: skip
        return cls(
            source=source, code_sha256=values["code_sha256"], files=_paths(values["files"]),
            file_sha256=tuple(values["file_sha256"]), checkpoint_id=values["checkpoint_id"],
            plan=Plan.of_values(values["plan"]), folder=Path(values["folder"]), results=Path(values["results"]),
            task=values["task"],
        )  # fmt: skip


def _text(path: Path | None) -> str | None:
    return str(path.absolute()) if path is not None else None


def _texts(paths: tuple[Path, ...]) -> list[str]:
    return [str(path.absolute()) for path in paths]


def _path(text: str | None) -> Path | None:
    return Path(text) if text is not None else None


def _paths(texts: list[str]) -> tuple[Path, ...]:
    return tuple(Path(text) for text in texts)
