"""Unusual but harmless: files that need a class outside the allow-list. Exit 4, with the name and what to do."""

from __future__ import annotations

import argparse
import datetime as dt
import decimal
import enum
import pathlib
import uuid
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable


class Split(enum.Enum):
    """A class of the submitter's own."""

    TRAIN = "train"


class Harmless(NamedTuple):
    """A value for torch.save and the name that the finding must hold."""

    name: str
    needs: str
    make: Callable[[], Any]


CASES = (
    Harmless("path.ckpt", "pathlib.PosixPath", lambda: {"data": pathlib.PosixPath("/srv/data.csv")}),
    Harmless("namespace.ckpt", "argparse.Namespace", lambda: {"args": argparse.Namespace(lr=0.1)}),
    Harmless("date.ckpt", "datetime.datetime", lambda: {"at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)}),
    Harmless("decimal.ckpt", "decimal.Decimal", lambda: {"epsilon": decimal.Decimal("1.5")}),
    Harmless("uuid.ckpt", "uuid.UUID", lambda: {"run": uuid.UUID(int=1)}),
    Harmless("defaultdict.ckpt", "collections.defaultdict", lambda: {"seen": defaultdict(int, a=1)}),
    Harmless("deque.ckpt", "collections.deque", lambda: {"losses": deque([1, 2])}),
    Harmless("frozenset.ckpt", "builtins.frozenset", lambda: {"kept": frozenset([1])}),
    Harmless("module.pt", "torch.nn.modules.linear.Linear", lambda: nn.Linear(2, 2)),
    Harmless("own-class.pt", "tests.unit.evidence.corpus.harmless.Split", lambda: {"split": Split.TRAIN}),
)
