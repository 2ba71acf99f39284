import pytest

from exeat.cli.demo import MARK, fresh
from exeat.errors import BadSettings


def test_a_new_home_is_marked(tmp_path):
    fresh(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / MARK).is_file()


def test_the_home_of_an_earlier_demo_is_emptied(tmp_path):
    fresh(tmp_path / "home")
    (tmp_path / "home" / "ledger.db").write_text("old")
    fresh(tmp_path / "home")
    assert [p.name for p in (tmp_path / "home").iterdir()] == [MARK]


def test_anything_else_is_left_alone(tmp_path):
    (tmp_path / "ledger.db").write_text("real")
    with pytest.raises(BadSettings, match="not a demo"):
        fresh(tmp_path)
    assert (tmp_path / "ledger.db").read_text() == "real"


def test_a_file_in_the_place_of_the_home_is_left_alone(tmp_path):
    path = tmp_path / "home"
    path.write_text("real")
    with pytest.raises(BadSettings):
        fresh(path)
    assert path.read_text() == "real"


def test_a_link_to_a_folder_is_not_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / MARK).write_text("")
    (tmp_path / "home").symlink_to(tmp_path / "real")
    with pytest.raises(BadSettings):
        fresh(tmp_path / "home")
    assert (tmp_path / "real" / MARK).exists()
