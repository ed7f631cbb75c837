"""Attention that is written: read again the same, by us and by others, in the same bytes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from attention_made import LAYERS, TOKENS, A, causal, loaded, save
from safetensors.torch import load_file

import mixcli
from mixcli.errors import UsageError
from mixcli.sequence import SINK


@pytest.mark.parametrize("suffix", ["pt", "safetensors", "npz", "npy"])
@pytest.mark.parametrize("short", [False, True])
def test_writing_and_reading_again(tmp_path: Path, suffix: str, short: bool) -> None:
    states = torch.randn(LAYERS + 1, 1, TOKENS, 5)
    save(tmp_path / "a.pt", A * (0.8 if short else 1), hidden_states=tuple(states), tokens=list("abcdefgh"))
    before = loaded(tmp_path / "a.pt", query="3")
    target = tmp_path / f"b.{suffix}"
    left_out = mixcli.save(before, target)
    after = loaded(target)
    for layer, head, values in before.each():
        assert np.abs(values - after.head(layer, head)).max() < 1e-7
    if suffix == "npy":
        assert left_out == ["hidden states", "tokens", *["roles"] * short]
        return
    assert left_out == []
    assert after.labels == before.labels
    assert after.roles.tolist() == before.roles.tolist() == [SINK] * short + [0] * TOKENS
    assert after.read_out == before.read_out == 3 + short
    assert np.array_equal(after.hidden(2), states[2, 0].double().numpy())
    assert [step.op for step in after.provenance] == ["read", "read"]
    again = tmp_path / f"c.{suffix}"
    mixcli.save(before, again)
    assert target.read_bytes() == again.read_bytes()


def test_writing_layers_with_gaps_leaves_hidden_states_out(tmp_path: Path) -> None:
    save(tmp_path / "a.pt", A, hidden_states=tuple(torch.randn(LAYERS + 1, 1, TOKENS, 5)))
    found = loaded(tmp_path / "a.pt", layers="0,2")
    assert "hidden states" in mixcli.save(found, tmp_path / "b.npz")[0]
    assert loaded(tmp_path / "b.npz").depth == 2


def test_what_is_written_is_read_by_others(tmp_path: Path) -> None:
    found = loaded(save(tmp_path / "a.pt", A))
    mixcli.save(found, tmp_path / "b.safetensors")
    mixcli.save(found, tmp_path / "b.npz")
    mixcli.save(found, tmp_path / "b.pt")
    others = [
        load_file(tmp_path / "b.safetensors")["attentions.1"].numpy(),
        np.load(tmp_path / "b.npz", allow_pickle=False)["attentions.1"],
        torch.load(tmp_path / "b.pt", weights_only=True)["attentions"][1].numpy(),
    ]
    for array in others:
        assert np.abs(array - A[1, 0].numpy()).max() < 1e-6


def test_writing_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    torch.save((A[0], causal(heads=5)[0]), tmp_path / "a.pt")
    found = loaded(tmp_path / "a.pt")
    with pytest.raises(UsageError, match="as many heads in every layer"):
        mixcli.save(found, tmp_path / "b.npy")
    assert not (tmp_path / "b.npy").exists()
    with pytest.raises(UsageError, match="safetensors, npz, npy, pt"):
        mixcli.save(found, tmp_path / "b.graphml")
    with pytest.raises(UsageError, match="one attention a file"):
        mixcli.save([found, found], tmp_path / "b.npz")
