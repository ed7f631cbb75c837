"""Which task a source poses, its features, labels and splits."""

import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixcli.context import Context
from mixcli.errors import LimitExceeded, MixcliError, UsageError
from mixcli.generators.graphs import barbell, complete, cycle, path
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import class_numbers, stratified
from mixcli.training.tasks.far_pairs import far_pairs
from mixcli.training.tasks.features import normalised
from mixcli.training.tasks.graph_classification import GraphClassification
from mixcli.training.tasks.infer import infer_task
from mixcli.training.tasks.node_classification import NodeClassification
from mixcli.training.tasks.transfer import Transfer

LABELS = np.tile([0, 1], 20)


def labelled(count: int = 20, **node) -> list[Graph]:
    return [cycle(5).replace(graph={"y": np.array([i % 2])}, node=dict(node)) for i in range(count)]


def nodes(n: int = 40, **payload) -> Graph:
    return cycle(n).replace(node={"y": np.arange(n) % 2, **payload})


@pytest.mark.parametrize(
    ("payload", "says"), [({"y": np.arange(10)}, "10 entries for 40 nodes"), ({"y": np.array(1)}, "1 entry for 40")]
)
def test_labels_that_are_not_those_of_the_nodes_are_said_to_be_unused(payload, says, caplog, monkeypatch) -> None:
    monkeypatch.setattr(logging.getLogger("mixcli"), "propagate", True)  # whatever a command has set before
    assert isinstance(infer_task([cycle(40).replace(graph=payload, name="a.pt")]), Transfer)
    (said,) = {record.message for record in caplog.records}
    assert said.startswith("a.pt: y has " + says)
    assert said.endswith("is not used; the task is transfer")
    caplog.clear()
    infer_task([nodes()])
    infer_task([cycle(12)])
    assert not caplog.records


def test_task_follows_from_the_labels() -> None:
    assert isinstance(infer_task(labelled()), GraphClassification)
    assert isinstance(infer_task([nodes()]), NodeClassification)
    assert isinstance(infer_task([cycle(12)]), Transfer)
    alone = cycle(12).replace(graph={"y": np.array([1])})
    assert isinstance(infer_task([alone]), Transfer)  # one graph cannot be split


@pytest.mark.parametrize(
    ("graphs", "words"),
    [
        ([], "a graph"),
        ([cycle(4), cycle(5)], "class label"),
        (labelled(8), "at least 10 labelled"),
        ([cycle(5).replace(graph={"y": np.array([0])})] * 12, "two classes"),
        ([cycle(5).replace(graph={"y": np.array([0.5])})] * 12, "targets that differ"),
        ([cycle(5).replace(graph={"y": np.array([0, 1])})] * 12, "targets that differ"),
        ([cycle(40).replace(node={"y": np.arange(40) / 3})], "regression"),
        ([cycle(40).replace(node={"y": np.array(["a", "b"] * 20)})], "class number"),
        ([*labelled(12), cycle(5).replace(graph={"y": np.array([1])}, node={"x": np.ones((5, 2))})], "every graph"),
        ([nodes(x=np.full((40, 2), np.nan))], "finite"),
        ([nodes(train_mask=np.ones(40, bool))], "train_mask, val_mask, test_mask"),
        ([nodes(**{f"{m}_mask": np.ones(40, bool) for m in ("train", "val", "test")})], "common nodes"),
        ([nodes(**{f"{m}_mask": np.zeros(40, bool) for m in ("train", "val", "test")})], "every mask"),
        ([path(3)], "15 pairs"),
        ([cycle(12).replace(directed=True)], "undirected"),
    ],
)
def test_what_cannot_be_learned_is_refused(graphs: list[Graph], words: str) -> None:
    with pytest.raises(MixcliError, match=words) as caught:
        infer_task(graphs)
    assert caught.value.exit_code in (3, 4)


def test_huge_graph_is_refused_with_a_way_around() -> None:
    with pytest.raises(LimitExceeded, match="part of the graph"):
        Transfer.of(cycle(100), context=Context(limits=Limits(memory=2**20)))


def test_labels_are_numbered_and_missing_ones_left_out() -> None:
    y = np.array([7.0, np.nan, 3.0, -1.0] + [7.0, 3.0] * 5)
    numbers, classes = class_numbers(y, "node", "")
    assert classes == 2
    assert numbers[:5].tolist() == [1, -1, 0, -1, 1]
    task = NodeClassification.of(cycle(14).replace(node={"y": y}))
    split = task.split(0, 0)
    assert {1, 3}.isdisjoint(np.concatenate([split.train, split.val, split.test]).tolist())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-1, 4), min_size=15, max_size=80), st.integers(0, 100))
def test_stratified_split_is_a_partition_with_the_right_shares(labels: list[int], seed: int) -> None:
    y = np.array(labels)
    split = stratified(y, 0.6, 0.2, np.random.default_rng(seed))
    parts = (split.train, split.val, split.test)
    joined = np.concatenate(parts)
    assert sorted(joined) == np.flatnonzero(y >= 0).tolist()
    known = (y >= 0).sum()
    assert len(split.train) == round(0.6 * known)
    for c in np.unique(y[y >= 0]):
        size = (y == c).sum()
        for part, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
            assert abs((y[part] == c).sum() - share * size) <= 2


def test_split_is_a_function_of_seed_and_trial() -> None:
    for task in (infer_task(labelled(40)), infer_task([nodes()]), infer_task([cycle(12)])):
        again, other, seeded = task.split(3, 1), task.split(3, 2), task.split(4, 1)
        assert np.array_equal(task.split(3, 1).train, again.train)
        assert not np.array_equal(again.train, other.train)
        assert not np.array_equal(again.train, seeded.train)
        assert not task.fixed
        parts = np.concatenate([again.train, again.val, again.test])
        assert sorted(parts) == list(range(len(task.labels)))


def test_given_masks_are_kept() -> None:
    part = np.arange(40) % 3
    masks = {f"{m}_mask": part == i for i, m in enumerate(("train", "val", "test"))}
    task = NodeClassification.of(nodes(**masks))
    assert task.fixed
    assert np.array_equal(task.split(0, 0).val, np.flatnonzero(part == 1))
    assert np.array_equal(task.split(0, 0).val, task.split(9, 5).val)


def test_columns_of_masks_take_turns() -> None:
    part = np.stack([np.arange(40) % 3, np.arange(40)[::-1] % 3], axis=1)
    masks = {f"{m}_mask": part == i for i, m in enumerate(("train", "val", "test"))}
    task = NodeClassification.of(nodes(**masks))
    assert not task.fixed
    assert np.array_equal(task.split(0, 1).train, np.flatnonzero(part[:, 1] == 0))
    assert np.array_equal(task.split(0, 0).train, task.split(0, 2).train)
    assert "2 in turn" in task.facts()["split"]


def test_absent_features_have_stand_ins() -> None:
    assert infer_task(labelled()).x.tolist() == [[1.0]] * 100
    ends = path(12).replace(node={"y": np.arange(12) % 2})
    x = infer_task([ends]).x
    assert x[:, 0].tolist() == [1.0] * 12
    assert x[:2, 1] == pytest.approx(np.log([2.0, 3.0]))


def test_bags_of_words_are_normalised_and_real_features_are_not() -> None:
    words = np.array([[1, 3], [0, 0]], dtype=np.float32)
    assert normalised(words).tolist() == [[0.25, 0.75], [0, 0]]
    real = np.array([[1, -3]], dtype=np.float32)
    assert normalised(real) is real


def test_many_zeros_are_stored_sparsely() -> None:
    x = np.zeros((400, 300), np.float32)
    x[np.arange(400), np.arange(400) % 300] = 2
    task = NodeClassification.of(nodes(400, x=x))
    assert task.x.nnz == 400
    assert task.width == 300
    y = x.copy()
    y[0, 1] = 1
    assert task.digest != NodeClassification.of(nodes(400, x=y)).digest


def test_far_pairs_lie_across_the_bridge() -> None:
    found = far_pairs(barbell(6, 0), 50, Context())
    assert (found.hops == 3).all()
    assert ((found.pairs < 6).sum(axis=1) == 1).all()  # one end in each clique
    assert found.resistance == pytest.approx(1 + 2 * 2 / 6)  # two clique edges of 2/6, and the bridge
    assert len(np.unique(found.pairs, axis=0)) == len(found.pairs) == 50


def test_resistance_on_a_path_is_the_hop_distance() -> None:
    found = far_pairs(path(7), 20, Context())
    assert found.resistance == pytest.approx(found.hops)
    assert found.hops.max() == 6


def test_far_pairs_stay_in_one_component_and_within_reach() -> None:
    g = path(40)
    keep = g.edges[g.edges[:, 0] != 29]  # nodes 0 … 29 and 30 … 39
    found = far_pairs(Graph(40, keep), 30, Context())
    assert found.pairs.max() < 30
    assert found.hops.max() == 6
    near = far_pairs(complete(8), 40, Context())
    assert (near.hops == 1).all()


def test_large_graphs_use_hops() -> None:
    found = far_pairs(cycle(2001), 15, Context())
    assert found.resistance is None
    assert (found.hops == 6).all()
    assert len(np.unique(found.pairs[:, 0])) == 15
    again = far_pairs(cycle(2001), 15, Context())
    assert np.array_equal(found.pairs, again.pairs)
    assert not np.array_equal(found.pairs, far_pairs(cycle(2001), 15, Context(seed=1)).pairs)


def test_transfer_keeps_pairs_apart_in_the_split() -> None:
    task = infer_task([barbell(5, 0)])
    split = task.split(0, 0)
    pairs = [set((part // 5).tolist()) for part in (split.train, split.val, split.test)]
    assert len(set.union(*pairs)) == sum(map(len, pairs))
    assert np.bincount(task.labels[split.test]).tolist() == [len(pairs[2])] * 5
    assert task.layers == 3


def test_protocol_changes_are_checked() -> None:
    base = Protocol(lr=0.1)
    assert base.changed(None) is base
    assert base.changed({"epochs": 3}) == Protocol(lr=0.1, epochs=3)
    for changes in ({"epoch": 3}, {"epochs": 0}, {"scheduler": "cosine"}, {"lr": "fast"}):
        with pytest.raises(UsageError):
            base.changed(changes)
    with pytest.raises(UsageError, match="epochs=50"):
        Protocol.parse("50")
