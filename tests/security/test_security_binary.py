"""Hostile .npy and .npz files: no code runs, no memory is taken on a file's word, and the error is one line."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hostile import Runs, read, refused

from mixcli.errors import LimitExceeded
from mixcli.io import checks, npy, npz
from mixcli.io.base import Reading


def test_npy_header_is_not_believed() -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }\n"
    refused(npy.FORMAT, b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header, "as many bytes")
    nested = b"(" * 5000
    refused(npy.FORMAT, b"\x93NUMPY\x01\x00" + len(nested).to_bytes(2, "little") + nested, "damaged header")


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(f"{name}.npy", data)
    return out.getvalue()


def test_npz_runs_no_code(tmp_path: Path) -> None:
    out = io.BytesIO()
    np.savez(out, edges=np.array([Runs(tmp_path / "made")], dtype=object))
    refused(npz.FORMAT, out.getvalue(), "dtype object")
    assert not (tmp_path / "made").exists()


def test_npz_bomb_is_refused_before_unpacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "room", lambda: 10**6)
    bomb = archive(adj=npy.encode(np.zeros((1000, 1000))))
    assert len(bomb) < 10**5
    with pytest.raises(LimitExceeded, match="unpacked"):
        read(npz.FORMAT, bomb)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"edges": b"\x93NUMPY"}, "damaged header"),
        ({"nothing": npy.encode(np.zeros(3))}, "an array named"),
        ({"mixcli": npy.encode(np.array("{"))}, "damaged"),
        ({"mixcli": npy.encode(np.array("[" * 10**5))}, "damaged"),
        ({"mixcli": npy.encode(np.array('{"schema":"mixcli.graph/2","n":1,"directed":false}'))}, "mixcli.graph/1"),
        ({"mixcli": npy.encode(np.array('{"schema":"mixcli.graph/1","n":1000000000000,"directed":false}'))}, "nodes"),
        ({"mixcli": npy.encode(np.array('{"schema":"mixcli.graph/1","n":3,"directed":false}'))}, "'edges'"),
        ({"edges": npy.encode(np.array([[0, 10**9]] * 3))}, "nodes"),
        ({"n": npy.encode(np.array(10**12)), "edges": npy.encode(np.array([[0, 1]] * 3))}, "nodes"),
        ({"edge_index": npy.encode(np.array([[0.5], [1]]))}, "float64"),
    ],
    ids=range(10),
)
def test_npz_contradictions(members: dict[str, bytes], message: str) -> None:
    refused(npz.FORMAT, archive(**members), message)


def test_npz_damage() -> None:
    good = archive(edges=npy.encode(np.arange(2000).reshape(-1, 2)))
    broken = bytearray(good)
    broken[200:210] = b"\xff" * 10
    refused(npz.FORMAT, bytes(broken), "damaged|as many bytes")
    refused(npz.FORMAT, good[:-10], "npz archive")
    refused(npz.FORMAT, archive(), "1 to 10000 arrays")


def test_endless_input_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    class Zeros(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return bytes(min(size, 2**20))

    monkeypatch.setattr(checks, "room", lambda: 10**7)
    with pytest.raises(LimitExceeded, match="for the memory that is free"):
        next(npy.FORMAT.read(Zeros(), Reading("pipe")))  # type: ignore[arg-type]
