"""SDRF at work: after each of its own steps every curvature equals a full recomputation, bit for bit, on both paths."""

from __future__ import annotations

import math

import numpy as np
import pytest
from reference import naive_rewiring
from strategies import FIFTY

from mixcli.context import Context
from mixcli.graph import Graph
from mixcli.numerics.flow_rows_kernel import tables
from mixcli.numerics.flow_steps import LISTED
from mixcli.numerics.flow_steps_kernel import flow
from mixcli.numerics.local_curvature import LocalCurvature
from mixcli.rewiring.base import Rules, topology_rng
from mixcli.rewiring.edits import Edit, apply_edits
from mixcli.rewiring.graph.sdrf import SDRF

STEPS = 8
SETTINGS = [SDRF(STEPS, tau, bound) for tau, bound in ((50.0, 0.0), (500.0, None), (math.inf, 0.3))]


def by_steps(edits: list[Edit]) -> list[list[Edit]]:
    return [[e for e in edits if e.step == step] for step in range(1 + max((e.step for e in edits), default=-1))]


@pytest.mark.parametrize("made", SETTINGS, ids=repr)
def test_every_step_starts_from_the_curvatures_of_a_full_pass(made: SDRF) -> None:
    added = removed = 0
    for seed, g in enumerate(FIFTY):
        edits = list(made.one_by_one(g, Context(seed=seed), Rules(g)))
        state, now = LocalCurvature(g), g
        for step in by_steps(edits):
            full = naive_rewiring.curvatures(now, "paper")
            edges, values = state.values()
            assert np.array_equal(edges, now.edges)
            assert np.array_equal(values, full)
            least = now.edges[full.argmin()].tolist()
            for e in step:
                if e.op == "add":
                    i, j = sorted(least)
                    gain = {frozenset(c[:2]): c[2] for c in naive_rewiring.candidates(now, i, j, "paper")}
                    assert e.score == gain[frozenset(e[1:3])]
                    state.add(e.u, e.v)
                    added += 1
                else:
                    assert e.score == full.max() > made.c_plus
                    assert [e.u, e.v] == now.edges[full.argmax()].tolist()
                    state.remove(e.u, e.v)
                    removed += 1
            now = Graph(g.n, apply_edits(now, step).edges)
    assert added > 300
    assert removed > 100 or made.c_plus is None


@pytest.mark.parametrize("made", SETTINGS, ids=repr)
def test_compiled_steps_keep_the_curvatures_of_a_full_pass(made: SDRF) -> None:
    pairs, gain = np.empty((LISTED, 2), np.int64), np.empty(LISTED)
    for seed, g in enumerate(FIFTY):
        start = naive_rewiring.curvatures(g, "paper")
        uniform = topology_rng(Context(seed=seed), "sdrf", g).random(STEPS)
        edits = list(made.one_by_one(g, Context(seed=seed), Rules(g)))
        now = g
        for steps, done in enumerate(by_steps(edits), start=1):
            rows, scratch, edges = tables(g.n, g.edges, g.degree, start, STEPS)
            log, numbers = np.empty((2 * STEPS, 6), np.int64), np.empty((2 * STEPS, 2))
            bound = math.inf if made.c_plus is None else made.c_plus
            flow(rows, scratch, edges, g.m, steps, made.tau, bound, uniform, pairs, gain, log, numbers)
            now = Graph(g.n, apply_edits(now, done).edges)
            ends, value = edges.ends[edges.there], edges.value[edges.there]
            order = np.lexsort(ends.T[::-1])
            assert np.array_equal(ends[order], now.edges)
            assert np.array_equal(value[order], naive_rewiring.curvatures(now, "paper"))
