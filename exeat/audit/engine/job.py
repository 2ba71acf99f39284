"""Run an audit in a child process and check what comes back; the parent imports and loads nothing of the submitter.

The child's report is as true as the code that ran in the child. What the parent makes sure of is what it is about: the
files whose digests the parent computed itself.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from exeat import __version__
from exeat.audit.engine.checkpoint import digests_of
from exeat.audit.engine.plan import digest_of_values
from exeat.audit.engine.private import private_folder
from exeat.audit.engine.report import TOOL
from exeat.audit.engine.request import ESTIMATE, REFUSED, REPORT, TABLE, Request
from exeat.audit.engine.results import results_folder
from exeat.audit.engine.told import Told
from exeat.errors import BadInput
from exeat.model.base import digest_of
from exeat.model.documents import MAX_DOCUMENT_BYTES, parse_document, parse_json
from exeat.model.risk_report import RiskReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exeat.audit.engine.plan import Plan
    from exeat.audit.engine.request import Source

CHILD = "exeat.audit.engine.child"
TAIL = 4096
"""Bytes of the child's output that are kept to say why it ended."""
LONGEST = 2**16
"""Bytes of a line after which it is passed on in pieces."""
PATIENCE = 2.0
"""Seconds to wait for the rest of the output; something that the job left running may never close it."""
MAX_TABLE = 2**30
"""Ten million records; the parent holds the table in memory."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
SHOWN = 500
WRONG = "Run the audit on the right files, or look at what the job file does."


class Result(NamedTuple):
    """A checked report as bytes, and the table of single records that it names."""

    report: RiskReport
    data: bytes
    table: bytes | None


@dataclass(slots=True)
class Output:
    """Passes the child's output on, without control characters, and keeps its end."""

    show: Callable[[str], None]
    tail: bytearray = field(default_factory=bytearray)

    def pump(self, stream: IO[bytes]) -> None:
        """Read until everybody has closed the other end, whether or not somebody still looks at what is shown."""
        with stream:
            for line in iter(lambda: stream.readline(LONGEST), b""):
                self.tail += line
                del self.tail[:-TAIL]
                self._pass_on(visible(line.decode(errors="replace").rstrip("\n")))

    def _pass_on(self, line: str) -> None:
        try:
            self.show(line)
        except (OSError, ValueError):  # a closed terminal or a pipe into head must not stop the audit
            self.end()

    def end(self) -> None:
        """Show nothing more."""
        self.show = _nowhere

    def last(self) -> str:
        """Return the last line that says something."""
        lines = [line.strip() for line in visible(self.tail.decode(errors="replace")).splitlines() if line.strip()]
        return lines[-1][:SHOWN] if lines else "it printed nothing"


def _nowhere(_line: str) -> None:
    """Take a line that nobody reads."""


def visible(text: str) -> str:
    """Return the text without what would move a terminal's cursor or change its colours."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


def run_job(
    source: Source, files: tuple[Path, ...], checkpoint_id: str, plan: Plan, *, folder: Path,
    show: Callable[[str], None],
) -> Result:  # fmt: skip
    """Audit what the source gives, in a child; raise BadInput with the reason when there is no sound report."""
    private_folder(folder)
    with results_folder(folder) as results:
        request = Request(
            source=source, code_sha256=digests_of(source.code)[0], files=files, file_sha256=digests_of(*files),
            checkpoint_id=checkpoint_id, plan=plan, folder=folder, results=results,
        )  # fmt: skip
        run_child(request, show)
        if digests_of(*files) != request.file_sha256:
            raise BadInput("A file of the checkpoint changed during the audit.", "Start it again on files at rest.")
        return _checked(request)


def estimate_job(source: Source, plan: Plan, *, show: Callable[[str], None]) -> dict[str, Any]:
    """Return what the audit would cost, as ``Cost.as_values`` says it; the child times a few epochs."""
    with tempfile.TemporaryDirectory(prefix="exeat-") as folder:
        request = Request(
            source=source, code_sha256=digests_of(source.code)[0], files=(), file_sha256=(), checkpoint_id="estimate",
            plan=plan, folder=Path(folder), results=Path(folder), task="estimate",
        )  # fmt: skip
        run_child(request, show, wanted=ESTIMATE)
        data = plain_file(request.results / ESTIMATE, 2**20)
    try:
        return Told.model_validate(parse_json(data or b"")).model_dump()
    except (BadInput, ValidationError) as exc:
        raise BadInput("The child left no readable estimate.", WRONG) from exc


def run_child(request: Request, show: Callable[[str], None], module: str = CHILD, wanted: str = REPORT) -> None:
    """Run a child module that answers the request; raise BadInput where it does not leave what is wanted."""
    output = Output(show)
    with _child(request.plan.threads, module) as process:
        assert process.stdin is not None  # noqa: S101 it was asked for
        assert process.stdout is not None  # noqa: S101 the same
        pump = threading.Thread(target=output.pump, args=(process.stdout,), daemon=True)
        pump.start()
        with suppress(BrokenPipeError):
            process.stdin.write(request.to_line())
            process.stdin.flush()
        code = process.wait()
        pump.join(PATIENCE)
        output.end()
    if code != 0 or not (request.results / wanted).exists():
        raise _why(request, code, output)


@contextmanager
def _child(threads: int, module: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the child; end it and what it started when the block is left, however that happens."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EXEAT_")}
    environment |= dict.fromkeys(THREADS, str(threads))
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).resolve().parents[3]), *_python_path()])
    process = subprocess.Popen(  # noqa: S603 our own module
        [sys.executable, "-P", "-u", "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=environment, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()  # the other stream is the pump's: what the job left behind may hold it open


def _python_path() -> list[str]:
    return [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]


def _why(request: Request, code: int, output: Output) -> BadInput:
    """Return why there is no report: a refusal, a crash, or an end without one."""
    refused = plain_file(request.results / REFUSED, 2**16)
    if refused is not None:
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            values = json.loads(refused)
            return BadInput(visible(str(values["headline"]))[:1000], visible(str(values["what_to_do"]))[:1000])
    name = request.source.code.name
    if code == 0:
        return BadInput(
            f"{name} ended the process before the audit was finished.",
            "Take os._exit, sys.exit and os.execv out of it; let it only define target() and recipe().",
        )
    if code < 0:
        return BadInput(
            f"The audit of {name} was ended by signal {-code} ({_signal(-code)}).",
            "Run the same command again: it goes on where it stopped. Signal 9 often means too little memory.",
        )
    return BadInput(
        f"The audit of {name} failed: {output.last()}", "The lines above say where. Correct it and run again."
    )


def _signal(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else "unknown"


def _checked(request: Request) -> Result:
    """Return the report that the child left, if it is one of ours about exactly these files."""
    data = plain_file(request.results / REPORT, MAX_DOCUMENT_BYTES)
    if data is None:
        raise BadInput("The child left no readable report.", WRONG)
    try:
        report = parse_document(data, RiskReport)
    except BadInput as exc:
        raise BadInput(f"The child's report is not valid: {exc.headline}", WRONG, place=exc.place) from exc
    _same(report, request)
    named = report.worst_records.withheld_sha256 if report.worst_records is not None else None
    table = plain_file(request.results / TABLE, MAX_TABLE) if named is not None else None
    if named is not None and (table is None or digest_of(table) != named):
        raise BadInput("The report names a file of single records that the child did not leave.", WRONG)
    return Result(report, data, table)


def _same(report: RiskReport, request: Request) -> None:
    """Refuse a report about other files, by another tool, or with other settings than were asked for."""
    subject = report.subject
    if subject.checkpoint_id != request.checkpoint_id or subject.component_sha256 != request.file_sha256:
        raise BadInput("The child's report is about another checkpoint.", WRONG)
    given = (report.__pydantic_extra__ or {}).get("x_settings")
    settings = given if isinstance(given, dict) else {}
    asked = (settings.get("plan"), settings.get("code"), report.seed)
    if asked != (request.plan.as_values(), request.code_sha256, request.plan.seed):
        raise BadInput("The child's report was made with other settings than were asked for.", WRONG)
    tool = report.tool
    if (tool.name, tool.version, tool.config_sha256) != (TOOL, __version__, digest_of_values(settings)):
        raise BadInput("The child's report is not one of this tool with these settings.", WRONG)


def plain_file(path: Path, most: int) -> bytes | None:
    """Return the bytes of a plain file that is no link and not too long."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            return None
        return file.read(most)
