"""Real graphs on disk, parsed with numpy alone, so that measures are tested apart from the readers."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from mixcli.graph import Graph, from_arcs


def real_graph(name: str) -> Graph:
    """karate, power, usroads or email-Enron; skips the test where the data are not at hand."""
    root = os.environ.get("MIXCLI_TEST_DATA")
    if not root:
        pytest.skip("MIXCLI_TEST_DATA is not set: no real files to read")
    return {"karate": _karate, "power": _power, "usroads": _usroads, "email-Enron": _enron}[name](Path(root))


def _karate(root: Path) -> Graph:
    return _matrix_market(root / "classic/karate/karate.mtx", 34)


def _usroads(root: Path) -> Graph:
    return _matrix_market(root / "large/usroads/usroads.mtx", 129164)


def _power(root: Path) -> Graph:
    text = (root / "classic/power/power.gml").read_text()
    ends = [int(line.split()[1]) for line in text.splitlines() if line.split()[:1] in (["source"], ["target"])]
    return from_arcs(4941, np.array(ends).reshape(-1, 2), directed=False, name="power")


def _enron(root: Path) -> Graph:
    with gzip.open(root / "large/email-Enron/email-Enron.txt.gz", "rb") as file:
        body = b"\n".join(line for line in file.read().splitlines() if not line.startswith(b"#"))
    pairs = np.array(body.split(), dtype=np.int64).reshape(-1, 2)
    return from_arcs(36692, pairs, directed=False, listing="both", name="email-Enron")


def _matrix_market(path: Path, n: int) -> Graph:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("%")][1:]
    pairs = np.array([line.split()[:2] for line in lines], dtype=np.int64) - 1
    return from_arcs(n, pairs, directed=False, listing="both", name=path.stem)
