"""Budgets are nested: the edits of a small one are the first edits of a large one, also on graphs of some size."""

from __future__ import annotations

import pytest

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.generators import graphs as families
from mixcli.rewiring.base import apply, within

CASES = {"power law": families.barabasi_albert(90, 3), "ring of cliques": families.ring_of_cliques(9, 5)}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", list(REWIRINGS))
def test_forty_edits_are_the_first_of_eighty(name: str, case: str) -> None:
    g, method = CASES[case], REWIRINGS.get(name)()
    for seed in (0, 1) if method.seeded else (0,):
        try:
            large = apply(method, g, context=Context(seed=seed), budget=80).edits
        except NotApplicable as refusal:
            pytest.skip(str(refusal))
        for budget in (40, 79):
            assert apply(method, g, context=Context(seed=seed), budget=budget).edits == large[: within(method, budget)]
