"""Kernels called by kernels are compiled for one set of types: a literal argument would make another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOSR = """
import numpy as np
from mixcli.generators.graphs import lollipop
from mixcli.numerics.gap_edges import gap_edges
import mixcli.numerics.gap_edges_kernel as kernels
gap_edges([lollipop(5, 3)], [np.arange(8.0)], 1, [3])
"""
SDRF = """
import numpy as np
from mixcli.generators.graphs import barbell
from mixcli.numerics.flow_steps import flow_steps
import mixcli.numerics.flow_steps_kernel as kernels
flow_steps([barbell(5)], [1], np.inf, 0.5, [np.zeros(1)])
"""
BORF = """
import numpy as np
from mixcli.generators.graphs import barbell
import mixcli.numerics.transport_pair_kernel as kernels
g = barbell(5)
kernels.find_pairs(kernels.room(g.n, g.degree[g.edges]), *g.csr[:2], g.edges, 0, 1, np.empty((g.m, 4), np.int64))
"""
COUNT = """
found = {k: len(v.signatures) for k, v in vars(kernels).items() if hasattr(v, "signatures")}
assert set(found.values()) == {1}, found
"""


@pytest.mark.parametrize("run", [FOSR, SDRF, BORF], ids=["fosr", "sdrf", "borf"])
def test_each_kernel_is_compiled_once(run: str, tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_OPT": "0"}
    done = subprocess.run([sys.executable, "-c", run + COUNT], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-600:]
