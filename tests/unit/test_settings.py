"""Settings: the environment wins over exeat.toml, and a wrong one is named."""

import pytest

from exeat.errors import BadSettings
from exeat.model.person import Role
from exeat.settings import load_settings


@pytest.fixture
def toml(tmp_path, monkeypatch):
    path = tmp_path / "exeat.toml"
    monkeypatch.setenv("EXEAT_CONFIG", str(path))
    return path


def test_toml_is_read_and_the_environment_wins(toml, monkeypatch, tmp_path):
    toml.write_text('home = "a"\norigin = "hospital.example/log"\n[role_map]\ndata-stewards = "steward"\n')
    monkeypatch.setenv("EXEAT_HOME", str(tmp_path / "b"))
    settings = load_settings()
    assert settings.home == tmp_path / "b"
    assert settings.origin == "hospital.example/log"
    assert settings.role_map == {"data-stewards": Role.STEWARD}
    assert settings.effective_ledger_url == f"sqlite:///{tmp_path / 'b' / 'ledger.db'}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('role_map = {a = "emperor"}', "role_map.a"),
        ('origin = "with space"', "origin"),
        ("surprise = 1", "surprise"),
        ("home = [", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named(toml, text, words):
    toml.write_text(text)
    with pytest.raises(BadSettings, match=words):
        load_settings()


def test_demo_is_off_unless_asked_for(toml):
    assert load_settings().demo is False
