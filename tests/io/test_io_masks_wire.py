"""Mask sequences through every format: equal fingerprints, nothing lost, mixed with graphs in a stream, nothing run."""

import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mixcli
from mixcli.catalog import SEQUENCE_REWIRINGS
from mixcli.errors import InputError, LimitExceeded, MixcliError, NotApplicable, UsageError
from mixcli.generators.mask_spec import sequence_of
from mixcli.io import stream
from mixcli.io.masks_wire import object_of
from mixcli.mask import Mask
from mixcli.sequence import PAUSE, SINK, Attention, MaskSequence

WHOLE = ("jsonl", "npz", "pt")
SPECS = (
    "window:4,tokens=24",
    "window:4 x2; causal & decay:0.2 +7>0,tokens=9,read_out=3",
    "full; prefix:3; block:4,tokens=13",
    "random:9,1,tokens=40",
    "alibi:8,tokens=7",
    "packed:3,5,2",
    "causal,tokens=1,layers=1",
)


def through(sequence: MaskSequence, format: str) -> MaskSequence:
    data = io.BytesIO()
    assert stream.write([sequence], data, format=format) == []
    (found,) = stream.read(io.BytesIO(data.getvalue()), name="x")
    assert isinstance(found, MaskSequence)
    return found


def nameless(sequence: MaskSequence) -> MaskSequence:
    """The same with masks that no spec makes, so that their rows must be written."""
    bare = {id(m): Mask(m.tokens, m.rule, "", m.weigh) for m in sequence.layers}
    return sequence.replace(layers=tuple(bare[id(m)] for m in sequence.layers))


@pytest.mark.parametrize("format", WHOLE)
@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("change", [lambda s: s, nameless], ids=["spec", "rows"])
def test_what_is_written_is_read_back(spec: str, format: str, change) -> None:
    sequence = change(sequence_of(spec))
    found = through(sequence, format)
    assert found.fingerprint == sequence.fingerprint
    assert [found.like(k) for k in range(found.depth)] == [sequence.like(k) for k in range(sequence.depth)]
    assert (found.name, found.read_out) == (sequence.name, sequence.read_out)
    assert [mask.name for mask in found.layers] == [mask.name for mask in sequence.layers]
    assert found.provenance[:-1] == sequence.provenance
    assert found.provenance[-1].op == "read"


@pytest.mark.parametrize("name", list(SEQUENCE_REWIRINGS))
def test_what_was_rewired_is_read_back(name: str) -> None:
    try:
        found = SEQUENCE_REWIRINGS.make(name)(sequence_of("window:4,tokens=16,layers=3")).sequence
    except NotApplicable as reason:
        pytest.skip(str(reason))
    for format in WHOLE:
        back = through(found, format)
        assert back.fingerprint == found.fingerprint
        assert back.labels == found.labels


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_mask_survives(data: st.DataObject) -> None:
    tokens, count = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    density = data.draw(st.sampled_from([0.02, 0.5, 0.98]))
    masks = []
    for _ in range(count):
        visible = (rng.random((tokens, tokens)) < density) | np.eye(tokens, dtype=bool)
        weight = rng.random((tokens, tokens)) + 1e-3 if data.draw(st.booleans()) else None
        masks.append(Mask.of(visible, weight))
    sequence = MaskSequence(
        tuple(masks[data.draw(st.integers(0, count - 1))] for _ in range(data.draw(st.integers(1, 4)))),
        read_out=data.draw(st.integers(0, tokens - 1)),
        roles=rng.integers(0, 3, tokens).astype(np.int8),
        labels=tuple(data.draw(st.text(max_size=3)) for _ in range(tokens)),
    )
    for format in WHOLE:
        found = through(sequence, format)
        assert found.fingerprint == sequence.fingerprint
        assert found.labels == sequence.labels
        assert found.roles.tolist() == sequence.roles.tolist()


def test_npy_holds_zeros_and_ones_of_every_layer_and_says_what_it_leaves_out() -> None:
    data = io.BytesIO()
    sequence = sequence_of("window:4; causal,tokens=24")
    assert stream.write([sequence], data, format="npy") == []
    found = np.load(io.BytesIO(data.getvalue()))
    assert (found.dtype, found.shape) == (np.uint8, (2, 24, 24))
    (back,) = stream.read(io.BytesIO(data.getvalue()), name="x")
    assert back.fingerprint == sequence.fingerprint
    roles = np.array([SINK] + 22 * [0] + [PAUSE], np.int8)
    rich = sequence_of("decay:0.1,tokens=24,read_out=3").replace(roles=roles, labels=("a",) * 24)
    assert stream.write([rich], io.BytesIO(), format="npy") == ["weights", "roles", "labels", "read-out"]


def test_a_pt_file_goes_into_attention_as_it_is(tmp_path) -> None:
    import torch

    sequence = sequence_of("prefix:3; window:2,tokens=6,layers=4")
    mixcli.save(sequence, tmp_path / "m.pt")
    held = torch.load(tmp_path / "m.pt", weights_only=True)
    mask = held["masks"][held["layers"]]
    assert mask.shape == (4, 6, 6)
    x = torch.randn(1, 4, 6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    flat = torch.zeros_like(x)  # equal logits: uniform over what the mask lets be read
    out = torch.nn.functional.scaled_dot_product_attention(flat, flat, x, attn_mask=mask)
    for layer in range(4):
        assert np.allclose(out[0, layer].numpy(), sequence.operator(layer) @ x[0, layer].numpy(), atol=1e-12)


def test_graphs_and_masks_mix_in_a_stream() -> None:
    things = [mixcli.load("zoo:path:3"), sequence_of("window:2,tokens=4"), mixcli.load("zoo:cycle:4")]
    data = io.BytesIO()
    stream.write(things, data, format="jsonl")
    found = list(stream.read(io.BytesIO(data.getvalue())))
    assert [f.fingerprint for f in found] == [t.fingerprint for t in things]
    with pytest.raises(UsageError, match="jsonl"):
        stream.write([sequence_of("causal,tokens=4")] * 2, io.BytesIO(), format="npz")
    for order in (things, things[1:]):
        with pytest.raises(UsageError, match="jsonl"):
            stream.write(order, io.BytesIO(), format="pt")


@pytest.mark.parametrize("format", ["gml", "edgelist", "matrix-market", "node-link"])
def test_formats_of_graphs_alone_refuse(format: str) -> None:
    with pytest.raises(UsageError, match=f"a graph for {format}.*jsonl"):
        stream.write([sequence_of("causal,tokens=4")], io.BytesIO(), format=format)


@pytest.mark.parametrize("format", ["npz", "pt", "npy", "jsonl"])
def test_equal_sequences_give_equal_bytes(format: str) -> None:
    first, second = io.BytesIO(), io.BytesIO()
    for out in (first, second):
        stream.write([sequence_of("window:4; log,tokens=24")], out, format=format)
    assert first.getvalue() == second.getvalue()


def test_a_line_a_person_can_write() -> None:
    rows = "[[0,1],[0,2],[0,3],[0,1,3,4]]"
    masks = f'[{{"spec":"window:2"}},{{"rows":{rows}}}]'
    line = f'{{"schema":"mixcli.mask/1","tokens":4,"layers":[0,1,0],"masks":{masks}}}'
    (found,) = stream.read(io.BytesIO(line.encode()))
    assert found.visible(1).astype(int).tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1]]
    assert (found.depth, found.like(2), found.read_out) == (3, 0, 3)


def test_dense_rows_become_bits_and_sparse_ones_runs() -> None:
    dense, sparse = (object_of(nameless(sequence_of(f"{s},tokens=200")))["masks"][0] for s in ("random:60", "causal"))
    assert "bits" in dense
    assert sparse["rows"][199] == [0, 200]


GOOD = {"schema": "mixcli.mask/1", "tokens": 3, "layers": [0], "masks": [{"rows": [[0, 1], [0, 2], [0, 3]]}]}
CHANGES = {
    "tokens": (0, -1, "3", None, 10**12, True, 2.0),
    "layers": ([], [1], [-1], ["0"], None, 0, [[0]], [True]),
    "masks": (
        [], {}, None, ["causal"], [{}], [{"spec": 3}], [{"spec": "docs:/etc/passwd"}], [{"spec": "file:/etc/passwd"}],
        [{"spec": "os:getpid"}], [{"spec": "causal x9999"}], [{"spec": "nope"}], [{"spec": ""}],
        [{"spec": "causal", "sha256": "0" * 64}],
        [{"rows": [[0, 1], [0, 2]]}], [{"rows": [[0, 1], [0, 2], [0, 4]]}], [{"rows": [[0, 1], [0, 2], [2, 0]]}],
        [{"rows": [[0, 1], [0, 2], [0]]}], [{"rows": [[0, 1], [0, 2], []]}], [{"rows": [[0, 1], [0, 2], "ab"]}],
        [{"rows": [[0, 1], [0, 2], [0, 1, 1, 2]]}], [{"rows": [[0, 1], [0, 2], [0, 10**30]]}], [{"rows": None}],
        [{"rows": [[0, 1], [0, 2], [0.0, 1.0]]}], [{"rows": [[], [], []]}],
        [{"bits": {"dtype": "uint8", "shape": [3, 2], "data": "AAAAAAAA"}}], [{"bits": [1, 2, 3]}], [{"bits": None}],
        [{"rows": [[0, 1], [0, 2], [0, 3]], "weight": [1.0]}],
        [{"rows": [[0, 1], [0, 2], [0, 3]], "weight": [1.0, 1, 1, -1, 1, 1]}],
        [{"rows": [[0, 1], [0, 2], [0, 3]], "weight": [1.0, 0.0, 0.0, 1, 1, 1]}],
        [{"rows": [[0, 1], [0, 2], [0, 3]], "weight": "x"}],
    ),
    "roles": ([0], [0, 0, 3], [0, 0, "1"], "012", {"a": 1}),
    "labels": (["a"], ["a", "b", 3], "abc"),
    "read_out": (3, -4, "last", 1.5, 10**30),
}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value"), [(k, v) for k, vs in CHANGES.items() for v in vs], ids=lambda x: str(x)[:60].replace("\x00", "")
)
def test_lines_that_contradict_themselves_are_refused(key: str, value: object) -> None:
    with pytest.raises((InputError, LimitExceeded, UsageError)) as caught:
        list(stream.read(io.BytesIO(json.dumps({**GOOD, key: value}).encode()), name="x"))
    assert "\n" not in str(caught.value)
    assert "x:1" in str(caught.value)


@pytest.mark.parametrize("format", ["npz", "pt"])
def test_archives_that_contradict_themselves_are_refused(format: str) -> None:
    from mixcli.io import masks_archive

    whole = masks_archive.arrays_of(sequence_of("decay:0.1; causal,tokens=5"))
    head = json.loads(str(whole["mixcli"]))
    changes = [
        {"masks": whole["masks"].astype(int)},
        {"masks": whole["masks"][0]},
        {"masks": whole["masks"][:, :3]},
        {"masks": np.zeros_like(whole["masks"])},
        {"masks": np.zeros((0, 5, 5), bool)},
        {"weight/0": np.ones(3)},
        {"weight/0": np.zeros(15)},
        {"weight/0": np.full(15, np.nan)},
        {"mixcli": np.array(json.dumps({**head, "layers": [0, 2]}))},
        {"mixcli": np.array(json.dumps({**head, "layers": "01"}))},
        {"mixcli": np.array(json.dumps({**head, "labels": ["a"]}))},
    ]
    for change in changes:
        with pytest.raises(MixcliError) as caught:
            list(stream.read(io.BytesIO(_packed({**whole, **change}, format)), name="x"))
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == 3
    without = {k: v for k, v in whole.items() if k != "masks"}
    with pytest.raises(InputError, match="masks"):
        list(stream.read(io.BytesIO(_packed(without, format)), name="x"))


def test_bytes_beyond_one_are_true() -> None:
    odd = np.tri(3, dtype=np.uint8) * 2
    out = io.BytesIO()
    np.save(out, odd[None].view(np.bool_))
    (found,) = stream.read(io.BytesIO(out.getvalue()), name="x")
    assert found.visible(0).view(np.uint8).tolist() == np.tri(3, dtype=np.uint8).tolist()


def test_a_convention_for_a_graph_is_refused() -> None:
    out = io.BytesIO()
    np.save(out, np.tri(3, dtype=bool))
    with pytest.raises(UsageError, match="mask:file:PATH"):
        list(stream.read(io.BytesIO(out.getvalue()), name="x", convention="attend"))


def _packed(arrays: dict[str, np.ndarray], format: str) -> bytes:
    out = io.BytesIO()
    if format == "npz":
        np.savez(out, **arrays)
        return out.getvalue()
    import torch

    rest = {k: torch.from_numpy(np.array(v)) for k, v in arrays.items() if k != "mixcli"}
    torch.save({"mixcli": str(arrays["mixcli"]), **rest}, out)
    return out.getvalue()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_cut_and_changed_bytes_never_crash(data: st.DataObject) -> None:
    format = data.draw(st.sampled_from(["jsonl", "npz", "npy"]))
    out = io.BytesIO()
    stream.write([nameless(sequence_of("window:3; decay:0.3 & log,tokens=9"))], out, format=format)
    hostile = bytearray(out.getvalue())
    for _ in range(data.draw(st.integers(0, 3))):
        hostile[data.draw(st.integers(0, len(hostile) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(hostile)))
    with contextlib.suppress(MixcliError):
        list(stream.read(io.BytesIO(bytes(hostile[:cut])), name="x"))


def test_attention_is_no_mask() -> None:
    with pytest.raises(UsageError, match="safetensors"):
        stream.write([Attention.of(np.ones((1, 1, 1, 1)))], io.BytesIO(), format="jsonl")
