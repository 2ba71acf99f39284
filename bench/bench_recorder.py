"""What the recorder adds to the processor time of training the sample models: python bench/bench_recorder.py [N].

Each sample model is trained by the recipe of data/samples on one thread, without and with the recorder in turn, N
times (default 5); the median share is printed. The recorder's time covers everything from building it to the last
file. A first pair warms up and is not counted; what loading the recorder's modules costs a fresh process once is
printed apart, beside loading torch. The recorder's own count is printed too: on a busy machine it is the steadier one.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data.samples.measure import sizes, tensors
from data.samples.specs import BY_ID
from data.samples.tables import load
from data.samples.training import Mlp, _evaluate, _loader, pin_threads
from exeat.audit.recorder import Recorder

if TYPE_CHECKING:
    from data.samples.specs import Spec
    from exeat.audit.recorder import Recorded

MODELS = (
    *("digits-mlp-v1", "digits-mlp-v3", "digits-mlp-v4", "onco-mlp-v1", "onco-mlp-v4", "onco-mlp-v5", "glyco-mlp-v2"),
    *("glyco-mlp-v4", "glyco-mlp-v5"),
)
LIMIT = 0.10
LEAST = 1.0
"""Seconds of training behind each figure: a short training is repeated, for one alone is noise."""
IMPORTS = {
    "torch": "import torch",
    "torch and the recorder": "import torch, exeat.audit.recorder",
    "torch and opacus": "import torch, opacus",
    "torch, opacus and the recorder": "import torch, opacus, exeat.audit.recorder",
}


def trained(spec: Spec, folder: str | None) -> tuple[float, Recorded | None]:
    """Train one sample model and return its processor time, with the recorder where a folder is given."""
    table = load(spec.lineage)
    data, validation = tensors(table, table.members), tensors(table, table.validation)
    outsiders = tensors(table, table.outsiders)
    start = time.process_time()
    torch.manual_seed(spec.seed)
    model: Any = Mlp(sizes(spec, table))
    optimizer: Any = torch.optim.AdamW(model.parameters(), lr=spec.learning_rate, weight_decay=spec.weight_decay)
    loader: Any = _loader(spec, data, spec.seed)
    if spec.private:
        model, optimizer, loader = private(spec, model, optimizer, loader)
    recorder = None
    if folder is not None:
        recorder = Recorder(
            folder, model, optimizer, checkpoint_id=spec.id, train=loader, test=outsiders,
            delta=1e-4 if spec.private else None, total_epochs=spec.epochs,
        )  # fmt: skip
    for _ in range(spec.epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss = cross_entropy(model(x), y) if len(x) else model(x).sum()
            loss.backward()
            optimizer.step()
        _evaluate(model, validation)
        if recorder is not None:
            recorder.epoch()
    recorded = recorder.finish() if recorder is not None else None
    return time.process_time() - start, recorded


def private(spec: Spec, model: Any, optimizer: Any, loader: Any) -> tuple[Any, Any, Any]:
    """Make training private as the samples do."""
    from opacus import PrivacyEngine  # noqa: PLC0415 half of the samples do not need it

    found: tuple[Any, Any, Any] = PrivacyEngine(accountant="rdp").make_private(
        module=model, optimizer=optimizer, data_loader=loader, noise_multiplier=spec.noise, max_grad_norm=spec.clip,
        noise_generator=torch.Generator().manual_seed(spec.seed + 1),
    )  # fmt: skip
    return found


def several(spec: Spec, count: int, *, record: bool) -> tuple[float, list[Recorded]]:
    """Train ``count`` times and return the mean processor time, and what was recorded."""
    seconds, found = 0.0, []
    for _ in range(count):
        with tempfile.TemporaryDirectory() as name:
            took, recorded = trained(spec, f"{name}/run" if record else None)
        seconds += took
        found += [recorded] if recorded is not None else []
    return seconds / count, found


def compare(spec: Spec, times: int) -> float:
    """Print and return the median share that the recorder adds; who runs first changes from turn to turn."""
    warm, _ = several(spec, 1, record=False)
    several(spec, 1, record=True)
    count = max(1, round(LEAST / warm))
    shares, plain, own = [], [], []
    for turn in range(times):
        runs = {record: several(spec, count, record=record) for record in (bool(turn % 2), not turn % 2)}
        shares.append(runs[True][0] / runs[False][0] - 1)
        plain.append(runs[False][0])
        own += runs[True][1]
    share = statistics.median(shares)
    each = " ".join(f"{100 * one:+.1f}" for one in shares)
    print(
        f"{spec.id:14} training {statistics.median(plain):5.2f} s x {count}  recorder {100 * share:+5.1f} %  ({each})  "
        f"by its own count {100 * statistics.median(one.overhead for one in own):.1f} %, measured "
        f"{statistics.median(one.measured for one in own):.0f} of {spec.epochs} epochs",
        flush=True,
    )
    return share


def main(times: int) -> int:
    """Print a line for each sample model; return 1 when one exceeds the limit."""
    pin_threads()
    warnings.simplefilter("ignore")
    for name, code in IMPORTS.items():
        took = f"{code}\nimport resource; u = resource.getrusage(resource.RUSAGE_SELF); print(u.ru_utime + u.ru_stime)"
        seconds = [
            float(subprocess.run([sys.executable, "-W", "ignore", "-c", took], capture_output=True, text=True,
                                 check=True, cwd=Path(__file__).resolve().parents[1]).stdout)
            for _ in range(3)
        ]  # fmt: skip
        print(f"a fresh process with {name}: {statistics.median(seconds):.2f} s of processor time")
    worst = max(compare(BY_ID[name], times) for name in MODELS)
    print(f"largest median share {100 * worst:.1f} %, limit {100 * LIMIT:.0f} %")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
