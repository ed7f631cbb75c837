"""Masks against those that other libraries make: torch's attention, and Hugging Face where it is installed."""

import sys
import types

import numpy as np
import pytest

import mixcli
from mixcli.generators.mask_spec import sequence_of


@pytest.fixture
def users(monkeypatch) -> types.ModuleType:
    """An importable module of the user's, to be filled."""
    module = types.ModuleType("masks_of_a_user")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.fixture
def hugging(users: types.ModuleType) -> types.ModuleType:
    """Hugging Face's mask functions, joined as its models join them."""
    hf = pytest.importorskip("transformers.masking_utils", reason="transformers is not installed")
    import torch

    left, document = torch.zeros(1, dtype=torch.int64), torch.tensor([[0] * 5 + [1] * 9 + [2] * 10])
    users.causal = hf.causal_mask_function
    users.full = hf.bidirectional_mask_function
    users.window = hf.and_masks(hf.sliding_window_overlay(5), hf.causal_mask_function)
    users.chunk = hf.and_masks(hf.chunked_overlay(7, left), hf.causal_mask_function)
    users.packed = hf.and_masks(hf.packed_sequence_mask_function(document), hf.causal_mask_function)
    return hf


@pytest.mark.parametrize("spec", ["causal", "full", "window:5", "chunk:7", "packed:5,9,10"])
def test_hugging_face_means_the_same(hugging, spec: str) -> None:
    family = spec.partition(":")[0]
    ours, theirs = (sequence_of(f"{s},tokens=24") for s in (spec, f"masks_of_a_user:{family}"))
    assert theirs.fingerprint == ours.fingerprint


def test_the_window_of_a_model_of_hugging_face(hugging, tmp_path) -> None:
    """What a model with sliding_window=5 adds to its logits, left padding and all, saved and read."""
    import torch
    from transformers import MistralConfig

    config = MistralConfig(sliding_window=5, hidden_size=8, num_attention_heads=1, num_key_value_heads=1)
    config._attn_implementation = "eager"
    padding = torch.ones(2, 12, dtype=torch.int64)
    padding[1, :3] = 0
    inputs = torch.zeros(2, 12, 8)
    added = hugging.create_sliding_window_causal_mask(config, inputs, padding, None)
    torch.save(added.contiguous(), tmp_path / "added.pt")
    torch.save(padding, tmp_path / "padding.pt")
    whole, cut = (sequence_of(f"file:{tmp_path / 'added.pt'},sample={k}") for k in (0, 1))
    assert np.array_equal(whole.visible(0), sequence_of("window:5,tokens=12").visible(0))
    assert cut.tokens in (9, 12)  # rows of padding read nothing, or, as some versions let them, everything
    wanted = sequence_of(f"window:5 & file:{tmp_path / 'padding.pt'},sample=1")
    assert wanted.tokens == 9
    assert np.array_equal(cut.visible(0)[-9:, -9:], wanted.visible(0))


@pytest.mark.parametrize("spec", ["window:4,tokens=10", "prefix:3,tokens=10", "bigbird:2,3,1,1,tokens=10"])
def test_torch_reads_a_mask_file_as_we_do(tmp_path, spec: str) -> None:
    """Attend is the convention of scaled_dot_product_attention, block that of MultiheadAttention."""
    import torch

    visible = sequence_of(spec).visible(0)
    x = torch.eye(10, dtype=torch.float64)[None]
    zero = torch.zeros_like(x)
    attend = torch.nn.functional.scaled_dot_product_attention(zero, zero, x, attn_mask=torch.from_numpy(visible.copy()))
    layer = torch.nn.MultiheadAttention(10, 1, batch_first=True, bias=False, dtype=torch.float64)
    torch.nn.init.zeros_(layer.in_proj_weight)  # equal logits
    _, block = layer(x, x, x, attn_mask=torch.from_numpy(~visible))
    for array, convention, weights in ((visible, "attend", attend), (~visible, "block", block)):
        np.save(tmp_path / "m.npy", array)
        found = mixcli.load_sequence(f"mask:file:{tmp_path / 'm.npy'}", mask_convention=convention)
        assert np.allclose(found.operator(0), weights[0].detach().numpy(), atol=1e-12)
