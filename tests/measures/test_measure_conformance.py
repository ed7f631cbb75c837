"""Conformance: which mask is behind attention, and the traps that make attention something else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mixcli.errors import InputError, UsageError
from mixcli.generators.mask_spec import sequence_of
from mixcli.measures.sequence.conformance import Conformance
from mixcli.numerics.mask_fit import fit
from mixcli.sequence import Attention
from mixcli.sources import load_sequence

T = 24
FAMILIES = [
    "causal", "full", "window:1", "window:5", "sink:1,4", "sink:4,8", "chunk:8", "chunk:7", "packed:10,3,11",
    "prefix:6", "block:6",
]  # fmt: skip


def softmax(bias: Any, layers: int = 2, heads: int = 2, seed: int = 0, scale: float = 1.0) -> Any:
    """(L, H, T, T) attention of random scores with something added to them."""
    drawn = scale * np.random.default_rng(seed).normal(size=(layers, heads, *np.shape(bias)))
    return torch.tensor(drawn + bias, dtype=torch.float32).softmax(-1).numpy()


def behind(mask: Any, **options: Any) -> Any:
    return softmax(np.where(mask, 0, -np.inf), **options)


def found(weights: Any, **options: Any) -> Any:
    return Conformance(**options)(Attention.of(weights))


@pytest.mark.parametrize("spec", FAMILIES)
def test_the_mask_of_the_catalog_is_found_again(spec: str) -> None:
    sequence = sequence_of(spec if spec.startswith("packed") else f"{spec},tokens={T}", layers=2)
    values = found(behind(sequence.visible(0)))
    assert values.details["mask"] == f"{spec} x2"
    assert values.details["coverage"] == 1
    assert values.details["causal"] == sequence.causal
    assert values.index.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert (values.data == 0).all() == sequence.causal
    assert Conformance()(sequence).details["mask"] == f"{spec} x2"


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_fit_holds_the_support_and_no_family_is_smaller(data: st.DataObject) -> None:
    tokens = data.draw(st.integers(1, 12))
    w, s, b = (data.draw(st.integers(1, tokens)) for _ in range(3))
    name = data.draw(
        st.sampled_from(["causal", "full", f"window:{w}", f"sink:{s},{w}", f"chunk:{b}", f"block:{b}", f"prefix:{s}"])
    )
    mask = sequence_of(f"{name},tokens={tokens}", layers=1).visible(0)
    known = fit(mask)
    again = sequence_of(known.spec if known.spec.startswith("packed") else f"{known.spec},tokens={tokens}", layers=1)
    assert np.array_equal(again.visible(0), mask)
    assert known.pairs == mask.sum()
    dropped = mask & (np.random.default_rng(0).random(mask.shape) < 0.8) | np.eye(tokens, dtype=bool) & mask
    around = fit(dropped)
    outer = sequence_of(around.spec if around.spec.startswith("packed") else f"{around.spec},tokens={tokens}", layers=1)
    assert (outer.visible(0) >= dropped).all()
    assert around.pairs == outer.visible(0).sum() <= mask.sum()
    assert around.coverage == pytest.approx(dropped.sum() / around.pairs)


def test_what_is_no_known_mask_is_said_to_lie_inside_one() -> None:
    mask = sequence_of(f"strided:6,tokens={T}", layers=1).visible(0)
    details = found(behind(mask)).details
    assert details["mask"] is None
    assert details["inside"].startswith(("causal", "sink", "window"))
    assert details["coverage"] < 0.95


def test_layers_that_differ_are_named_one_by_one() -> None:
    masks = [sequence_of(f"{spec},tokens={T}", layers=1).visible(0) for spec in ("window:4", "window:4", "causal")]
    values = found([behind(mask, layers=1)[0] for mask in masks])
    assert values.details["mask"] == "window:4 x2; causal"
    assert sequence_of(f"{values.details['mask']},tokens={T}").depth == 3


def test_a_key_that_underflows_in_one_head_is_seen_in_another() -> None:
    weights = behind(np.tri(T, dtype=bool)).copy()
    weights[0, 0, 5, 2] = 0
    weights[0, 0] /= weights[0, 0].sum(-1, keepdims=True)
    assert found(weights).details["coverage"] == 1


def dump(path: Path, weights: Any) -> Path:
    torch.save(tuple(torch.tensor(layer)[None] for layer in weights), path)
    return path


BOOLEAN = softmax(np.where(np.tri(8, dtype=bool), 1.0, 0.0), scale=0.02)
"""What eager attention gives for a boolean mask: True and False are added to the logits as 1 and 0."""


def test_row23_a_boolean_mask_under_eager_attention_is_an_error_naming_future_mass(tmp_path: Path) -> None:
    dump(tmp_path / "a.pt", BOOLEAN)
    attention = load_sequence(tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"attention within causal, found mass .* future mass 0.7.*eager"):
        Conformance("causal")(attention)
    values = Conformance()(attention)
    assert not values.details["causal"]
    assert values.details["log_earlier_over_later"] == pytest.approx(1, abs=0.05)
    (problem,) = values.details["problems"]
    assert "future mass up to 0.7" in problem
    assert "boolean mask" in problem
    assert values.data.max() == pytest.approx(np.triu(BOOLEAN, 1).sum(-1).max(), rel=1e-6)


def test_row23_on_the_command_line(tmp_path: Path) -> None:
    dump(tmp_path / "a.pt", BOOLEAN)
    command = [sys.executable, "-m", "mixcli", "analyze", "a.pt", "-m"]
    warned = subprocess.run([*command, "conformance"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "future mass up to 0.7" in warned.stderr
    assert "future mass" in json.loads(warned.stdout)["measures"]["conformance"]["details"]["problems"][0]
    stated = subprocess.run([*command, "conformance:mask=causal"], cwd=tmp_path, capture_output=True, text=True)
    assert stated.returncode == 3
    assert "future mass 0.7" in stated.stderr
    assert "Traceback" not in stated.stderr


def test_attention_that_is_meant_to_read_all_keys_is_no_problem() -> None:
    values = found(softmax(np.zeros((T, T))))
    assert values.details["problems"] == []
    assert values.details["mask"] == "full x2"
    assert abs(values.details["log_earlier_over_later"]) < 0.2


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_sink_makes_no_boolean_mask_of_attention_that_reads_both_ways(share: float) -> None:
    weights = (1 - share) * softmax(np.zeros((T, T)))
    weights[..., 0] += share
    values = found(weights)
    assert values.details["problems"] == []
    assert abs(values.details["log_earlier_over_later"]) < 0.3


def test_a_boolean_mask_shows_beside_a_sink() -> None:
    weights = 0.5 * softmax(np.where(np.tri(T, dtype=bool), 1.0, 0.0), scale=0.02)
    weights[..., 0] += 0.5
    (problem,) = found(weights).details["problems"]
    assert "boolean mask" in problem


def test_a_mask_that_does_not_quite_hide(tmp_path: Path) -> None:
    (problem,) = found(softmax(np.where(np.tri(T, dtype=bool), 0, -12.0))).details["problems"]
    assert "does not quite hide" in problem


def test_one_head_that_reads_later_keys_is_named() -> None:
    weights = np.concatenate([behind(np.tri(T, dtype=bool)), softmax(np.zeros((T, T)), layers=1)])
    (problem,) = found(weights).details["problems"]
    assert "in L2H" in problem
    assert "none in 4 of 6 heads" in problem


def test_row25_what_rows_sum_to_is_told_from_before_they_were_cleaned(tmp_path: Path) -> None:
    weights = behind(np.tri(8, dtype=bool)) * np.linspace(0.49, 0.96, 8, dtype=np.float32)[:, None]
    attention = load_sequence(dump(tmp_path / "a.pt", weights))
    details = Conformance()(attention).details
    assert details["row_sum_min"] == pytest.approx(0.49, abs=1e-6)
    assert details["row_sum_max"] == pytest.approx(0.96, abs=1e-6)
    assert details["first_token_on_itself"] == pytest.approx(0.49, abs=1e-6)
    assert "virtual token" in details["row_sums"]
    assert details["mask"] == "causal x2"  # of the tokens of the text
    assert "rows sum to 0.49" in details["problems"][0]
    assert (Conformance("causal")(attention).data == 0).all()
    one = attention.replace(selection=((1, (0,)),))
    assert Conformance()(one).details["row_sum_min"] == pytest.approx(weights[1, 0].sum(-1).min(), abs=1e-6)


def test_signed_maps_are_reported(tmp_path: Path) -> None:
    weights = behind(np.tri(8, dtype=bool)) - 0.8 * behind(np.tri(8, dtype=bool), seed=1)
    details = Conformance()(load_sequence(dump(tmp_path / "a.pt", weights))).details
    assert details["negative_fraction"] == pytest.approx((weights < 0).mean(axis=(2, 3)).max(), abs=0.02)
    assert details["absolute_row_mass"] == pytest.approx(np.abs(weights).sum(-1).max(), rel=1e-5)
    assert "difference of two maps" in details["problems"][0]


def test_padding_is_told(tmp_path: Path) -> None:
    bias = np.where(np.tri(8, dtype=bool) & (np.arange(8) >= 3), 0, np.finfo(np.float32).min)
    details = Conformance()(load_sequence(dump(tmp_path / "a.pt", softmax(bias)))).details
    assert details["padding_dropped"] == "3 tokens in front, 0 behind"
    assert details["mask"] == "causal x2"
    assert details["problems"] == []


def test_the_first_token_of_causal_attention_reads_itself() -> None:
    assert found(behind(np.tri(T, dtype=bool))).details["first_token_on_itself"] == 1


@pytest.mark.parametrize(
    ("mask", "good"),
    [("causal", True), ("window:5", True), ("window:4", False), ("sink:2/5", True), ("window:5 x2", True)],
)
def test_a_stated_mask(mask: str, good: bool) -> None:
    attention = Attention.of(behind(sequence_of(f"window:5,tokens={T}", layers=1).visible(0)))
    if good:
        Conformance(mask)(attention)
        return
    with pytest.raises(InputError, match=r"attention within window:4, found mass .* future mass 0; state the mask"):
        Conformance(mask)(attention)


def test_a_stated_mask_of_another_depth_is_refused() -> None:
    with pytest.raises(UsageError, match="a mask of 2 layers over 24 tokens, found 3 over 24"):
        Conformance("window:5 x3")(Attention.of(behind(np.tri(T, dtype=bool))))


def test_nan_in_memory_is_refused() -> None:
    weights = behind(np.tri(T, dtype=bool))
    weights[1, 1, 4, 2] = np.nan
    with pytest.raises(InputError, match="L1H1, query 4"):
        found(weights)


def test_a_head_outside_a_stated_mask_is_named_by_its_place_in_the_file() -> None:
    narrow, wide = behind(np.tri(T, dtype=bool) & ~np.tri(T, k=-4, dtype=bool)), behind(np.tri(T, dtype=bool))
    attention = Attention.of(np.concatenate([narrow, wide])).replace(selection=((1, (0,)), (3, (1,))))
    with pytest.raises(InputError, match="outside it in L3H1"):
        Conformance("window:4")(attention)
