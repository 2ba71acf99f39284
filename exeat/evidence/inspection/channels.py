"""The leakage-channel map: everything by which an opened checkpoint could tell about people, places or records."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.inspection.channel_words import WORDS
from exeat.evidence.inspection.hostile_text import clean
from exeat.evidence.inspection.recognisers import MAX_HITS, Pool, masked_place, scan
from exeat.evidence.inspection.record_tables import record_tables
from exeat.evidence.inspection.survey import IN_NO_VALUE, LONG_TEXT, Said
from exeat.model.inspection import Channel, LeakageFinding, PartKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exeat.evidence.inspection.limits import Limits
    from exeat.evidence.inspection.opened import Opened
    from exeat.evidence.inspection.parts import Parts
    from exeat.evidence.inspection.survey import Survey

MAX_FINDINGS = 500
MAX_PLACE = 600
HIDDEN = 64
"""Bytes below which unseen bytes of a storage are what torch itself rounds up to."""
PROSE_WORDS = 40
"""Words from which a text is read as prose and not as a list of settings."""
_PUBLIC_TEXTS = ("readme", "license", "licence", "notice", "changelog", "citation", "vocab", "merges", "tokenizer")


_IN = {PartKind.OTHER: "rest of the file", PartKind.RNG_STATE: "random state"}


class Found(NamedTuple):
    """One thing found: its channel, the part and place that carry it, how much of it, and a masked sample."""

    channel: Channel
    kind: PartKind
    place: tuple[str, ...]
    amount: int = 1
    sample: str = ""
    more: str = ""


def channels_of(opened: Opened, parts: Parts, limits: Limits) -> tuple[LeakageFinding, ...]:
    """Return one finding for each channel in each branch of each part; what was not searched goes to the notes."""
    survey = parts.survey
    found = [
        *_in_texts(opened, survey, limits),
        *_in_lists(survey),
        *_in_tensors(opened, parts),
        *_in_members(opened, survey),
    ]
    groups: dict[tuple[Channel, PartKind, str], list[Found]] = defaultdict(list)
    for one in found:
        groups[one.channel, one.kind, _branch(one.place)].append(one)
    order = sorted(groups.items(), key=lambda group: (list(Channel).index(group[0][0]), group[0][1].value, group[0][2]))
    if len(order) > MAX_FINDINGS:
        opened.notes.append(f"{len(order) - MAX_FINDINGS:,} more leakage findings are left out of the list.")
    return tuple(_finding(group) for _, group in order[:MAX_FINDINGS])


def _branch(place: tuple[str, ...]) -> str:
    """Return the first key of a place, of dotted names (safetensors, distributed) the first word."""
    return place[0] if len(place) > 1 else place[0].split(".", 1)[0] if place else ""


def _finding(group: list[Found]) -> LeakageFinding:
    first, count = group[0], sum(one.amount for one in group)
    words = WORDS[first.channel]
    what = f"1 {words.one}" if count == 1 else f"{count:,} {words.many}"
    more = f" ({first.more})" if first.more else ""
    sentence = f"{what} in the {_IN.get(first.kind, first.kind.title)}{more}: {words.why}."
    sample = next((one.sample for one in group if one.sample), "")
    return LeakageFinding(
        channel=first.channel,
        part=first.kind,
        place=masked_place(first.place, MAX_PLACE),
        count=count,
        sample=clean(sample, MAX_PLACE),
        sentence=sentence[0].upper() + sentence[1:],
        remedy=words.remedy,
    )


def _in_texts(opened: Opened, survey: Survey, limits: Limits) -> Iterator[Found]:
    pool = Pool(limits.text_bytes)
    keys: set[tuple[PartKind, str]] = set()
    for said in _said(opened, survey):
        if said.is_key:
            if (said.kind, said.text) in keys:
                continue
            keys.add((said.kind, said.text))
        pool.add(said.text, said.kind, said.place, said.label)
        if pool.full:
            opened.notes.append(f"Text beyond {limits.text_bytes:,} characters was not searched for leakage channels.")
            break
    found = scan(pool.text())
    for name in found.stopped:
        opened.notes.append(f"The search for {name} ended after {MAX_HITS:,} finds or too many candidates.")
    for hit in found.hits:
        entry = pool.entry_at(hit.start)
        if hit.start >= entry.body:
            yield Found(hit.channel, entry.kind, entry.place, sample=hit.masked)
    yield from _prose(survey)


def _said(opened: Opened, survey: Survey) -> Iterator[Said]:
    """Yield every text: first those with values, then names of members, tensors and classes."""
    yield from survey.texts
    names = {} if opened.trees else dict(zip((ref.name for ref in opened.tensors), survey.tensors, strict=True))
    for name, kind in names.items():
        yield Said(name, kind, ("names of tensors",))
    for member in opened.members:
        if member.name not in names:
            yield Said(member.name, PartKind.OTHER, ("names of members",))
    for symbol in opened.globals:
        if symbol.module.split(".", 1)[0] not in ("torch", "numpy", "collections", "builtins"):
            yield Said(f"{symbol.module} {symbol.name}", PartKind.OTHER, ("names of classes",))


def _prose(survey: Survey) -> Iterator[Found]:
    for said in survey.texts:
        if len(said.text) < LONG_TEXT or any(name in (said.place or ("",))[-1].lower() for name in _PUBLIC_TEXTS):
            continue
        if len(said.text[:20_000].split()) >= PROSE_WORDS and said.text.lstrip()[:1] not in ("{", "["):
            yield Found(Channel.EMBEDDED_TEXT, said.kind, said.place, sample=f"{len(said.text):,} characters")


def _in_lists(survey: Survey) -> Iterator[Found]:
    for one in survey.lists:
        if one.what == "nhs":
            yield Found(Channel.NHS_NUMBER, one.kind, one.place, one.length)
        else:
            yield Found(Channel.MEMBER_INDICES, one.kind, one.place, one.length, f"a list of {one.length:,} numbers")
    for said in survey.texts:
        if said.kind is PartKind.MEMBER_INDICES and not said.is_key:
            yield Found(Channel.MEMBER_INDICES, said.kind, said.place, sample="a list of texts")
    for state in survey.states:
        yield Found(Channel.RNG_STATE, state.kind, state.place, sample=f"{state.length:,} numbers")


def _in_tensors(opened: Opened, parts: Parts) -> Iterator[Found]:
    for ref, kind in zip(opened.tensors, parts.survey.tensors, strict=True):
        if kind is PartKind.OPTIMIZER_STATE and ref.shape:
            shape = "x".join(map(str, ref.shape[:8]))
            yield Found(Channel.OPTIMIZER_STATE, kind, ref.path or (ref.name,), sample=f"{ref.dtype} {shape}")
    for rows in record_tables(opened, parts.survey):
        yield Found(Channel.RECORD_LIKE_TENSOR, rows.kind, rows.place, rows.rows, more=rows.why)
    for one in parts.hidden:
        if one.bytes < HIDDEN:
            continue
        place = one.by.path or (one.by.name,)
        yield Found(Channel.TRAILING_BYTES, parts.kind_of(one.by.name), place, one.bytes, more="in a storage")


def _in_members(opened: Opened, survey: Survey) -> Iterator[Found]:
    if survey.loose >= HIDDEN:
        yield Found(Channel.TRAILING_BYTES, PartKind.OTHER, (IN_NO_VALUE,), survey.loose, more="in a pickle")
    for member in opened.unlisted:
        yield Found(
            Channel.UNLISTED_MEMBER, PartKind.OTHER, ("unlisted members", member.name), sample=f"{member.bytes:,} bytes"
        )
    if opened.trailing is not None:
        yield Found(Channel.TRAILING_BYTES, PartKind.OTHER, (opened.trailing.name,), opened.trailing.bytes)
    for problem in opened.problems:
        if problem.code in ("compression-bomb", "zip-bomb"):
            yield Found(Channel.COMPRESSION_BOMB, PartKind.OTHER, (problem.place or "archive",))
