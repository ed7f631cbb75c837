"""Makes every file in this folder from seeds and formulas; run it from anywhere, `python sample_data/make.py`."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

import mixcli
from mixcli.generators.graphs import barbell, lollipop
from mixcli.generators.mask_spec import sequence_of
from mixcli.graph import Graph, from_arcs
from mixcli.provenance import Step

HERE = Path(__file__).parent
CLIQUES, SIZE, FEATURES = 6, 8, 12


def communities(seed: int = 7) -> Graph:
    """Six cliques of eight in a ring: the community of a node is its label, and its features say so only faintly."""
    rng = np.random.default_rng(seed)
    n = CLIQUES * SIZE
    of_node = np.repeat(np.arange(CLIQUES), SIZE)
    inside = [
        (SIZE * c + a, SIZE * c + b)
        for c in range(CLIQUES)
        for a, b in itertools.combinations(range(SIZE), 2)
        if rng.random() < 0.7
    ]
    bridges = [(SIZE * c, SIZE * ((c + 1) % CLIQUES) + 1) for c in range(CLIQUES)]
    centres = rng.normal(size=(CLIQUES, FEATURES))
    x = (0.6 * centres[of_node] + rng.normal(size=(n, FEATURES))).astype(np.float32)
    order = np.concatenate([c * SIZE + rng.permutation(SIZE) for c in range(CLIQUES)]).reshape(CLIQUES, SIZE)
    masks = {}
    for name, columns in (("train_mask", slice(0, 3)), ("val_mask", slice(3, 5)), ("test_mask", slice(5, 8))):
        masks[name] = np.zeros(n, dtype=bool)
        masks[name][order[:, columns].ravel()] = True
    pairs = np.array(inside + bridges)
    node = {"x": x, "y": of_node.astype(np.int64), **masks}
    return from_arcs(n, pairs, directed=False, node=node, name="communities")


def rings_and_trees(seed: int = 11, count: int = 60) -> list[Graph]:
    """Graphs of two classes: a ring with chords (1), or a tree on as many nodes (0); one constant feature."""
    rng = np.random.default_rng(seed)
    graphs = []
    for i in range(count):
        n, label = int(rng.integers(10, 19)), i % 2
        if label:
            pairs = [(v, (v + 1) % n) for v in range(n)] + [tuple(rng.choice(n, 2, replace=False)) for _ in range(2)]
        else:
            pairs = [(int(rng.integers(v)), v) for v in range(1, n)]
        node = {"x": np.ones((n, 1), dtype=np.float32)}
        y = {"y": np.array([label])}
        graphs.append(from_arcs(n, np.array(pairs), directed=False, node=node, graph=y, name=f"rings-and-trees[{i}]"))
    return graphs


def weighted(seed: int = 3) -> Graph:
    """A named, weighted graph: conductances between rooms of a house."""
    rooms = ("hall", "kitchen", "cellar", "study", "garden", "attic")
    pairs = np.array([(0, 1), (0, 3), (1, 2), (1, 4), (3, 4), (3, 5)])
    weight = np.array([2.0, 1.0, 0.5, 1.5, 1.0, 0.25])
    return from_arcs(len(rooms), pairs, directed=False, weight=weight, labels=rooms, name="house")


def directed() -> Graph:
    """A directed graph: a feed-forward chain with one feedback arc."""
    return from_arcs(5, np.array([(0, 1), (1, 2), (2, 3), (3, 4), (3, 1)]), directed=True, name="feedback")


MASKS = (
    "causal,tokens=24,layers=3",
    "window:4,tokens=24,layers=3",
    "sink:1,4,tokens=24,layers=3",
    "strided:5,tokens=24,layers=3",
    "chunk:8,tokens=24,layers=3",
    "window:4 x2; causal,tokens=24",
)
"""Masks of one length and depth, the last with a layer that differs."""


def main() -> None:
    made = Step("generate", "sample_data/make.py")
    write = {
        "graph.pt": communities(),
        "graphs.jsonl": rings_and_trees(),
        "barbell.edgelist": barbell(5, 0),
        "barbell.csv": barbell(5, 0),
        "barbell.tsv": barbell(5, 0),
        "barbell.mtx": barbell(5, 0),
        "barbell.gr": barbell(5, 0),
        "barbell.npz": barbell(5, 0),
        "barbell.npy": barbell(5, 0),
        "lollipop.gml": lollipop(5, 3),
        "house.graphml": weighted(),
        "house.net": weighted(),
        "house.gexf": weighted(),
        "house.json": weighted(),
        "feedback.gml": directed(),
    }
    for name, graphs in write.items():
        stamped = [g.with_step(made) for g in (graphs if isinstance(graphs, list) else [graphs])]
        mixcli.save(stamped, HERE / name, force=True)
    masks = [sequence_of(spec) for spec in MASKS]
    mixcli.save(masks, HERE / "masks.jsonl", force=True)
    mixcli.save(masks[2], HERE / "mask.npz", force=True)


if __name__ == "__main__":
    main()
