"""Values that only their label tells: record numbers, names, hosts, passwords, commits, epochs; ``label: value``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.inspection.part_rules import plain
from exeat.evidence.inspection.recognisers.checks import is_day, is_nhs_number
from exeat.evidence.inspection.recognisers.people import digits_of, hidden, is_international, nhs, phone
from exeat.evidence.inspection.recognisers.places import host, is_host, is_person, user
from exeat.evidence.inspection.recognisers.secrets import is_random, is_secret_value, secret
from exeat.evidence.inspection.recognisers.shape import Hit, Recogniser, compiled
from exeat.evidence.inspection.recognisers.times import epoch
from exeat.model.inspection import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NUMBER = "(?:no|nr|number|num|id|identifier|ref|code)"
_LABELS = {
    "record": (
        rf"mrn|medical_record(?:_{_NUMBER})?|(?:hospital|patient|subject|participant|nhs|chi|accession|record|case|person"
        rf"|study|encounter|admission|episode|insurance|insured|member|client|citizen|health_card|specimen)_{_NUMBER}"
        rf"|nhs|patient|ssn|social_security(?:_{_NUMBER})?|nino|national_insurance(?:_{_NUMBER})?|national_id|nhi"
        rf"|passport(?:_{_NUMBER})?|fallnummer|patientennummer|versichertennummer|personnummer|bsn|cpr"
    ),
    "user": (
        "user|username|login|logname|user_name|account_name|(?:created|submitted|uploaded|started|run|trained)_by"
        "|(?:patient|person|first|last|full|given|family|middle|maiden|gp|clinician|doctor|physician|nurse)_name|surname"
        "|referring_physician|next_of_kin|consultant|clinician|whoami"
    ),
    "host": "host|hostname|host_name|nodename|node_?list|master_addr|master_address|machine_name|computer_name|fqdn"
    "|server_name|ip|ip_address|ip_addr|remote_host|db_host|slurmd_nodename|slurm_(?:job_)?nodelist",
    "phone": "phone|telephone|tel|mobile|fax|(?:phone|telephone|mobile|contact|fax|cell|home|work)_(?:no|number|phone)",
    "secret": (
        "password|passwd|pwd|passphrase|secret|(?:api|secret|access|private|account|encryption|signing|shared|master)_?key"
        "|(?:client|app|shared|consumer)_secret|(?:access|secret)_key_id|credentials?|connection_string"
        "|(?:access|auth|api|bearer|refresh|hf|hub|github|gitlab|wandb|bot|private|session|personal_access)_token"
    ),
    "token": "token|apikey|wandb_key|key|sig|sas|signature|authorization",
    "commit": "commit|git|sha|rev|revision|head|(?:git|commit)_(?:hash|sha|id|rev|revision|commit|head)|vcs_ref",
    "birth": "dob|(?:date_of|day_of)_(?:birth|death|admission|discharge|visit)|birth_?(?:date|day)|(?:study|scan|visit"
    "|admission|discharge|death|series|acquisition|diagnosis|appointment|content|patient_birth)_date",
    "time": "time|timestamp|time_?stamp|created|updated|started|finished|saved|mtime|ctime|ts"
    "|(?:start|end|save|creation|update|finish|modification|launch|submit|epoch|wall|unix)_time"
    "|(?:created|updated|saved|started|ended)_at",
}
_MANY = {"record": "s?", "phone": "s?", "birth": "s?", "time": "s?"}
_WORDS = {name: re.compile(rf"(?:\w{{1,30}}_)??(?:{words}){_MANY.get(name, '')}") for name, words in _LABELS.items()}
_GENERIC = {"number", "no", "nr", "id", "name", "date", "num", "birth", "key", "token", "address"}
"""Last words of a label that says what it is only with the word before."""
_LAST_WORD = re.compile(r"([A-Za-z]{2,20}(?: of)?)[ _]$")
_VALUE = re.compile(r"""[ \t]{0,3}["'(\[#]{0,2}([^\x00-\x1f"',;}\])]{1,250})""")
_RECORD = re.compile(r"[A-Za-z]{0,5}[-/]?\d(?:[\dA-Z/.-]| (?=\d)){2,24}", re.ASCII)
_PERSON = re.compile(r"[^\W\d_][\w.'-]{1,40}(?: [^\W\d_][\w.'-]{0,40}){0,3}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\[\]-]{1,100}", re.ASCII)
_PHONE = re.compile(r"\+?[\d(][\d ()./-]{5,22}\d", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{7,64}(?![\w-])", re.ASCII)
_COMPACT_DAY = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)", re.ASCII)
_SECONDS = re.compile(r"\d{10,19}(?:\.\d{1,9})?(?![\w])", re.ASCII)


@lru_cache(8192)
def rule_of(label: str) -> str:
    """Return which rule reads the values under a label, or nothing."""
    word = plain(label.rpartition(".")[2])
    return next((name for name, pattern in _WORDS.items() if pattern.fullmatch(word)), "")


def _label_of(found: re.Match[str]) -> str:
    """Return the label of a value, with the word before it where the last word alone says nothing."""
    label = found[1].rpartition(".")[2]
    if label.lower() in _GENERIC:
        before = _LAST_WORD.search(found.string, max(0, found.start() - 28), found.start())
        return f"{before[1]} {label}" if before else label
    return label


def _wanted(found: re.Match[str]) -> bool:
    return rule_of(_label_of(found)) != ""


def _read(found: re.Match[str]) -> Iterator[Hit]:
    value = _VALUE.match(found.string, found.end())
    if value and value[1].rstrip() != found[1]:
        mark, after = found[0][len(found[1]) :], found.string[value.end() : value.end() + 1]
        exact = mark.strip() != ":" or after in ("", "\n", "\x00")
        yield from _RULES[rule_of(_label_of(found))](_Value(value[1].rstrip(), value.start(1), exact))


class _Value(NamedTuple):
    """A value behind its label; ``exact`` when it ends where its quotes or its line end."""

    text: str
    start: int
    exact: bool


def _record(value: _Value) -> Iterator[Hit]:
    found = _RECORD.match(value.text)
    digits = digits_of(found[0]) if found else ""
    if found and is_nhs_number(digits):
        yield nhs(found[0], value.start)
    elif found and len(digits) >= 4:  # noqa: PLR2004 shorter ones are counters
        yield Hit(Channel.RECORD_NUMBER, value.start, value.start + found.end(), hidden(found[0], shown=1))


def _user(value: _Value) -> Iterator[Hit]:
    found = _PERSON.match(value.text)
    if found and value.exact and found.end() == len(value.text) and is_person(found[0]):
        yield user(found[0], value.start)


def _host(value: _Value) -> Iterator[Hit]:
    found = _HOST.match(value.text)
    named = found and any(one.isdigit() or one in ".-" for one in found[0])
    if found and named and found.end() == len(value.text.partition(":")[0]) and is_host(found[0].partition("[")[0]):
        yield host(found[0], value.start)


def _phone(value: _Value) -> Iterator[Hit]:
    found = _PHONE.match(value.text)
    fits = found and 7 <= len(digits_of(found[0])) <= 15  # noqa: PLR2004 ITU E.164
    if found and fits and (not found[0].startswith("+") or is_international(found[0])):
        yield phone(found[0], value.start)


def _secret(value: _Value) -> Iterator[Hit]:
    word = value.text if value.exact else value.text.split(" ", 1)[0]
    if is_secret_value(word) and not word.isspace():
        yield secret(word, value.start, "a value under such a label")


def _token(value: _Value) -> Iterator[Hit]:
    word = value.text.removeprefix("Bearer ").removeprefix("Basic ").split(" ", 1)[0]
    if is_random(word):
        yield secret(word, value.start, "a random value under such a label")


def _commit(value: _Value) -> Iterator[Hit]:
    found = _HEX.match(value.text)
    if found and (len(found[0]) >= 40 or (not found[0].isdigit() and not found[0].isalpha())):  # noqa: PLR2004 SHA-1
        yield Hit(Channel.COMMIT_ID, value.start, value.start + found.end(), f"{found[0][:4]}…")


def _birth(value: _Value) -> Iterator[Hit]:
    """Take a day without separators, as DICOM writes it; the other forms need no label."""
    found = _COMPACT_DAY.match(value.text)
    if found and is_day(int(found[1]), int(found[2]), int(found[3])):
        yield Hit(Channel.DATE, value.start, value.start + found.end(), "••••••••")


def _time(value: _Value) -> Iterator[Hit]:
    found = _SECONDS.match(value.text)
    hit = epoch(found[0], value.start) if found else None
    if hit:
        yield hit


_RULES: dict[str, Callable[[_Value], Iterator[Hit]]] = {
    "record": _record,
    "user": _user,
    "host": _host,
    "phone": _phone,
    "secret": _secret,
    "token": _token,
    "commit": _commit,
    "birth": _birth,
    "time": _time,
}
LABELLED = Recogniser(
    "labelled value",
    compiled(r"""([A-Za-z_](?<![\w.\-][A-Za-z_])[\w.\-]{0,59})["'\]]{0,2}[ \t]{0,2}[\x1f:=]"""),
    _read,
    ("\x1f", ":", "="),
    _wanted,
)
