"""Is the target sound? What would make the figures meaningless is refused, with the next step."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from pydantic import ValidationError

from exeat.audit.membership import MIN_SUBGROUP
from exeat.audit.raised import first_line
from exeat.errors import BadInput
from exeat.model.documents import validation_to_bad_input
from exeat.model.risk_report import Subject

if TYPE_CHECKING:
    from torch import Tensor, nn

    from exeat.audit.target import Records, Target

MAX_SHARED = 0.05
"""Share of non-members that may be identical to a member; more of them and the two sides are not two sides."""
PROBE = 64
SHOWN = 5
CHUNK = 4096
"""Records asked about at once."""
LARGEST = 1e15
"""Larger logits are no measure of anything, and beyond the numbers that a report holds."""
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,300}")
MIN_CLASSES = 2
TOLERANCE = 1e-3
"""Relative difference of one record's logits alone and in a batch: above rounding, far below another answer."""


def check_target(target: Target) -> list[str]:
    """Refuse an unsound target; return sentences about what is sound enough but weakens the figures."""
    check_records(target)
    _subject(target)
    _group_names(target)
    classes = _answers(target.model, target)
    _all_answers("member", target.model, target.members)
    _all_answers("non-member", target.model, target.non_members)
    _labels("member", target.members, classes)
    _labels("non-member", target.non_members, classes)
    return [*_overlap(target), *_groups(target)]


def check_regime(target: Target) -> None:
    """Refuse records of a regime that no attack can use, before anything costs time."""
    check_records(target)
    for side, records in (("member", target.members), ("non-member", target.non_members)):
        _labels(side, records, _all_answers(side, target.model, records))


def check_records(target: Target) -> None:
    """Refuse records that no attack can use, on their own and side by side."""
    _records("member", target.members)
    _records("non-member", target.non_members)
    _same_shape(target.members, target.non_members)


def _records(side: str, records: Records) -> None:
    if len(records) < MIN_SUBGROUP:
        raise BadInput(
            f"There are {len(records)} {side}s; figures about fewer than {MIN_SUBGROUP} describe people, not a model.",
            f"Give at least {MIN_SUBGROUP} {side}s, 1,000 to resolve a false-positive rate of 0.1 %."
            if side == "non-member"
            else f"Give at least {MIN_SUBGROUP} {side}s.",
        )
    if records.y.dim() != 1 or records.y.is_floating_point() or records.y.is_complex():
        raise BadInput(
            f"The labels of the {side}s are {_kind(records.y)}.", "Give one class number (int64) per record: y.long()."
        )
    if records.x.dim() < 2:  # noqa: PLR2004 records and features
        raise BadInput(f"The inputs of the {side}s are {_kind(records.x)}.", "Give one row per record: shape [n, …].")
    if records.x.is_floating_point() and not bool(records.x.isfinite().all()):
        bad = int((~records.x.isfinite()).flatten(1).any(dim=1).sum())
        raise BadInput(
            f"{bad} of {len(records)} {side}s have inputs that are not finite (NaN or infinity).",
            "Fill or drop missing values exactly as the training did.",
        )


def _kind(tensor: Tensor) -> str:
    return f"a {str(tensor.dtype).removeprefix('torch.')} tensor of shape {list(tensor.shape)}"


def _same_shape(members: Records, others: Records) -> None:
    mine, theirs = members.x, others.x
    if mine.shape[1:] != theirs.shape[1:] or mine.dtype != theirs.dtype:
        raise BadInput(
            f"The inputs of the members are {_kind(mine)}, those of the non-members {_kind(theirs)}.",
            "Prepare both with the same code: an attack would see the difference in preparation, not membership.",
        )


def _subject(target: Target) -> None:
    if not target.component_sha256:
        raise BadInput(
            "The target names no file, so the report could be attached to any model.",
            "Give digests_of('model.safetensors', …) as component_sha256, or the files themselves as files=.",
        )
    try:
        Subject(checkpoint_id=target.checkpoint_id, component_sha256=target.component_sha256)
    except ValidationError as exc:
        raise validation_to_bad_input(exc, "the target's subject") from exc


def _answers(model: nn.Module, target: Target) -> int:
    """Return the number of classes; refuse a model whose answer to a record is random or depends on its neighbours."""
    import torch  # noqa: PLC0415

    x = target.members.x[:PROBE]
    from exeat.audit.signals import still  # noqa: PLC0415

    try:
        with torch.no_grad(), still(model):
            once, again, alone = model(x), model(x), model(x[:1])
    except Exception as exc:
        raise BadInput(
            f"The model does not take the members' inputs, {_kind(x)}: {type(exc).__name__}: {first_line(exc)}",
            "Give the inputs as the model's forward takes them, with the batch as the first dimension; a program must "
            "take batches of any size (dynamic_shapes).",
        ) from exc
    _logits(once, len(x))
    if not torch.equal(once, again):
        raise BadInput(
            "The model answers the same record differently each time.",
            "Dropout must be off in an answer: in forward use self.training, before an export call model.eval().",
        )
    if not torch.allclose(once[:1], alone, rtol=TOLERANCE, atol=TOLERANCE):
        raise BadInput(
            "The model's answer to a record depends on the other records of the batch.",
            "Batch normalisation must use its stored figures: call model.eval() before an export.",
        )
    return int(once.shape[1])


def _all_answers(side: str, model: nn.Module, records: Records) -> int:
    """Ask about every record: one answer that is no number would end all attacks. Return the number of classes."""
    import torch  # noqa: PLC0415

    from exeat.audit.signals import still  # noqa: PLC0415

    wrong = 0
    for at in range(0, len(records), CHUNK):
        x = records.x[at : at + CHUNK]
        try:
            with torch.no_grad(), still(model):
                answer = model(x).double()
        except Exception as exc:
            raise BadInput(
                f"The model does not take all inputs of the {side}s: {type(exc).__name__}: {first_line(exc)}",
                "Prepare both sides as the training did; look for values that the model does not know.",
            ) from exc
        wrong += int((~(answer.isfinite() & (answer.abs() <= LARGEST)).all(dim=1)).sum())
    if wrong:
        raise BadInput(
            f"The model's logits for {wrong} of {len(records)} {side}s are not finite, or above {LARGEST:g}.",
            "Check its weights and the inputs: no attack can compare such answers.",
        )
    return int(answer.shape[1])


def _group_names(target: Target) -> None:
    """Refuse names that no report can hold, and masks of another shape."""
    for records in (target.members, target.non_members):
        for name, mask in records.groups.items():
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise BadInput(
                    f"{str(name)[:60]!r} is no name of a subgroup.",
                    "Give one line of 1 to 300 characters, such as 'age 80 and over'. It stands in the report.",
                )
            if mask.ndim != 1:
                raise BadInput(
                    f"The subgroup {name[:60]} is marked by an array of shape {list(mask.shape)}.",
                    "Give one true or false per record.",
                )


def _logits(answer: object, n: int) -> None:
    import torch  # noqa: PLC0415

    shape = list(answer.shape) if isinstance(answer, torch.Tensor) else None
    if not isinstance(answer, torch.Tensor) or shape is None or shape[0] != n or len(shape) != 2:  # noqa: PLR2004
        what = f"a tensor of shape {shape}" if shape is not None else f"a {type(answer).__name__}"
        raise BadInput(
            f"The model returns {what} for {n} records; logits of shape [{n}, classes] are needed.",
            "Wrap the model in a module whose forward returns the logits alone.",
        )
    if shape[1] < MIN_CLASSES:
        raise BadInput(
            "The model returns one number per record.",
            "For two classes return two logits: torch.cat([torch.zeros_like(z), z], dim=1).",
        )
    if not bool(answer.isfinite().all()):
        raise BadInput("The model's logits are not finite (NaN or infinity).", "Check its weights and the inputs.")


def _labels(side: str, records: Records, classes: int) -> None:
    wrong = int(((records.y < 0) | (records.y >= classes)).sum())
    if wrong:
        raise BadInput(
            f"{wrong} of {len(records)} labels of the {side}s are outside 0 … {classes - 1}, the model's classes.",
            "Number the classes from 0 as the training did.",
        )


def _overlap(target: Target) -> list[str]:
    """Count the non-members that are identical to a member, input and label."""
    inside = set(_rows(target.members))
    shared = sum(row in inside for row in _rows(target.non_members))
    total = len(target.non_members)
    if shared > MAX_SHARED * total:
        raise BadInput(
            f"{shared} of {total} non-members are identical to a member (inputs and label).",
            "Non-members are records that the model never saw; take them from a held-out part of the data.",
        )
    if not shared:
        return []
    said = f"{shared} of {total} non-members are identical to a member (inputs and label)."
    return [f"{said} If they were trained on, the figures understate the exposure."]


def _rows(records: Records) -> list[bytes]:
    import torch  # noqa: PLC0415

    x = records.x.detach().cpu().contiguous().flatten(1).view(torch.uint8).numpy()
    labels = records.y.detach().cpu().numpy()
    return [hashlib.sha256(x[i].tobytes() + labels[i].tobytes()).digest() for i in range(len(labels))]


def _groups(target: Target) -> list[str]:
    names = {**target.members.groups, **target.non_members.groups}
    small = [
        name for name in names
        if min(_size(target.members, name), _size(target.non_members, name)) < MIN_SUBGROUP
    ]  # fmt: skip
    if not small:
        return []
    listed = ", ".join(name[:40] for name in small[:SHOWN]) + (" and more" if len(small) > SHOWN else "")
    return [f"Subgroups with fewer than {MIN_SUBGROUP} members or non-members are not reported in full: {listed}."]


def _size(records: Records, name: str) -> int:
    return int(records.groups[name].sum()) if name in records.groups else 0
