"""`.pt` files are what PyG itself would write, and PyG is not imported for them."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from io_strategies import graphs
from torch_geometric.data import Data

from mixcli.graph import Graph
from mixcli.io.adapters import to_pyg_list
from mixcli.io.base import Reading
from mixcli.io.pt import FORMAT
from mixcli.io.pyg_pickle import TAKEN

PATH = np.array([[0, 1], [1, 2]])


def by_pyg(several: list[Graph]) -> bytes:
    made = to_pyg_list(several)
    out = io.BytesIO()
    torch.save(made[0] if len(made) == 1 else made, out)
    return out.getvalue()


def by_us(several: list[Graph]) -> bytes:
    out = io.BytesIO()
    FORMAT.write(several, out)
    return out.getvalue()


@settings(max_examples=30, deadline=None)
@given(graph=graphs())
def test_same_bytes_as_pyg(graph: Graph) -> None:
    assert by_us([graph]) == by_pyg([graph])


def test_same_bytes_for_a_list() -> None:
    plain = Graph(3, PATH, node={"x": np.eye(3, dtype=np.float32)}, labels=("a", "b", "a"))
    several = [plain, plain.replace(weight=np.array([0.1, 2.0])), Graph(3, PATH, directed=True, name="d")]
    assert by_us(several) == by_pyg(several)


def test_names_that_a_data_has_of_its_own() -> None:
    assert {name for name in dir(Data) if not name.startswith("_")} <= TAKEN
    assert hasattr(Data, "mro")


@pytest.mark.parametrize("key", sorted(TAKEN - {"x", "y", "pos", "time", "batch", "face", "edge_attr"})[::7])
def test_payload_never_hides_what_data_can_do(key: str) -> None:
    (data,) = to_pyg_list([Graph(3, PATH, node={key: np.arange(3)})])
    assert type(data).__name__ == "Data"
    assert data.num_nodes == 3
    (back,) = FORMAT.read(io.BytesIO(by_us([Graph(3, PATH, node={key: np.arange(3)})])), Reading("file"))
    assert back.node[key].tolist() == [0, 1, 2]


def test_writing_does_not_import_pyg(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom mixcli.generators.graphs import barbell\nfrom mixcli.io import stream\n"
        "stream.write([barbell(4, 1)], sys.argv[1])\nprint('torch_geometric' in sys.modules)\n"
    )
    file = tmp_path / "a.pt"
    ran = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
    assert file.stat().st_size
