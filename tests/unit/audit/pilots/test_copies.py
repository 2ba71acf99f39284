import json

import pytest

from exeat.audit.pilots.copies import MARKER, CopyFolder, file_sha256
from exeat.errors import BadInput, NotFound

IDS = ("original", "pruning", "rounding")


@pytest.fixture
def original(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    path = tmp_path / "checkpoint" / "model.safetensors"
    path.write_bytes(b"weights")
    return path


def folder(tmp_path, original, study="a"):
    return CopyFolder.create(tmp_path / "pilots", study, IDS, [original])


def test_a_copy_is_written_whole_and_named_by_its_digest(tmp_path, original):
    copies = folder(tmp_path, original)
    assert copies.write("pruning.safetensors", b"copy") == copies.digest("pruning.safetensors")
    assert (copies.path / "pruning.safetensors").read_bytes() == b"copy"
    assert [p.name for p in copies.path.glob("*.part")] == []
    assert copies.path.stat().st_mode & 0o077 == 0
    assert (copies.path / "pruning.safetensors").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("where", [".", "checkpoint", "checkpoint/pilots"])
def test_copies_never_land_in_around_or_under_the_original_s_folder(tmp_path, original, where):
    with pytest.raises(BadInput, match="not apart from the folder"):
        CopyFolder.create(tmp_path / where, "a", IDS, [original])
    assert not (original.parent / MARKER).exists()


def test_a_link_into_the_original_s_folder_is_seen(tmp_path, original):
    (tmp_path / "elsewhere").symlink_to(original.parent)
    with pytest.raises(BadInput, match="not apart"):
        CopyFolder.create(tmp_path / "elsewhere", "a", IDS, [original])


def test_a_folder_with_other_content_is_left_alone(tmp_path, original):
    (tmp_path / "pilots").mkdir()
    (tmp_path / "pilots" / "thesis.tex").write_text("mine")
    with pytest.raises(BadInput, match=r"already holds thesis\.tex"):
        folder(tmp_path, original)
    assert [p.name for p in (tmp_path / "pilots").iterdir()] == ["thesis.tex"]


def test_the_same_study_goes_on_and_another_is_refused(tmp_path, original):
    folder(tmp_path, original).write("pruning.json", b"{}")
    assert folder(tmp_path, original).read("pruning.json") == b"{}"
    with pytest.raises(BadInput, match="another study"):
        folder(tmp_path, original, study="b")


def test_discarding_takes_what_is_ours_and_nothing_else(tmp_path, original):
    copies = folder(tmp_path, original)
    for name in ("pruning.safetensors", "pruning.json", "rounding.json.part", "notes.txt"):
        (copies.path / name).write_bytes(b"x")
    gone = CopyFolder.open(copies.path).discard()
    assert sorted(gone) == ["pruning.json", "pruning.safetensors", "rounding.json.part"]
    assert [p.name for p in copies.path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_goes_with_its_copies(tmp_path, original):
    copies = folder(tmp_path, original)
    copies.write("pruning.safetensors", b"x")
    copies.discard()
    assert not copies.path.exists()
    assert original.read_bytes() == b"weights"


def test_the_chosen_copy_can_stay(tmp_path, original):
    copies = folder(tmp_path, original)
    for name in ("pruning.safetensors", "pruning.json", "rounding.json"):
        copies.write(name, b"x")
    copies.discard(keep="pruning")
    assert sorted(p.name for p in copies.path.iterdir()) == [MARKER, "pruning.json", "pruning.safetensors"]
    with pytest.raises(NotFound, match="no pilot 'pruned'"):
        copies.discard(keep="pruned")


@pytest.mark.parametrize(
    "marker", [b"[]", b"not json", b'{"study": "a", "pilots": ["../../etc/x"]}', b'{"study": "", "pilots": []}']
)
def test_a_forged_marker_removes_nothing(tmp_path, original, marker):
    home = tmp_path / "pilots"
    home.mkdir()
    (home / MARKER).write_bytes(marker)
    with pytest.raises(BadInput, match="not the marker"):
        CopyFolder.open(home)


def test_a_folder_without_a_marker_is_no_folder_of_pilots(tmp_path):
    with pytest.raises(NotFound):
        CopyFolder.open(tmp_path)


def test_the_marker_names_what_will_be_written_before_it_is(tmp_path, original):
    copies = folder(tmp_path, original)
    assert json.loads((copies.path / MARKER).read_bytes())["pilots"] == list(IDS)


def test_a_file_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        file_sha256(tmp_path / "none")


def test_a_link_in_place_of_a_half_written_file_leads_nowhere(tmp_path, original):
    copies = folder(tmp_path, original)
    (copies.path / "pruning.json.part").symlink_to(original)
    copies.write("pruning.json", b"{}")
    assert original.read_bytes() == b"weights"
    assert (copies.path / "pruning.json").read_bytes() == b"{}"


def test_a_marker_nested_without_end_is_none(tmp_path, original):
    copies = folder(tmp_path, original)
    (copies.path / MARKER).write_text("[" * 60_000)
    with pytest.raises(BadInput, match="is not the marker of a study"):
        CopyFolder.open(copies.path)
