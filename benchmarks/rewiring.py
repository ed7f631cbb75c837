"""Rewirings: time and memory of every method, against the published algorithms as they read.

    python benchmarks/rewiring.py [--quick] [--only NAME] [--repeats K] [--limit SECONDS] [--data-root FOLDER]

`--only limits` prints the promised times alone (`rewiring_limits.py`; real graphs from FOLDER or MIXCLI_DATA).

Peers (`rewiring_peers.py`): FoSR with an n × n product an edge, SDRF with all curvatures and candidates anew in every
step, BORF with all shortest paths of networkx and one problem of POT an edge, AFR with dense products, greedy total
resistance with a pseudoinverse an edge, diffusion with a dense inverse. Where edges are determined they are compared
before a ratio is printed; BORF and AFR compare curvatures, since the pairs of the one depend on the plan a solver
returns and those of the other on chance, greedy resistance the drops, diffusion the pairs (entries closer than the
tolerance may change places). A peer that would need more
than 2 GiB for one matrix is not started. Each run has a process and one thread of its own; times are medians with
kernels loaded, ratios are of processor time, memory is what the process grew by at most while it ran.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import common  # before numpy: it caps the threads
import numpy as np
import rewiring_limits
from rewiring_peers import PEERS

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.generators import graphs as families
from mixcli.graph import Graph, from_arcs
from mixcli.limits import Limits
from mixcli.rewiring.base import Rewiring, topology_rng
from mixcli.rewiring.many import apply_many

HEAD = ("graphs", "n", "m", "method", "wall s", "processor s", "MiB", "peer s", "peer MiB", "peer / ours", "compared")
MATRIX = 2**31  # bytes of one n × n matrix up to which a peer is run
Run = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """Some graphs, and the methods to run on them: spec -> name of a peer and its arguments, or None."""

    name: str
    graphs: Sequence[Graph]
    methods: dict[str, tuple[Any, ...] | None]


def molecule(seed: int) -> Graph:
    """A tree of degree four at most with some rings of five and six, of the size of a molecule."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, 24))
    degree, edges = [0] * n, set()
    for v in range(1, n):
        u = next(u for u in range(v - 1, -1, -1) if degree[u] < 3 and (rng.random() < 0.7 or u == 0 or degree[u] < 2))
        edges.add((u, v))
        degree[u], degree[v] = degree[u] + 1, degree[v] + 1
    edges |= {(v, v + 5) for v in range(0, n - 6, 6)}
    return from_arcs(n, np.array(sorted(edges)), directed=False).replace(name=f"molecule {seed}")


def citations(n: int, m: int) -> Graph:
    """The largest component of a random graph as sparse as a citation network."""
    g = families.erdos_renyi(n, m)
    return g.component(g.components.largest)


def cases(quick: bool) -> list[Case]:
    best = "sdrf:iterations={},tau=inf"
    one = citations(*((120, 200) if quick else (2708, 5278)))
    many = [molecule(seed) for seed in range(6 if quick else 188)]
    edges = 5 if quick else 50
    out = [
        Case("sparse", [one], {
            f"fosr:iterations={edges}": ("fosr", edges), best.format(2): ("sdrf", 2),
            "sdrf:iterations=100,c_plus=0.95": None, "borf:1,20,10": ("borf", 20, 10), "borf:3,20,10": None,
            "afrc:iterations=1": ("afrc", 3), "afrc:iterations=1,cycles=4": ("afrc", 4),
            "gtr:iterations=2": ("gtr", 2), "digl": ("digl", 0.15, 16), "random:iterations=50": None,
        }),
        Case("molecules", many, {
            "fosr:iterations=10": ("fosr", 10), best.format(10): ("sdrf", 10), "borf:3,3,1": None,
            "borf:1,3,1": ("borf", 3, 1), "afrc:iterations=1": ("afrc", 3), "gtr:iterations=3": ("gtr", 3),
            "digl:k=4": ("digl", 0.15, 4),
        }),
    ]  # fmt: skip
    for n, fewer in [] if quick else [(10_000, 3), (100_000, 0)]:
        methods: dict[str, tuple[Any, ...] | None] = {
            "fosr:iterations=50": None, "sdrf:iterations=100,tau=100,c_plus=0.5": None, "borf:1,20,10": None,
            "afrc:iterations=1": None, "random:iterations=50": None,
        }  # fmt: skip
        methods |= {f"fosr:iterations={fewer}": ("fosr", fewer)} if fewer else {"fosr:iterations=500": None}
        out.append(Case("preferential", [families.barabasi_albert(n, 3)], methods))
    return out


def ours(spec: str, graphs: Sequence[Graph]) -> Run:
    """Rewire all graphs anew; returns the edits of each, and by how many MiB the process grew."""
    made = REWIRINGS.make(spec)
    _load(made)
    before = _peak()

    def run() -> tuple[list[Any], float]:
        context = Context(threads=1, limits=Limits(operations=1e13))
        fresh = [Graph(g.n, g.edges) for g in graphs]
        edits = [[tuple(e) for e in done.edits] for done in apply_many(made, fresh, context=context)]
        return edits, _peak() - before

    return run


def peer(name: str, arguments: Sequence[Any], graphs: Sequence[Graph]) -> Run:
    """The peer on all graphs."""
    PEERS[name](molecule(0), *arguments, *((np.ones(24)[: molecule(0).n],) if name == "fosr" else ()))  # its imports
    before = _peak()
    starts = {g.name: topology_rng(Context(), "fosr", g).uniform(-1.0, 1.0, g.n) for g in graphs}

    def run() -> tuple[list[Any], float]:
        extra = [(starts[g.name],) if name == "fosr" else () for g in graphs]
        return [PEERS[name](g, *arguments, *more) for g, more in zip(graphs, extra, strict=True)], _peak() - before

    return run


def _peak() -> float:
    """MiB this process has held at most; Linux counts what a process held before it started this one in ru_maxrss."""
    own = Path("/proc/self/status")
    for line in own.read_text().splitlines() if own.exists() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _load(made: Rewiring) -> None:
    """Load the kernels, so that none is weighed against plain Python while the clock runs."""
    from mixcli.numerics import diffusion, flow_steps, gap_edges, motifs, near_edges, transport, transport_pair

    plans = [flow_steps.PLAN, gap_edges.PLAN, motifs.PLAN, near_edges.PLAN, transport_pair.PLAN, diffusion.PLAN]
    for plan in [*plans, transport.KERNELS]:
        plan.loaded = True
    small = [families.erdos_renyi(30, 60, seed) for seed in range(3)]
    list(apply_many(made, small, context=Context(threads=1)))


def differs(name: str, arguments: Sequence[Any], graphs: Sequence[Graph], found: list[Any], theirs: list[Any]) -> str:
    """What was compared; ends with DIFF where it does not agree."""
    if name in ("fosr", "sdrf"):
        same = [[e[1:3] for e in edits] for edits in found] == theirs
        return "edges" if same else "edges DIFF"
    if name == "gtr":
        mine = [[e[3] for e in edits] for edits in found]
        return "drops" if all(np.allclose(a, b, rtol=1e-6) for a, b in zip(mine, theirs, strict=True)) else "drops DIFF"
    if name == "digl":
        mine = [{e[1:3] for e in edits if e[0] == "add"} for edits in found]
        pairs = [p - set(map(tuple, g.edges.tolist())) for g, p in zip(graphs, theirs, strict=True)]
        shared = sum(len(a & b) for a, b in zip(mine, pairs, strict=True)) / max(sum(map(len, pairs)), 1)
        return f"{shared:.1%} of pairs" if shared > 0.98 else f"{shared:.1%} of pairs DIFF"
    from mixcli.measures.base import measure

    what = {"borf": "ollivier:alpha=0", "afrc": f"augmented_forman:cycles={arguments[0]}"}[name]
    mine = [next(iter(measure(g, what).values())).data for g in graphs]
    same = all(np.allclose(a, b, atol=1e-9) for a, b in zip(mine, theirs, strict=True))
    return "curvatures" if same else "curvatures DIFF"


def rows(case: Case, repeats: int, limit: float) -> list[list[Any]]:
    """A line for each method."""
    lines = []
    size = [sum(g.n for g in case.graphs), sum(g.m for g in case.graphs)]
    for spec, against in case.methods.items():
        mine = common.measured(ours, spec, case.graphs, repeats=repeats, limit=10 * limit)
        line = [f"{case.name} ({len(case.graphs)})", *size, spec, mine.wall, mine.processor, mine.note]
        if mine.runs:
            line[-1] = f"{mine.value[1]:.0f}"
        if against is None or not mine.runs:
            lines.append([*line, "", "", "", ""])
            continue
        name, *arguments = against
        if 8 * max(g.n for g in case.graphs) ** 2 > MATRIX:
            lines.append([*line, "n² too large", "", "", ""])
            continue
        other = common.measured(peer, name, arguments, case.graphs, repeats=1, limit=limit)
        if not other.runs:
            lines.append([*line, other.note, "", "", ""])
            continue
        compared = differs(name, arguments, case.graphs, mine.value[0], other.value[0])
        lines.append([*line, other.processor, f"{other.value[1]:.0f}", common.ratio(other, mine), compared])
    return lines


def main() -> int:
    """Run the cases asked for and print the table."""
    parser = common.arguments((__doc__ or "").partition("\n")[0])
    parser.add_argument("--data-root", default=os.environ.get("MIXCLI_DATA"), help="folder of the data sets")
    chosen = parser.parse_args()
    repeats = 1 if chosen.quick else chosen.repeats
    bad = False
    if chosen.only in ("", "limits"):
        promised = rewiring_limits.rows(ours, "limits", chosen.data_root, repeats, chosen.limit, chosen.quick)
        print(common.table(rewiring_limits.HEAD, promised), "\n")
        whole = [] if chosen.quick else rewiring_limits.command(chosen.data_root)
        print(common.table(("whole command", "processor s", "kept"), whole), "\n")
        bad = any("OVER" in map(str, line) for line in [*promised, *whole])
    lines = [
        line for case in cases(chosen.quick) if chosen.only in case.name for line in rows(case, repeats, chosen.limit)
    ]
    if lines:
        print(common.table(HEAD, lines))
    return 1 if bad or any("DIFF" in str(cell) for line in lines for cell in line) else 0


if __name__ == "__main__":
    sys.exit(main())
