"""Rows that are not what they should be: padding, sinks outside the tokens, half precision, signs, NaN."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attention_made import TOKENS, causal, lower, masked, save, scores
from hypothesis import given, settings
from hypothesis import strategies as st

import mixcli
from mixcli.errors import InputError, NotApplicable, UsageError
from mixcli.io.attention_options import AttentionOptions, queries, select
from mixcli.measures.sequence.collapse import Collapse
from mixcli.measures.sequence.rank import Rank
from mixcli.measures.sequence.structure import Structure
from mixcli.sequence import SINK, Attention
from mixcli.sources import load_sequence

A = causal()
MIN = torch.finfo(torch.float32).min


def loaded(path: Path, **options: Any) -> Attention:
    found = load_sequence(path, **options)
    assert isinstance(found, Attention)
    return found


def padded(front: int = 0, behind: int = 0, layers: int = 3, heads: int = 2) -> Any:
    """Eager attention over a padded text: what is hidden gets the lowest float, not -inf."""
    drawn = scores(layers, 1, heads)
    visible = lower().clone()
    visible[:, :front] = False
    visible[:, TOKENS - behind :] = False
    return (drawn + torch.where(visible, 0.0, MIN)).softmax(-1)


def test_left_padding_gives_uniform_rows_which_are_dropped(tmp_path: Path) -> None:
    weights = padded(front=3)
    assert np.allclose(weights[0, 0, 0, 0], 1 / TOKENS)  # the trap: a fully masked row reads every key alike
    found = loaded(save(tmp_path / "a.pt", weights, tokens=list("ppp12345")))
    assert found.tokens == 5
    assert found.labels == tuple("12345")
    assert found.causal
    assert found.origin.notes["padding_dropped"] == "3 tokens in front, 0 behind"
    assert np.allclose(found.head(1, 1), weights[1, 0, 1, 3:, 3:], atol=1e-6)


def test_right_padding_is_dropped_and_the_read_out_is_the_last_token_of_the_text(tmp_path: Path) -> None:
    found = loaded(save(tmp_path / "a.pt", padded(behind=2)))
    assert (found.tokens, found.read_out) == (6, 5)
    assert found.origin.notes["padding_dropped"] == "0 tokens in front, 2 behind"


def test_padding_on_both_sides_and_nan_rows(tmp_path: Path) -> None:
    weights = padded(front=2, behind=1)
    weights[..., :2, :] = torch.nan
    found = loaded(save(tmp_path / "a.pt", weights, hidden_states=tuple(torch.randn(4, 1, TOKENS, 3))))
    assert found.tokens == 5
    assert found.hidden(0).shape == (5, 3)


def test_a_query_counts_tokens_of_the_file(tmp_path: Path) -> None:
    save(tmp_path / "a.pt", padded(front=3))
    assert loaded(tmp_path / "a.pt", query="4").read_out == 1
    with pytest.raises(UsageError, match="2, which is padding"):
        loaded(tmp_path / "a.pt", query="2")
    assert loaded(save(tmp_path / "b.pt", A * 0.5), query="4").read_out == 5  # behind the virtual token


@pytest.mark.parametrize(
    "weights",
    [
        torch.full((2, 1, 2, 6, 6), 1 / 6),
        (torch.ones(6, 6).tril() / torch.arange(1, 7)[:, None]).expand(2, 1, 2, 6, 6).clone(),
        torch.eye(6).expand(2, 1, 2, 6, 6).clone(),
        torch.eye(6)[:1].expand(2, 1, 2, 6, 6).clone(),
        torch.eye(6)[[0, 0, 1, 2, 3, 4]].expand(2, 1, 2, 6, 6).clone(),
        masked(np.tri(6, dtype=bool) & ~np.tri(6, k=-2, dtype=bool)),
    ],
    ids=["uniform", "uniform causal", "identity", "all to the first", "previous token", "window"],
)
def test_what_is_no_padding_stays(tmp_path: Path, weights: Any) -> None:
    assert loaded(save(tmp_path / "a.pt", weights)).tokens == 6


def test_row25_rows_of_less_than_1_read_a_virtual_token_with_the_rest(tmp_path: Path) -> None:
    share = torch.linspace(0.49, 0.96, TOKENS)[:, None]
    found = loaded(save(tmp_path / "a.pt", A * share, tokens=list("abcdefgh")))
    assert found.tokens == TOKENS + 1
    assert found.roles.tolist() == [SINK] + [0] * TOKENS
    assert found.labels[:2] == ("(sink)", "a")
    assert "min 0.49, max 0.96" in found.origin.notes["row_sums"]
    assert "sink" in found.origin.notes["row_sums"]
    head = found.head(2, 1)
    assert head[0].tolist() == [1] + [0] * TOKENS
    assert np.allclose(head[1:, 0], 1 - share[:, 0], atol=1e-6)
    assert np.allclose(head.sum(axis=1), 1, atol=1e-6)
    assert found.causal
    assert Structure()(found).details["centre"] == 0


def test_row25_the_other_policies(tmp_path: Path) -> None:
    save(tmp_path / "a.pt", A * 0.5)
    found = loaded(tmp_path / "a.pt", row_sum="renorm")
    assert found.tokens == TOKENS
    assert np.allclose(found.head(0, 1), A[0, 0, 1], atol=1e-6)
    assert "scaled to 1" in found.origin.notes["row_sums"]
    with pytest.raises(InputError, match=r"rows that sum to 1, found 0\.5 in L1H1; --row-sum sink"):
        loaded(tmp_path / "a.pt", row_sum="error")
    with pytest.raises(UsageError, match="sink, renorm, error"):
        loaded(tmp_path / "a.pt", row_sum="drop")


def test_one_head_with_a_sink_gives_all_heads_the_virtual_token(tmp_path: Path) -> None:
    weights = A.clone()
    weights[1, 0, 0] *= 0.7
    found = loaded(save(tmp_path / "a.pt", weights))
    assert found.tokens == TOKENS + 1
    assert not found.head(0, 0)[1:, 0].any()
    assert np.allclose(found.head(1, 0)[1:, 0], 0.3, atol=1e-6)
    assert loaded(tmp_path / "a.pt", heads="0.*,2.*").tokens == TOKENS  # those that are not taken do not matter


def test_a_row_of_nothing_reads_the_virtual_token_alone(tmp_path: Path) -> None:
    strict = masked(np.tri(TOKENS, k=-1, dtype=bool)).nan_to_num(0.0)  # no query reads itself
    found = loaded(save(tmp_path / "a.pt", strict))
    assert found.head(0, 0)[1].tolist() == [1] + [0] * TOKENS
    with pytest.raises(InputError, match="one of 0"):
        loaded(tmp_path / "a.pt", row_sum="renorm")


def test_hidden_states_are_those_of_the_tokens_of_the_text(tmp_path: Path) -> None:
    states = torch.randn(4, 1, TOKENS, 3)
    whole = loaded(save(tmp_path / "a.pt", A, hidden_states=tuple(states)))
    short = loaded(save(tmp_path / "b.pt", A * 0.5, hidden_states=tuple(states)))
    assert short.hidden(1).shape == (TOKENS, 3)
    energies = [[row["dirichlet"] for row in Rank()(one).details["hidden"]] for one in (whole, short)]
    assert energies[0] == energies[1]
    assert Collapse()(short).data == Collapse()(whole).data
    mixcli.save(short, tmp_path / "c.npz")
    again = loaded(tmp_path / "c.npz")
    assert again.tokens == TOKENS + 1
    assert Collapse()(again).data == Collapse()(whole).data


def test_nan_is_refused_with_its_place(tmp_path: Path) -> None:
    weights = A.clone()
    weights[1, 0, 1, 4, 2] = torch.nan
    with pytest.raises(InputError, match="NaN or infinity in L1H1, query 4"):
        loaded(save(tmp_path / "a.pt", weights))


def test_rows_of_more_than_1_are_refused_or_scaled(tmp_path: Path) -> None:
    save(tmp_path / "a.pt", A * 1.5)
    with pytest.raises(InputError, match=r"found 1\.5 in L.H.; save weights after the softmax"):
        loaded(tmp_path / "a.pt")
    assert np.allclose(loaded(tmp_path / "a.pt", row_sum="renorm").head(0, 0), A[0, 0, 0], atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("stored", [True, False])
def test_half_precision_is_no_sink(tmp_path: Path, dtype: Any, stored: bool) -> None:
    half = causal(tokens=64).to(dtype)
    found = loaded(save(tmp_path / "a.pt", half if stored else half.float()))
    assert found.tokens == 64
    sums = half[:, 0].float().sum(-1)
    assert found.store.survey.defect == pytest.approx(float((sums - 1).abs().max()), rel=1e-3)
    assert found.store.survey.defect > 1e-5
    assert "off by" in found.origin.notes["row_sums"]
    assert np.abs(found.head(0, 0).sum(axis=1, dtype=np.float64) - 1).max() < 1e-6


def test_float64_sums_to_1_in_float64(tmp_path: Path) -> None:
    found = loaded(save(tmp_path / "a.pt", A.double()))
    assert np.abs(found.head(0, 0).sum(axis=1) - 1).max() < 1e-15


def test_signed_maps_are_reported_and_measures_of_walks_refuse(tmp_path: Path) -> None:
    difference = A - 0.8 * causal(seed=1)
    found = loaded(save(tmp_path / "a.pt", difference))
    note = found.origin.notes["signed"]
    mass = difference.abs().sum(-1).max()
    assert f"|A| sums to {mass:.4g}" in note
    assert np.allclose(found.head(1, 0), difference[1, 0, 0])
    with pytest.raises(NotApplicable, match="weights of 0 and more for structure"):
        Structure()(found)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_selection_agrees_with_a_list_of_all_heads(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))

    def side(size: int) -> Any:
        pair = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).map(sorted)
        return st.one_of(
            st.just(("*", range(size))),
            st.integers(0, size - 1).map(lambda k: (str(k), range(k, k + 1))),
            pair.map(lambda p: (f"{p[0]}-{p[1]}", range(p[0], p[1] + 1))),
        )

    layers = data.draw(st.lists(side(len(sizes)), min_size=1, max_size=3))
    heads = data.draw(st.lists(side(min(sizes)), min_size=len(layers), max_size=len(layers)))
    wanted, parts = set(), []
    for (layer_text, layer_range), (head_text, head_range) in zip(layers, heads, strict=True):
        parts.append(f"{layer_text}.{head_text}")
        wanted |= {
            (k, h) for k in layer_range for h in (range(sizes[k]) if head_text == "*" else head_range) if h < sizes[k]
        }
    found = select(",".join(parts), None, sizes)
    assert [(k, h) for k, chosen in found for h in chosen] == sorted(wanted)


@given(st.text(alphabet="0123456789.*-,LH ", max_size=8))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_selection_or_a_usage_error(text: str) -> None:
    for arguments in ((text, None), (None, text)):
        with contextlib.suppress(UsageError):
            for layer, heads in select(*arguments, [3, 3, 3]):
                assert layer < 3
                assert max(heads) < 3


@pytest.mark.parametrize(
    ("heads", "layers", "found"),
    [
        ("0.1,1.*,*.0", None, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]),
        ("L0H1", None, [(0, 1)]),
        ("0-1.1", None, [(0, 1), (1, 1)]),
        ("*.0", "1-2", [(1, 0), (2, 0)]),
        (None, "0,2", [(0, 0), (0, 1), (2, 0), (2, 1)]),
        ("all", "all", [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]),
    ],
)
def test_selections(heads: str | None, layers: str | None, found: list[tuple[int, int]]) -> None:
    assert [(k, h) for k, chosen in select(heads, layers, [2, 2, 2]) for h in chosen] == found


@pytest.mark.parametrize(
    ("heads", "layers", "message"),
    [
        ("3.0", None, "a layer from 0 to 2, found 3"),
        ("0.2", None, "a head of layer 0 from 0 to 1, found 2"),
        ("0", None, "heads such as"),
        ("0.1,,1.1", None, "names between commas"),
        (None, "1-9", "a layer from 0 to 2"),
        (None, "2-1", "a layer from 0 to 2"),
        ("0.1", "1", "no head of --heads lies in --layers"),
    ],
)
def test_selections_that_are_none(heads: str | None, layers: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        select(heads, layers, [2, 2, 2])


def test_queries() -> None:
    assert queries(None, 5) == queries("last", 5) == queries("-1", 5) == [4]
    assert queries("1:3", 5) == [1, 2]
    assert queries(":", 2) == [0, 1]
    for text in ("5", "-6", "3:3", "first", "1:2:3"):
        with pytest.raises(UsageError):
            queries(text, 5)


def test_options_that_mean_attention_are_not_ignored() -> None:
    assert AttentionOptions(heads="0.1", row_sum="error", query="3").given == ["--heads", "--row-sum"]
    with pytest.raises(UsageError, match="attention for --merge, found a graph"):
        list(load_sequence_of_graph(merge="max"))
    with pytest.raises(UsageError, match="attention for --layers, found a mask sequence"):
        load_sequence("mask:causal,tokens=8", layers="0")
    assert load_sequence("mask:causal,tokens=8", query="3").read_out == 3


def load_sequence_of_graph(**options: Any) -> Any:
    from mixcli.sources import load_any

    return load_any("zoo:path:n=3", **options)
