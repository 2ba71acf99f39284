"""The process that runs the submitter's code and tries protections on copies: started by ``pilots.job`` only.

What it answers stands in its results folder under the name of a report: the report, or the cost where only that was
asked for.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from exeat.audit.engine.child import REFUSAL, bound_to_files, loaded_from, request_line
from exeat.audit.engine.request import REFUSED, REPORT
from exeat.audit.pilots.request import PilotRequest
from exeat.errors import BadInput, ExeatError

if TYPE_CHECKING:
    from exeat.audit.target import Recipe, Target


def main() -> int:
    """Answer the one request; return the exit code."""
    request = PilotRequest.of_line(request_line())
    try:
        answer = _answer(request)
    except ExeatError as exc:
        refused = {"headline": exc.headline, "what_to_do": exc.what_to_do}
        (request.results / REFUSED).write_text(json.dumps(refused), encoding="utf-8")
        return REFUSAL
    part = request.results / f"{REPORT}.part"
    part.write_bytes(answer)
    part.replace(request.results / REPORT)
    return 0


def _answer(request: PilotRequest) -> bytes:
    target, recipe = _job(request)
    from exeat.audit.engine.checkpoint import check_weights  # noqa: PLC0415 what the job refuses need not wait
    from exeat.audit.pilots.catalogue import read  # noqa: PLC0415 the same
    from exeat.audit.pilots.study import study, trainings  # noqa: PLC0415 the same

    tried, plan = read(request.protections), request.plan
    if request.cost_only:
        return json.dumps(trainings(tried, recipe, plan.shadows)).encode()
    if note := check_weights(target.model, request.files):
        _say(f"Note: {note}")
    return study(
        target, recipe, tried, seed=plan.seed, folder=request.copies, shadows=plan.shadows, originals=request.files,
        date=request.date, report_id=request.report_id, author=plan.author, progress=_say,
    ).to_bytes()  # fmt: skip


def _job(request: PilotRequest) -> tuple[Target, Recipe]:
    loaded = loaded_from(request)
    if loaded.recipe is None:
        raise BadInput(
            f"{request.source.code.name} defines no recipe(), and shadow models need one.",
            "Define recipe() so that it returns exeat.audit.Recipe: how one model like yours is trained.",
        )
    return bound_to_files(loaded.target, request), loaded.recipe


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
