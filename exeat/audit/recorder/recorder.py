"""``Recorder``: stands beside a training loop and writes its manifest, its trace and what each epoch exposes."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import torch

from exeat.audit.recorder import facts
from exeat.audit.recorder.about import missing, with_about
from exeat.audit.recorder.budget import Budget
from exeat.audit.recorder.data import split_of
from exeat.audit.recorder.journal import Journal
from exeat.audit.recorder.manifest import LEAST_EXPOSED, Run, document
from exeat.audit.recorder.observe import Observer
from exeat.audit.recorder.privacy import privacy_of
from exeat.audit.recorder.probe import Diverged, Probe, bare
from exeat.audit.recorder.recommend import MARGIN, Recommendation, recommend
from exeat.audit.recorder.weights import Weights, bytes_of
from exeat.audit.recorder.writing import Written, write_all
from exeat.errors import BadInput
from exeat.model.base import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from exeat.audit.canaries import Canaries
    from exeat.audit.recorder.probe import RecordLoss
    from exeat.audit.recorder.weights import Keep
    from exeat.evidence.gaps import Gap

Select = Literal["last", "recommended"] | int
BEYOND = "not measured: beyond the share of processor time"
_LATER = frozenset({"components", "epoch", "global_step", "metrics"})
"""What is not known before training ends, and nobody has to give."""


class Recorded(NamedTuple):
    """What was written, the epoch it is about, the recommendation, how many epochs were measured, and the cost.

    ``overhead`` is the recorder's processor time as a share of training's.
    """

    folder: Path
    written: Written
    epoch: int
    recommendation: Recommendation
    measured: int
    overhead: float


class Recorder:
    """Stands beside a training loop.

    ``recorder = Recorder(folder, model, optimizer, checkpoint_id="ward-mlp-v1", train=(x, y), test=(xt, yt))`` before
    it, ``recorder.epoch()`` at the end of each epoch, ``recorder.finish()`` after the last (or a ``with`` block).

    ``train`` and ``test`` are (x, y), a map-style Dataset or its DataLoader; ``test`` must not have been trained on.
    ``canaries`` (exeat.audit.canaries) are trained on beside ``train``, as far as the coin put them in. ``about`` holds
    manifest fields that only people know; ``missing()`` lists them. For private training, build the recorder after
    ``PrivacyEngine.make_private`` and give ``delta``. ``share`` is how much of training's processor time measuring may
    take; an epoch beyond it is not measured and says so. ``sample`` and ``gradient_sample`` are the most records per
    split that are looked at, drawn once by ``seed``. ``seeds`` names further sources of randomness. Everything is
    written below ``folder``, which is new, or holds the same run and ``resume=True``. Raises BadInput.
    """

    def __init__(
        self, folder: str | Path, model: torch.nn.Module, optimizer: Any = None, *, checkpoint_id: str, train: Any,
        test: Any = None, canaries: Canaries | None = None, about: Mapping[str, Any] | None = None,
        delta: float | None = None, privacy_engine: Any = None, record_loss: RecordLoss | None = None,
        keep: Keep = "best", share: float = 0.05, sample: int = 1000, gradient_sample: int = 256,
        margin: float = MARGIN, total_epochs: int | None = None, seeds: Sequence[str] = (), seed: int = 0,
        resume: bool = False,
    ) -> None:  # fmt: skip
        self._budget = Budget(share)
        _check(checkpoint_id, optimizer)
        with self._budget.own("start"):
            self.folder, self.model, self.checkpoint_id = Path(folder), model, checkpoint_id
            self._started = _now()
            self._splits = {"train": split_of(train, most=sample, seed=seed, name="training")}
            if test is not None:
                self._splits["test"] = split_of(test, most=sample, seed=seed, name="test")
            self._about, self._delta, self._margin, self._seed = dict(about or {}), delta, margin, seed
            self._seeds, self._total = ("torch", *seeds), total_epochs
            self._privacy = privacy_of(optimizer, privacy_engine, self._splits["train"])
            self._hyperparameters = facts.hyperparameters(optimizer, self._splits["train"], total_epochs)
            self._probe = Probe(model, record_loss)
            self._outputs = [self._probe.rehearse(split.sample) for split in self._splits.values()]
            with_about(document(self._run({"epoch": None, "step": None}, ""), [], {}, []), self._about)
            self._weights = Weights(self.folder, keep)
            self._journal = Journal(self.folder, self._header(), resume=resume)
            self._observer = Observer(self._probe, self._splits, canaries, gradient_sample, self._journal.rows)
            self._steps = self._journal.rows[-1]["step"] if self._journal.rows else 0
            self._losses: list[torch.Tensor] = []
            self._hook = self._watch(optimizer)
            self._parameters = list(bare(model).parameters())
            self._seen: list[int] = []
            self._done = False

    def _header(self) -> dict[str, Any]:
        """Return what tells this run from another; the seed's value stays here, in the submitter's own folder."""
        return {
            "checkpoint_id": self.checkpoint_id,
            "started_at": self._started.isoformat(),
            "train": [self._splits["train"].n_records, self._splits["train"].digest],
            "test": [self._splits["test"].n_records, self._splits["test"].digest] if "test" in self._splits else None,
            "model": [[name, list(p.shape)] for name, p in bare(self.model).named_parameters()],
            "torch_seed": torch.initial_seed(),
            "software": facts.software(),
        }

    def _watch(self, optimizer: Any) -> Any:
        """Count the optimizer's real steps; under Opacus those of the optimizer inside."""
        if optimizer is None:
            return None
        return getattr(optimizer, "original_optimizer", optimizer).register_step_post_hook(self._count)

    def _count(self, *_: Any) -> None:
        self._steps += 1

    def step(self, loss: torch.Tensor | None = None) -> None:
        """Note the loss of a batch (optional); where no optimizer was given, also count the step."""
        if self._hook is None:
            self._steps += 1
        if loss is not None:
            self._losses.append(loss.detach())

    def epoch(self, number: int | None = None) -> None:
        """End an epoch, counted from 1 unless its number is given: look at the model as far as the budget allows.

        A number that was recorded before means that training went back to an earlier checkpoint: that epoch and what
        followed it are forgotten.
        """
        self._check_open()
        with self._budget.own("line"):
            last = self._journal.rows[-1]["epoch"] if self._journal.rows else 0
            number = last + 1 if number is None else number
            if number <= last:
                self._journal.rewind(number)
                self._observer.rewind(number)
            self._append({"epoch": number, "step": self._steps} | self._measured(number))
            if self._budget.affords("file"):
                with self._budget.own("file"):
                    self._journal.write_parquet()

    def _measured(self, number: int) -> dict[str, Any]:
        """Return what the budget allows to measure now."""
        row: dict[str, Any] = {}
        if self._losses:
            loss = float(torch.stack(self._losses).double().mean())
            row["running_loss"] = loss if math.isfinite(loss) else None
            self._losses.clear()
        if self._budget.affords("look"):
            with self._budget.own("look"):
                row |= self._look_unless_diverged(number)
        else:
            row["note"] = BEYOND
        if self._budget.affords("gradients"):
            with self._budget.own("gradients"):
                row |= self._observer.gradients()
        return row

    def _look_unless_diverged(self, number: int) -> dict[str, Any]:
        """Leave it to the loop what to do about losses that are no numbers."""
        try:
            return self._look(number)
        except Diverged:
            return {"note": "not measured: a loss is not finite"}

    def _look(self, number: int) -> dict[str, Any]:
        seen = self._observer.look(number)
        seen["weights_sha256"] = self._weights.write(number, bare(self.model))
        self._weights.thin(self._observer.looks)
        return seen

    def _append(self, row: dict[str, Any]) -> None:
        if self._privacy is not None and ("train_loss" in row or self._budget.affords("epsilon")):
            with self._budget.own("epsilon"):
                row["epsilon"] = self._privacy.epsilon(self._delta)
        row["training_seconds"] = round(self._budget.training, 4)
        row["recorder_seconds"] = round(self._budget.spent, 4)
        self._seen = [p._version for p in self._parameters]  # noqa: SLF001 documented by torch, with no other name
        self._journal.append(row)

    def last_kept(self) -> int:
        """Return the newest epoch whose weights are kept."""
        return max(self._weights.kept(), default=0)

    def missing(self) -> tuple[Gap, ...]:
        """Return what the manifest and its checklist need and the loop cannot know, by path, with a question each."""
        run = self._run({"epoch": 0, "step": 0}, "")
        gaps = missing(with_about(document(run, [], {}, []), self._about))
        return tuple(gap for gap in gaps if gap.path.split(".")[0].split("[")[0] not in _LATER)

    def finish(self, select: Select = "last") -> Recorded:
        """Measure the last epoch if that is still to do, recommend an epoch, and write manifest, report and trace.

        ``select`` says which epoch the manifest and the report are about: the last, the recommended one (the last
        where none stands out), or a number. Raises BadInput when the model holds the weights of no recorded epoch.
        """
        self._check_open()
        if not self._journal.rows:
            raise BadInput("No epoch was recorded.", "Call epoch() at the end of each epoch.")
        with self._budget.own("finish"):
            chosen, last = self._settled(select), self._journal.rows[-1]["epoch"]
            advice = recommend(self._observer.looks, self._margin)
            if chosen is None:
                looked = max((look.epoch for look in self._observer.looks), default=last)
                chosen = looked if advice.epoch is None else advice.epoch
            row = next(row for row in self._journal.rows if row["epoch"] == chosen)
            weights = self._weights.read(chosen)
            run = self._run(row, _rule(select, chosen == last), last)
            written = write_all(
                run, weights, journal=self._journal, observer=self._observer, advice=advice, about=self._about,
                seed=self._seed,
            )  # fmt: skip
            self._weights.leave({chosen, last} | ({advice.epoch} if advice.epoch is not None else set()))
            self.close()
        measured = sum(row.get("train_loss") is not None for row in self._journal.rows)
        overhead = self._budget.spent / max(self._budget.training, 1e-9)
        return Recorded(self.folder, written, chosen, advice, measured, overhead)

    def _settled(self, select: Select) -> int | None:
        """Make sure that the last epoch was looked at; return the epoch asked for, None for the recommended one."""
        rows = self._journal.rows
        last = rows[-1]
        if self._unchanged():
            if last.get("weights_sha256") is None:
                look = self._look if select == "last" else self._look_unless_diverged
                spent = {"epsilon": self._privacy.epsilon(self._delta)} if self._privacy is not None else {}
                self._journal.amend(**{"note": None, **spent, **look(last["epoch"])})
        elif select == "last":
            digest = digest_of(bytes_of(bare(self.model)))
            same = [row["epoch"] for row in rows if row.get("weights_sha256") == digest]
            if not same:
                raise BadInput(
                    "The model's weights changed after the last epoch was recorded, and are those of no other.",
                    'Call epoch() before finish(), or choose finish(select="recommended") or an epoch.',
                )
            return int(same[-1])
        if select == "last":
            return int(last["epoch"])
        if select == "recommended":
            return None
        if select not in [row["epoch"] for row in rows]:
            raise BadInput(f"Epoch {select} was not recorded.", f"Choose one from 1 to {last['epoch']}.")
        return select

    def _unchanged(self) -> bool:
        """Return whether nobody replaced weights or wrote to them since the last epoch."""
        now = list(bare(self.model).parameters())
        same = len(now) == len(self._parameters) and all(a is b for a, b in zip(now, self._parameters, strict=True))
        return same and [p._version for p in now] == self._seen  # noqa: SLF001 see above

    def _run(self, row: Mapping[str, Any], rule: str, last: int = 0) -> Run:
        outputs = self._outputs[0][1] if len(self._outputs[0]) == 2 else None  # noqa: PLR2004 records and logits
        return Run(
            folder=self.folder, checkpoint_id=self.checkpoint_id, started=self._started, ended=_now(),
            model=facts.model_facts(self.model, self._splits["train"].sample, outputs),
            hardware=facts.hardware(self._probe.device), hyperparameters=self._hyperparameters,
            seeds=self._seeds, splits=self._splits, privacy=self._privacy, delta=self._delta, epoch=row["epoch"],
            step=row["step"], total_epochs=self._total or last,
            rule=rule or "last epoch",
        )  # fmt: skip

    def _check_open(self) -> None:
        if self._done:
            raise BadInput("This recorder has finished.", "Build a new one with resume=True to go on.")

    def close(self) -> None:
        """Stop watching the optimizer; what was recorded so far stays."""
        if self._hook is not None:
            self._hook.remove()
        self._journal.flush()
        self._done = True

    def __enter__(self) -> Self:
        """Return the recorder."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish, unless the loop failed or has finished already."""
        if kind is None and not self._done:
            self.finish()
        elif not self._done:
            self.close()


def _check(checkpoint_id: str, optimizer: Any) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,79}", checkpoint_id):
        raise BadInput(
            f"{checkpoint_id[:80]!r} is no id of a checkpoint.",
            "Use small letters, digits, dots and dashes, at most 80.",
        )
    if optimizer is not None and not hasattr(optimizer, "param_groups"):
        raise BadInput(
            f"A {type(optimizer).__name__} is no optimizer.",
            "Give the one that trains the model; of several, the first.",
        )


def _rule(select: Select, last: bool) -> str:
    if select == "recommended" and not last:
        return LEAST_EXPOSED
    return "last epoch" if last else "chosen by the submitter"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
