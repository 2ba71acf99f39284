"""The evidence store: what goes in comes out byte for byte, or an error says that it does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exeat.errors import BadInput, NotFound, Tampered
from exeat.evidence.intake import KEPT_BYTES, reject_record
from exeat.evidence.walk import whole
from exeat.storage.objects import FEW, ObjectStore
from tests.unit.evidence.factories_evidence import sha

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["folder", "file-url", "memory"])
def store(request, tmp_path):
    return ObjectStore(
        {"folder": str(tmp_path / "e"), "file-url": (tmp_path / "e").as_uri(), "memory": f"memory://{tmp_path}"}[
            request.param
        ]
    )


@given(data=st.binary(max_size=2000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_any_bytes_come_back(store, data):
    digest = store.put(data)
    store.flush()
    assert digest == sha(data)
    assert (store.has(digest), store.get(digest)) == (True, data)


def test_bytes_lie_under_their_digest(tmp_path):
    digest = ObjectStore(tmp_path).put(b"x")
    hexes = digest.removeprefix("sha256:")
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()] == [
        f"sha256/{hexes[:2]}/{hexes}"
    ]


@pytest.mark.parametrize(
    "digest", ["sha256:" + "0" * 64, "sha256:../../etc/passwd", "", "sha256:" + "A" * 64, "x" * 500]
)
def test_what_is_not_here_is_not_found(store, digest):
    with pytest.raises(NotFound):
        store.get(digest)


def test_another_content_under_a_digest_is_tampering(tmp_path):
    store = ObjectStore(tmp_path)
    digest = store.put(b"true")
    next(path for path in tmp_path.rglob("*") if path.is_file()).write_bytes(b"false")
    with pytest.raises(Tampered, match="not what was taken in"):
        store.get(digest)


@pytest.mark.parametrize("left", [b"", b"tr", b"false"])
def test_what_a_crash_left_or_somebody_damaged_is_healed_by_the_right_bytes(tmp_path, left):
    store = ObjectStore(tmp_path)
    digest = store.put(b"true")
    next(path for path in tmp_path.rglob("*") if path.is_file()).write_bytes(left)
    assert store.get(ObjectStore(tmp_path).put(b"true")) == b"true"
    assert store.put(b"true") == digest


def test_a_torn_write_leaves_nothing_under_the_digest(tmp_path, monkeypatch):
    store = ObjectStore(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        with pytest.raises(OSError, match="No space"):
            store.put(b"much")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert store.get(store.put(b"much")) == b"much"


@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
def test_a_flush_of_few_or_many_keeps_all(tmp_path, count):
    store = ObjectStore(tmp_path)
    digests = [store.put(str(i).encode()) for i in range(count)]
    store.flush()
    store.flush()
    assert [ObjectStore(tmp_path).get(digest) for digest in digests] == [str(i).encode() for i in range(count)]


def rejected(data=b"junk", name="a.json", headline="Not a format."):
    return reject_record(whole(name, data), BadInput(headline, "Export again.", place="line 1"), at=NOON)


def test_rejects_are_kept_once(store):
    record = rejected()
    for _ in range(2):
        store.put_reject(record, b"junk")
    assert store.rejects() == [record]
    assert store.reject_bytes(record.id) == b"junk"


def test_the_same_file_refused_again_has_the_same_id():
    assert rejected().id == rejected().id
    assert len({rejected().id, rejected(data=b"x").id, rejected(name="b").id, rejected(headline="Other").id}) == 4


def test_a_large_reject_is_cut_but_described_whole(store):
    data = b"x" * (KEPT_BYTES + 5)
    record = rejected(data=data)
    store.put_reject(record, data)
    assert (record.bytes, record.sha256) == (len(data), sha(data))
    assert len(store.reject_bytes(record.id)) == KEPT_BYTES


@pytest.mark.parametrize("reject_id", ["../sha256", "", "0" * 31, "g" * 32])
def test_a_reject_id_is_no_path(store, reject_id):
    with pytest.raises(NotFound):
        store.reject_bytes(reject_id)


def test_a_damaged_reject_does_not_hide_the_others(tmp_path):
    store = ObjectStore(tmp_path)
    store.put_reject(rejected(), b"")
    (tmp_path / "rejects" / "broken.json").write_text("{")
    assert len(store.rejects()) == 1
