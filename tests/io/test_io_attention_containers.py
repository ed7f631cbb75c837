"""Attention in every container that is in use: the same numbers come out, a head at a time."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attention_made import HEADS, LAYERS, TOKENS, A, causal, loaded, numbered, same, save, scores
from safetensors.torch import save_file

from mixcli.errors import InputError, LimitExceeded, MixcliError, UsageError
from mixcli.graph import Graph
from mixcli.sequence import MaskSequence
from mixcli.sources import load_any, load_sequence

PT = {
    "tuple of layers": tuple(A),
    "list of layers": list(A),
    "without batch": tuple(A[:, 0]),
    "one tensor": A[:, 0],
    "samples first": A[:, 0][None],
    "dict with a tuple": {"attentions": tuple(A)},
    "dict with a tensor": {"attention": A[:, 0]},
    "transformer lens": numbered("blocks.{}.attn.hook_pattern"),
    "numbered": numbered("attentions.{}"),
    "numpy arrays": tuple(A.numpy()),
    "parameters": tuple(torch.nn.Parameter(part) for part in A),
    "a view": tuple(torch.cat([A, A])[:LAYERS]),
}


@pytest.mark.parametrize("value", PT.values(), ids=PT)
def test_pt_containers(tmp_path: Path, value: Any) -> None:
    torch.save(value, tmp_path / "a.pt")
    same(loaded(tmp_path / "a.pt"))


@pytest.mark.parametrize("pattern", ["attentions.{}", "blocks.{}.attn.hook_pattern", "attn_{}"])
def test_safetensors_of_the_package(tmp_path: Path, pattern: str) -> None:
    save_file(numbered(pattern), tmp_path / "a.safetensors")
    same(loaded(tmp_path / "a.safetensors"))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("pattern", ["arr_{}", "attn_{}", "attentions.{}"])
def test_npz(tmp_path: Path, pattern: str, compressed: bool) -> None:
    arrays = {name: part.numpy() for name, part in numbered(pattern).items()}
    (np.savez_compressed if compressed else np.savez)(tmp_path / "a.npz", **arrays)
    same(loaded(tmp_path / "a.npz"))


@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize("byte_order", ["<f4", ">f4"])
@pytest.mark.parametrize("axes", [3, 4, 5])
def test_npy(tmp_path: Path, axes: int, byte_order: str, fortran: bool) -> None:
    array = A[:, 0].numpy()
    array = array[1] if axes == 3 else array[None] if axes == 5 else array
    array = array.astype(byte_order)
    np.save(tmp_path / "a.npy", np.asfortranarray(array) if fortran else array)
    same(loaded(tmp_path / "a.npy"), A[1:2, 0] if axes == 3 else A[:, 0])


def test_a_matrix_is_a_graph_unless_it_is_said_to_be_attention(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", A[0, 0, 0].numpy())
    assert isinstance(next(load_any(tmp_path / "a.npy")), Graph)
    same(loaded(tmp_path / "a.npy", format="attention"), A[:1, 0, :1])


def test_numbers_as_they_are_sorted_not_as_text(tmp_path: Path) -> None:
    many = causal(layers=12)
    np.savez(tmp_path / "a.npz", **{name: part.numpy() for name, part in numbered("attn_{}", many).items()})
    same(loaded(tmp_path / "a.npz"), many[:, 0])


def test_layers_that_were_captured_apart_keep_their_numbers_in_the_notes(tmp_path: Path) -> None:
    save_file(
        {f"blocks.{k}.attn.hook_pattern": A[n].contiguous() for n, k in enumerate((11, 3, 7))},
        tmp_path / "a.safetensors",
    )
    found = loaded(tmp_path / "a.safetensors")
    same(found, A[[1, 2, 0], 0])
    assert found.origin.notes["layers"] == "stored as 3, 7, 11, counted from 0 here"


def test_a_head_beyond_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    tokens = 2**20
    with (tmp_path / "a.npy").open("wb") as out:  # sparse: four terabytes that nobody writes
        np.lib.format.write_array_header_1_0(
            out, {"descr": "<f4", "fortran_order": False, "shape": (1, tokens, tokens)}
        )
        out.truncate(out.tell() + 4 * tokens**2)
    with pytest.raises(LimitExceeded, match="a head of 1048576 tokens to fit"):
        loaded(tmp_path / "a.npy")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("suffix", ["pt", "safetensors", "npz"])
def test_precisions(tmp_path: Path, dtype: Any, suffix: str) -> None:
    path, half = tmp_path / f"a.{suffix}", A.to(dtype)
    if suffix == "pt":
        torch.save(tuple(half), path)
    elif suffix == "safetensors":
        save_file(numbered("attentions.{}", half), path)
    elif dtype == torch.bfloat16:
        pytest.skip("numpy has no bfloat16")
    else:
        np.savez(path, *half.numpy())
    found = loaded(path)
    same(found, within={torch.float64: 1e-6, torch.float32: 1e-6, torch.float16: 2e-3, torch.bfloat16: 2e-2}[dtype])
    assert found.head(0, 0).dtype == (np.float64 if dtype == torch.float64 else np.float32)


def test_steps_of_generate_are_stitched(tmp_path: Path) -> None:
    """tuple(step) of tuple(layer) of [B, H, q, k]: first 5 queries at once, then one after the other."""
    first = tuple(part[..., :5, :5] / part[..., :5, :5].sum(-1, keepdim=True) for part in A)
    steps = [first] + [tuple(part[..., row : row + 1, : row + 1] for part in A) for row in range(5, TOKENS)]
    states = torch.randn(LAYERS + 1, 1, TOKENS, 4)
    hidden = [tuple(states[:, :, :5])] + [tuple(states[:, :, r : r + 1]) for r in range(5, TOKENS)]
    torch.save({"attentions": tuple(steps), "hidden_states": tuple(hidden)}, tmp_path / "a.pt")
    found = loaded(tmp_path / "a.pt")
    same(found)
    assert found.store.hidden_states == LAYERS + 1
    assert np.array_equal(found.hidden(2), states[2, 0].double().numpy())


def test_a_later_step_alone_is_refused(tmp_path: Path) -> None:
    torch.save(tuple(part[..., 7:, :] for part in A), tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"1 queries and 8 keys.*whole tuple of steps"):
        loaded(tmp_path / "a.pt")
    torch.save((tuple(A), tuple(part[..., 7:, :] for part in A)), tmp_path / "b.pt")
    with pytest.raises(InputError, match="after 8"):
        loaded(tmp_path / "b.pt")


def test_a_batch_needs_a_sample(tmp_path: Path) -> None:
    several = causal(batch=3)
    torch.save(tuple(several), tmp_path / "a.pt")
    with pytest.raises(UsageError, match=r"a.pt: .*a batch of 3; choose one with --sample 0 … 2"):
        loaded(tmp_path / "a.pt")
    same(loaded(tmp_path / "a.pt", sample=2), several[:, 2])
    with pytest.raises(UsageError, match="from 0 to 2, found 3"):
        loaded(tmp_path / "a.pt", sample=3)
    np.save(tmp_path / "a.npy", several.numpy().swapaxes(0, 1))
    same(loaded(tmp_path / "a.npy", sample=1), several[:, 1])
    np.save(tmp_path / "b.npy", A[:, 0].numpy())
    with pytest.raises(UsageError, match="a batch for --sample"):
        loaded(tmp_path / "b.npy", sample=1)


def test_samples_of_one_file_are_told_apart(tmp_path: Path) -> None:
    torch.save(tuple(causal(batch=2)), tmp_path / "a.pt")
    one, two = (loaded(tmp_path / "a.pt", sample=k) for k in (0, 1))
    assert one.fingerprint != two.fingerprint
    assert one.origin.sha256 == two.origin.sha256


@pytest.mark.parametrize("value", [(), {"attentions": ()}, {"attentions": None}, (None, None)], ids=str)
def test_row24_an_empty_tuple_names_eager(tmp_path: Path, value: Any) -> None:
    torch.save(value, tmp_path / "a.pt")
    with pytest.raises(InputError, match="eager"):
        list(load_any(tmp_path / "a.pt", format="attention"))


def test_row24_an_empty_tuple_is_known_without_help(tmp_path: Path) -> None:
    torch.save((), tmp_path / "a.pt")
    with pytest.raises(InputError, match='an empty tuple; load the model with attn_implementation="eager"'):
        loaded(tmp_path / "a.pt")


def test_hidden_states_and_tokens_in_the_same_file(tmp_path: Path) -> None:
    states = torch.randn(LAYERS + 1, 1, TOKENS, 5)
    save(tmp_path / "a.pt", A, hidden_states=tuple(states), tokens=list("abcdefgh"))
    found = loaded(tmp_path / "a.pt")
    assert found.labels == tuple("abcdefgh")
    assert np.array_equal(found.hidden(3), states[3, 0].double().numpy())
    lens = {**numbered("blocks.{}.attn.hook_pattern"), "blocks.0.hook_resid_pre": states[0]}
    lens |= {f"blocks.{k}.hook_resid_post": states[k + 1].contiguous() for k in range(LAYERS)}
    save_file(lens | {"tokens": torch.arange(TOKENS)[None]}, tmp_path / "a.safetensors")
    found = loaded(tmp_path / "a.safetensors")
    assert found.labels == tuple("01234567")
    assert [np.array_equal(found.hidden(k), states[k, 0].double().numpy()) for k in range(LAYERS + 1)] == [True] * 4


def test_hidden_states_and_tokens_beside_the_file(tmp_path: Path) -> None:
    save(tmp_path / "a.pt", A)
    states = np.random.default_rng(0).normal(size=(LAYERS + 1, TOKENS, 5))
    np.save(tmp_path / "h.npy", states)
    torch.save(tuple(torch.tensor(states)[:, None]), tmp_path / "h.pt")
    (tmp_path / "t.json").write_text(json.dumps(list("abcdefgh")))
    for name in ("h.npy", "h.pt"):
        found = loaded(tmp_path / "a.pt", hidden=tmp_path / name, tokens=tmp_path / "t.json")
        assert np.array_equal(found.hidden(1), states[1])
        assert found.labels == tuple("abcdefgh")
    with pytest.raises(InputError, match="hidden states"):
        loaded(tmp_path / "a.pt", hidden=tmp_path / "a.pt")
    (tmp_path / "t.json").write_text("[1, 2]")
    with pytest.raises(InputError, match="8 tokens, found 2"):
        loaded(tmp_path / "a.pt", tokens=tmp_path / "t.json")
    with pytest.raises(InputError, match=r"t.json.*list|tokens"):
        loaded(tmp_path / "a.pt", tokens=tmp_path / "none.json")


def test_hidden_states_of_another_text_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.pt", A, hidden_states=tuple(torch.randn(LAYERS + 1, 1, TOKENS - 1, 5)))
    with pytest.raises(InputError, match="hidden states of 8 tokens, found 7"):
        loaded(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("shape", "message"),
    [((3, 2, 4, 5), "as many queries as keys"), ((2, 0, 4, 4), "eager"), ((1, 1, 1, 2, 4, 4), "shape")],
)
def test_other_shapes_are_refused(tmp_path: Path, shape: tuple[int, ...], message: str) -> None:
    np.save(tmp_path / "a.npy", np.full(shape, 0.25, np.float32))
    with pytest.raises(InputError, match=message):
        loaded(tmp_path / "a.npy")


def test_layers_of_two_texts_are_refused(tmp_path: Path) -> None:
    torch.save((A[0], causal(tokens=5)[0]), tmp_path / "a.pt")
    with pytest.raises(InputError, match="one length for all layers, found 8, 5"):
        loaded(tmp_path / "a.pt")


def test_layers_may_have_different_numbers_of_heads(tmp_path: Path) -> None:
    torch.save((A[0], causal(heads=5)[0]), tmp_path / "a.pt")
    assert loaded(tmp_path / "a.pt").store.heads == (HEADS, 5)


def test_a_mask_in_floats_is_a_mask(tmp_path: Path) -> None:
    inside = np.tri(6, dtype=bool)
    np.save(tmp_path / "m.npy", np.where(inside, 0, -np.inf).astype(np.float32)[None, None])
    assert isinstance(load_sequence(tmp_path / "m.npy"), MaskSequence)
    np.save(tmp_path / "m.npy", inside.astype(np.float32)[None, None])
    with pytest.raises(InputError, match="save booleans"):
        load_sequence(tmp_path / "m.npy")


def test_scores_are_no_attention(tmp_path: Path) -> None:
    save(tmp_path / "a.pt", scores().abs())
    with pytest.raises(MixcliError, match=r"rows that sum to 1.*after the softmax"):
        loaded(tmp_path / "a.pt")
