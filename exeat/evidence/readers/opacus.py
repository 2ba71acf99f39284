"""Opacus checkpoint: the accountant's history, from which epsilon can be recomputed once delta is stated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.readers import inside, parts, values
from exeat.evidence.readers.saying import Saying
from exeat.evidence.readers.shape import Reader
from exeat.policy.epsilon import composed_epsilon

if TYPE_CHECKING:
    from exeat.evidence.inspection import Opened
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "opacus"
STATE = "privacy_accountant_state_dict"
MAX_HISTORY = 100_000
MAX_PHASES = 20
"""Most phases that are named one by one."""


class Phase(NamedTuple):
    """Steps with one noise multiplier and one sample rate, both as text."""

    noise: str
    rate: str
    steps: int


def recognises(peek: Peek) -> bool:
    """Return whether the file holds a dict with the state of an accountant."""
    return isinstance(inside.root_of(peek.opened).get(STATE), dict)


def read(bundle: Bundle) -> Partial:
    """Read the accountant's state; raise BadInput when its history is not readable."""
    saying = Saying(NAME, bundle)
    opened = bundle.opened
    state = values.table(inside.root_of(opened)[STATE])
    phases = phases_of(opened)
    saying.takes("dp.accountant", state.get("mechanism"), f"{STATE}.mechanism", values.line)
    saying.says("dp.steps", sum(phase.steps for phase in phases), f"{STATE}.history")
    if len(phases) == 1:
        saying.says("dp.noise_multiplier", phases[0].noise, f"{STATE}.history")
        saying.says("dp.sample_rate", phases[0].rate, f"{STATE}.history")
    else:
        named = [f"noise {one.noise}, sample rate {one.rate}, {one.steps:,} steps" for one in phases[:MAX_PHASES]]
        saying.says("dp.composition", named, f"{STATE}.history")
    saying.note("The accountant's state holds no delta; epsilon follows from the history once delta is stated.")
    saying.says("training.framework", "PyTorch", STATE)
    saying.says("model.n_parameters", inside.parameters(opened.tensors), "module_state_dict, buffers included")
    parts.tell_checkpoint(saying, bundle.file, opened, inside.FORMATS.get(opened.format, opened.format))
    return saying.partial()


def phases_of(opened: Opened) -> tuple[Phase, ...]:
    """Return the history with equal noise and rate put together; raise BadInput when it is none."""
    history = values.table(inside.root_of(opened).get(STATE)).get("history")
    if not isinstance(history, list) or not 0 < len(history) <= MAX_HISTORY:
        raise BadInput(f"The accountant's history is not a list of 1 to {MAX_HISTORY:,} entries.", "Save it again.")
    steps: dict[tuple[str, str], int] = {}
    for i, entry in enumerate(history):
        phase = _phase(entry)
        if phase is None:
            raise BadInput(f"Entry {i} of the accountant's history is not noise, rate and steps.", "Save it again.")
        steps[phase[:2]] = steps.get(phase[:2], 0) + phase.steps
    return tuple(Phase(*key, count) for key, count in steps.items())


def _phase(entry: Any) -> Phase | None:
    if not isinstance(entry, tuple | list) or len(entry) != 3:  # noqa: PLR2004 noise, rate, steps
        return None
    noise, rate, steps = values.number(entry[0]), values.number(entry[1]), values.integer(entry[2])
    return None if noise is None or rate is None or steps is None else Phase(noise, rate, steps)


def epsilon_note(phases: tuple[Phase, ...], delta: str) -> str:
    """Return one sentence with epsilon as the history gives it at that delta."""
    try:
        found = composed_epsilon(
            tuple((float(one.noise), float(one.rate), one.steps) for one in phases), delta=float(delta)
        )
    except BadInput as exc:
        return exc.headline
    return (
        f"The accountant's history gives epsilon {found.tightest:.4g} to {found.loosest:.4g} at delta {delta} "
        "(privacy-loss distributions, Rényi DP), for Poisson sampling."
    )


READER = Reader(NAME, "an Opacus checkpoint", recognises, read)
