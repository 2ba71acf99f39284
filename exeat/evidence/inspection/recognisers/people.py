"""Identifiers of people: e-mail addresses, telephone numbers, NHS numbers, bank accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.inspection.recognisers.checks import is_iban, is_nhs_number
from exeat.evidence.inspection.recognisers.pool import label_before
from exeat.evidence.inspection.recognisers.shape import Hit, Recogniser, compiled, initial
from exeat.model.inspection import Channel

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

_NOT_A_DOMAIN = {
    *("png", "jpg", "jpeg", "gif", "svg", "webp", "pt", "pth", "ckpt", "bin", "onnx", "gguf", "json", "yaml", "yml"),
    *(
        "py",
        "txt",
        "csv",
        "md",
        "html",
        "js",
        "css",
        "safetensors",
        "local",
        "localdomain",
        "example",
        "invalid",
        "test",
    ),
}
_NOBODY = ("@example.com", "@example.org", "@example.net", "@users.noreply.github.com")
_COUNTS = (
    "step",
    "iter",
    "count",
    "size",
    "seed",
    "num",
    "total",
    "param",
    "byte",
    "token",
    "flop",
    "version",
    "length",
)
"""Words of labels under which ten digits are a figure."""
_COUNTRY = {
    *("1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48"),
    *("49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84"),
    *("86", "90", "91", "92", "93", "94", "95", "98"),
}
"""One and two digit country codes (ITU E.164 annex); the rest have three and begin as below."""
_COUNTRY_BEGINS = {"21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68", "69", "85"}
_LATER_BEGINS = {"87", "88", "96", "97", "99"}


def digits_of(text: str) -> str:
    """Return the digits of a text."""
    return "".join(one for one in text if one.isdigit())


def hidden(text: str, *, shown: int = 2) -> str:
    """Return a number with all but its last digits replaced: ``•••19``."""
    digits = digits_of(text)
    return "•" * max(3, min(len(digits) - shown, 16)) + digits[-shown:]


def is_count(label: str) -> bool:
    """Return whether a label says that a number counts or measures something."""
    return any(word in label for word in _COUNTS)


def email(text: str, start: int) -> Hit:
    """Return the hit of an e-mail address: ``j…@….uk``."""
    local, _, domain = text.rpartition("@")
    return Hit(Channel.EMAIL, start, start + len(text), f"{initial(local)}@….{domain.rpartition('.')[2]}")


def phone(text: str, start: int) -> Hit:
    """Return the hit of a telephone number."""
    return Hit(Channel.PHONE, start, start + len(text), ("+" if text.startswith("+") else "") + hidden(text))


def nhs(text: str, start: int) -> Hit:
    """Return the hit of an NHS number."""
    return Hit(Channel.NHS_NUMBER, start, start + len(text), hidden(text))


def _email(found: re.Match[str]) -> Iterator[Hit]:
    text = found[0]
    lower = text.lower()
    if lower.rpartition(".")[2] in _NOT_A_DOMAIN or lower.startswith("git@") or lower.endswith(_NOBODY):
        return
    yield email(text, found.start())


def is_international(text: str) -> bool:
    """Return whether a number with ``+`` begins with a country code that exists."""
    digits = digits_of(text)
    known = digits[:1] in ("1", "7") or digits[:2] in _COUNTRY | _COUNTRY_BEGINS | _LATER_BEGINS
    return known and 8 <= len(digits) <= 15  # noqa: PLR2004


def _international(found: re.Match[str]) -> Iterator[Hit]:
    text = found[0]
    whole = _is_whole(found)
    spaced = any(one in text for one in " (-.")
    if is_international(text) and (whole or spaced) and not is_count(label_before(found.string, found.start())):
        yield phone(text, found.start())


def _is_whole(found: re.Match[str]) -> bool:
    """Return whether a candidate is all of its entry, or stands in quotes, commas or brackets."""
    text, edges = found.string, "\x00\x1f\"',;:()<>[]|"
    before = text[found.start() - 1 : found.start()]
    return (not before or before in edges) and (found.end() == len(text) or text[found.end()] in edges)


def _national(found: re.Match[str]) -> Iterator[Hit]:
    if not is_count(label_before(found.string, found.start())):
        yield phone(found[0], found.start())


def _nhs(found: re.Match[str]) -> Iterator[Hit]:
    """Take ten digits that are an NHS number; as a number, not a text, they are far more often a count."""
    if is_nhs_number(digits_of(found[0])) and not is_count(label_before(found.string, found.start())):
        yield nhs(found[0], found.start())


def _in_prose(found: re.Match[str]) -> Iterator[Hit]:
    yield Hit(Channel.RECORD_NUMBER, found.start(1), found.end(1), hidden(found[1], shown=1))


def _iban(found: re.Match[str]) -> Iterator[Hit]:
    text = found[0]
    if is_iban(text.replace(" ", "")):
        yield Hit(Channel.IBAN, found.start(), found.end(), f"{text[:2]}••…{text[-2:]}")
        return
    bare = text.replace(" ", "")
    for length in range(len(bare) - 1, 14, -1):
        if is_iban(bare[:length]) and " " in text:
            yield Hit(Channel.IBAN, found.start(), found.end(), f"{text[:2]}••…{bare[length - 2 : length]}")
            return


RECOGNISERS = (
    Recogniser(
        "e-mail address",
        compiled(
            r"[A-Za-z0-9](?<![\w.+%\-][A-Za-z0-9])[\w.+%-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w-]|\.\w)"
        ),
        _email,
        ("@",),
    ),
    Recogniser(
        "IBAN",
        compiled(
            r"[A-Z](?<![A-Za-z0-9][A-Z])[A-Z]\d\d"
            r"(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![A-Za-z0-9])"
        ),
        _iban,
    ),
    Recogniser(
        "international telephone number",
        compiled(r"\+(?<![\w+.]\+)[1-9](?:[ ().-]{0,2}\d){7,14}(?![\w]|\.\d)"),
        _international,
        ("+",),
    ),
    Recogniser(
        "American telephone number", compiled(r"\((?<![\w(]\()\d{3}\) ?\d{3}-\d{4}(?![\w-])"), _national, ("(",)
    ),
    Recogniser(
        "British telephone number",
        compiled(
            r"0(?<![\w.+\-]0)(?:7\d{3} \d{6}|7\d{3} \d{3} \d{3}|2\d \d{4} \d{4}|1\d{3} \d{6}|1\d1 \d{3} \d{4})"
            r"(?![\w-]|\.\d)"
        ),
        _national,
        (" ",),
    ),
    Recogniser("NHS number", compiled(r"\d(?<![\w.+\-/]\d)\d\d(?:([ -])\d{3}\1\d{4}|\d{7})(?![\w\-/]|\.\d)"), _nhs),
    Recogniser(
        "record number in prose",
        compiled(
            r"(?:MRN|NHS|CHI|[Hh]ospital|[Pp]atient|[Ss]ubject|[Cc]ase)(?: (?:[Nn]o\.?|[Nn]umber|[Nn]r\.?|ID|[Ii]d))?"
            r" #?(\d{5,12})(?![\w-]|\.\d)"
        ),
        _in_prose,
    ),
)
