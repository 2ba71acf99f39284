"""``exeat minimise``: keep the tensors that a release needs, drop the rest, and say what that changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from exeat.errors import BadInput
from exeat.evidence.new_file import NewFile, check_new
from exeat.model.inspection import PartKind
from exeat.model.minimisation import by_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.model.minimisation import ClosedChannel, Minimisation

USAGE = 2
SHOWN = 12


def minimise_command(
    file: Annotated[Path, typer.Argument(help="A checkpoint: a file, or a folder that is one checkpoint.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The safetensors file to write; it must not exist.")],
    keep: Annotated[
        list[PartKind] | None, typer.Option(help="A kind of part to keep; repeat it. Without it the weights.")
    ] = None,
    prefix: Annotated[
        list[str] | None, typer.Option(help="Keep only tensors whose names in FILE begin so; repeat it.")
    ] = None,
    dtype: Annotated[
        Literal["float16", "bfloat16"] | None,
        typer.Option(help="Reduce float32 tensors; the record names the change and the largest difference."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the record (exeat-minimisation/1) here; it must not exist.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the record as one JSON object on stdout.")] = False,
) -> None:
    """Keep the weights of a checkpoint and nothing else, bit for bit. Exit 4 for an unsafe source, 3 unreadable."""
    from exeat.evidence.minimise import minimise  # noqa: PLC0415 usage errors should not wait for numpy
    from exeat.evidence.selection import WEIGHTS_ONLY, Selection  # noqa: PLC0415

    _check_targets(output, report)
    selection = Selection(frozenset(keep) if keep else WEIGHTS_ONLY.kinds, tuple(prefix or ()))
    done = minimise(file, output, keep=selection, dtype=dtype)
    if report is not None:
        with NewFile(report) as record:
            record.write(done.to_bytes())
            record.finish()
    typer.echo(done.model_dump_json(by_alias=True, exclude_none=True) if json else _text(done))


def _check_targets(output: Path, report: Path | None) -> None:
    """Exit 2 when a file to write exists already, or both are one."""
    try:
        _check_two(output, report)
    except BadInput as exc:
        typer.echo(f"{exc.headline}\n{exc.what_to_do}", err=True)
        raise typer.Exit(USAGE) from exc


def _check_two(output: Path, report: Path | None) -> None:
    check_new(output)
    if report is None:
        return
    check_new(report)
    if report.absolute() == output.absolute():
        raise BadInput("The record and the minimised file cannot be one file.", "Name another file for --report.")


def _text(done: Minimisation) -> str:
    dropped = [f"{part.kind.title}, {part.bytes:,} bytes: {part.reason}" for part in by_kind(done.dropped)]
    return "\n".join(
        [
            f"{done.output}: {done.output_bytes:,} bytes of the {done.source_bytes:,} of {done.source}.",
            f"Kept {done.kept_count:,} tensors: {_proof(done)}",
            *_change(done),
            *_list("Dropped", dropped),
            *_list("Channels closed", _channels(done.closed)),
            *_list(
                "Channels left",
                [f"{line} {one.remedy}" for one, line in zip(done.left, _channels(done.left), strict=True)],
            ),
            *done.notes,
        ]
    )


def _proof(done: Minimisation) -> str:
    proof = done.proof
    read = f"{proof.identical:,} read back with the bytes of the source"
    if proof.torch == "same":
        return f"{read}; torch {proof.torch_version} reads the same bytes."
    return f"{read}. torch has not confirmed it: {proof.why_not}"


def _change(done: Minimisation) -> list[str]:
    if done.change is None:
        return []
    one = done.change
    largest = f"{one.max_abs_difference:.3g} ({one.tensor})" if one.tensor else "0: every number is exact"
    return [f"CHANGED: {one.tensors:,} tensors to {one.dtype}; the largest difference is {largest}."]


def _channels(channels: Sequence[ClosedChannel]) -> list[str]:
    return [
        f"{one.channel.title} in {one.part.title}: {one.count:,} at {one.place or 'its beginning'}" for one in channels
    ]


def _list(title: str, lines: Sequence[str]) -> list[str]:
    more = [f"  … and {len(lines) - SHOWN:,} more"] if len(lines) > SHOWN else []
    return [f"{title}: {'' if lines else 'none'}".rstrip(), *(f"  {line}" for line in lines[:SHOWN]), *more]
