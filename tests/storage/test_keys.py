from __future__ import annotations

import pytest

from exeat.errors import BadSettings
from exeat.ledger.note import make_key
from exeat.storage.keys import load_or_create_log_key

ORIGIN = "test.example/log"


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "keys" / "log.key"
    key = load_or_create_log_key(str(path), ORIGIN)
    assert load_or_create_log_key(str(path), ORIGIN).vkey == key.vkey
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["log.key"]


def test_a_key_may_stand_in_the_setting_itself():
    key = make_key(ORIGIN)
    assert load_or_create_log_key(key.skey, ORIGIN).vkey == key.vkey


def test_a_key_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "log.key"
    load_or_create_log_key(str(path), ORIGIN)
    path.chmod(0o644)
    with pytest.raises(BadSettings, match="Others"):
        load_or_create_log_key(str(path), ORIGIN)


def test_a_key_of_another_log_is_refused(tmp_path):
    with pytest.raises(BadSettings, match="belongs to"):
        load_or_create_log_key(make_key("other.example/log").skey, ORIGIN)


@pytest.mark.parametrize("text", ["", "nonsense", "PRIVATE+KEY+a+b+c", "\xff"])
def test_a_damaged_key_is_refused_without_quoting_it(tmp_path, text):
    path = tmp_path / "log.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(BadSettings):
        load_or_create_log_key(str(path), ORIGIN)
