"""Settings and deviations on the methods' cards."""

from __future__ import annotations

import dataclasses
import inspect
import re

import pytest

from mixcli.catalog import REWIRINGS
from mixcli.cli.methods import _page, card
from mixcli.rewiring.published import FOSR_SETTINGS, SDRF_SETTINGS

TUNED = ["sdrf", "fosr", "borf", "afrc", "gtr", "digl"]
RELEASED = ["sdrf", "fosr", "borf", "afrc", "gtr", "proxy", "digl", "cayley", "laser"]
"""Methods with settings that were published, and those whose released code was read and differs."""


@pytest.mark.parametrize("name", list(REWIRINGS))
def test_every_card_says_what_there_is_to_say(name: str) -> None:
    facts, cls = card("rewirings", REWIRINGS, name), REWIRINGS.get(name)
    page = "".join(_page(facts))
    for field in ("equation", "cost", "cites", "score"):
        assert facts[field].strip()
        assert f"\n{field}: {facts[field]}\n" in page
    for parameter in dataclasses.fields(cls):
        assert f"\n  {parameter.name} = {parameter.default}" in page
        assert facts["parameters"][parameter.name].endswith(parameter.metadata["help"])
    assert ("published" in facts) == (name in TUNED)
    for data, spec in cls.published.items():
        assert f"\n  {data} {spec}\n" in page
    assert ("deviations" in facts) == (name in RELEASED)
    assert all(line in page for line in cls.deviations)


@pytest.mark.parametrize("name", [name for name in REWIRINGS if name != "replay"])
def test_rules_for_odd_graphs_are_stated(name: str) -> None:
    """Replay makes no choice of its own; every other method says what it does where there is little to choose from."""
    rules = re.search(r"Stated rules.*?\n\n", inspect.getdoc(REWIRINGS.get(name)), re.DOTALL)
    assert rules is not None


@pytest.mark.parametrize("name", list(REWIRINGS))
def test_published_settings_are_specs_of_the_method_and_have_a_source(name: str) -> None:
    cls = REWIRINGS.get(name)
    assert all(type(REWIRINGS.make(spec)) is cls for spec in cls.published.values())
    assert bool(cls.published) == bool(cls.published_in)
    assert all(isinstance(line, str) for line in cls.deviations)


def test_tables_are_read_as_they_stand() -> None:
    assert SDRF_SETTINGS["Pubmed"] == "sdrf:iterations=166,tau=115,c_plus=14.43"
    assert FOSR_SETTINGS["Texas (GIN)"] == "fosr:iterations=150"
    assert SDRF_SETTINGS["ENZYMES (GCN)"] == "sdrf:iterations=15,tau=1,c_plus=0.5"
    assert SDRF_SETTINGS["IMDB-BINARY (GIN)"] == "sdrf:iterations=10,tau=1"
    assert (len(SDRF_SETTINGS), len(FOSR_SETTINGS)) == (29, 24)


def test_cards_show_them_where_there_are_any() -> None:
    assert card("rewirings", REWIRINGS, "sdrf")["published"] == SDRF_SETTINGS
    assert "published" not in card("rewirings", REWIRINGS, "random")
