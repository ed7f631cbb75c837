"""Rewirings against the times and memory that are promised for them, on the graphs they are promised for.

Kernels are warm, reading and writing are left out; times are medians. A line is over where the processor time is: wall
time is shown beside it, since another job on the machine adds to it. Data sets that cannot be read are named and
skipped. The last lines are a whole command, beside the one that only reads and writes the same data.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import common

from mixcli import sources
from mixcli.errors import MixcliError
from mixcli.generators import graphs as families
from mixcli.graph import Graph

HEAD = ("graphs", "n", "m", "method", "edits", "wall s", "processor s", "limit s", "MiB", "limit MiB", "kept")
REDDIT = "pyg:TUDataset/REDDIT-BINARY"
COMMAND = "fosr:iterations=10"


@dataclass(frozen=True)
class Promise:
    """Seconds, and MiB if any, that a method takes at most on a source."""

    source: str
    method: str
    seconds: float
    memory: float | None = None


PROMISES = (
    Promise("pyg:Planetoid/PubMed", "sdrf:iterations=100", 0.2),
    Promise("pyg:Planetoid/PubMed", "sdrf:iterations=100,tau=115,c_plus=0.5", 0.2),
    Promise("BA 100000", "sdrf:iterations=100", 1.0),
    Promise("BA 100000", "sdrf:iterations=100,tau=100,c_plus=0.5", 1.0),
    Promise("pyg:Planetoid/Cora", "fosr:iterations=50", 0.05),
    Promise("BA 100000", "fosr:iterations=500", 20.0),
    Promise("pyg:Planetoid/Cora", "borf:1,20,10", 0.05),
    Promise("pyg:TUDataset/MUTAG", "borf:3,3,1", 0.1),
    Promise("pyg:TUDataset/MUTAG", "borf:1,20,3", 0.1),
    Promise("pyg:Planetoid/Cora", "afrc:iterations=1", 0.05),
    Promise("pyg:Planetoid/Cora", "afrc:iterations=1,cycles=4", 0.05),
    Promise("pyg:Planetoid/Cora", "gtr:iterations=10", 10.0, 600.0),
    Promise(REDDIT, COMMAND, 1.0),
)


def read(source: str, data_root: str | None, quick: bool) -> list[Graph]:
    """The graphs of a source, without payload."""
    if source.startswith("BA"):
        return [families.barabasi_albert(1000 if quick else int(source.split()[1]), 3)]
    graphs = [Graph(g.n, g.edges, name=g.name) for g in sources.load_all(source, data_root=data_root)]
    return graphs[:20] if quick else graphs


def rows(ours: Any, only: str, data_root: str | None, repeats: int, limit: float, quick: bool) -> list[list[Any]]:
    """A line for each promise; `ours` prepares a run of ours, as in `rewiring.py`."""
    held: dict[str, Sequence[Graph] | str] = {}
    lines = []
    for promise in PROMISES:
        if only not in promise.source and only not in promise.method and only != "limits":
            continue
        if promise.source not in held:
            try:
                held[promise.source] = read(promise.source, data_root, quick)
            except MixcliError as error:
                held[promise.source] = f"skipped: {str(error).splitlines()[0][:60]}"
        graphs = held[promise.source]
        name = promise.source.removeprefix("pyg:")
        if isinstance(graphs, str):
            lines.append([name, "", "", promise.method, graphs, *[""] * 6])
            continue
        found = common.measured(ours, promise.method, graphs, repeats=repeats, limit=max(limit, 4 * promise.seconds))
        lines.append(
            [f"{name} ({len(graphs)})", sum(g.n for g in graphs), sum(g.m for g in graphs), *_line(promise, found)]
        )
    return lines


def _line(promise: Promise, found: common.Measured) -> list[Any]:
    most = "" if promise.memory is None else f"{promise.memory:.0f}"
    if not found.runs:
        return [promise.method, found.note, "", "", promise.seconds, "", most, "OVER"]
    edits, grown = found.value
    kept = found.processor <= promise.seconds and (promise.memory is None or grown <= promise.memory)
    return [promise.method, sum(map(len, edits)), found.wall, found.processor, promise.seconds, f"{grown:.0f}", most,
            "yes" if kept else "OVER"]  # fmt: skip


def command(data_root: str | None) -> list[list[Any]]:
    """`mixcli rewire` on a whole data set, and `mixcli convert`, which reads and writes the same: processor seconds."""
    lines, spent = [], []
    with tempfile.TemporaryDirectory() as folder:
        for arguments in (["convert", REDDIT], ["rewire", REDDIT, "--method", COMMAND]):
            out = Path(folder) / f"{arguments[0]}.pt"
            where = [] if data_root is None else ["--data-root", data_root]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(
                [sys.executable, "-m", "mixcli", *arguments, *where, "-o", str(out), "-q"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if done.returncode:
                return [[f"mixcli {' '.join(arguments)}", (done.stderr.splitlines() or ["failed"])[-1][:80], ""]]
            spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            lines.append([f"mixcli {' '.join(arguments)} -o out.pt", spent[-1], ""])
    share = (spent[1] - spent[0]) / spent[1]
    return [
        *lines,
        ["share of the second that is not reading and writing", f"{share:.0%}", "yes" if share < 0.5 else "OVER"],
    ]
