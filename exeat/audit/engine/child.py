"""The process that runs the submitter's code: python -m exeat.audit.engine.child, started by ``engine.job`` only.

It reads one request from its standard input and ends when that closes, so that it never outlives the parent. What it
has to say goes into the results folder: a report with its table, or a refusal. Everything that it prints is output of
the submitter's code or progress.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from exeat.audit.engine.request import ESTIMATE, REFUSED, REPORT, TABLE, Request
from exeat.errors import BadInput, ExeatError

if TYPE_CHECKING:
    from exeat.audit.engine.source import Loaded
    from exeat.audit.target import Target

REFUSAL = 3


def main() -> int:
    """Answer the one request; return the exit code."""
    request = Request.of_line(request_line())
    try:
        _answer(request)
    except ExeatError as exc:
        refused = {"headline": exc.headline, "what_to_do": exc.what_to_do}
        (request.results / REFUSED).write_text(json.dumps(refused), encoding="utf-8")
        return REFUSAL
    return 0


def request_line() -> bytes:
    """Read the request, then watch for the end of input in the background; the submitter's code gets no input."""
    line = sys.stdin.buffer.readline()
    life = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_end_with_parent, args=(life,), daemon=True).start()
    return line


def _end_with_parent(life: int) -> None:
    while os.read(life, 4096):
        pass
    if os.getpgrp() == os.getpid():  # what the job started goes with it
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _answer(request: Request) -> None:
    loaded = loaded_from(request)
    if request.task == "estimate":
        _estimate(loaded, request)
        return
    target = bound_to_files(loaded.target, request)
    from exeat.audit.engine.run import conduct  # noqa: PLC0415 what the job refuses need not wait for torch

    outcome = conduct(
        target, loaded.recipe, request.plan, loaded.extras, files=request.files, folder=request.folder,
        code=request.code_sha256,
    )  # fmt: skip
    (request.results / TABLE).write_bytes(outcome.table)
    part = request.results / f"{REPORT}.part"
    part.write_bytes(outcome.report.to_bytes())
    part.replace(request.results / REPORT)


def _estimate(loaded: Loaded, request: Request) -> None:
    from exeat.audit.engine.run import expected_cost  # noqa: PLC0415 the same

    target = replace(loaded.target, component_sha256=(request.code_sha256,))
    cost = expected_cost(target, loaded.recipe, request.plan, loaded.extras.regimes)
    (request.results / ESTIMATE).write_text(json.dumps(cost.as_values()), encoding="utf-8")


def loaded_from(request: Request) -> Loaded:
    """Return what the request's source gives; a job that ends the process itself is refused."""
    from exeat.audit.engine.source import load  # noqa: PLC0415

    try:
        return load(request.source, request.code_sha256, request.checkpoint_id)
    except SystemExit as exc:
        raise BadInput(
            f"{request.source.code.name} ended the process itself (sys.exit({exc.code!r})).",
            "Let it only define target() and recipe(); guard a script's own run with if __name__ == '__main__'.",
        ) from exc


def bound_to_files(target: Target, request: Request) -> Target:
    """Bind the target to the files of the command line; refuse a job that speaks of others."""
    if target.component_sha256 and set(target.component_sha256) != set(request.file_sha256):
        raise BadInput(
            "The job's target names other files (component_sha256) than --checkpoint.",
            "Leave component_sha256 empty, (), in the job, or name the same files.",
        )
    if target.checkpoint_id not in ("", request.checkpoint_id):
        raise BadInput(
            f"The job's target is {target.checkpoint_id[:80]!r}, the command line says {request.checkpoint_id!r}.",
            "Use the same id in both.",
        )
    return replace(target, checkpoint_id=request.checkpoint_id, component_sha256=request.file_sha256)


if __name__ == "__main__":
    sys.exit(main())
