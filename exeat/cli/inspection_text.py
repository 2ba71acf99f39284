"""An inspection for a person at a terminal: the answer first, then the reasons, the parts, the leakage channels."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exeat.model.inspection import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from exeat.model.inspection import Inspection, InspectionFinding

PLACE = 60
MAX_PARTS = 40
MAX_CHANNELS = 60
STYLES = {Verdict.CLEAN: "bold green", Verdict.UNSAFE: "bold red", Verdict.UNREADABLE: "bold yellow"}


def show(found: Inspection, console: Console | None = None) -> None:
    """Print the inspection; texts out of the file are shown as they are, without control characters and markup."""
    out = console or Console(markup=False, highlight=False, emoji=False)
    out.print(Group(*_blocks(found)))


def answer(found: Inspection) -> str:
    """Return the verdict in one sentence."""
    name = printable(found.file)
    if found.verdict is Verdict.CLEAN:
        leaks = len({channel.channel for channel in found.channels})
        ways = "1 kind of leakage channel goes" if leaks == 1 else f"{leaks} kinds of leakage channel go"
        after = f"{ways} with it" if leaks else "no leakage channel was seen"
        return f"Clean: {name} needs nothing but plain data to load; {after}."
    first = found.findings[0]
    word = "Unsafe" if found.verdict is Verdict.UNSAFE else "Not readable"
    more = f" ({len(found.findings) - 1} more below)" if len(found.findings) > 1 else ""
    return f"{word}: {printable(first.sentence)}{more}"


def _blocks(found: Inspection) -> Iterator[RenderableType]:
    yield Text(answer(found), STYLES[found.verdict])
    for number, finding in enumerate(found.findings):
        yield _finding(finding, told=number == 0)
    yield Text(_summary(found))
    if found.parts:
        yield _parts(found)
    if found.channels:
        yield _channels(found)
    yield from _lists(found)


def _finding(finding: InspectionFinding, *, told: bool) -> RenderableType:
    """Return the reason, unless the answer has told it, its place, and the next step."""
    reason = [] if told else [f"{finding.verdict.capitalize()}: {printable(finding.sentence)}"]
    place = [f"Where: {printable(finding.place)}"] if finding.place else []
    lines = [*reason, *place, f"Next: {printable(finding.what_to_do)}"]
    return Padding(Text("\n".join(lines)), (0, 0, 0, 2), expand=False)


def _summary(found: Inspection) -> str:
    types = Counter(tensor.dtype for tensor in found.tensors)
    kinds = ", ".join(f"{count:,} {printable(dtype)}" for dtype, count in types.most_common(6))
    listed = f" ({kinds})" if kinds else ""
    files = f", {len(found.files):,} files" if found.files else ""
    digests = f"\n{found.sha256}\n{found.blake3}" if found.sha256 else ""
    return f"\n{found.format}, {found.bytes:,} bytes{files}, {found.tensor_count:,} tensors{listed}{digests}\n"


def _parts(found: Inspection) -> Table:
    table = _table("Parts", ("Part", "Where", "Bytes", "Share", "Tensors"))
    rows = sorted(found.parts, key=lambda part: -part.bytes)
    for part in rows[:MAX_PARTS]:
        share = f"{part.bytes / found.bytes:.1%}" if found.bytes else ""
        table.add_row(part.kind.title, _short(part.place), f"{part.bytes:,}", share, f"{part.tensors:,}")
    _rest(table, len(rows) - MAX_PARTS, sum(part.bytes for part in rows[MAX_PARTS:]))
    return table


def _channels(found: Inspection) -> Table:
    table = _table("\nLeakage channels", ("Channel", "Part", "Where", "Count", "Sample"))
    for channel in found.channels[:MAX_CHANNELS]:
        table.add_row(
            channel.channel.title,
            channel.part.title,
            _short(channel.place),
            f"{channel.count:,}",
            _short(channel.sample),
        )
    _rest(table, len(found.channels) - MAX_CHANNELS)
    return table


def _remedies(found: Inspection) -> list[str]:
    """Return each remedy once, with the channels that it closes."""
    closed: dict[str, dict[str, None]] = {}
    for channel in found.channels:
        closed.setdefault(channel.remedy, {})[channel.channel.title] = None
    return [f"{', '.join(channels)}: {remedy}" for remedy, channels in closed.items()]


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        number = column in ("Bytes", "Share", "Tensors", "Count")
        table.add_column(column, justify="right" if number else "left", no_wrap=number, overflow="fold")
    return table


def _rest(table: Table, more: int, size: int | None = None) -> None:
    if more > 0:
        table.add_row(f"… {more:,} more (--json)", "", f"{size:,}" if size is not None else "", "", "")


def _lists(found: Inspection) -> Iterator[RenderableType]:
    lists = {"To close them": _remedies(found), "Looked at": found.looked_at, "Not looked at": found.not_looked_at}
    for title, rows in lists.items():
        if rows:
            yield Text(f"\n{title}", "bold")
            yield from (Padding(Text(f"- {printable(row)}"), (0, 0, 0, 1), expand=False) for row in rows)


def _short(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= PLACE else f"{shown[: PLACE // 2 - 1]}…{shown[-PLACE // 2 :]}"


def printable(text: str) -> str:
    """Return a text without control characters, which could repaint the terminal."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
