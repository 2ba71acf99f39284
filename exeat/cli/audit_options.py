"""The options of ``exeat audit`` and their help, one name each; docs/cli.md describes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

Job = Annotated[Path | None, Argument(help="A Python file of yours that defines target() and, if it can, recipe().")]
Checkpoint = Annotated[
    list[Path] | None, Option(help="A file of the checkpoint that the report is about; repeat it.")
]  # fmt: skip
CheckpointId = Annotated[str, Option(help="The checkpoint's id, as in its manifest.")]
Output = Annotated[Path | None, Option("--output", "-o", help="The report to write; it must not exist.")]
Program = Annotated[Path | None, Option(help="Instead of JOB: the model as a program of torch.export (.pt2).")]
Members = Annotated[
    list[Path] | None, Option(help="With --program: training records (.npz, .safetensors, .parquet).")
]  # fmt: skip
NonMembers = Annotated[list[Path] | None, Option(help="With --program: records that the model never saw.")]
ManifestFile = Annotated[
    Path | None, Option(help="The manifest: gives the id, and its claim of differential privacy is tested.")
]  # fmt: skip
Attacks = Annotated[
    str, Option(help="Attacks by name, with commas between. Without it one or more for each adversary.")
]  # fmt: skip
Shadows = Annotated[int, Option(help="Shadow models to train, for attacks that need them.")]
Regimes = Annotated[
    str, Option(help="Attack other data too: masked, shifted. The job's own regimes are always attacked.")
]  # fmt: skip
OnlyMembership = Annotated[
    bool, Option("--only-membership", help="Leave out structure, reconstruction, attributes and linkage.")
]  # fmt: skip
Seed = Annotated[int, Option(help="Every random choice follows from it.")]
Delta = Annotated[str, Option(help="The delta of the lower bound of epsilon, where the manifest states none.")]
Folder = Annotated[
    Path | None, Option(help="Where finished steps are kept, to go on after a stop. Without it OUTPUT.audit.")
]  # fmt: skip
Threads = Annotated[int, Option(help="Threads to use; one is fastest and repeatable for small models.")]
Device = Annotated[str, Option(help="Where shadow models are trained: cpu, cuda or cuda:0.")]
Author = Annotated[str, Option(help="Who measured: a role or an office.")]
Independent = Annotated[bool, Option("--independent", help="The author has no part in the model or its release.")]
Estimate = Annotated[
    bool, Option("--estimate", help="Only say what it would cost, from a few epochs; no report is written.")
]  # fmt: skip
Json = Annotated[bool, Option("--json", help="Print the report as one JSON object on stdout.")]
