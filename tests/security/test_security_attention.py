"""Hostile attention files: no code runs, nothing is believed that the bytes do not hold, memory stays small."""

import collections
import dataclasses
import io
import json
import os
import pickle
import sys
import tracemalloc
import types
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from mixcli.errors import InputError, MixcliError
from mixcli.sources import load_any, load_sequence

A = (np.tri(4) / np.arange(1, 5)[:, None]).astype(np.float32)[None, None].repeat(3, 0)


def refused(path: Path, message: str, **options: Any) -> str:
    with pytest.raises(MixcliError, match=message) as caught:
        list(load_any(path, **options))
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 600
    return text


class Runs:
    """Pickles to a call of os.mkdir, which a test can see afterwards."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("format", [None, "attention"])
def test_no_code_runs(tmp_path: Path, format: str | None, legacy: bool) -> None:
    victim = tmp_path / "made"
    value = {"attentions": tuple(torch.tensor(A)), "extra": Runs(victim)}
    torch.save(value, tmp_path / "a.pt", _use_new_zipfile_serialization=not legacy)
    refused(tmp_path / "a.pt", "mkdir", format=format)
    (tmp_path / "b.pt").write_bytes(pickle.dumps(Runs(victim)))
    refused(tmp_path / "b.pt", ".", format=format)
    assert not victim.exists()


def test_a_model_output_is_refused_with_the_line_that_saves_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As transformers has it: an ordered dict that is a dataclass too, in a module of that name."""

    @dataclasses.dataclass
    class CausalLMOutputWithPast(collections.OrderedDict):  # type: ignore[type-arg]
        attentions: Any = None

    module = types.ModuleType("transformers.modeling_outputs")
    module.CausalLMOutputWithPast = CausalLMOutputWithPast  # type: ignore[attr-defined]
    CausalLMOutputWithPast.__module__ = module.__name__
    CausalLMOutputWithPast.__qualname__ = CausalLMOutputWithPast.__name__
    monkeypatch.setitem(sys.modules, "transformers", types.ModuleType("transformers"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    torch.save(CausalLMOutputWithPast(tuple(torch.tensor(A))), tmp_path / "out.pt")
    text = refused(tmp_path / "out.pt", "a CausalLMOutputWithPast of transformers")
    assert 'torch.save(out.attentions, "attention.pt")' in text


@pytest.mark.parametrize(
    "header",
    [
        {"attentions.0": {"dtype": "F32", "shape": [1, 4, 4], "data_offsets": [0, 10**12]}},
        {"attentions.0": {"dtype": "F32", "shape": [10**6, 10**6, 10**6], "data_offsets": [0, 64]}},
        {"attentions.0": {"dtype": "F32", "shape": [-1, -4, 4], "data_offsets": [0, 64]}},
        {"attentions.0": {"dtype": "F32", "shape": [1, 4, 4], "data_offsets": [-64, 0]}},
        {"attentions.0": {"dtype": "F32", "shape": [True, 4, 4], "data_offsets": [0, 64]}},
        {"attentions.0": {"dtype": "Q7", "shape": [1, 4, 4], "data_offsets": [0, 64]}},
        {"attentions.0": {"dtype": "F32", "shape": [1, 4, 4]}},
        {"attentions.0": 7},
        {
            "attentions.0": {"dtype": "F32", "shape": [1, 4, 4], "data_offsets": [0, 64]},
            "attentions.1": {"dtype": "F32", "shape": [1, 4, 4], "data_offsets": [0, 64]},
        },
        [1, 2],
    ],
    ids=range(10),
)
def test_a_safetensors_header_that_lies(tmp_path: Path, header: Any) -> None:
    text = json.dumps(header).encode()
    (tmp_path / "a.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(64))
    refused(tmp_path / "a.safetensors", ".")


@pytest.mark.parametrize("size", [0, 4, 8, 20, -1, -40])
@pytest.mark.parametrize("suffix", ["safetensors", "npz", "npy", "pt"])
def test_files_that_are_cut_off(tmp_path: Path, suffix: str, size: int) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "safetensors":
        save_file({"attentions.0": A[0]}, path)
    elif suffix == "npz":
        np.savez(path, *A)
    elif suffix == "npy":
        np.save(path, A)
    else:
        torch.save(tuple(torch.tensor(A)), path)
    path.write_bytes(path.read_bytes()[:size])
    refused(path, ".")
    refused(path, ".", format="attention")


def test_an_npz_member_longer_than_the_archive(tmp_path: Path) -> None:
    plain = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        plain, {"descr": "<f4", "fortran_order": False, "shape": (2**20, 2**10, 2**10)}
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as out:
        out.writestr("attn_0.npy", plain.getvalue() + bytes(64))
    refused(tmp_path / "a.npz", "as long as its header says")


def test_an_npz_of_objects(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", attn_0=np.array([{}], dtype=object))
    refused(tmp_path / "a.npz", "numbers", format="attention")


def test_a_compressed_bomb_is_not_unpacked(tmp_path: Path) -> None:
    head = io.BytesIO()
    shape = (1, 2**16, 2**16)
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as out, out.open("attn_0.npy", "w") as member:
        member.write(head.getvalue())
        for _ in range(16):
            member.write(bytes(2**20))
    refused(tmp_path / "a.npz", "as long as its header says")


def test_a_tensor_expanded_beyond_its_bytes(tmp_path: Path) -> None:
    torch.save((torch.ones(1).expand(1, 1, 10**5, 10**5),), tmp_path / "a.pt")
    refused(tmp_path / "a.pt", ".", format="attention")


def test_text_of_mixcli_that_is_damaged_stops_nothing(tmp_path: Path) -> None:
    for number, text in enumerate(["", "{", "[" * 10_000, '{"schema": "mixcli.attention/1", "roles": "x"}', "7"]):
        path = tmp_path / f"{number}.safetensors"
        save_file({"attentions.0": A[0]}, path, metadata={"mixcli": text})
        assert load_sequence(path).tokens == 4


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", A)
    found = load_sequence(tmp_path / "a.npy")
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:200])
    with pytest.raises(InputError, match="keeps its length"):
        found.head(2, 0)


@pytest.mark.parametrize("suffix", ["safetensors", "npz", "npy"])
def test_memory_of_a_few_heads(tmp_path: Path, suffix: str) -> None:
    """A tensor of 64 heads of 256 KiB is read, looked at and swept within twelve heads of memory."""
    tokens, layers, heads = 256, 8, 8
    array = np.broadcast_to(np.tri(tokens, dtype=np.float32) / np.arange(1, tokens + 1, dtype=np.float32)[:, None],
                            (layers, heads, tokens, tokens))  # fmt: skip
    path = tmp_path / f"a.{suffix}"
    if suffix == "npy":
        np.save(path, array)
    elif suffix == "npz":
        np.savez(path, *array)
    else:
        save_file({f"attentions.{layer}": np.ascontiguousarray(array[layer]) for layer in range(layers)}, path)
    one = tokens * tokens * 4
    load_sequence(path)  # imports
    tracemalloc.start()
    try:
        found = load_sequence(path)
        for _, _, weights in found.each():
            assert weights.nbytes == one
        assert found.causal
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 * one
