"""The grammar of mask specs: what each sign means, the way there and back, and one line for every mistake."""

import io
import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mixcli
from mixcli.errors import LimitExceeded, MixcliError, UsageError
from mixcli.generators.mask_family import mask_of
from mixcli.generators.mask_grammar import Layer, MaskSpec, Sizes, parse_mask
from mixcli.generators.mask_spec import mask_of_layer, sequence_of
from mixcli.io import stream
from mixcli.sequence import MaskSequence

TERMS = (
    "causal", "full", "window:4", "sink:2,3", "log", "chunk:5", "offsets:1,7", "vslash:0,2;1,4", "decay:0.5",
    "expander:2,3", "random:2,seed=1", "expander:2,balanced=true", "packed:7,5",
)  # fmt: skip
EDGES = st.tuples(st.booleans(), st.integers(0, 11), st.integers(0, 11))
LAYERS = st.builds(
    Layer,
    st.lists(st.lists(st.sampled_from(TERMS), min_size=1, max_size=3).map(tuple), min_size=1, max_size=3).map(tuple),
    st.lists(EDGES, max_size=3).map(tuple),
    st.integers(1, 4),
)
SIZES = st.builds(Sizes, st.none() | st.integers(1, 50), st.none() | st.integers(1, 9), st.none() | st.integers(-3, 3))
SPECS = st.builds(MaskSpec, st.lists(LAYERS, min_size=1, max_size=3).map(tuple), SIZES)


@settings(max_examples=150, deadline=None)
@given(spec=SPECS)
def test_a_spec_is_read_back_as_it_was_written(spec: MaskSpec) -> None:
    assert parse_mask(str(spec)) == spec
    assert str(parse_mask(str(spec))) == str(spec)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_masks_are_joined_as_sets(data: st.DataObject) -> None:
    layer = data.draw(LAYERS)
    wanted = np.zeros((12, 12), bool)
    for inner in layer.terms:
        wanted |= np.logical_and.reduce([mask_of(term, 12).array for term in inner])
    causal = not np.triu(wanted, 1).any()
    for on, i, j in layer.edges:
        wanted[i, j] = on
    spec = f"{layer.mask},tokens=12"
    if (causal and any(on and j > i for on, i, j in layer.edges)) or not wanted.any(axis=1).all():
        with pytest.raises(UsageError):
            sequence_of(spec)
        return
    found = sequence_of(spec).layers[0]
    assert np.array_equal(found.array, wanted)
    lo = data.draw(st.integers(0, 11))
    assert np.array_equal(found.rows(lo, 12), wanted[lo:])
    assert np.array_equal(mask_of_layer(str(layer.mask), 12).array, wanted)


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.sampled_from(sorted(set("causlwindow:,;|&+->x0123456789= ()tokens.é\0\n"))), max_size=30))
def test_garbage_is_refused_in_one_line_or_makes_a_mask(text: str) -> None:
    found = attempt(f"{text},tokens=7" if "tokens" not in text else text)
    if isinstance(found, MixcliError):
        assert "\n" not in str(found)
        assert len(str(found)) < 600
        assert found.exit_code in (2, 3, 5)
    else:
        assert found.visible(0).any(axis=1).all()


def attempt(spec: str) -> MaskSequence | MixcliError:
    try:
        return sequence_of(spec, layers=2)
    except MixcliError as error:
        return error


@pytest.mark.parametrize(
    ("spec", "layers"),
    [
        ("window:16,tokens=256,layers=6", 6),
        ("causal:tokens=8", 6),
        ("causal,tokens=8", 6),
        ("tokens=8,causal", 6),
        ("tokens=8; causal", 6),
        ("window:128 x5; causal,tokens=512", 6),
        ("window:8 x 2;causal", 3),
        ("window:8 x2,tokens=9; causal", 3),
        ("window:4; causal,layers=8", 8),
        ("layers=2,window:4,tokens=9,read-out=0", 2),
    ],
)
def test_sizes_may_stand_anywhere(spec: str, layers: int) -> None:
    found = mixcli.load_sequence(f"mask:{spec}")
    assert found.depth == layers
    assert found.name == spec
    assert sequence_of(found.name).fingerprint == found.fingerprint
    assert found.provenance[0].spec == f"mask:{spec}"


def test_layers_that_are_alike_are_one_mask() -> None:
    found = sequence_of("window:4 x2; causal; window:4,layers=8,tokens=16")
    assert [found.like(k) for k in range(8)] == [0, 0, 2, 0, 0, 0, 2, 0]
    assert found.layers[0] is found.layers[7]


def test_and_binds_tighter_than_or() -> None:
    found = sequence_of("window:2 | chunk:4 & offsets:3,tokens=16").layers[0]
    window, chunk, offsets = (mask_of(t, 16).array for t in ("window:2", "chunk:4", "offsets:3"))
    assert np.array_equal(found.array, window | (chunk & offsets))
    assert found.name == "window:2 | chunk:4 & offsets:3"


def test_an_edge_lets_a_query_read_a_key() -> None:
    before, after = (sequence_of(s).visible(0) for s in ("window:4,tokens=24", "window:4+14>0,tokens=24"))
    assert np.argwhere(before != after).tolist() == [[14, 0]]
    back = sequence_of("window:4 +14>0 -14>0,tokens=24")
    assert np.array_equal(back.visible(0), before)
    assert not sequence_of("window:4 - 9 > 8 x2,tokens=24").visible(1)[9, 8]


def test_weights_multiply_and_the_larger_wins() -> None:
    narrow = sequence_of("window:3 & decay:0.5,tokens=9").layers[0].weights(8, 9)[0]
    assert np.allclose(narrow[6:], np.exp([-1, -0.5, 0]) / np.exp([-1, -0.5, 0]).sum())
    assert not narrow[:6].any()
    twice = sequence_of("decay:0.5 & decay:0.25,tokens=9").layers[0].weights(0, 9)
    assert np.allclose(twice, mask_of("decay:0.75", 9).weights(0, 9))
    wide = sequence_of("sink:1,1 | decay:0.5,tokens=4").layers[0].weights(3, 4)[0]
    raw = np.array([1, np.exp(-1), np.exp(-0.5), 1])
    assert np.allclose(wide, raw / raw.sum())
    edge = sequence_of("window:2 & decay:0.5 +3>0 -3>2,tokens=4").layers[0].weights(3, 4)[0]
    assert np.allclose(edge, [0.5, 0, 0, 0.5])


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("", "on each side"),
        ("tokens=8", "a mask, found none"),
        ("widnow:4", "did you mean window"),
        ("window:4,token=8", "did you mean tokens"),
        ("window:4,width=8", "a parameter of window"),
        ("packed:4,token=8", "did you mean tokens"),
        ("causal,tokens=8,tokens=9", "tokens once"),
        ("causal,tokens=8,read-out=1,read_out=2", "read_out once"),
        ("causal,tokens=0", "tokens >= 1"),
        ("causal,tokens=-5", "tokens >= 1"),
        ("causal,tokens=many", "a whole number"),
        ("causal,tokens=", "a whole number"),
        ("causal,layers=0", "layers >= 1"),
        ("window:4 x5; causal,layers=3", "layers >= 6"),
        ("causal x0", "at least one layer"),
        ("causal;;full", "on each side"),
        ("causal|", "on each side"),
        ("&causal", "on each side"),
        ("(window:4|causal)&chunk:3", "without parentheses"),
        ("window:4+3>1|causal", "at the end of a layer"),
        ("window:4+3>99,tokens=8", "tokens 0 … 7"),
        ("window:4+0>3,tokens=8", r"\+3>0"),
        ("window:1-3>3,tokens=8", "none left for query 3"),
        ("chunk:2 & offsets:1 -2>2,tokens=4", "none left for query 2"),
        ("causal,tokens=8,read_out=8", "read-out"),
        ("widnow:w", "did you mean window"),
        ("no.such.module:f", "installed module"),
        ("window:4+1111111111111111111>0", "15 digits"),
        ("causal x9999999999999999999", "15 digits"),
    ],
)
def test_mistakes(spec: str, says: str) -> None:
    with pytest.raises(MixcliError, match=says) as caught:
        mixcli.load_sequence(f"mask:{spec}")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code in (2, 3)


@pytest.mark.parametrize(
    "spec",
    [
        "causal,tokens=1e12",
        "causal,tokens=999999999",
        "expander:4,tokens=1e7",
        "window:4,tokens=1000000",
        "causal,layers=1e9",
        "causal x10000000",
        "window:4 x9999; causal x9999",
        "alibi:9999999",
        pytest.param("causal,tokens=20000" + 200 * "&causal", id="two hundred masks"),
    ],
)
def test_what_would_not_fit_is_refused_at_once(spec: str) -> None:
    with pytest.raises(LimitExceeded, match="fewer"):
        sequence_of(spec)


def test_a_hostile_line_is_refused_or_believed_at_once() -> None:
    for tokens, spec in ((200_000, "causal"), (10_000, "alibi:100000"), (50_000, "&".join(["causal"] * 100))):
        form = {"schema": "mixcli.mask/1", "tokens": tokens, "layers": [0], "masks": [{"spec": spec, "sha256": "0"}]}
        started = time.perf_counter()
        try:
            (found,) = stream.read(io.BytesIO(json.dumps(form).encode()))
        except LimitExceeded:
            pass
        else:
            assert found.tokens == tokens
        assert time.perf_counter() - started < 5


def test_a_long_sequence_costs_nothing_before_it_is_looked_at() -> None:
    found = sequence_of("sink:4,512 | decay:0.1,tokens=100000,layers=32")
    assert found.tokens == 100_000
    assert found.layers[0].rows(99_990, 99_991).sum() == 99_991


def test_masks_of_a_layer_are_families_alone() -> None:
    for text in ("docs:/etc/passwd", "file:/etc/passwd", "os:getpid", "causal x2", "causal;full", "causal,tokens=3"):
        with pytest.raises(UsageError):
            mask_of_layer(text, 4)
