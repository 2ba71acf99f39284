"""Write the tensors of a plan into a new safetensors file, then read the file again and compare every byte of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.inspection import open_checkpoint
from exeat.evidence.inspection.channels import channels_of
from exeat.evidence.inspection.digests import digests_of, digests_of_folder
from exeat.evidence.inspection.parts import parts_of
from exeat.evidence.safetensors_layout import header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from exeat.evidence.inspection.limits import Limits
    from exeat.evidence.inspection.opened import Opened, TensorRef
    from exeat.evidence.keeping import Planned
    from exeat.evidence.new_file import NewFile
    from exeat.evidence.precision import Reduction
    from exeat.model.inspection import LeakageFinding

PREFIX = "sha256:"
NOT_OURS = "Nothing was kept of it. Report this to the people who run Exeat: it is a fault of Exeat or of the disk."


class Digests(NamedTuple):
    """SHA-256 of one tensor's bytes in the source and in the written file."""

    source: str
    output: str


class Written(NamedTuple):
    """What was written: per tensor in the order of the file, and the whole."""

    tensors: tuple[Digests, ...]
    bytes: int
    sha256: str


def write(file: NewFile, opened: Opened, planned: Sequence[Planned], reduction: Reduction | None) -> Written:
    """Write header and tensors in one pass over the source and make them durable."""
    whole = hashlib.sha256()
    size = 0
    digests: list[Digests] = []

    def put(data: bytes | memoryview) -> None:
        nonlocal size
        file.write(data)
        whole.update(data)
        size += len(data)

    put(header([one.laid for one in planned]))
    for one in planned:
        before, after = hashlib.sha256(), hashlib.sha256()
        chunks = _hashed(opened.chunks_of(one.ref), before)
        if one.reduced and reduction is not None:
            chunks = reduction.chunks(one.laid.name, chunks)
        for chunk in chunks:
            after.update(chunk)
            put(chunk)
        digests.append(Digests(PREFIX + before.hexdigest(), PREFIX + after.hexdigest()))
    file.sync()
    return Written(tuple(digests), size, PREFIX + whole.hexdigest())


def _hashed(chunks: Iterable[memoryview], digest: hashlib._Hash) -> Iterator[memoryview]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def read_back(path: Path, planned: Sequence[Planned], done: Written, limits: Limits) -> tuple[LeakageFinding, ...]:
    """Compare the written file with the plan, tensor by tensor; return the leakage channels that it still has.

    Raises BadInput when anything differs; the file is then not kept.
    """
    with open_checkpoint(path, limits=limits) as opened:
        if opened.problems:
            raise BadInput(f"The written file does not pass an inspection: {opened.problems[0].sentence}", NOT_OURS)
        found = {ref.name: ref for ref in opened.tensors}
        if len(found) != len(planned) or len(opened.tensors) != len(planned):
            raise BadInput(f"The written file holds {len(found):,} of {len(planned):,} tensors.", NOT_OURS)
        for one, digests in zip(planned, done.tensors, strict=True):
            ref = found.get(one.laid.name)
            same = ref is not None and (ref.dtype, ref.shape) == (one.laid.dtype, one.laid.shape)
            if ref is None or not same or digest_of_tensor(opened, ref) != digests.output:
                raise BadInput(f"The tensor {one.laid.name} did not come out as it went in.", NOT_OURS)
        if sha256_of(opened) != done.sha256:
            raise BadInput("The written file has other bytes than were written.", NOT_OURS)
        return channels_of(opened, parts_of(opened), limits)


def digest_of_tensor(opened: Opened, ref: TensorRef) -> str:
    """Return the SHA-256 of a tensor's bytes, in C order, little endian."""
    digest = hashlib.sha256()
    for chunk in opened.chunks_of(ref):
        digest.update(chunk)
    return PREFIX + digest.hexdigest()


def of_all(digests: Iterable[tuple[str, str]]) -> str:
    """Return the digest of the lines ``<sha256>  <name>`` of tensors, sorted by name; pairs are (name, digest)."""
    lines = "".join(f"{sha256.removeprefix(PREFIX)}  {name}\n" for name, sha256 in sorted(digests))
    return PREFIX + hashlib.sha256(lines.encode()).hexdigest()


def sha256_of(opened: Opened) -> str:
    """Return the digest of the open file, or of a folder: of its ``<sha256>  <name>`` lines, sorted by name."""
    digests = {name: digests_of(window) for name, window in opened.sources.items()}
    return digests[""].sha256 if "" in digests else digests_of_folder(digests).sha256
