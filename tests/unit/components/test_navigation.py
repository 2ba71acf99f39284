"""Addresses that lead nowhere say so; the menu lists no page that shows a single object."""

from __future__ import annotations

import pytest

from components.navigation import PLACES, is_lost, refusal
from exeat.model.person import Person, Role


@pytest.mark.parametrize("address", [None, "", "http://localhost:8501", "http://localhost:8501/", "http://h/?as=p-s"])
def test_the_bare_address_is_nobodys_mistake(address):
    assert not is_lost(address)


@pytest.mark.parametrize("address", ["http://h/catalogue", "http://h/catalogue/?q=x", "http://h/entry?id=1"])
def test_a_page_that_exists_is_found(address):
    assert not is_lost(address)


@pytest.mark.parametrize(
    "address", ["http://h/nowhere", "http://h/queue/extra", "http://h/%3Cscript%3E", "http://h/../x"]
)
def test_what_is_no_page_is_lost(address):
    assert is_lost(address)


def test_the_app_may_be_served_below_a_path():
    assert not is_lost("http://h/exeat/queue", "/exeat")
    assert not is_lost("http://h/exeat/", "exeat")
    assert is_lost("http://h/exeat/nowhere", "exeat")


def test_a_refusal_names_page_and_role():
    queue = next(place for place in PLACES if place.url == "queue")
    researcher = Person("p-r", "R", frozenset({Role.RESEARCHER}))
    assert refusal(researcher, queue) == "The page “Releases” is not open to you as researcher."


def test_pages_of_one_object_are_not_in_the_menu():
    assert {place.url for place in PLACES if not place.listed} == {"release", "item", "entry"}
    assert all(place.icon for place in PLACES if place.listed)
