"""Homes for the server tests: the sample organisation is loaded once and copied."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.running import demo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def loaded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample organisation; copy it, never serve it."""
    home = tmp_path_factory.mktemp("template") / "home"
    with demo(home):
        pass
    return home


@pytest.fixture
def home(loaded_home: Path, tmp_path: Path) -> Path:
    return shutil.copytree(loaded_home, tmp_path / "home")
