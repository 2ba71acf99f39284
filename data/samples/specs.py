"""The sample checkpoints: which data, which protection, which shape of file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lineage = Literal["onco", "glyco", "digits"]
Shape = Literal["state_dict", "safetensors", "lightning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One checkpoint to train. ``noise`` > 0 means DP-SGD (noise as a multiple of ``clip``)."""

    lineage: Lineage
    version: int
    hidden: tuple[int, ...]
    epochs: int
    shape: Shape
    protection: str
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    patience: int = 0
    noise: float = 0.0
    clip: float = 1.0
    batches: int = 4
    """Batches per epoch; under DP-SGD the Poisson sample rate is 1 / batches."""
    seed: int = 2026
    trace: Literal["none", "csv", "parquet"] = "none"
    log: bool = False
    attacks: tuple[str, ...] = ()
    """Left empty: every usual attack of the engine, and what it measures beside membership."""
    days_before: int = 30
    """The checkpoint was made this many days before the sample; its report three days later."""
    report_days_before: int = 0
    """Age of the report where it differs from the rule above."""
    rerun: bool = False
    delta_to: int = 0
    """Version whose release this one is attacked together with; 0 for none."""

    @property
    def id(self) -> str:
        """Return the checkpoint id."""
        return f"{self.lineage}-mlp-v{self.version}"

    @property
    def private(self) -> bool:
        """Return whether DP-SGD protects it."""
        return self.noise > 0


SPECS: tuple[Spec, ...] = (
    Spec(
        lineage="onco", version=1, hidden=(64, 32), epochs=400, shape="state_dict", protection="none",
        trace="csv", log=True, days_before=210, report_days_before=205,
    ),
    Spec(
        lineage="onco", version=2, hidden=(32,), epochs=300, shape="safetensors", protection="early stopping",
        learning_rate=5e-3, patience=5, trace="csv", days_before=160,
    ),
    Spec(
        lineage="onco", version=3, hidden=(16,), epochs=200, shape="lightning", protection="weight decay",
        weight_decay=0.05, trace="parquet", log=True, days_before=120,
    ),
    Spec(
        lineage="onco", version=4, hidden=(8,), epochs=30, shape="safetensors", protection="DP-SGD",
        learning_rate=2e-2, noise=1.6, trace="parquet", log=True, days_before=40, rerun=True,
        delta_to=2,
    ),
    Spec(
        lineage="onco", version=5, hidden=(6,), epochs=30, shape="safetensors", protection="DP-SGD",
        learning_rate=2e-2, noise=4.0, trace="csv", days_before=24, rerun=True, delta_to=4,
    ),
    Spec(
        lineage="glyco", version=1, hidden=(64, 64), epochs=600, shape="state_dict", protection="none",
        trace="csv", log=True, days_before=190, report_days_before=170,
    ),
    Spec(
        lineage="glyco", version=2, hidden=(32,), epochs=200, shape="lightning", protection="weight decay",
        weight_decay=0.1, trace="csv", log=True, days_before=130,
    ),
    Spec(
        lineage="glyco", version=3, hidden=(16,), epochs=300, shape="safetensors", protection="early stopping",
        learning_rate=3e-3, patience=5, trace="csv", days_before=90,
    ),
    Spec(
        lineage="glyco", version=4, hidden=(8,), epochs=30, shape="safetensors", protection="DP-SGD",
        learning_rate=2e-2, noise=2.0, trace="parquet", log=True, days_before=35,
    ),
    Spec(
        lineage="glyco", version=5, hidden=(8,), epochs=30, shape="safetensors", protection="DP-SGD",
        learning_rate=2e-2, noise=4.0, days_before=20,
    ),
    Spec(
        lineage="digits", version=1, hidden=(64,), epochs=150, shape="state_dict", protection="none",
        batches=14, trace="csv", days_before=230,
    ),
    Spec(
        lineage="digits", version=2, hidden=(48,), epochs=100, shape="lightning", protection="early stopping",
        learning_rate=5e-3, patience=4, batches=14, trace="parquet", log=True, attacks=("loss",), days_before=110,
    ),
    Spec(
        lineage="digits", version=3, hidden=(32,), epochs=80, shape="safetensors", protection="weight decay",
        weight_decay=0.1, batches=14, trace="csv", days_before=240, report_days_before=236,
    ),
    Spec(
        lineage="digits", version=4, hidden=(32,), epochs=30, shape="safetensors", protection="DP-SGD",
        learning_rate=1e-2, noise=1.3, batches=10, trace="parquet", days_before=28,
    ),
    Spec(
        lineage="digits", version=5, hidden=(8,), epochs=30, shape="safetensors", protection="DP-SGD",
        learning_rate=2e-2, noise=2.0, batches=10, days_before=14,
    ),
)  # fmt: skip
BY_ID: dict[str, Spec] = {spec.id: spec for spec in SPECS}
