"""Mask files and functions: what their numbers mean, which axis is what, and that nothing is guessed."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mixcli
from mixcli.errors import InputError, MixcliError, UsageError
from mixcli.generators.mask_spec import sequence_of
from mixcli.io.base import Reading
from mixcli.io.masks_arrays import MaskOptions, layers_of

TRI = np.tri(8, dtype=bool)
BOTH_WAYS = np.kron(np.eye(2), np.ones((4, 4))).astype(bool)
"""Two documents that read both ways: reading it or its opposite makes sense."""


def saved(folder: Path, array: object, name: str = "m.npy") -> str:
    path = folder / name
    if name.endswith(".npy"):
        np.save(path, array)
    elif name.endswith(".npz"):
        np.savez(path, **array)
    else:
        import torch

        torch.save(array, path)
    return str(path)


def read(folder: Path, array: object, options: str = "", name: str = "m.npy", **more: object):
    return mixcli.load_sequence(f"mask:file:{saved(folder, array, name)}{options}", **more)


@pytest.mark.parametrize(
    ("array", "note"),
    [
        (TRI, "True attends, the only causal reading"),
        (~TRI, "True blocks, the only causal reading"),
        (np.stack([TRI, np.eye(8, dtype=bool)]), "True attends, the only causal reading"),
        (np.triu(np.ones((8, 8), bool), 1), "True blocks, the only causal reading"),
        (np.ones((8, 8), bool), "True attends, or nobody would read anything"),
        (np.zeros((8, 8), bool), "True blocks, or nobody would read anything"),
        (TRI.astype(int), None),
        (TRI.astype(np.uint8), None),
        (np.where(TRI, 0, -np.inf), None),
        (np.where(TRI, 0, np.finfo(np.float16).min).astype(np.float16), None),
        (np.where(TRI, 0.0, -1e4), None),
        (np.zeros((8, 8)), None),
    ],
)
def test_what_numbers_mean(tmp_path, array: np.ndarray, note: str | None) -> None:
    found = read(tmp_path, array)
    full = array.ndim == 2 and (array.all() or not array.any())
    assert np.array_equal(found.visible(0), np.ones((8, 8), bool) if full else TRI)
    assert found.provenance[0].notes.get("convention") == note
    assert found.provenance[0].sha256
    assert found.depth == (2 if array.ndim == 3 else 6)


def test_the_user_decides_what_true_means(tmp_path) -> None:
    with pytest.raises(InputError, match="--mask-convention attend"):
        read(tmp_path, BOTH_WAYS)
    for said in (",convention=attend", ",convention=block"):
        wanted = BOTH_WAYS if said.endswith("attend") else ~BOTH_WAYS
        assert np.array_equal(read(tmp_path, BOTH_WAYS, said).visible(0), wanted)
    assert np.array_equal(read(tmp_path, BOTH_WAYS, mask_convention="block").visible(0), ~BOTH_WAYS)
    assert np.array_equal(
        read(tmp_path, BOTH_WAYS, ",convention=attend", mask_convention="block").visible(0), BOTH_WAYS
    )
    with pytest.raises(InputError, match="none for query 7"):
        read(tmp_path, TRI, ",convention=block")
    assert np.array_equal(read(tmp_path, (~TRI).astype(int), ",convention=block").visible(0), TRI)
    with pytest.raises(UsageError, match="leave --mask-convention out"):
        read(tmp_path, np.where(TRI, 0, -np.inf), ",convention=attend")
    with pytest.raises(UsageError, match="did you mean attend"):
        read(tmp_path, BOTH_WAYS, ",convention=atend")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_boolean_array_is_read_in_one_way_or_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 5))
    bits = data.draw(st.lists(st.booleans(), min_size=size * size, max_size=size * size))
    array = np.array(bits).reshape(size, size)
    above = np.triu(np.ones((size, size), bool), 1)
    causal = [visible for visible in (array, ~array) if visible.any() and above.any() and not (visible & above).any()]
    try:
        (found,), _ = layers_of(array, MaskOptions(), Reading("x"))
    except InputError:
        assert not causal
        assert array.any()
        assert not array.all()
    else:
        assert np.array_equal(found, causal[0] if causal else np.ones_like(array))
        assert len(causal) < 2


def test_axes(tmp_path) -> None:
    window = np.tril(np.triu(TRI, -2))
    layers = np.stack([TRI, window, TRI])
    found = read(tmp_path, layers)
    assert (found.depth, found.like(2)) == (3, 0)
    assert np.array_equal(found.visible(1), window)
    assert read(tmp_path, layers, ",layers=6").depth == 6
    combined = sequence_of(f"file:{saved(tmp_path, layers)} & window:1; causal")
    assert (combined.depth, combined.like(2)) == (4, 0)
    assert np.array_equal(combined.visible(1), np.eye(8, dtype=bool))
    batch = np.stack([TRI, window])[:, None]
    with pytest.raises(UsageError, match="sample=0"):
        read(tmp_path, batch)
    assert np.array_equal(read(tmp_path, batch, ",sample=1").visible(0), window)
    assert np.array_equal(read(tmp_path, np.stack([TRI, TRI])[:, None]).visible(0), TRI)
    assert np.array_equal(read(tmp_path, np.stack([TRI, TRI])[None]).visible(0), TRI)
    with pytest.raises(UsageError, match="0 … 1"):
        read(tmp_path, batch, ",sample=2")
    with pytest.raises(InputError, match="2 that differ"):
        read(tmp_path, np.stack([TRI, window])[None])


def test_padding_is_left_out(tmp_path) -> None:
    real = np.ones((2, 8), int)
    real[0, :3] = 0
    real[1, 6:] = 0
    path = saved(tmp_path, real)
    for sample, kept in ((0, 5), (1, 6)):
        found = sequence_of(f"causal & file:{path},sample={sample}")
        assert found.tokens == kept
        assert np.array_equal(found.visible(0), np.tri(kept, dtype=bool))
        assert found.provenance[0].notes["padding"] == 8 - kept
    assert sequence_of(f"file:{path},sample=0").visible(0).all()
    alone = saved(tmp_path, np.array([True, True, False]), "one.npy")
    with pytest.raises(InputError, match="in two"):
        sequence_of(f"file:{alone}")
    assert sequence_of(f"file:{alone},convention=attend").tokens == 2
    square = saved(tmp_path, np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1]]), "square.npy")
    assert sequence_of(f"window:2 & file:{square},padding=true,sample=1").tokens == 2
    left = TRI.copy()  # as Hugging Face pads on the left: nobody reads tokens 0 and 1, and they read nothing
    left[:2] = left[:, :2] = False
    found = read(tmp_path, left)
    assert np.array_equal(found.visible(0), np.tri(6, dtype=bool))
    assert found.provenance[0].notes == {"convention": "True attends, the only causal reading", "padding": 2}


def test_a_blind_query_that_others_read_is_no_padding(tmp_path) -> None:
    odd = TRI.copy()
    odd[3] = False
    with pytest.raises(InputError, match="query 3, which others read"):
        read(tmp_path, odd)
    with pytest.raises(InputError, match="same in all layers"):
        read(tmp_path, np.stack([TRI, odd & (np.arange(8) != 3)]))


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (TRI.astype(float), "0 and 1"),
        (TRI / TRI.sum(1, keepdims=True), "attention weights"),
        (np.where(TRI, 0, np.nan), "NaN"),
        (np.where(TRI, -0.5, -np.inf), "found -0.5"),
        (TRI * 2, "other numbers"),
        (TRI.astype(complex), "dtype complex"),
        (np.ones((3, 4, 5), int), "as many queries as keys"),
        (np.ones((1, 1, 1, 3, 3), int), "as many queries as keys"),
        (np.ones((0, 3, 3), bool), "an empty array"),
        (np.zeros((4, 4), int), "none for any query"),
        (np.float64(0), "as many queries"),
    ],
)
def test_other_arrays_are_refused(tmp_path, array: np.ndarray, says: str) -> None:
    with pytest.raises(MixcliError, match=says) as caught:
        read(tmp_path, array)
    assert "\n" not in str(caught.value)


def test_containers(tmp_path) -> None:
    import torch

    tri, low = torch.from_numpy(TRI), torch.finfo(torch.bfloat16).min
    added = torch.zeros(1, 1, 8, 8, dtype=torch.bfloat16).masked_fill(~tri, low)
    for held in (tri, {"attn_mask": tri, "other": torch.ones(3)}, {"x": tri}, added, [tri, tri], (added, added)):
        found = read(tmp_path, held, name="m.pt")
        assert np.array_equal(found.visible(0), TRI)
        assert found.depth == (2 if isinstance(held, (list, tuple)) else 6)
    assert np.array_equal(read(tmp_path, {"mask": TRI, "b": np.ones(2)}, name="m.npz").visible(0), TRI)
    with pytest.raises(InputError, match="name one of them mask"):
        read(tmp_path, {"a": TRI, "b": TRI}, name="n.npz")
    with pytest.raises(InputError, match="one size"):
        read(tmp_path, [tri, torch.ones(3, 3, dtype=torch.int64)], name="n.pt")
    with pytest.raises(InputError):
        read(tmp_path, {"mask": "text"}, name="t.pt")
    for name in ("m.npz", "m.pt", "m.jsonl"):
        own = sequence_of("window:4; decay:0.2,tokens=8")
        mixcli.save(own, tmp_path / name, force=True)
        assert sequence_of(f"file:{tmp_path / name}").fingerprint == own.fingerprint
    mixcli.save(mixcli.load("zoo:path:3"), tmp_path / "g.jsonl")
    with pytest.raises(InputError, match="a graph"):
        sequence_of(f"file:{tmp_path / 'g.jsonl'}")


def test_files_with_odd_names_and_none(tmp_path) -> None:
    assert read(tmp_path, TRI, name="a=b c.npy").tokens == 8
    for name, data in (("empty.npy", b""), ("text.npy", b"hello"), ("cut.npy", b"\x93NUMPY\x01\x00")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=name):
            sequence_of(f"file:{tmp_path / name}")
    with pytest.raises(InputError, match="did you mean"):
        sequence_of(f"file:{tmp_path / 'tex.npy'}")
    with pytest.raises(UsageError, match="file:PATH"):
        sequence_of("file")
    with pytest.raises(UsageError, match="leave tokens out"):
        sequence_of(f"file:{saved(tmp_path, TRI)},tokens=9")


@pytest.mark.parametrize("format", ["npy", "pt"])
def test_arrays_of_three_axes_are_masks_without_being_told(tmp_path, format: str) -> None:
    array = np.stack([TRI, TRI])
    if format == "pt":
        import torch

        array = torch.from_numpy(array)
    path = saved(tmp_path, array, f"m.{format}")
    found = mixcli.load_sequence(path)
    assert (found.kind, found.depth, found.like(1)) == ("mask", 2, 0)
    assert mixcli.load_sequence(saved(tmp_path, BOTH_WAYS[None]), mask_convention="block").visible(0)[0, 7]


def test_a_graph_that_looks_like_a_mask_is_told(tmp_path) -> None:
    graph = mixcli.load(saved(tmp_path, TRI))
    assert graph.notes["looks_like_a_causal_mask"] == "mask:file:PATH reads it as one"
    for array in (BOTH_WAYS, np.tri(8, k=-1, dtype=bool), TRI.astype(float), np.ones((1, 1), bool)):
        assert "looks_like_a_causal_mask" not in mixcli.load(saved(tmp_path, array)).notes


@pytest.fixture
def modules(tmp_path, monkeypatch):
    (tmp_path / "mods_of_a_user.py").write_text(
        "import numpy as np\n"
        "def window(b, h, q, kv): return (q >= kv) & (q - kv < 4)\n"
        "def everything(b, h, q, kv): return True\n"
        "def lazy(b, h, q, kv): return q >= kv and q - kv < 4\n"
        "def strict(b, h, q, kv): return q > kv\n"
        "def counts(b, h, q, kv): return q - kv\n"
        "def wide(b, h, q, kv): return np.ones((7, 7), bool)\n"
        "constant = 3\n"
    )
    (tmp_path / "mods_of_torch.py").write_text(
        "import torch\n"
        "def window(b, h, q, kv): return torch.logical_and(q >= kv, q - kv < 4)\n"
        "document = torch.tensor([[0, 0, 0, 1, 1, 1, 1, 1, 1]])\n"
        "def packed(b, h, q, kv): return (q >= kv) & (document[b][q] == document[b, kv])\n"
    )
    (tmp_path / "mods_broken.py").write_text("import no_such_thing\n")
    (tmp_path / "mods_wrong.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in ("mods_of_a_user", "mods_of_torch"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("module", ["mods_of_a_user", "mods_of_torch"])
def test_functions_of_the_user(modules, module: str) -> None:
    found = sequence_of(f"{module}:window; {module}:window & chunk:3 +8>0,tokens=9")
    assert np.array_equal(found.visible(0), sequence_of("window:4,tokens=9").visible(0))
    assert np.array_equal(found.visible(1), sequence_of("window:4 & chunk:3 +8>0,tokens=9").visible(0))


def test_a_function_may_look_things_up(modules) -> None:
    found = sequence_of("mods_of_torch:packed,tokens=9")
    assert found.fingerprint == sequence_of("packed:3,6").fingerprint


def test_a_function_of_torch_itself_is_asked_with_tensors(modules) -> None:
    from torch.nn.attention import flex_attention

    module = sys.modules.setdefault("mods_of_torch", __import__("mods_of_torch"))
    module.joined = flex_attention.and_masks(module.window, lambda b, h, q, kv: kv != 1)
    with pytest.raises(InputError, match="none for query 1"):
        sequence_of("mods_of_torch:joined & chunk:1,tokens=4")
    assert not sequence_of("mods_of_torch:joined | causal,tokens=4").visible(0)[0, 1]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("mods_of_a_user:windw", "did you mean window"),
        ("mods_of_a_user:constant", "a function of"),
        ("mods_of_a_user:lazy", "& and |"),
        ("mods_of_a_user:strict", "query to read a key"),
        ("mods_of_a_user:counts", "booleans"),
        ("mods_of_a_user:wide", "shape"),
        ("mods_broken:f", "install what it needs"),
        ("mods_wrong:f", "ZeroDivisionError"),
        ("os:getpid", "TypeError"),
        ("widnow:f", "did you mean window"),
    ],
)
def test_functions_that_will_not_do(modules, spec: str, says: str) -> None:
    with pytest.raises(MixcliError, match=says.replace("|", r"\|").replace("&", "&")) as caught:
        sequence_of(f"{spec},tokens=9")
    assert "\n" not in str(caught.value)
    assert spec in str(caught.value)


def test_a_constant_lets_everything_be_read(modules) -> None:
    assert sequence_of("mods_of_a_user:everything,tokens=5").visible(0).all()


def test_no_file_asks_for_code(modules, tmp_path) -> None:
    line = '{"schema":"mixcli.mask/1","tokens":4,"layers":[0],"masks":[{"spec":"mods_of_a_user:window"}]}'
    (tmp_path / "m.jsonl").write_text(line)
    with pytest.raises(InputError, match="need no file"):
        mixcli.load_sequence(tmp_path / "m.jsonl")
    assert "mods_of_a_user" not in sys.modules
