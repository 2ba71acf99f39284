"""Start and stop the real server for tests and screenshots; nothing here is a stand-in."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from exeat.cli.demo import fresh, load
from exeat.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """Path of the installed Chromium; ``make setup-browser`` gets it."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def http(url: str, data: bytes | None = None) -> tuple[int, dict[str, str], str]:
    """Status, headers (lower case) and text of one request to our own server."""
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, {k.lower(): v for k, v in answer.headers.items()}, answer.read().decode()


@dataclass
class Server:
    """One server process; use it in a ``with``. ``url`` names localhost, as passkeys and cookies want it."""

    arguments: list[str]
    port: int
    log: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def __enter__(self) -> Self:
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, *self.arguments],
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1", "NO_COLOR": "1"} | dict(self.environment),
            )
        self._wait(120)
        return self

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"the server ended:\n{self.text()[-4000:]}")
            try:
                if http(f"http://127.0.0.1:{self.port}/_stcore/health")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"the server did not answer in {seconds} s:\n{self.text()[-4000:]}")

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)


def load_demo(home: Path, environment: Mapping[str, str] = {}) -> Path:
    """Load the sample organisation into the home as ``exeat demo`` does; another ledger by its URL."""
    settings = load_settings(home=home, demo=True, ledger_url=environment.get("EXEAT_LEDGER_URL", ""))
    fresh(home)
    load(settings)
    return home


def demo(home: Path, environment: Mapping[str, str] = {}) -> Server:
    """Serve as ``exeat demo`` does, on a home that is loaded already."""
    port = free_port()
    code = f"from exeat.cli.serve import serve, load_settings; serve(load_settings(), port={port})"
    settings = {"EXEAT_HOME": str(home), "EXEAT_DEMO": "true"} | dict(environment)
    return Server(["-W", "ignore", "-c", code], port, home.with_name(f"{home.name}-{port}.log"), settings)


def serve(home: Path, environment: Mapping[str, str] = {}, port: int | None = None) -> Server:
    """``exeat serve`` with the configured stores."""
    port = port or free_port()
    settings = {"EXEAT_HOME": str(home), "EXEAT_DEMO": "false"} | dict(environment)
    arguments = ["-W", "ignore", "-m", "exeat", "serve", "--port", str(port)]
    log = home.with_name(f"{home.name}-{port}.log")
    return Server(arguments, port, log, settings)


def streamlit(home: Path, *options: str, script: str = "app.py", environment: Mapping[str, str] = {}) -> Server:
    """``streamlit run`` itself, as somebody may start it without our command."""
    port = free_port()
    arguments = ["-m", "streamlit", "run", script, f"--server.port={port}", "--server.address=127.0.0.1"]
    arguments += [
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
        "--server.fileWatcherType=none",
        *options,
    ]
    log = home.with_name(f"{home.name}-{port}.log")
    return Server(arguments, port, log, {"EXEAT_HOME": str(home)} | dict(environment))


def command(*arguments: str, home: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``exeat …`` and return its outcome."""
    own = {"EXEAT_HOME": str(home)} if home else {}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "exeat", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "NO_COLOR": "1"} | own | environment,
    )
