"""Mask families against their definitions pair by pair, and against the published and the measured table."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.naive_masks import READS, naive

from mixcli.catalog import MASKS
from mixcli.errors import UsageError
from mixcli.generators.mask_family import mask_of
from mixcli.generators.mask_spec import sequence_of

SMALL = st.integers(1, 9)
ARGUMENTS = {
    "causal": st.tuples(),
    "full": st.tuples(),
    "prefix": st.tuples(st.integers(0, 9)),
    "window": st.tuples(SMALL),
    "sink": st.tuples(st.integers(0, 5), SMALL),
    "longformer": st.tuples(SMALL, st.integers(0, 5)),
    "dilated": st.tuples(SMALL, SMALL),
    "strided": st.tuples(SMALL),
    "fixed": st.tuples(SMALL, st.integers(0, 9)),
    "log": st.tuples(SMALL),
    "offsets": st.tuples(st.lists(st.integers(0, 30), min_size=1, max_size=4).map(tuple)),
    "block": st.tuples(SMALL),
    "chunk": st.tuples(SMALL),
    "vslash": st.tuples(*[st.lists(st.integers(0, 30), max_size=3).map(tuple)] * 2),
    "decay": st.tuples(st.sampled_from([0.0, 0.1, 2.0])),
    "alibi": st.tuples(st.sampled_from([1, 3, 8])),
}


@pytest.mark.parametrize("family", sorted(ARGUMENTS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_family_reads_what_its_definition_says(family: str, data: st.DataObject) -> None:
    tokens = data.draw(st.integers(1, 24))
    arguments = data.draw(ARGUMENTS[family])
    mask = MASKS.get(family)(tokens, *arguments)
    assert np.array_equal(mask.array, naive(family, tokens, *arguments))
    lo = data.draw(st.integers(0, tokens - 1))
    assert np.array_equal(mask.rows(lo, tokens), MASKS.get(family)(tokens, *arguments).array[lo:])


@settings(max_examples=25, deadline=None)
@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_packed_documents_do_not_meet(lengths: list[int]) -> None:
    spec = f"packed:{','.join(map(str, lengths))}"
    found = sequence_of(spec)
    assert found.tokens == sum(lengths)
    assert np.array_equal(found.visible(0), naive("packed", sum(lengths), tuple(lengths)))


@settings(max_examples=25, deadline=None)
@given(data=st.data(), size=st.integers(1, 12))
def test_tree_reads_ancestors(data: st.DataObject, size: int) -> None:
    parents = tuple(data.draw(st.integers(-1, token - 1)) for token in range(size))
    found = sequence_of(f"tree:{','.join(map(str, parents))}")
    assert np.array_equal(found.visible(0), naive("tree", size, parents))


@pytest.mark.parametrize("text", ["0 0 0 1 1 2", "[0, 0, 0,\n1,1,2]"])
def test_docs_of_a_file(tmp_path, text: str) -> None:
    (tmp_path / "ids.txt").write_text(text)
    (tmp_path / "positions.txt").write_text("0 1 2 0 1 0")
    wanted = naive("packed", 6, (3, 2, 1))
    assert np.array_equal(sequence_of(f"docs:{tmp_path / 'ids.txt'}").visible(0), wanted)
    assert np.array_equal(sequence_of(f"docs:{tmp_path / 'positions.txt'},positions=true").visible(0), wanted)


@pytest.mark.parametrize("family", sorted(set(MASKS) - {"docs", "file"}))
def test_every_family_has_a_default_and_every_query_reads_itself(family: str) -> None:
    mask = sequence_of(f"{family}" if family in ("packed", "tree") else f"{family},tokens=64").layers[0]
    assert mask.array.diagonal().all()
    assert mask.causal == (family not in ("full", "prefix", "block"))
    assert mask.name == family
    assert np.allclose([row.sum() for row in mask.weights(0, mask.tokens)], 1, atol=1e-12)


@pytest.mark.parametrize("family", sorted(MASKS))
def test_every_family_says_what_it_is(family: str) -> None:
    doc = inspect.getdoc(MASKS.get(family)) or ""
    for name in list(inspect.signature(MASKS.get(family)).parameters)[1:]:
        assert f"{name}:" in doc, f"{family}: {name} is not documented"


def test_every_definition_is_tested() -> None:
    assert set(MASKS) - set(READS) == {"random", "expander", "bigbird", "docs", "file"}
    assert set(ARGUMENTS) | {"packed", "tree"} == set(READS)


# Table of uniform attention at T = 256: pairs read / causal pairs, layers until all is reached (0: never).
# The masks drawn at random are those of numpy's default generator with seed 0.
TABLE = {
    "causal": (1.0, 1),
    "window:16": (0.121, 17),
    "sink:4,16": (0.150, 17),
    "strided:16": (0.179, 2),
    "fixed:16,1": (0.125, 2),
    "log": (0.062, 8),
    "expander:4,0": (0.046, 23),
    "bigbird:16,3,1,1": (0.393, 8),
    "chunk:16": (0.066, 0),
    "packed:128,128": (0.50, 0),
    "dilated:16,4": (0.11, 0),
}


@pytest.mark.parametrize("spec", list(TABLE))
def test_table_of_uniform_masks_density(spec: str) -> None:
    digits = 2 if spec in ("packed:128,128", "dilated:16,4") else 3
    assert round(mask_of(spec, 256).edges / (256 * 257 / 2), digits) == TABLE[spec][0]


@pytest.mark.parametrize("spec", list(TABLE))
def test_table_of_uniform_masks_layers_until_all_is_reached(spec: str) -> None:
    step = mask_of(spec, 256).array.astype(np.float32)
    reached, layers = step.copy(), 1
    while layers < 40 and (np.tril(reached) > 0).sum() != 256 * 257 // 2:
        reached = ((reached @ step) > 0).astype(np.float32)
        layers += 1
    assert layers == (TABLE[spec][1] or 40)


@pytest.mark.parametrize("spec", [s for s in TABLE if TABLE[s][1]])
def test_table_of_uniform_masks_gap(spec: str) -> None:
    own = mask_of(spec, 256).weights(0, 256).diagonal()
    assert 1 - own[1:].max() == pytest.approx(0.5, abs=1e-12)


def test_a_window_of_other_libraries_is_one_key_wider() -> None:
    flex = np.array([[0 <= q - k <= 4 for k in range(12)] for q in range(12)])  # attention-gym's sliding window of 4
    assert np.array_equal(mask_of("window:5", 12).array, flex)
    longformer = np.array([[abs(q - k) <= 4 and k <= q for k in range(12)] for q in range(12)])  # one-sided half of 8
    assert np.array_equal(mask_of("window:5", 12).array, longformer)


def test_one_seed_one_mask() -> None:
    for spec in ("random:3,{}", "expander:3,{}", "expander:3,{},balanced=true", "bigbird:4,3,1,1,{}"):
        assert mask_of(spec.format(1), 96).digest == mask_of(spec.format(1), 96).digest
        assert mask_of(spec.format(1), 96).digest != mask_of(spec.format(2), 96).digest


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("k", [1, 4, 40])
def test_expander_draws_k_keys(balanced: bool, k: int) -> None:
    for tokens in (1, 2, 3, 17, 64):
        mask = mask_of(f"expander:{k},0,balanced={balanced}", tokens).array
        keys = mask.sum(axis=1)
        assert not np.triu(mask, 1).any()
        assert mask.diagonal(-1).all()
        for i in range(tokens):  # the key before may be among those drawn
            assert min(k, i) + 1 <= keys[i] <= min(k + 1, i) + 1


@pytest.mark.parametrize("seed", range(3))
def test_balanced_expander_is_read_to_the_end(seed: int) -> None:
    """A restart walk finds every token: the worst resistance is 10^14.5 with keys drawn uniformly at seed 0."""
    plain, fair = (mask_of(f"expander:4,{seed},balanced={b}", 256).array for b in (False, True))
    early, late = fair[:, :64].sum(axis=0).mean(), fair[:, 192:].sum(axis=0).mean()
    assert early / late < 2 < plain[:, :64].sum(axis=0).mean() / plain[:, 192:].sum(axis=0).mean()
    assert _worst_restart(fair) < 3
    assert _worst_restart(plain) > 9


def test_balanced_bigbird_spreads_its_random_blocks() -> None:
    plain, fair = (mask_of(f"bigbird:1,3,1,2,0,balanced={b}", 256).array for b in (False, True))
    assert plain.sum() == fair.sum()
    assert fair[:, :64].sum(axis=0)[1:].std() < plain[:, :64].sum(axis=0)[1:].std()


def _worst_restart(mask: np.ndarray) -> float:
    """log10 of the largest 1 / (probability that the walk back from the last token visits a token before token 0)."""
    reads = mask / mask.sum(axis=1, keepdims=True)
    start = np.zeros(len(mask) - 1)
    start[-1] = 1
    visits = np.linalg.solve((np.eye(len(mask) - 1) - reads[1:, 1:]).T, start)
    return -math.log10((visits * (1 - reads.diagonal()[1:]))[:-1].min())


def test_decay_falls_by_its_slope() -> None:
    rows = mask_of("decay:0.3", 40).weights(0, 40)
    assert np.allclose(rows[39, 1:] / rows[39, :-1], math.exp(0.3), rtol=1e-12)
    assert np.allclose(mask_of("decay:0", 9).weights(0, 9), mask_of("causal", 9).weights(0, 9))
    assert np.isfinite(mask_of("decay:50", 300).weights(0, 300)).all()


def test_alibi_is_the_mean_of_its_heads() -> None:
    distance = np.arange(12)[:, None] - np.arange(12)[None, :]
    heads = []
    for h in range(1, 5):
        logits = np.where(distance >= 0, -(2.0 ** (-8 * h / 4)) * distance, -np.inf)
        heads.append(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
        assert np.allclose(mask_of(f"alibi:4,head={h}", 12).weights(0, 12), heads[-1], atol=1e-14)
    assert np.allclose(mask_of("alibi:4", 12).weights(0, 12), np.mean(heads, axis=0), atol=1e-14)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("window:0", "w >= 1"),
        ("sink:-1,4", "s >= 0"),
        ("dilated:4,0", "d >= 1"),
        ("fixed:0", "s >= 1"),
        ("offsets:-1", "every distance >= 0"),
        ("packed:3,0", "every length >= 1"),
        ("packed:3,4,tokens=9", "sum to 9"),
        ("tree:0", "a parent of token 0"),
        ("tree:-1,-2", "a parent of token 1"),
        ("tree:-1,tokens=2", "2 parents"),
        ("decay:-1", "m >= 0"),
        ("decay:inf", "finite m"),
        ("alibi:8,9", "head <= heads"),
        ("expander:4,-1", "seed >= 0"),
        ("bigbird:0", "b >= 1"),
        ("window:1e30", "at most"),
        ("offsets:1.5", "whole numbers"),
        ("offsets:99999999999999999999", "whole numbers"),
        ("window:two", "a whole number"),
        ("window:1;2", "no ;"),
        ("vslash:1;2;3", "3 lists"),
        ("docs", "docs:PATH"),
        ("docs:/no/such/file", "readable file"),
    ],
)
def test_mistakes_in_arguments(spec: str, says: str) -> None:
    with pytest.raises(Exception, match=says) as caught:
        sequence_of(spec)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"mask:{spec}:")
    assert caught.value.exit_code == (3 if spec == "docs:/no/such/file" else 2)


def test_a_family_made_in_python_refuses_too() -> None:
    with pytest.raises(UsageError, match="w >= 1"):
        MASKS.get("window")(8, 0)
