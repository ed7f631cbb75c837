"""Generators know what they will make before they make it, and refuse what does not fit."""

from __future__ import annotations

import inspect
import time
import tracemalloc
from typing import Any

import pytest

from mixcli.catalog import GRAPHS, MASKS, TASKS
from mixcli.errors import LimitExceeded
from mixcli.generators import long_range
from mixcli.generators.graphs import barbell, erdos_renyi
from mixcli.generators.mask_spec import sequence_of
from mixcli.limits import Limits
from mixcli.sources import load, load_sequence

SMALL = Limits(memory=2**26)
ABSURD = (10**7, 10**9, 10**18, 10**300)
ROOMY = {
    "path": (4000,), "cycle": (4000,), "complete": (100,), "star": (4000,), "bipartite": (50, 80), "grid": (50, 60),
    "torus": (50, 60), "hypercube": (9,), "tree": (3, 7), "petersen": (), "barbell": (80, 30), "lollipop": (100, 50),
    "ring_of_cliques": (900, 3), "erdos_renyi": (2000, 5000), "barabasi_albert": (2000, 3),
    "watts_strogatz": (2000, 6), "regular": (2000, 6),
}  # fmt: skip


def refused(source: str, **options: Any) -> None:
    """Refused at once, in one line with the prediction and the way around, before anything is allocated."""
    start = time.perf_counter()
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceeded) as caught:
            (load_sequence if source.startswith("mask:") else load)(source, limits=SMALL, **options)
        assert tracemalloc.get_traced_memory()[1] < 2**25
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - start < 5
    line = str(caught.value)
    assert line.startswith(source.partition(":")[0])
    assert "found" in line
    assert ";" in line
    assert "\n" not in line


@pytest.mark.parametrize("size", ABSURD)
@pytest.mark.parametrize("name", [name for name in GRAPHS if name != "petersen"])
def test_every_family_refuses_what_does_not_fit(name: str, size: int) -> None:
    parameters = inspect.signature(GRAPHS.get(name)).parameters
    values = {key: 0 if key in ("seed", "p") else size for key in parameters}
    if name in ("erdos_renyi", "barabasi_albert", "watts_strogatz", "regular"):
        values |= {key: min(size, 10**7) for key in ("m", "k", "d") if key in values}
    refused(f"zoo:{name}:{','.join(f'{k}={v}' for k, v in values.items())}")


@pytest.mark.parametrize("name", list(GRAPHS))
def test_every_family_forecasts_what_it_makes(name: str) -> None:
    family, values = GRAPHS.get(name), ROOMY[name]
    check_forecast(family, values)


@pytest.mark.parametrize(
    ("family", "values"),
    [(long_range.crossed_ring, (3000,)), (long_range.path_of_cliques, (900, 3)), (erdos_renyi, (150, 6000))],
)
def test_further_forecasts(family: Any, values: tuple[int, ...]) -> None:
    check_forecast(family, values)


def check_forecast(family: Any, values: tuple[int, ...]) -> None:
    """Nodes are right, edges and bytes enough but not far too many."""
    forecast = family.forecast(*values)
    family(*values)  # whatever is made on first use
    tracemalloc.start()
    try:
        made = family(*values)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert forecast.nodes == made.n
    assert made.m <= forecast.edges <= 1.1 * made.m + 60
    assert 0.9 * peak <= forecast.memory <= 4 * peak or made.m < 100


@pytest.mark.parametrize("name", list(TASKS))
def test_every_synthetic_task_refuses_a_graph_that_does_not_fit(name: str) -> None:
    absurd = {"tree_transfer": "depth=16,arity=64", "neighbors_match": None}
    of = {"cliques_transfer": "cliques=1000000000,k=1000000", "cliques_match": "cliques=2,k=1000000000"}
    values = {**absurd, **of}.get(name, "n=1000000000000")
    if values is None:
        pytest.skip("its largest tree has 511 nodes")
    refused(f"task:{name}:{values}")


@pytest.mark.parametrize("name", [name for name in MASKS if name not in ("docs", "file", "packed", "tree")])
def test_every_mask_refuses_tokens_that_do_not_fit(name: str) -> None:
    for tokens in (10**8, 10**15):
        refused(f"mask:{name},tokens={tokens}")


def test_masks_that_are_kept_as_arrays_refuse_by_their_own_size() -> None:
    for spec in ("random,tokens=20000", "expander,tokens=20000", "bigbird:1,tokens=20000"):
        refused(f"mask:{spec}")
        assert "tokens" in str(MASKS.get(spec.partition(",")[0].partition(":")[0]).forecast(20000))
    refused("mask:packed:1000000000000")
    refused("mask:alibi:900000000,tokens=8")
    refused("mask:causal,tokens=8,layers=1000000000")
    refused("mask:causal x1000000000,tokens=8")


def test_limits_that_are_given_hold_and_nothing_else() -> None:
    need = barbell.forecast(100).memory
    assert barbell.within(Limits(memory=need), 100).n == 200
    with pytest.raises(LimitExceeded, match=r"barbell of 200 nodes and 9,901 edges to fit into 1 KiB.*--max-memory"):
        barbell.within(Limits(memory=1024), 100)
    assert sequence_of("random,tokens=64", limits=Limits(memory=2**12)).tokens == 64  # small things always fit
    with pytest.raises(LimitExceeded):
        sequence_of("random,tokens=1100", limits=Limits(memory=2**20))
    assert load("task:ring_transfer:n=8", limits=SMALL).n == 8
