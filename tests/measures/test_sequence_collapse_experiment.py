"""The collapse experiment: repeated tokens, random decoders, and the model behind an hf: source."""

import numpy as np
import pytest

from mixcli.catalog import SEQUENCE_MEASURES
from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.generators.mask_spec import sequence_of
from mixcli.numerics.collapse_curve import collapse_curve, lengths_up_to
from mixcli.numerics.random_decoder import RandomDecoder
from mixcli.sequence import Attention


def experiment(spec: str, seed: int = 0, **parameters: object) -> dict:
    text = ",".join(f"{k}={v}" for k, v in parameters.items())
    measure = SEQUENCE_MEASURES.make(f"collapse:{text}" if text else "collapse")
    found: dict = measure(sequence_of(spec), Context(seed=seed)).details["experiment"]
    return found


def test_d3_gaps_fall_with_the_square_of_the_length() -> None:
    """Reference (a decoder of the same size): ratio n to 4n in [10, 18], bf16-equal >= .8 at 64 and >= .99 at 256."""
    rows = []
    for seed in range(9):
        by = {row["n"]: row for row in experiment("causal:tokens=300,layers=3", seed)["lengths"]}
        ratios = (by[16]["l1"] / by[64]["l1"], by[64]["l1"] / by[256]["l1"])
        rows.append((by[64]["equal"]["bf16"], by[256]["equal"]["bf16"], *ratios))
    near, far, *ratios = np.median(rows, axis=0)
    assert near >= 0.8
    assert far >= 0.99
    assert all(10 <= ratio <= 18 for ratio in ratios)


def test_a_swapped_token_is_diluted_not_collapsed() -> None:
    found = experiment("causal:tokens=300,layers=3")
    assert found["slope"] == pytest.approx(-2, abs=0.15)
    assert found["swap_slope"] == pytest.approx(-1, abs=0.2)


def test_commas_slow_the_collapse() -> None:
    plain, broken = experiment("causal:tokens=300,layers=3"), experiment("causal:tokens=300,layers=3", commas=3)
    assert broken["slope"] > plain["slope"] + 0.5
    assert broken["lengths"][-1]["equal"]["bf16"] < plain["lengths"][-1]["equal"]["bf16"]


def test_a_window_forgets_the_length_altogether() -> None:
    """A mean over equal tokens does not know their number: four keys look the same in a text of any length."""
    found = experiment("window:4,tokens=100,layers=3")
    assert all(row["l1"] < 1e-12 for row in found["lengths"])
    assert found["collapsed_at"] == 4
    assert all(row["swap_l1"] < 1e-12 for row in found["lengths"] if row["n"] > 10)


def test_weights_depend_on_the_seed_alone() -> None:
    spec = "causal:tokens=40,layers=2"
    assert experiment(spec, 3) == experiment(spec, 3)
    assert experiment(spec, 3) != experiment(spec, 4)


def test_attention_under_a_mask_sees_no_further() -> None:
    decoder = RandomDecoder(2, np.random.default_rng(0))
    masks = [sequence_of("window:2,tokens=6,layers=2").visible(0)] * 2
    text = np.array([1, 2, 3, 1, 2, 3])
    other = np.array([2, 1, 3, 1, 2, 3])
    assert np.array_equal(decoder.last(text, masks), decoder.last(other, masks))


@pytest.mark.parametrize("spec", ["full:tokens=64,layers=2", "causal:tokens=8,layers=2"])
def test_masks_that_the_experiment_is_not_for(spec: str) -> None:
    with pytest.raises(NotApplicable, match="causal mask of at least 9"):
        experiment(spec)


def test_lengths() -> None:
    assert lengths_up_to(17) == [4, 8, 16]
    assert lengths_up_to(16) == [4, 8]


def test_a_representation_that_averages_has_the_closed_form() -> None:
    """The mean of n - 1 ones and a zero is 1 - 1/n: gaps are 1/(n (n + 1))."""
    found = collapse_curve(lambda text: np.array([np.mean(text == 1)]), [4, 8, 16], (1, 2, 3))
    assert [row["l1"] for row in found["lengths"]] == pytest.approx([1 / 20, 1 / 72, 1 / 272])
    assert [row["swap_l1"] for row in found["lengths"]] == pytest.approx([1 / 4, 1 / 8, 1 / 16])


def test_repeat_needs_a_model() -> None:
    attention = Attention.of([[np.tri(3) / np.arange(1, 4)[:, None]]], states=[np.ones((3, 2)), np.ones((3, 2))])
    with pytest.raises(NotApplicable, match="a model for repeat"):
        SEQUENCE_MEASURES.make("collapse:repeat=16")(attention)
