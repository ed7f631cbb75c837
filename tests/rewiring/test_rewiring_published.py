"""Settings and deviations on the methods' cards."""

from __future__ import annotations

import pytest

from mixcli.catalog import REWIRINGS
from mixcli.cli.methods import card
from mixcli.rewiring.published import FOSR_SETTINGS, SDRF_SETTINGS


@pytest.mark.parametrize("name", list(REWIRINGS))
def test_published_settings_are_specs_of_the_method_and_have_a_source(name: str) -> None:
    cls = REWIRINGS.get(name)
    assert all(type(REWIRINGS.make(spec)) is cls for spec in cls.published.values())
    assert bool(cls.published) == bool(cls.published_in)
    assert all(isinstance(line, str) for line in cls.deviations)


def test_tables_are_read_as_they_stand() -> None:
    assert SDRF_SETTINGS["Pubmed"] == "sdrf:iterations=166,tau=115,c_plus=14.43"
    assert FOSR_SETTINGS["Texas (GIN)"] == "fosr:iterations=150"
    assert (len(SDRF_SETTINGS), len(FOSR_SETTINGS)) == (9, 24)


def test_cards_show_them_where_there_are_any() -> None:
    assert card("rewirings", REWIRINGS, "sdrf")["published"] == SDRF_SETTINGS
    assert "published" not in card("rewirings", REWIRINGS, "random")
