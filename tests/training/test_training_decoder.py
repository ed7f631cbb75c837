"""The decoder over masks: what it sees, what it shares between arms, and what it can learn."""

import pickle

import numpy as np
import pytest
import torch

from mixcli.catalog import MODELS
from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable, UsageError
from mixcli.generators.graphs import path
from mixcli.generators.mask_spec import sequence_of
from mixcli.sequence import PAUSE, SINK, MaskSequence
from mixcli.training.compare import compare
from mixcli.training.cost import memory_of, parameters_of
from mixcli.training.decoder import Masks
from mixcli.training.mask_arms import make_mask_arms, mask_arm_spec
from mixcli.training.mask_topology import mask_topology
from mixcli.training.plan import Plan
from mixcli.training.tasks.reach import Reach

CPU = torch.device("cpu")
SHORT = {"epochs": 1, "batch_size": 1000}


def window(w: int = 4, tokens: int = 10, layers: int = 3) -> MaskSequence:
    return sequence_of(f"window:{w},tokens={tokens},layers={layers}")


def with_extras(sequence: MaskSequence, sinks: int, pauses: int) -> MaskSequence:
    total = sequence.tokens + sinks + pauses
    roles = np.r_[np.full(sinks, SINK), np.zeros(sequence.tokens), np.full(pauses, PAUSE)].astype(np.int8)
    full = sequence_of(f"causal:tokens={total},layers={sequence.depth}")
    return full.replace(roles=roles)


def made(sequence: MaskSequence, spec: str = "decoder:hidden=16,heads=2"):
    task = Reach.of(sequence)
    model = MODELS.make(spec).completed(task)
    net = model.network(task, 1, torch.Generator().manual_seed(0))
    return task, net, task.loader(mask_topology(sequence), 1, CPU)


def test_scores_are_those_of_the_read_out_of_all_states() -> None:
    for sequence in (window(), window().replace(read_out=4), with_extras(window(), 2, 3)):
        _, net, loader = made(sequence)
        batch = loader.batch(np.arange(5))
        states = net.states(batch.x, batch.block)[-1]
        whole = net.norm(states[:, sequence.read_out]) @ net.head + net.head_bias
        assert torch.allclose(net(batch.x, batch.block), whole, atol=1e-6)


def test_attention_reads_what_the_mask_shows_and_sums_to_one() -> None:
    sequence = window()
    _, net, loader = made(sequence)
    batch = loader.batch(np.arange(3))
    for layer, weights in enumerate(net.attention(batch.x, batch.block)):
        assert weights.shape == (3, 2, 10, 10)
        assert np.allclose(weights.sum(-1).detach(), 1, atol=1e-6)
        shown = (weights > 0).any(dim=0).any(dim=0).numpy()
        assert np.array_equal(shown, sequence.visible(layer))


def test_fused_attention_is_the_product_of_its_weights() -> None:
    _, net, loader = made(window())
    batch = loader.batch(np.arange(2))
    h, attention, mask = net.embed(batch.x, batch.block), net.layers[0].attention, batch.block.layers[0]
    values = attention.split(h)[2]
    assert torch.allclose(attention(h, mask), attention.join(attention.weights(h, mask) @ values), atol=1e-6)


def test_a_token_out_of_reach_changes_nothing_at_all() -> None:
    sequence = window(4, 12, 3)  # sees 3 · 3 tokens back: not the first two
    _, net, loader = made(sequence)
    assert not mask_topology(sequence).reaches
    x = loader.batch(np.arange(6)).x
    other = x.clone()
    other[:, 0] = (other[:, 0] + 1) % 4
    masks = Masks(mask_topology(sequence), CPU)
    assert torch.equal(net(x, masks), net(other, masks))
    other[:, 5] = (other[:, 5] + 1) % 4
    assert not torch.allclose(net(x, masks), net(other, masks))


def test_weights_of_a_mask_bias_the_logits() -> None:
    sequence = window().replace(layers=tuple(_decaying(10) for _ in range(3)))
    topology = mask_topology(sequence)
    assert topology.masks[0].dtype == np.float32
    _, net, loader = made(sequence)
    assert torch.isfinite(net(loader.batch(np.arange(2)).x, Masks(topology, CPU))).all()


def _decaying(tokens: int):
    from mixcli.mask import Mask

    return Mask(tokens, lambda i, j: j <= i, "decay", lambda i, j: np.exp(-0.5 * (i - j)))


def test_sinks_and_pauses_leave_parameters_and_real_tokens_alone() -> None:
    task, plain, loader = made(window())
    _, extended, longer = made(with_extras(window(), 1, 2))
    assert plain.parameter_count() == extended.parameter_count()
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), extended.parameters(), strict=True))
    assert torch.equal(loader.batch(np.arange(4)).x, longer.batch(np.arange(4)).x[:, 1:11])
    assert np.array_equal(loader.batch(np.arange(4)).y, task.symbols(np.arange(4))[:, 0])


def test_sequences_are_a_function_of_their_number() -> None:
    task = Reach.of(window())
    some = task.symbols(np.array([7, 8, 9]))
    assert np.array_equal(some[1], task.symbols(np.array([8]))[0])
    assert (some[:, -1] == 4).all()
    many = task.symbols(np.arange(20_000))[:, :-1]
    counts = np.bincount(many.ravel(), minlength=4) / many.size
    assert np.allclose(counts, 0.25, atol=0.005)
    assert abs(np.corrcoef(many[:, 0], many[:, 1])[0, 1]) < 0.03
    first, second = (task.split(0, t) for t in (0, 1))
    assert not set(first.train) & set(second.train) | set(first.train) & set(first.test)


def test_an_arm_under_another_name_differs_by_exactly_nothing() -> None:
    record = compare(window(), ["none", "mask:window:4"], trials=2, protocol=SHORT).record()
    assert record["task"]["kind"] == "reach"
    assert record["model"].startswith("decoder")
    assert record["arms"][1]["difference"]["mean"] == 0
    assert record["arms"][0]["reaches"] is True


def test_plan_travels_to_other_processes() -> None:
    arms = make_mask_arms({"w": [window()]}, ["none", "sink:1,4"], Context())
    model = MODELS.make("decoder:hidden=8,heads=2").completed(arms[0].task)
    plan = Plan(tuple(arms), model, arms[0].task.protocol.changed(SHORT), 0, 1, "cpu")
    copy = pickle.loads(pickle.dumps(plan))
    assert copy.key(1, 0) == plan.key(1, 0)
    result = copy.run(1, 0)
    assert result.best == plan.run(1, 0).best
    assert parameters_of(plan) == result.parameters
    assert memory_of(plan, 2) == 2 * memory_of(plan)


@pytest.mark.parametrize(
    ("arms", "model", "error", "words"),
    [
        (["nonsense"], None, UsageError, "a mask family"),
        (["none:3"], None, UsageError, "none without parameters"),
        (["mask:window:4,tokens=99"], None, InputError, "10 tokens and 3 layers"),
        (["none"], "gcn", NotApplicable, "choose one of: decoder"),
        (["none"], "decoder:hidden=10,heads=4", UsageError, "heads divide"),
    ],
)
def test_what_does_not_fit_is_refused(arms, model, error, words) -> None:
    with pytest.raises(error, match=words):
        compare(window(), arms, model, trials=1, protocol=SHORT)


def test_graphs_and_masks_do_not_mix() -> None:
    with pytest.raises(InputError, match="compare like with like"):
        compare({"a": [window()], "b": [path(5)]})
    with pytest.raises(NotApplicable, match="a graph model"):
        compare(path(30), ["none"], "decoder")
    with pytest.raises(InputError, match="same tokens"):
        compare({"a": [window()], "b": [window(tokens=11)]}, trials=1)


def test_arm_specs() -> None:
    assert mask_arm_spec("NONE") == "none"
    assert mask_arm_spec("causal") == "mask:causal"
    assert mask_arm_spec("mask:causal") == "mask:causal"


def test_tokens_too_few() -> None:
    with pytest.raises(NotApplicable, match="two tokens"):
        Reach.of(window(tokens=1))


@pytest.mark.parametrize(
    ("mask", "learned"),
    [("causal", True), ("sink:1,4", True), ("strided:5", True), ("window:4", False), ("chunk:8", False)],
)
def test_row_26_reach_is_learned_where_the_mask_allows_it(mask: str, learned: bool) -> None:
    sequence = sequence_of(mask, tokens=24, layers=3)
    result = compare(sequence, ["none"], trials=1)
    arm = result.record()["arms"][0]
    assert arm["reaches"] is learned
    assert arm["mean"] >= 0.99 if learned else 0.2 <= arm["mean"] <= 0.3


def test_pairs_are_counted_over_all_layers() -> None:
    arms = make_mask_arms({"w": [window()]}, ["none", "sink:1,4", "mask:sink:1,4", "pause:2", "mask:causal"], Context())
    none, rewired, family, paused, dense = arms
    assert (none.added, none.removed) == (0, 0)
    assert (rewired.added, rewired.removed) == (family.added, family.removed) == (3 * 6, 0)
    assert paused.edges - none.edges == paused.added - paused.removed
    assert dense.added == 3 * (55 - 34)
    assert none.topology.facts["reaches"] is True
    assert none.topology.facts["layered_resistance"] == pytest.approx(3.0)
