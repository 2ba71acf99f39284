"""Ask torch what it thinks of a file, in a child process; where it disagrees with our own walk, the file is unsafe.

The child has its own session, an empty working folder, no standard input, no environment of ours, one thread, and
limits on time, memory and written bytes. It gets each file as an open descriptor, so that nobody can swap the file in
between. One child answers many questions: starting it costs about two seconds, which ``start`` spends in the
background.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from exeat.errors import BadInput
from exeat.evidence.inspection.allowed import BEYOND_TORCH, DISTRIBUTED
from exeat.evidence.inspection.limits import DEFAULT, Limits
from exeat.evidence.inspection.opened import Problem
from exeat.evidence.inspection.storages import SAVE_AGAIN
from exeat.evidence.inspection.window import Window

if TYPE_CHECKING:
    from types import TracebackType

    from exeat.evidence.inspection.opened import Opened

CHILD = "exeat.audit.second_opinion"
FORMATS = ("torch-zip", "torch-legacy")
"""What torch's own scanner reads."""
MAX_ANSWER = 64 * 2**20
START_SECONDS = 120
"""Torch's import on a busy machine."""


class Answer(NamedTuple):
    """What torch said: names that it does not allow, or digests; or why there is no answer, from torch or from us."""

    said: Any = None
    refused: str = ""
    failed: str = ""


class SecondOpinion:
    """A child process with torch, started when it is entered, or started again when a question has ended it."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.limits = limits
        self.process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._ready = False
        self._folder = tempfile.TemporaryDirectory(prefix="exeat-")

    def start(self) -> None:
        """Start the child without waiting for it."""
        ours, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        environment |= {"PYTHONPATH": str(Path(__file__).resolve().parents[3]), "HOME": self._folder.name}
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 our own module
                [sys.executable, "-P", "-s", "-B", "-W", "ignore", "-m", CHILD, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                cwd=self._folder.name,
                env=environment,
                start_new_session=True,
            )
        self._line, self._ready = ours, False

    def ask(self, path: Path, format_: str, *, about: str = "globals", needs: tuple[str, ...] = ()) -> Answer:
        """Ask about one file; a child that dies, hangs or fills its memory is ended, and that is the answer."""
        with Window(path) as window:
            return self.ask_about(window, format_, about=about, needs=needs)

    def ask_about(self, window: Window, format_: str, *, about: str = "globals", needs: tuple[str, ...] = ()) -> Answer:
        """Ask about a file that is open already."""
        question = {
            "about": about,
            "format": format_,
            "needs": needs,
            "pickles": self.limits.pickle_bytes,
            "bytes": self.limits.child_bytes + window.size,
            "seconds": self.limits.child_seconds,
        }
        try:
            self._wait_until_ready()
        except (OSError, ValueError) as exc:
            self.stop()
            return Answer(failed=f"torch could not be started ({type(exc).__name__})")
        return self._answer(question, window)

    def _answer(self, question: dict[str, Any], window: Window) -> Answer:
        try:
            socket.send_fds(self._open_line(), [json.dumps(question).encode()], [window.descriptor])
            reply = self._read(self.limits.child_seconds)
        except TimeoutError:
            self.stop()
            return Answer(failed=f"torch did not finish within {self.limits.child_seconds:,} seconds")
        except (OSError, ValueError):
            code = self._ended()
            return Answer(failed=f"the process with torch ended while it looked at the file{code}")
        return Answer(reply.get("answer"), str(reply.get("refused", "")))

    def _wait_until_ready(self) -> None:
        if self.process is None or self.process.poll() is not None:
            self.stop()
            self.start()
        if not self._ready:
            self._read(START_SECONDS)
            self._ready = True

    def _open_line(self) -> socket.socket:
        if self._line is None:
            raise OSError
        return self._line

    def _read(self, seconds: float) -> dict[str, Any]:
        """Return one line of the child; raise TimeoutError, OSError or ValueError where it does not come."""
        until, found, line = time.monotonic() + seconds, bytearray(), self._open_line()
        while not found.endswith(b"\n"):
            line.settimeout(max(until - time.monotonic(), 0.001))
            more = line.recv(2**16)
            if not more or len(found) > MAX_ANSWER:
                raise OSError
            found += more
            if time.monotonic() > until:
                raise TimeoutError
        reply = json.loads(found)
        if not isinstance(reply, dict):
            raise ValueError  # noqa: TRY004 the caller takes it as no answer
        return reply

    def _ended(self) -> str:
        process = self.process
        self.stop()
        return f" (signal {-process.returncode})" if process is not None and (process.returncode or 0) < 0 else ""

    def stop(self) -> None:
        """End the child and everything that it started."""
        if self._line is not None:
            self._line.close()
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2 if self._ready else 0)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process, self._line, self._ready = None, None, False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        self._folder.cleanup()


def asked_for(opened: Opened) -> bool:
    """Return whether torch is asked: files that our own walk refuses need no second opinion, others get none."""
    return opened.format in FORMATS and not opened.problems


def opinion(opened: Opened, window: Window, child: SecondOpinion) -> Problem | None:
    """Return the problem where torch does not agree that a file, which has passed our own walk, may be loaded."""
    answer = child.ask_about(window, opened.format)
    if answer.failed:
        sentence = f"Nobody confirms that the file is safe: {answer.failed}."
        return Problem(
            "no-second-opinion", "unsafe", sentence, "Try again on a machine with more memory. " + SAVE_AGAIN
        )
    if answer.refused:
        sentence = f"torch’s own scanner cannot read the file, though it looked fine to us ({answer.refused})."
        return Problem("second-opinion", "unsafe", sentence, SAVE_AGAIN)
    known = {str(name) for name in opened.globals} & (BEYOND_TORCH | DISTRIBUTED)
    foreign = [str(name)[:160] for name in answer.said if name not in known]
    if not foreign:
        return None
    sentence = f"torch’s own scanner sees {foreign[0]}, which we did not see or which is not allowed."
    return Problem("second-opinion", "unsafe", sentence, "Treat the file as hostile. " + SAVE_AGAIN)


def tensor_digests(path: Path, *, limits: Limits = DEFAULT) -> dict[str, str]:
    """Return the SHA-256 of each tensor of a torch file as torch itself reads it, by dotted name.

    The file is judged first and again by torch, and loaded in the child only where both pass. Raises BadInput where it
    does not pass or cannot be loaded within the limits.
    """
    from exeat.evidence.inspection.opening import open_path  # noqa: PLC0415 a reader of files, not of opinions

    with open_path(path, limits) as opened, SecondOpinion(limits) as child:
        first = opened.problems[0] if opened.problems else opinion(opened, opened.sources[""], child)
        if first is not None or opened.format not in FORMATS:
            raise BadInput(first.sentence if first else "torch loads no such file.", first.what_to_do if first else "")
        needs = tuple(map(str, opened.globals))
        answer = child.ask_about(opened.sources[""], opened.format, about="digests", needs=needs)
    if not isinstance(answer.said, dict):
        raise BadInput(f"torch could not load the tensors: {answer.refused or answer.failed}.", SAVE_AGAIN)
    return answer.said
