from collections import Counter

import pytest

from exeat.demo.people import abouts, load_people
from exeat.errors import BadInput
from exeat.model.person import Role


def test_there_is_somebody_for_each_role_and_enough_stewards_and_board_members():
    roles = Counter(role for person in load_people() for role in person.roles)
    assert set(Role) - set(roles) == {Role.SYSTEM}
    assert roles[Role.STEWARD] >= 3
    assert roles[Role.BOARD_MEMBER] + roles[Role.BOARD_CHAIR] >= 5


def test_ids_are_pseudonyms_once_each_and_labelled_demo():
    people = load_people()
    assert len({p.person_id for p in people}) == len(people) == len(abouts())
    assert {p.authenticated for p in people} == {"demo"}
    for person in people:
        assert not set(person.name.lower().split()) & set(person.person_id.split("-"))


@pytest.mark.parametrize("text", ["", "person = 3", '[[person]]\nid = "x"\nname = "X"\nroles = ["king"]', "["])
def test_a_broken_file_is_refused_with_a_sentence(tmp_path, text):
    path = tmp_path / "people.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match="demo people"):
        load_people(path)
