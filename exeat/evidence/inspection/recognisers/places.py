"""Absolute paths, storage addresses, user names and host names: where the training ran and whose account it was."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from exeat.evidence.inspection.recognisers.pool import label_before
from exeat.evidence.inspection.recognisers.shape import Hit, Recogniser, compiled, initial
from exeat.model.inspection import Channel

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOTS = {
    *("home", "users", "mnt", "media", "data", "datasets", "srv", "opt", "tmp", "var", "usr", "etc", "root", "scratch"),
    *("work", "workspace", "workspaces", "gpfs", "lustre", "nfs", "net", "share", "shares", "shared", "project", "run"),
    *("projects", "volumes", "content", "kaggle", "dbfs", "private", "export", "cluster", "beegfs", "fsx", "efs"),
    *("ceph", "storage", "lus", "groups", "homes", "afs", "proc", "sys", "dev", "repo", "repos", "disk"),
    *("raid", "nas", "vol", "ssd", "hdd", "nvme", "experiments", "checkpoints", "ckpt", "research", "labs"),
}
"""First folders of machines; graph nodes of ONNX (``/layers.0/MatMul``) begin otherwise."""
_PATH_LABEL = re.compile(
    r"path|dir|file|folder|root|cache|ckpt|checkpoint|save|location|source|dataset|csv|output|input"
)
_FILES = {
    *("csv", "tsv", "parquet", "json", "jsonl", "xlsx", "xls", "h5", "hdf5", "npz", "npy", "pkl", "pt", "pth", "ckpt"),
    *("dcm", "nii", "gz", "zip", "tar", "txt", "yaml", "yml", "db", "sqlite", "py", "ipynb", "log", "safetensors"),
    *("png", "jpg", "jpeg", "tif", "tiff", "svs", "edf", "wav", "mat", "feather", "arrow", "rds", "dta", "sav", "bam"),
    *("vcf", "fastq", "lmdb", "tfrecord", "onnx", "gguf", "bin", "sh", "doc", "docx", "pdf", "mdb", "bak", "sql"),
}
_HOMES = {"home", "users", "homes"}
GENERIC = {
    *("root", "ubuntu", "user", "users", "jovyan", "runner", "shared", "public", "default", "docker", "ec2-user", "me"),
    *("sagemaker-user", "admin", "administrator", "azureuser", "vscode", "work", "app", "nobody", "guest", "all users"),
    *(
        "test",
        "debian",
        "centos",
        "vagrant",
        "colab",
        "none",
        "null",
        "true",
        "false",
        "unknown",
        "anonymous",
        "system",
    ),
}
"""Accounts that name nobody."""
_NOTHING = {"/dev/null", "/dev/shm", "/tmp", "/usr/bin/env", "/bin/sh", "/bin/bash"}  # noqa: S108 names, not files
_PUBLIC = (
    *("huggingface.co", "hf.co", "github.com", "githubusercontent.com", "github.io", "gitlab.com", "pytorch.org"),
    *("tensorflow.org", "arxiv.org", "doi.org", "apache.org", "creativecommons.org", "w3.org", "json-schema.org"),
    *("python.org", "zenodo.org", "kaggle.com", "openai.com", "google.com", "wikipedia.org", "spdx.org"),
    *("opensource.org", "fbaipublicfiles.com", "onnx.ai", "lightning.ai", "readthedocs.io", "gnu.org", "schema.org"),
    *("example.com", "example.org", "example.net", "microsoft.com", "nvidia.com", "meta.com", "mistral.ai", "qwen.ai"),
    *(
        "aclanthology.org",
        "openreview.net",
        "acm.org",
        "ieee.org",
        "nature.com",
        "mlcommons.org",
        "wandb.ai",
        "wandb.com",
    ),
    *("googleapis.com", "ultralytics.com", "llama.com", "unsloth.ai", "eleuther.ai", "stanford.edu", "mit.edu"),
)
_NO_HOST = {"localhost", "none", "null", "true", "false", "auto", "cpu", "cuda", "gpu", "env", "tcp", "default"}
_STORES = {
    "s3",
    "s3a",
    "gs",
    "gcs",
    "abfs",
    "abfss",
    "az",
    "azure",
    "wasb",
    "wasbs",
    "hdfs",
    "dbfs",
    "file",
    "smb",
    "nfs",
}
_INNER = r"local|internal|intranet|lan|corp|localdomain|intra|nhs\.uk|hscic\.gov\.uk|home\.arpa"
_INNER_END = re.compile(rf"\.(?:{_INNER})$")
_PACKAGES = {
    "threading",
    "torch",
    "numpy",
    "_thread",
    "asyncio",
    "werkzeug",
    "tensorflow",
    "self",
    "jax",
    "contextvars",
}
_SERVICE = re.compile(
    r"(?:^|[.-])(?:mlflow|gitlab|jenkins|jupyter(?:hub)?|minio|registry|vpn|db|sql|postgres|redis|mongo|kafka|nas|hpc|cluster"
    r"|gpu|node|slurm|xnat|pacs|orthanc|redcap|fhir|dicom|ehr|s3)\d{0,3}[.-]"
)
_SERVER_LABEL = re.compile(r"tracking|registry|endpoint|proxy|remote|master|server|host|upstream|origin")
_IP = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}", re.ASCII)
_PRIVATE = re.compile(r"10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.", re.ASCII)


def is_host(text: str) -> bool:
    """Return whether a word can be the name of somebody's machine, not of everybody's or of a public site."""
    host = text.lower().strip(".")
    bare = host.replace(".", "").replace("-", "")
    if len(host) < 2 or host in _NO_HOST or not bare.isalnum():  # noqa: PLR2004
        return False
    if host.startswith(("127.", "0.0.0.0", "www.")):  # noqa: S104 compared, not bound
        return False
    if bare.isdigit():
        return _IP.fullmatch(host) is not None and all(int(piece) < 256 for piece in host.split("."))  # noqa: PLR2004
    return not any(host == public or host.endswith(f".{public}") for public in _PUBLIC)


def is_person(name: str) -> bool:
    """Return whether an account name says more than that there was an account."""
    return len(name) > 1 and name.lower() not in GENERIC and any(one.isalpha() for one in name)


def host(text: str, start: int) -> Hit:
    """Return the hit of a host name."""
    first, _, rest = text.partition(".")
    shown = f"{initial(first)}.{'…' if rest else ''}".rstrip(".")
    return Hit(Channel.HOST_NAME, start, start + len(text), shown)


def user(text: str, start: int) -> Hit:
    """Return the hit of a user name."""
    return Hit(Channel.USER_NAME, start, start + len(text), initial(text))


def _path(found: re.Match[str]) -> Iterator[Hit]:
    text = found[0].rstrip(".,/")
    pieces = text.split("/")[1:]
    if text in _NOTHING or not _is_path(pieces, found):
        return
    yield Hit(Channel.ABSOLUTE_PATH, found.start(), found.start() + len(text), _masked(pieces, "/"))
    yield from _owner(pieces, found.start() + 1)


def _is_path(pieces: list[str], found: re.Match[str]) -> bool:
    """Return whether pieces are folders of a machine and not a graph node, a route or a JSON pointer."""
    if len(pieces) < 2 or not all(pieces):  # noqa: PLR2004
        return False
    if pieces[0].lower().rstrip("0123456789") in ROOTS:
        return True
    if pieces[-1].rpartition(".")[2].lower() in _FILES and "." in pieces[-1]:
        return True
    return _PATH_LABEL.search(label_before(found.string, found.start())) is not None


def _owner(pieces: list[str], start: int) -> Iterator[Hit]:
    """Yield the account whose home folder a path lies in."""
    at = start
    for folder, account in pairwise(pieces):
        at += len(folder) + 1
        if folder.lower() in _HOMES:
            if is_person(account):
                yield user(account, at)
            return


def _masked(pieces: list[str], mark: str) -> str:
    first = pieces[0] if pieces[0].lower() in ROOTS else initial(pieces[0])
    stem, dot, ending = pieces[-1].rpartition(".")
    last = f"{initial(stem)}{dot}{ending}" if dot and ending.lower() in _FILES else initial(pieces[-1])
    shown = [first, *map(initial, pieces[1:-1][:8]), *(["…"] if len(pieces) > 10 else []), last]  # noqa: PLR2004
    return ("/" if mark == "/" else "") + mark.join(shown)


def _windows(found: re.Match[str]) -> Iterator[Hit]:
    text = found[0].rstrip(" .,\\/)'")
    pieces = [piece for piece in re.split(r"[\\/]+", text) if piece]
    if len(pieces) < 2 or (len(pieces) == 2 and "/" in text):  # noqa: PLR2004
        return
    shown = "\\".join((pieces[0], _masked(pieces[1:], "\\")))
    yield Hit(Channel.ABSOLUTE_PATH, found.start(), found.start() + len(text), shown)
    if pieces[1].lower() in _HOMES and len(pieces) > 2 and is_person(pieces[2]):  # noqa: PLR2004
        yield user(pieces[2], found.start() + text.index(pieces[2], len(pieces[0]) + len(pieces[1])))


def _share(found: re.Match[str]) -> Iterator[Hit]:
    machine, rest = found[1], found[2]
    yield Hit(Channel.ABSOLUTE_PATH, found.start(), found.end(), rf"\\{initial(machine)}\{initial(rest)}")
    if is_host(machine):
        yield host(machine, found.start(1))


def _address(found: re.Match[str]) -> Iterator[Hit]:
    scheme, rest = found[1].lower(), found[2].rstrip(".,;)]}")
    where, slash, path = rest.partition("/")
    login, at, where = where.rpartition("@")
    start = found.start(2) + len(login) + len(at)
    if at and ":" in login and not login.endswith(":"):
        yield Hit(Channel.SECRET, found.start(2), start - 1, f"{initial(login)}:… before @ in an address")
    name = where.split(":", 1)[0].split("?", 1)[0]
    if scheme == "file" and where:
        return
    if scheme in _STORES:
        end = found.start(2) + len(rest)
        yield Hit(
            Channel.ABSOLUTE_PATH, found.start(), end, f"{scheme}://{initial(name)}{'/…' if slash and path else ''}"
        )
    elif is_host(name) and _is_inside(scheme, where, found):
        yield host(name, start)


def _is_inside(scheme: str, where: str, found: re.Match[str]) -> bool:
    """Return whether an address leads into somebody's network: most addresses in texts are public documentation."""
    name, _, port = where.lower().partition(":")
    if scheme not in ("http", "https") or port.isdigit() or "." not in name or _INNER_END.search(name):
        return len(name) < 200  # noqa: PLR2004
    if _IP.fullmatch(name) or _SERVICE.search(name):
        return True
    return _SERVER_LABEL.search(label_before(found.string, found.start())) is not None


def _inner_host(found: re.Match[str]) -> Iterator[Hit]:
    first = found[0].split(".", 1)[0]
    if first.lower() not in _PACKAGES and is_host(found[0]) and not found[0].lower().startswith("www."):
        yield host(found[0], found.start())


def _private_address(found: re.Match[str]) -> Iterator[Hit]:
    if _PRIVATE.match(found[0]) and is_host(found[0]) and not _is_version(found):
        yield Hit(Channel.HOST_NAME, found.start(), found.end(), f"{found[0].split('.', 1)[0]}.….….…")


def _is_version(found: re.Match[str]) -> bool:
    return "version" in found.string[max(0, found.start() - 40) : found.start()].rpartition("\x00")[2].lower()


def _login(found: re.Match[str]) -> Iterator[Hit]:
    name, machine = found[1], found[2]
    numbered = any(one.isdigit() for one in machine) and not re.fullmatch(r"v?\d[\w.]*|[0-9a-f]{7,}", machine)
    if numbered and is_host(machine):
        yield host(machine, found.start(2))
        if is_person(name):
            yield user(name, found.start(1))


def _board_events(found: re.Match[str]) -> Iterator[Hit]:
    yield Hit(Channel.TIMESTAMP, found.start(1), found.end(1), f"{found[1][:4]}…")
    name = found[2].split(".")[0]
    if is_host(name):
        yield host(name, found.start(2))


def _board_run(found: re.Match[str]) -> Iterator[Hit]:
    yield Hit(Channel.TIMESTAMP, found.start(), found.end(1), f"{found[0][:3]}…")
    if is_host(found[2]):
        yield host(found[2], found.start(2))


_REST = r"""[^\s\x00-\x1f"'<>|*?:;,()\[\]{}=$\\`]"""
RECOGNISERS = (
    Recogniser("path", compiled(rf"/(?<![\w.\-~/\\%@+]/)(?<!\b[A-Za-z]:/)(?!/){_REST}{{2,}}"), _path, ("/",)),
    Recogniser(
        "Windows path",
        compiled(r"""[A-Za-z](?<![A-Za-z0-9][A-Za-z]):(?:\\{1,2}|/(?!/))[\w.$~][^\x00-\x1f"<>|?*:;,]{1,200}"""),
        _windows,
        (":\\", ":/"),
    ),
    Recogniser(
        "network share",
        compiled(r"\\(?<![\w:\\]\\)\\{1,3}([A-Za-z0-9][\w.-]{2,62})\\{1,2}([A-Za-z0-9][\w$.-]{1,80})"),
        _share,
        ("\\\\",),
    ),
    Recogniser(
        "address",
        compiled(r"""([A-Za-z](?<![A-Za-z0-9+][A-Za-z])[A-Za-z0-9+]{1,15})://([^\s\x00-\x1f"'<>\\]{1,500})"""),
        _address,
        ("://",),
    ),
    Recogniser(
        "internal host",
        compiled(
            rf"[A-Za-z0-9](?<![\w.@\-/][A-Za-z0-9])[A-Za-z0-9-]{{0,62}}\.(?:[A-Za-z0-9-]{{1,63}}\.){{0,4}}(?:{_INNER})(?![\w\-.(])"
        ),
        _inner_host,
        (".local", ".internal", ".intra", ".lan", ".corp", ".nhs.uk", ".hscic", ".home.arpa"),
    ),
    Recogniser(
        "private address",
        compiled(r"[0-9](?<![\w.\-+][0-9])\d{0,2}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w.\-])"),
        _private_address,
        ("10.", "192.168.", "172."),
    ),
    Recogniser(
        "login",
        compiled(r"([a-z_](?<![\w.+\-/@:][a-z_])[\w.-]{0,31})@([A-Za-z][A-Za-z0-9-]{1,62})(?![\w.@-])"),
        _login,
        ("@",),
    ),
    Recogniser(
        "event file",
        compiled(r"events\.out\.tfevents\.(\d{10})\.([A-Za-z0-9][\w.-]{0,100})"),
        _board_events,
        ("events.out.tfevents.",),
    ),
    Recogniser(
        "run folder",
        compiled(r"((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\d\d_\d\d-\d\d-\d\d)_([A-Za-z0-9][\w-]{1,62})"),
        _board_run,
        ("_",),
    ),
)
