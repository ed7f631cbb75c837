"""The fully adjacent last layer is a plan for the network; the graph stays as it is."""

from __future__ import annotations

import numpy as np
import pytest

from mixcli.errors import UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph, LayerPlan
from mixcli.rewiring.base import rewire


@pytest.mark.parametrize("variant", ["mean", "sum", "complete"])
def test_plan_names_the_variant_and_no_edge_changes(variant: str) -> None:
    g = families.barbell(4)
    done = rewire(g, f"fa:variant={variant}")
    assert done.graph.plan == LayerPlan(last=variant)
    assert done.edits == ()
    assert np.array_equal(done.graph.edges, g.edges)
    assert not done.graph.edge["edge_type"].any()


def test_provenance_names_the_method_and_no_seed() -> None:
    step = rewire(families.path(3), "last-layer-fa:sum").graph.provenance[-1]
    assert (step.op, step.spec, step.seed) == ("rewire", "last_layer_fa:variant=sum", None)


def test_directed_graphs_are_fine() -> None:
    g = Graph(3, np.array([[0, 1], [1, 0], [2, 1]]), directed=True)
    assert rewire(g, "last_layer_fa").graph.plan.last == "mean"


def test_other_variants_are_refused() -> None:
    with pytest.raises(UsageError, match="mean, sum, complete"):
        rewire(families.path(3), "last_layer_fa:variant=max")
